# SPDX-License-Identifier: GPL-2.0-or-later
"""The context of the present stop, and when it has to be forgotten.

Symbols are kept until an object file comes or goes; memory until the target may have changed: it ran,
stopped, was written to, is another one, or another of its CPUs was selected. While GDB evaluates the
condition of a breakpoint memory is not kept at all: nobody is told of these stops. The way to memory is
chosen anew whenever memory is forgotten.
"""
from __future__ import annotations

import re
from typing import Any, Optional, Union

import gdb

from ..errors import BrokenPath, FaultError, MmError
from ..layout.layout import Layout
from ..layout.pagetable import ReadPhys
from ..model.context import Context, Expression, Host, Symbolized
from ..model.reach import AUTO, choose
from ..target.cache import CachedMemory
from ..target.elf import read_static, text_start
from ..target.transport import Meter, PhysicalMemory
from .backtrace import backtraces
from .debuginfo import GdbDebugInfo
from .dumps import DumpConnection, OpenDumps
from .keeper import Keeper
from .remote import Connection
from .terminal import terminal

MEMORY_EVENTS = ("cont", "stop", "memory_changed", "inferior_call", "exited", "new_inferior", "inferior_deleted")
BY_ADDRESS = (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION, gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_FUNC)
SYMBOL_EVENTS = ("new_objfile", "clear_objfiles", "free_objfile")


class Current:
    """Makes the context when it is asked for, and keeps it as long as it is true."""

    def __init__(self) -> None:
        self.mode = lambda: AUTO            # what mm-transport is set to
        self.kept: dict[str, dict[str, Any]] = {}       # snapshots by name
        self.typed = False                  # a person typed the command that runs
        self.memo: dict[str, Any] = {}      # of commands that run this target
        self.keeper = Keeper()              # their points that stay
        self.dumps = OpenDumps(self)        # in the place of the target
        self._layout: Optional[Layout] = None
        self._connection: Union[Connection, DumpConnection, None] = None
        self._memory: Optional[CachedMemory] = None
        self._context: Optional[Context] = None
        self._drops = 0                     # of memory, when the context was made
        self._program: tuple = ()
        self._number: Optional[int] = None  # of the connection
        self._cpu: Optional[tuple] = None

    def hook(self) -> None:
        """Listen to GDB."""
        for names, react in ((MEMORY_EVENTS, self.forget_memory), (SYMBOL_EVENTS, self.forget_symbols)):
            for name in names:
                if hasattr(gdb.events, name):
                    getattr(gdb.events, name).connect(react)
        self.keeper.hook()

    def unhook(self) -> None:
        """Stop listening: this copy of the package is being replaced."""
        for names, react in ((MEMORY_EVENTS, self.forget_memory), (SYMBOL_EVENTS, self.forget_symbols)):
            for name in names:
                if hasattr(gdb.events, name):
                    getattr(gdb.events, name).disconnect(react)
        self._forget_connection()
        self.keeper.unhook()

    def forget_memory(self, _: Any = None) -> None:
        """The target may have changed."""
        if self._memory is not None:
            self._memory.drop()
        self._context = None

    def forget_symbols(self, _: Any = None) -> None:
        """Object files came or went."""
        self._layout = None
        self.forget_memory()

    def context(self) -> Context:
        """The context of this moment."""
        self._notice_selection()
        if _in_condition():
            self.forget_memory()
        if self._layout is None:
            self._layout = Layout(GdbDebugInfo())
        if self._memory is None or self._connection is None:
            self._connection = self.dumps.connection(_why_not_live()) or Connection(Meter())
            self._memory = CachedMemory(self._connection.virtual)
        if self._context is None or self._memory.drops != self._drops:
            self._context = self._choose(self._memory, self._connection, self._layout)
            self._drops = self._memory.drops
        return self._context

    def _choose(self, memory: CachedMemory, connection: Union[Connection, DumpConnection], layout: Layout) -> Context:
        """A new context, reading the best way there is."""
        memory.use(connection.virtual)
        dump = connection if isinstance(connection, DumpConnection) else None
        text = layout.find_variable("kernel text") if dump is not None else None
        host = Host(_why_not_live(), self._static, dump.register if dump is not None else _register, evaluate,
                    self._physical, symbolize, _symbol_file(), _moved, backtraces, self.kept,
                    lambda: terminal(self.typed), self.memo, dump.files.text if dump is not None else None,
                    dump.place(_moved(text.addr)) if dump is not None and text is not None else None)
        ctx = Context(memory, layout, host)
        choice = dump.choice(self.mode()) if dump is not None else choose(ctx, connection, self.mode())
        if choice.transport is not connection.virtual:
            memory.use(choice.transport)
            ctx = Context(memory, layout, host)
        ctx.notes, ctx.engine = choice.notes, choice.engine
        return ctx

    def _static(self, addr: int, size: int) -> Optional[bytes]:
        """What the loaded symbol file has at an address."""
        name, text = _symbol_file(), self._layout.find_variable("kernel text") if self._layout is not None else None
        return read_static(name, addr - (_moved(text.addr) if text is not None else 0), size) if name else None

    def _physical(self) -> Optional[ReadPhys]:
        """Physical memory; None where there is no way to it, or none is wanted."""
        if self._connection is None:
            return None
        for find in self._connection.physical_ways(self.mode()):
            try:
                memory = find()
            except BrokenPath:
                continue
            return lambda phys, size: _read_physical(memory, phys, size)
        return None

    def _forget_connection(self) -> None:
        """The ways that it opened are closed."""
        if self._connection is not None:
            self._connection.close()
        self._memory = self._connection = None

    def _notice_selection(self) -> None:
        """GDB has no event for it: another inferior, connection or CPU may have been selected since."""
        inferior, thread = gdb.selected_inferior(), gdb.selected_thread()
        program = (inferior.num, inferior.architecture().name())
        number = getattr(getattr(inferior, "connection", None), "num", None)
        cpu = thread.ptid if thread is not None else None
        if program != self._program:
            self.forget_symbols()
        if number != self._number:
            self._forget_connection()
            if self._number is not None:
                self.memo.clear()
        if cpu != self._cpu or self._memory is None:
            self.forget_memory()
        self._program, self._number, self._cpu = program, number, cpu


def _why_not_live() -> Optional[str]:
    """None when there is a stopped target, else one line."""
    thread = gdb.selected_thread()
    if thread is None or not thread.is_valid():
        return "no target: connect first, for example with 'target remote SOCKET'"
    if thread.is_running() and not _in_condition():
        return "the target is running: stop it first, with Ctrl-C or 'interrupt'"
    return None


def _in_condition() -> bool:
    """Whether GDB looks at a breakpoint's condition: the target stands still, but is running for the user."""
    thread = gdb.selected_thread()
    if thread is None or not thread.is_running():
        return False
    try:
        return gdb.newest_frame().is_valid()
    except gdb.error:
        return False


def _symbol_file() -> Optional[str]:
    """The kernel's symbol file: GDB's own, or, once it has been loaded with an offset, the largest there is."""
    return gdb.current_progspace().filename or next((file.filename for file in gdb.objfiles() if file.filename), None)


def _moved(text: int) -> int:
    """How far the symbols are loaded from where their file has them, by the kernel's first code."""
    name = _symbol_file()
    start = text_start(name) if name else None
    return text - start if start is not None else 0


def _register(name: str) -> Optional[int]:
    """A register of the selected CPU; None when the target has no such register."""
    try:
        return int(gdb.newest_frame().read_register(name))
    except (gdb.error, ValueError, TypeError):
        return None


def _read_physical(memory: PhysicalMemory, phys: int, size: int) -> bytes:
    """Exactly size bytes. Raises FaultError."""
    try:
        return memory.read(phys, size)
    except BrokenPath:
        raise FaultError(phys, size) from None


def symbolize(addr: int) -> Optional[Symbolized]:
    """The function around an address, else the symbol before it in the same section; None when there is neither."""
    try:
        block, around = gdb.block_for_pc(addr), None
        while block is not None and not block.is_static and not block.is_global:
            around = block if block.function is not None else around        # the outermost: out of what is inlined
            block = block.superblock
        if around is not None and around.start <= addr < around.end:
            entry = int(around.function.value().address)
            if around.start < entry <= addr:    # its unlikely parts are somewhere below: it does not end at its end
                return Symbolized(around.function.name, addr - entry, None)
            return Symbolized(around.function.name, addr - around.start, around.end - around.start)
        found = re.match(r"(\S+)(?: \+ (\d+))? in section", gdb.execute(f"info symbol {addr:#x}", to_string=True))
    except (gdb.error, RuntimeError):
        return None
    return Symbolized(found[1], int(found[2] or 0), None) if found is not None else None


def evaluate(text: str) -> Expression:
    """The value of an expression. Raises MmError with GDB's reason."""
    try:
        return expression_of(gdb.parse_and_eval(text))
    except gdb.error as error:
        raise MmError(f"'{text}': {error}") from None


def expression_of(value: gdb.Value) -> Expression:
    """A GDB value as a number. A struct, a function and an array stand for their address."""
    kind = value.type.strip_typedefs()
    if kind.code in BY_ADDRESS and value.address is not None:
        value = value.address
        kind = (kind.target().strip_typedefs() if kind.code == gdb.TYPE_CODE_ARRAY else kind).pointer()
    try:
        if kind.code == gdb.TYPE_CODE_FLT:
            raise TypeError
        number = int(value)
    except gdb.MemoryError as error:
        raise MmError(str(error)) from None
    except (gdb.error, TypeError):
        raise MmError(f"a value of type {value.type} is not a number or an address") from None
    is_page = kind.code == gdb.TYPE_CODE_PTR and kind.target().strip_typedefs().tag == "page"
    return Expression(number, is_page)
