# SPDX-License-Identifier: GPL-2.0-or-later
"""Where functions return, by their instructions, and what they return.

On 32-bit ARM an instruction may have a condition: its exit is one only when that holds.
"""
from __future__ import annotations

import re
from typing import Optional, Sequence

import gdb

LINE = re.compile(r"^(?:=> )?\s*(0x[0-9a-f]+) <[^>]*>:\s+(.+)$", re.MULTILINE)
CONDITIONS = ("eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")
CONDITION = "(?:" + "|".join(CONDITIONS) + ")?"
ARM = re.compile(rf"(?:pop|ldm(?:fd|ia|db|ea)?)({CONDITION})(?:\.w)?\s[^{{]*{{[^}}]*\bpc}}|"
                 rf"ldr({CONDITION})(?:\.w)?\s+pc, \[sp\]|bx({CONDITION})\s+lr$|mov({CONDITION})\s+pc, lr")
RETURNS = (("arm", ARM), ("aarch64", re.compile(r"ret(?:aa|ab)?\b")),
           ("i386:x86-64", re.compile(r"(?:repz? )?retq?\b|jmpq?\s.*<\w*_return_thunk>")))
RESULTS = (("arm", "r0"), ("aarch64", "x0"), ("i386:x86-64", "rax"))


def exits_of(function: str, entries: Sequence[int]) -> tuple[int, ...]:
    """Instructions by which the function returns that begins at one of the entries, and is no copy inlined there."""
    returns = _of_machine(RETURNS)
    found: set[int] = set()
    for entry in entries if returns is not None else ():
        try:
            if _around(entry) != function.rpartition(":")[2]:
                continue
            text = _instructions(entry)
        except gdb.error:
            continue
        found.update(int(each[1], 16) for each in LINE.finditer(text) if returns.match(each[2].strip()))
    return tuple(sorted(found))


def result_of() -> Optional[int]:
    """What is returned at the exit where the CPU is; None where its condition does not hold."""
    register = _of_machine(RESULTS)
    try:
        frame = gdb.newest_frame()
        if register is None or not _holds(frame):
            return None
        word = gdb.lookup_type("long").sizeof
        return int(frame.read_register(register)) & (1 << 8 * word) - 1
    except (gdb.error, ValueError):
        return None


def _holds(frame: gdb.Frame) -> bool:
    """Whether the condition of the instruction at pc is true; most have none."""
    if not _machine().startswith("arm"):
        return True
    pc = int(frame.pc())
    text = frame.architecture().disassemble(pc)[0]["asm"]
    found = ARM.match(text.strip())
    name = next((group for group in found.groups() if group), None) if found is not None else None
    if name is None:
        return True
    flags = int(frame.read_register("cpsr")) >> 28
    n, z, c, v = (bool(flags >> bit & 1) for bit in (3, 2, 1, 0))
    number = CONDITIONS.index(name)
    holds = (z, c, n, v, c and not z, n == v, n == v and not z)[number // 2]
    return holds != bool(number % 2)


def _instructions(entry: int) -> str:
    """Of the function there; by the symbol file where the CPU cannot read it: with the MMU off, or in user space."""
    disassemble = f"disassemble {entry:#x}"
    try:
        return gdb.execute(disassemble, to_string=True)
    except gdb.MemoryError:
        before = gdb.parameter("trust-readonly-sections")
        gdb.execute("set trust-readonly-sections on")
        try:
            return gdb.execute(disassemble, to_string=True)
        finally:
            gdb.execute(f"set trust-readonly-sections {'on' if before else 'off'}")


def _around(pc: int) -> Optional[str]:
    """The function that an address is in, out of all that is inlined."""
    block, around = gdb.block_for_pc(pc), None
    while block is not None and not block.is_static and not block.is_global:
        around = block if block.function is not None else around
        block = block.superblock
    return around.function.name if around is not None else None


def _machine() -> str:
    return gdb.selected_inferior().architecture().name()


def _of_machine(table: Sequence[tuple]) -> object:
    """What a table has for the architecture; None where it has nothing."""
    return next((value for prefix, value in table if _machine().startswith(prefix)), None)
