# SPDX-License-Identifier: GPL-2.0-or-later
"""mm open: a dump in the place of the target. Our commands read it through the dump engine, GDB itself through a stub.

The stub, mmdump-stub, is a program beside the engine that serves the same files by the same page tables.
"""
from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence, Union

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

Peer = Union[int, str]


@dataclass(frozen=True)
class Files:
    """What a dump is made of."""

    cores: tuple[str, ...]
    banks: tuple[Bank, ...]

    @property
    def text(self) -> str:
        """Their names, for people."""
        return ", ".join([*self.cores, *(bank.path for bank in self.banks)])


class DumpConnection:
    """The ways to the memory of a dump that is open: what remote.Connection is for a live target."""

    def __init__(self, found: Dumped, machine: engine.Machine, files: Files, meter: Meter, moved: int) -> None:
        self.meter = meter
        self.files = files
        self.found = found
        self.machine = machine
        self.virtual: GdbTransport
        self._moved = moved                     # how far the symbols were moved when it was found
        self._peer: Optional[Peer] = None

    def connected(self) -> None:
        """GDB has its stub."""
        self._peer = _peer()
        self.virtual = GdbTransport(self.meter)

    @property
    def is_target(self) -> bool:
        """Whether GDB is connected to the stub still."""
        return _peer() == self._peer

    def choice(self, mode: str) -> Choice:
        """The engine, or the stub where that is wanted."""
        if mode == STUB:
            return Choice(self.virtual, self.found.notes)
        return Choice(self.found.memory, self.found.notes, self.found.engine)

    def place(self, moved: int) -> int:
        """How far the kernel is from where the symbols are now."""
        return self.found.offset + self._moved - moved

    def register(self, name: str) -> Optional[int]:
        """A register of the selected CPU, by the dump's notes; None where they do not have it."""
        thread, cpus = gdb.selected_thread(), self.found.registers
        at = thread.num - 1 if thread is not None else 0
        return cpus[at].get(name) if at < len(cpus) else None

    def physical_ways(self, mode: str) -> tuple:
        """What finds physical memory."""
        return (self.physical,)

    def physical(self) -> PhysicalMemory:
        """Physical memory."""
        return self.found.physical

    def close(self) -> None:
        """Nothing to do: GDB may still be connected. OpenDumps has the files."""

    def release(self) -> None:
        """Give the files back."""
        self.machine.close()


class OpenDumps:
    """Opens and closes dumps (target.dumps.Dumps)."""

    def __init__(self, current: Current) -> None:
        self._current = current
        self._open: Optional[DumpConnection] = None

    def connection(self, not_live: Optional[str]) -> Optional[DumpConnection]:
        """The dump that GDB is connected to; None when it is connected to something else, or to nothing."""
        if self._open is not None and (not_live is not None or not self._open.is_target):
            self._open.release()
            self._open = None
        return self._open

    def open(self, cores: Sequence[str], banks: Sequence[Bank]) -> Any:
        """Put cores and RAM files in the place of the target; the Context of it."""
        self._check_free()
        files = Files(tuple(map(_absolute, cores)),
                      tuple(Bank(bank.phys, _absolute(bank.path), bank.offset, bank.size) for bank in banks))
        dump = self._found(files)
        try:
            self._leave()
            _connect(dump)
            dump.connected()
        except BaseException:
            dump.release()
            raise
        self._open = dump
        return self._current.context()

    def adopt(self, handed: Optional[Files]) -> None:
        """Go on with the dump of another copy of this package, which GDB is connected to."""
        if handed is None or gdb.selected_thread() is None:
            return
        try:
            self._open = self._found(handed)
        except MmError:
            return                          # the stub is left
        self._open.connected()
        self._current._forget_connection()

    def hand_over(self) -> Optional[Files]:
        """The files of the dump that is open, for another copy; they are closed here."""
        if self._open is None or self.connection(None) is None:
            return None
        files = self._open.files
        self._open.release()
        self._open = None
        return files

    def _found(self, files: Files) -> DumpConnection:
        """The kernel in files. Raises MmError."""
        library = engine.library()
        if library is None:
            raise MmError(engine.why_not() or "the dump engine is not there: build it with 'make dump', and do not "
                                              f"set {engine.SETTING}={engine.OFF}")
        ctx = self._current.context()
        machine = open_machine(library, files.cores, files.banks)
        try:
            meter = Meter()
            layout = Layout(GdbDebugInfo())
            found = open_dump(machine, layout, ctx.symbol_banner, files.text, meter, _build(ctx))
            text = layout.find_variable("kernel text")
            return DumpConnection(found, machine, files, meter, ctx.host.moved(text.addr) if text is not None else 0)
        except BaseException:
            machine.close()
            raise

    def close(self) -> str:
        """Leave the dump that is open; its files."""
        if self._open is None or self.connection(None) is None:
            raise MmError("no dump is open")
        files = self._open.files.text
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


def _peer() -> Optional[Peer]:
    """What GDB is connected to: the number of its connection, or the stub's process in a GDB that numbers none."""
    connection = getattr(gdb.selected_inferior(), "connection", None)
    return connection.num if connection is not None else _stub()


def _stub() -> Optional[str]:
    """The process of the stub that this GDB has started."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
                name, _, rest = file.read().partition("(")[2].rpartition(")")
        except OSError:
            continue
        if PROGRAM.startswith(name) and rest.split()[1] == str(os.getpid()):
            return f"process {pid}"
    return None


def _absolute(path: str) -> str:
    """GDB may change its folder."""
    return os.path.abspath(os.path.expanduser(path))


def _connect(dump: DumpConnection) -> None:
    """Have GDB talk to a stub over the same files. Raises MmError."""
    program = Path(dump.machine.library.path).with_name(PROGRAM)
    if not os.access(program, os.X_OK):
        raise MmError(f"there is no {program}: run 'make dump'")
    tables = dump.found.tables
    mmu = engine_mmu(tables.mmu, tables.root, tables.user_end)
    if mmu is None:
        raise MmError("the dump engine does not know this kernel's page tables")
    words = [str(program), "--mmu", mmu.text]
    for bank in dump.files.banks:
        words += ["--ram", f"{bank.phys:#x}:{bank.path}:{bank.offset:#x}:{bank.size:#x}"]
    words += dump.files.cores
    command = " ".join(map(shlex.quote, words))
    try:
        with _quiet():
            gdb.execute(f"target remote | exec {command}", to_string=True)
    except gdb.error as error:
        raise BrokenPath(_said(words) or f"{PROGRAM}: {' '.join(str(error).split())}") from None


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
