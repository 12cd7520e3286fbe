# SPDX-License-Identifier: GPL-2.0-or-later
"""The context of a kernel in cores or RAM files, as session/current.py has it for a target in GDB."""
from __future__ import annotations

from dataclasses import replace
from typing import Callable, Optional, Sequence

from ..errors import MmError
from ..layout.exported import ExportedDebug
from ..layout.layout import Layout
from ..layout.questions import BANNER
from ..layout.pagetable import ReadPhys
from ..model.context import BANNER_BYTES, Context, Expression, Host, Symbolized
from ..model.dumped import Dumped, open_dump, open_machine
from ..model.terminal import Terminal
from ..target.bank import Bank
from ..target.cache import CachedMemory
from ..target.dump import KeptVirtual, Nothing
from ..target.engine import BESIDE, SETTING, Machine, library, why_not
from ..target.transport import Meter
from .backtrace import backtrace
from .expression import evaluate

Progress = Callable[[int, int], None]


class Opened:
    """One machine: its context, until close()."""

    def __init__(self, debug: ExportedDebug, cores: Sequence[str], banks: Sequence[Bank], threads: int,
                 terminal: Terminal, progress: Progress) -> None:
        """Open the files and find the kernel in them. Raises MmError."""
        engine = library()
        if engine is None:
            raise MmError(why_not() or f"there is no dump engine: build it with 'make dump' ({BESIDE}), or name it in "
                          f"${SETTING}")
        self._machine: Machine = open_machine(engine, cores, banks)
        try:
            self._machine.set_threads(threads)
            meter = Meter()
            detail = ", ".join([*cores, *(bank.path for bank in banks)])
            found = open_dump(self._machine, Layout(debug), _banner(debug), detail, meter)
            if found.engine is not None:
                found = replace(found, memory=KeptVirtual(found.engine, detail, meter))
            self.cut = self._machine.cut            # a part of the memory is missing
            self.context = _context(debug.moved(found.offset), found, terminal, None, progress)
        except BaseException:
            self._machine.close()
            raise

    def close(self) -> None:
        """Give the memory back."""
        self._machine.close()


def without_memory(debug: ExportedDebug, terminal: Terminal) -> Context:
    """A context of the layout alone, for what needs no target."""
    return _context(debug, None, terminal, "no core: name one in front of the command, or RAM files with --ram")


def _banner(debug: ExportedDebug) -> Optional[str]:
    """linux_banner, as the vmlinux has it."""
    variable = Layout(debug).find_variable(BANNER)
    data = debug.static(variable.addr, BANNER_BYTES) if variable is not None else None
    return data.split(b"\0")[0].decode("latin-1") or None if data else None


def _context(debug: ExportedDebug, found: Optional[Dumped], terminal: Terminal, live: Optional[str],
             progress: Progress = lambda done, of: None) -> Context:
    """All that is known of the kernel, at its place; what GDB would be asked is answered here."""
    cpus = found.registers if found is not None else ()

    def _evaluate(text: str) -> Expression:
        return evaluate(ctx.read, debug, text)

    def _symbolize(addr: int) -> Optional[Symbolized]:
        return symbolized(debug, addr)

    def _physical() -> Optional[ReadPhys]:
        return found.physical.read if found is not None else None

    def _backtraces() -> tuple[tuple[str, ...], ...]:
        return tuple(backtrace(ctx, cpu) for cpu in cpus)

    host = Host(live, debug.static, cpus[0].get if cpus else {}.get, _evaluate, _physical, _symbolize, None,
                lambda text: debug.offset, _backtraces, terminal=lambda: terminal,
                dump=found.physical.detail if found is not None else None, progress=progress)
    ctx = Context(CachedMemory(found.memory if found is not None else Nothing(Meter())), Layout(debug), host)
    if found is not None:
        ctx.engine, ctx.notes = found.engine, found.notes
    return ctx


def symbolized(debug: ExportedDebug, addr: int) -> Optional[Symbolized]:
    """The symbol around an address."""
    found = debug.around(addr)
    if found is None:
        return None
    covered = found.code and addr < found.addr + found.size
    return Symbolized(found.name, addr - found.addr, found.size if covered else None)
