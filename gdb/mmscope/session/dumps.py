# SPDX-License-Identifier: GPL-2.0-or-later
"""mm open: a dump in the place of the target. Our commands read it through the dump engine, GDB itself through a stub.

The stub, mmdump-stub, is a program beside the engine that serves the same files by the same page tables.
"""
from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence

import gdb

from ..errors import BrokenPath, MmError
from ..layout.buildid import NOTES_BYTES, build_id
from ..layout.enginemmu import engine_mmu
from ..layout.layout import Layout
from ..model.context import Context
from ..model.dumped import Dumped, open_dump, open_machine
from ..model.reach import STUB, Choice
from ..target import engine
from ..target.bank import Bank
from ..target.transport import Meter, PhysicalMemory
from .debuginfo import GdbDebugInfo
from .memory import GdbTransport

if TYPE_CHECKING:
    from .current import Current

PROGRAM = "mmdump-stub"
STUB_SECONDS = 10       # to start, and to see that nobody is there
NOTIFICATIONS = "suppress-cli-notifications"


class DumpConnection:
    """The ways to the memory of a dump that is open: what remote.Connection is for a live target."""

    def __init__(self, found: Dumped, machine: engine.Machine, files: str, meter: Meter) -> None:
        self.meter = meter
        self.files = files
        self.number: Optional[int] = None       # of GDB's connection to the stub
        self.moved = 0                          # how far the symbols were moved when it was opened
        self.virtual: GdbTransport
        self._found = found
        self._machine = machine

    def connected(self, moved: int) -> None:
        """GDB has its stub."""
        self.number, self.moved = _number(), moved
        self.virtual = GdbTransport(self.meter)

    def choice(self, mode: str) -> Choice:
        """The engine, or the stub where that is wanted."""
        if mode == STUB:
            return Choice(self.virtual, self._found.notes)
        return Choice(self._found.memory, self._found.notes, self._found.engine)

    def place(self, moved: int) -> int:
        """How far the kernel is from where the symbols are now."""
        return self._found.offset + self.moved - moved

    def register(self, name: str) -> Optional[int]:
        """A register of the selected CPU, by the dump's notes; None where they do not have it."""
        thread, cpus = gdb.selected_thread(), self._found.registers
        at = thread.num - 1 if thread is not None else 0
        return cpus[at].get(name) if at < len(cpus) else None

    def physical_ways(self, mode: str) -> tuple:
        """What finds physical memory."""
        return (self.physical,)

    def physical(self) -> PhysicalMemory:
        """Physical memory."""
        return self._found.physical

    def close(self) -> None:
        """Nothing to do: GDB may still be connected. OpenDumps has the files."""

    def release(self) -> None:
        """Give the files back."""
        self._machine.close()


class OpenDumps:
    """Opens and closes dumps (target.dumps.Dumps)."""

    def __init__(self, current: Current) -> None:
        self._current = current
        self._open: Optional[DumpConnection] = None

    def connection(self, not_live: Optional[str]) -> Optional[DumpConnection]:
        """The dump that GDB is connected to; None when it is connected to something else, or to nothing."""
        if self._open is not None and (not_live is not None or _number() != self._open.number):
            self._open.release()
            self._open = None
        return self._open

    def open(self, cores: Sequence[str], banks: Sequence[Bank]) -> Any:
        """Put cores and RAM files in the place of the target; the Context of it."""
        library = engine.library()
        if library is None:
            raise MmError(engine.why_not() or "the dump engine is not there: build it with 'make dump', and do not "
                                              f"set {engine.SETTING}={engine.OFF}")
        self._check_free()
        cores = [os.path.abspath(os.path.expanduser(path)) for path in cores]
        banks = [Bank(bank.phys, os.path.abspath(os.path.expanduser(bank.path)), bank.offset, bank.size)
                 for bank in banks]
        ctx = self._current.context()
        machine = open_machine(library, cores, banks)
        try:
            meter = Meter()
            files = ", ".join([*cores, *(bank.path for bank in banks)])
            layout = Layout(GdbDebugInfo())
            text = layout.find_variable("kernel text")
            moved = ctx.host.moved(text.addr) if text is not None else 0
            found = open_dump(machine, layout, ctx.symbol_banner, files, meter, _build(ctx))
            dump = DumpConnection(found, machine, files, meter)
            self._leave()
            _connect(Path(library.path).with_name(PROGRAM), found, cores, banks)
            dump.connected(moved)
        except BaseException:
            machine.close()
            raise
        self._open = dump
        return self._current.context()

    def close(self) -> str:
        """Leave the dump that is open; its files."""
        if self._open is None or self.connection(None) is None:
            raise MmError("no dump is open")
        files = self._open.files
        self._leave()
        return files

    def _leave(self) -> None:
        """Disconnect from the stub, if it is there; nothing else is connected then."""
        if self._open is not None:
            gdb.execute("disconnect", to_string=True)
            self._current.context()

    def _check_free(self) -> None:
        """Refuse to put a dump in the place of a target that runs: it would be killed. Raises MmError."""
        thread = gdb.selected_thread()
        if self._open is not None and self.connection(None) is not None:
            return
        if thread is not None and thread.is_valid():
            raise MmError("a target is connected: leave it first, with 'detach' or 'disconnect'")


def _build(ctx: Context) -> Optional[str]:
    """The build ID of the symbol file; None where it has none."""
    notes = ctx.layout.find_variable("notes")
    found = build_id(ctx.host.static(notes.addr, NOTES_BYTES), ctx.read.order) if notes is not None else None
    return found.hex() if found is not None else None


def _number() -> Optional[int]:
    """Of GDB's connection; None without one, and in a GDB that does not number them."""
    return getattr(getattr(gdb.selected_inferior(), "connection", None), "num", None)


def _connect(program: Path, found: Dumped, cores: Sequence[str], banks: Sequence[Bank]) -> None:
    """Have GDB talk to a stub over the same files. Raises MmError."""
    if not os.access(program, os.X_OK):
        raise MmError(f"there is no {program}: run 'make dump'")
    tables = found.tables
    mmu = engine_mmu(tables.mmu, tables.root, tables.user_end)
    if mmu is None:
        raise MmError("the dump engine does not know this kernel's page tables")
    words = [str(program), "--mmu", mmu.text]
    for bank in banks:
        words += ["--ram", f"{bank.phys:#x}:{bank.path}:{bank.offset:#x}:{bank.size:#x}"]
    command = " ".join(map(shlex.quote, words + list(cores)))
    try:
        with _quiet():
            gdb.execute(f"target remote | exec {command}", to_string=True)
    except gdb.error as error:
        raise BrokenPath(_said(words + list(cores)) or f"{PROGRAM}: {' '.join(str(error).split())}") from None


def _said(command: Sequence[str]) -> Optional[str]:
    """What a stub that does not start says of it: GDB only tells that nobody answers."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              timeout=STUB_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return " ".join(done.stderr.decode("utf-8", "replace").split()) or None if done.returncode else None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """GDB does not say where the target stands inside: to_string does not have that."""
    try:
        before = gdb.parameter(NOTIFICATIONS)
    except RuntimeError:            # a GDB that has no such setting
        before = True
    if before is False:
        gdb.execute(f"set {NOTIFICATIONS} on", to_string=True)
    try:
        yield
    finally:
        if before is False:
            gdb.execute(f"set {NOTIFICATIONS} off", to_string=True)
