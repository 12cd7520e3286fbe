# SPDX-License-Identifier: GPL-2.0-or-later
"""Where each CPU's copy of a per-CPU variable is. Mirrors helper/include/mm/percpu.h."""
from __future__ import annotations

from typing import Optional

from ..layout.debuginfo import ARRAY
from .context import Context

MAX_CPUS = 4096


def cpu_offsets(ctx: Context) -> dict[int, int]:
    """__per_cpu_offset by CPU number: what is added to a per-CPU pointer.

    Without SMP, and until the areas are set up, one CPU has the only copy: {0: 0}. Raises FaultError.
    """
    table = ctx.layout.find_variable("per-CPU offsets")
    if table is None or table.type is None or table.type.kind != ARRAY:
        return {0: 0}
    count = min(ctx.read.find("nr_cpu_ids") or table.type.count, table.type.count, MAX_CPUS)
    data = ctx.memory.read(table.addr, count * ctx.read.word)
    found: dict[int, int] = {}
    for cpu in range(count):
        offset = int.from_bytes(data[cpu * ctx.read.word:(cpu + 1) * ctx.read.word], ctx.read.order)
        if cpu == 0 or offset not in (0, found[0]):     # of a CPU that cannot be there
            found[cpu] = offset
    return found


def per_cpu_addr(ctx: Context, pointer: int, offset: int) -> int:
    """Address of the copy at an offset of cpu_offsets(); the sum wraps."""
    return pointer + offset & (1 << ctx.read.word * 8) - 1


def percpu_shift(ctx: Context) -> Optional[int]:
    """How far off the symbols of per-CPU variables are, where these are linked from 0 on; None where they are not.

    So it is on x86-64 until v6.14. The shift is 0, or what the symbol file was moved by for KASLR: the kernel does not
    move these.
    """
    start, text = ctx.layout.find_variable("percpu start"), ctx.layout.find_variable("kernel text")
    if start is None or text is None or start.addr >= text.addr // 2:
        return None
    return start.addr


def percpu_pointer(ctx: Context, addr: int) -> int:
    """The per-CPU pointer that a symbol's address or a pointer out of the kernel means."""
    shift, end = percpu_shift(ctx), ctx.layout.find_variable("percpu end")
    if shift and end is not None and shift <= addr < end.addr:
        return addr - shift
    return addr
