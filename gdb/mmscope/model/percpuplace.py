# SPDX-License-Identifier: GPL-2.0-or-later
"""Which CPU's part of which per-CPU chunk a page frame is."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import MmError
from .context import Context
from .holders import phys_of
from .percpu import cpu_offsets
from .percpu_chunk import FIRST, Chunk, chunks


@dataclass(frozen=True)
class PercpuPlace:
    """One page of one CPU's unit."""

    chunk: int              # address of the struct pcpu_chunk
    cpu: int
    base: int               # address of offset 0 in the CPU's unit
    addr: int               # where the page is mapped
    used_bytes: int         # of it, in allocations


def percpu_place(ctx: Context, pfn: int) -> Optional[PercpuPlace]:
    """The place of a page of a chunk but the first one; None when it is of none. Looks at all chunks, once a stop."""
    return ctx.once("percpuplace.places", lambda ctx: dict(_places(ctx))).get(pfn)


def _places(ctx: Context) -> Iterator[tuple[int, PercpuPlace]]:
    """Every populated page of every unit."""
    try:
        offsets = ctx.read.value("percpu unit offsets")
        units = {cpu: ctx.read.unsigned(offsets + cpu * ctx.read.word) for cpu in cpu_offsets(ctx)} if offsets else {}
        every = chunks(ctx)[0]
    except MmError:
        return
    for chunk in every:
        for cpu, unit in units.items() if chunk.kind != FIRST else ():
            base = chunk.base_addr + unit & (1 << ctx.read.word * 8) - 1
            yield from _unit(ctx, chunk, cpu, base)


def _unit(ctx: Context, chunk: Chunk, cpu: int, base: int) -> Iterator[tuple[int, PercpuPlace]]:
    """The populated pages of one unit."""
    step = 1 << ctx.arch.page_shift
    for span in chunk.populated:
        for offset in range(span.offset, span.end, step):
            phys = phys_of(ctx, base + offset)
            if phys is not None:
                used = sum(max(0, min(area.end, offset + step) - max(area.offset, offset)) for area in chunk.areas)
                yield phys >> ctx.arch.page_shift, PercpuPlace(chunk.chunk, cpu, base, base + offset, used)
