# SPDX-License-Identifier: GPL-2.0-or-later
"""The functions that a CPU of a core is in, as far as that is told without debug information.

The innermost by its pc. On arm64 every function has a frame record (Procedure Call Standard for the Arm 64-bit
Architecture, "The frame pointer"): two words, the caller's record and where to return to; an exception has one, too.
Other kernels keep none: there is no more than the innermost. What is inlined is not seen.
"""
from __future__ import annotations

from typing import Iterator, Mapping

from ..errors import FaultError
from ..model.context import Context
from ..model.kallsyms import symbolize

MOST_FRAMES = 64
ARM64, FRAME_POINTER, RECORD_BYTES, INSTRUCTION_BYTES = "arm64", "x29", 16, 4


def backtrace(ctx: Context, registers: Mapping[str, int]) -> tuple[str, ...]:
    """Names, the innermost first; what has none is left out."""
    found = (symbolize(ctx, addr) for addr in _addresses(ctx, registers))
    return tuple(each.name for each in found if each is not None)


def _addresses(ctx: Context, registers: Mapping[str, int]) -> Iterator[int]:
    """One in each function."""
    pc = registers.get("pc")
    if pc is None:
        return
    yield pc
    record = registers.get(FRAME_POINTER, 0) if ctx.arch_name == ARM64 else 0
    for _ in range(MOST_FRAMES):
        if not record or record % 8 or not record >> 63:        # a program's stack is no kernel's
            return
        try:
            data = ctx.memory.read(record, RECORD_BYTES)
        except FaultError:
            return
        record, back = (int.from_bytes(data[at:at + 8], ctx.read.order) for at in (0, 8))
        yield back - INSTRUCTION_BYTES
