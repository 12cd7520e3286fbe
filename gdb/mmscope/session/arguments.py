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


def read_argument(name: str) -> Optional[int]:
    """The argument of that name; None when there is none, or nobody kept it."""
    try:
        frame = gdb.newest_frame()
        value = frame.read_var(name)
        if value.is_optimized_out:
            return None
        function = frame.function()
        entered = function is not None and frame.type() != gdb.INLINE_FRAME and \
            int(function.value().address) == int(frame.pc())
        if entered and value.address is not None:
            return _passed(frame, name, value)
        return int(value)
    except (gdb.error, RuntimeError, ValueError, TypeError):
        return None


def _passed(frame: gdb.Frame, name: str, value: gdb.Value) -> Optional[int]:
    """By the procedure call standard: in registers, or on the stack, where it stays. value: of its place in the code."""
    machine = frame.architecture().name()
    registers = next((names for prefix, names in REGISTERS.items() if machine.startswith(prefix)), ())
    word = gdb.lookup_type("long").sizeof
    at = 0
    for symbol in frame.block():
        if not symbol.is_argument:
            continue
        words = -(-symbol.type.strip_typedefs().sizeof // word)
        at += at % 2 if words == 2 and word == 4 else 0     # a pair begins at an even register
        if symbol.name == name:
            values = [int(frame.read_register(each)) & (1 << 8 * word) - 1 for each in registers[at:at + words]]
            if len(values) < words:
                return int(value) if registers else None
            number = sum(each << 8 * word * index for index, each in enumerate(values))
            return int(gdb.Value(number).cast(symbol.type))
        at += words
    return None
