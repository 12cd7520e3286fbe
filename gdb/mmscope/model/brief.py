# SPDX-License-Identifier: GPL-2.0-or-later
"""A page in a few words, as the neighbour of another one."""
from __future__ import annotations

from dataclasses import dataclass

from . import frame
from .context import Context
from .frames import classify
from .page_owner import page_owner


@dataclass(frozen=True)
class Brief:
    """What a page is, to stand behind "is"."""

    short: str                  # for a verdict
    text: str
    on_cpu: bool                # on a CPU's list
    coming: bool                # not handed over yet
    more: tuple[str, ...]       # what else is known, in sentences


_WORDS = {
    frame.HOLE: "no memory", frame.RESERVED: "reserved", frame.MEMBLOCK: "not handed over yet",
    frame.DEFERRED: "not set up yet", frame.FREE: "free", frame.PCP: "on the list of {}", frame.SLAB: "slab {}",
    frame.PAGETABLE: "a page table", frame.STACK: "a kernel stack", frame.PERCPU: "per-CPU memory",
    frame.VMALLOC: "vmalloc memory", frame.HUGETLB: "a huge page", frame.FILE: "page cache",
    frame.ANON: "anonymous memory", frame.COMPOUND: "in use, of a compound page", frame.OTHER: "in use"}
_NAMED = (frame.RESERVED, frame.PAGETABLE, frame.STACK, frame.VMALLOC)
DETAIL_CHARS = 32


def brief(ctx: Context, pfn: int) -> Brief:
    """The page at pfn. Raises MissingError, FaultError."""
    span = classify(ctx, pfn)
    text, detail = _WORDS[span.kind], span.detail
    short = detail if len(detail) <= DETAIL_CHARS else detail[:DETAIL_CHARS - 3] + "..."
    text = named = text.format(short or "unknown")
    if span.kind in _NAMED and short:
        named = short if short.startswith(text) else f"{text} ({short})"
    record = page_owner(ctx, pfn) if span.kind in frame.USED else None
    by = record.caller.symbol if record is not None and record.allocated and record.caller is not None else None
    return Brief(text.partition(",")[0], named, span.kind == frame.PCP, span.kind in (frame.MEMBLOCK, frame.DEFERRED),
                 (f"it was allocated by {by}",) if by else ())
