# SPDX-License-Identifier: GPL-2.0-or-later
"""Arguments of the function that was just entered.

Optimised code says where they are at each instruction. Code that is not says where they will be, once the prologue has
stored them in its stack frame: at the first instruction they are still where the procedure call standard has them.
"""
from __future__ import annotations

from typing import Optional

import gdb

REGISTERS = {"arm": ("r0", "r1", "r2", "r3"), "aarch64": tuple(f"x{number}" for number in range(8)),
             "i386:x86-64": ("rdi", "rsi", "rdx", "rcx", "r8", "r9")}


def read_argument(name: str, function: Optional[str] = None) -> Optional[int]:
    """The argument of that name; None when there is none, or nobody kept it.

    Of the innermost function, else of the one of that name, which may be one that is inlined at this instruction.
    """
    try:
        frame = gdb.newest_frame()
        block = _block(frame, function)
        symbol = next((each for each in block if each.is_argument and each.name == name), None) \
            if block is not None else None
        value = symbol.value(frame) if symbol is not None else None
        if value is None or value.is_optimized_out:
            return None
        if value.address is not None and _entered(frame, block):
            return _passed(frame, block, name, value)
        return int(value)
    except (gdb.error, RuntimeError, ValueError, TypeError):
        return None


def _block(frame: gdb.Frame, function: Optional[str]) -> Optional[gdb.Block]:
    """The outermost block of a function, by default of the frame's own."""
    block = frame.block() if function is None else gdb.block_for_pc(frame.pc())
    while block is not None and not block.is_static and not block.is_global:
        if block.function is not None and (function is None or block.function.name == function):
            return block
        block = block.superblock
    return None


def _entered(frame: gdb.Frame, block: gdb.Block) -> bool:
    """Whether this is the first instruction of a function that is not inlined."""
    around = block.superblock
    return (around is None or around.is_static or around.is_global) and \
        int(block.function.value().address) == frame.pc()


def _passed(frame: gdb.Frame, block: gdb.Block, name: str, value: gdb.Value) -> Optional[int]:
    """By the procedure call standard; what is passed on the stack is where it will be."""
    machine = frame.architecture().name()
    registers = next((names for prefix, names in REGISTERS.items() if machine.startswith(prefix)), ())
    word = gdb.lookup_type("long").sizeof
    at = 0
    for symbol in block:
        if not symbol.is_argument:
            continue
        words = -(-symbol.type.strip_typedefs().sizeof // word)
        at += at % 2 if words == 2 and word == 4 else 0     # a pair begins at an even register
        if symbol.name == name:
            values = [int(frame.read_register(each)) & (1 << 8 * word) - 1 for each in registers[at:at + words]]
            if len(values) < words:
                return int(value)
            number = sum(part << 8 * word * index for index, part in enumerate(values))
            return int(gdb.Value(number).cast(symbol.type))
        at += words
    return None
