# SPDX-License-Identifier: GPL-2.0-or-later
"""One change of what is watched, as text: what it was and is, by whom, and the arithmetic of a split or merge."""
from __future__ import annotations

from typing import Any, Iterator, Optional

from ..model import frame
from ..model.blocksteps import MERGE, BlockStep
from ..model.event import Event
from ..model.pagelook import USED, PageLook
from ..model.subjectcount import ArrayLook, CountLook
from ..model.subjectlist import ListLook
from ..model.subjectpage import BlockLook
from ..target.control import StackFrame
from .diffblock import events_text
from .table import LINE_WIDTH, wrap
from .units import counted, cut, size

NAME = 44                   # characters of a name
MOST_FRAMES = 12
MOST_RANGES = 8
MOST_FILE = 40
LABEL = 7                   # columns
WORDS = {frame.RESERVED: "reserved", frame.SLAB: "slab", frame.PAGETABLE: "a page table",
         frame.COMPOUND: "in use, of a compound page"}


def event_text(event: Event, every: bool = False) -> str:
    """Lines of at most 80 columns; many blocks are summed where not every one is wanted."""
    lines = [f"{cut(event.subject)}: {_title(event)}"]
    lines += _pair("was", look_text(event.before))
    lines += _pair("is", look_text(event.after))
    if event.by is not None:
        lines += _pair("by", place(event.by))
    if event.caller is not None:
        lines += _pair("for", place(event.caller))
    lines += (line for number, step in enumerate(event.steps)
              for line in _pair("how" if not number else "", step_text(step)))
    lines += (f"{' ' * LABEL}{line}" for line in events_text(event.blocks, every))
    lines += (line for text in _ranges(event) for line in _pair("", text))
    stack = event.stack[event.stack.index(event.by) if event.by in event.stack else 0:]
    names = [cut(each.name, NAME) for each in stack[:MOST_FRAMES]]
    if names:
        more = " < ..." if len(stack) > MOST_FRAMES else ""
        lines += _pair("stack", " < ".join(names) + more)
    if event.instructions is not None:
        begin = f"{event.began} to " if event.began is not None else ""
        lines += _pair("at", f"instruction{'s' if begin else ''} {begin}{event.instructions}")
    return "\n".join(lines) + "\n"


def _title(event: Event) -> str:
    return event.kind + (", not finished: stopped in the middle" if event.partial else "")


def _pair(label: str, text: str) -> list[str]:
    return [f"  {label if not number else '':{LABEL}}{line}".rstrip()
            for number, line in enumerate(wrap(text, LINE_WIDTH - LABEL - 2, "  ", whole=False))]


def look_text(look: Any) -> str:
    """What a subject was or is, in words."""
    if isinstance(look, PageLook):
        return _page(look)
    if isinstance(look, BlockLook):
        return f"free, {cut(look.migratetype or 'unknown type')}" if look.listed else \
            f"no free block of its own; its first page: {_page(look.page)}"
    if isinstance(look, ListLook):
        pages = sum(1 << block.order for block in look.blocks)
        return f"{counted(len(look.blocks), 'block')}, {counted(pages, 'page')}"
    if isinstance(look, ArrayLook):
        return f"{counted(len(look.regions), 'region')}, {size(look.bytes)}"
    return str(look.value) if isinstance(look, CountLook) else str(look)


def _page(look: PageLook) -> str:
    kind = f", pageblock {cut(look.migratetype)}" if look.migratetype else ""
    if look.kind == frame.FREE:
        return f"free: in the block {look.block_pfn:#x} of order {look.order}{kind}"
    if look.kind == frame.PCP:
        return f"free, on CPU {look.cpu}'s list, of order {look.order}{kind}"
    what = cut(look.what) if look.what else WORDS.get(look.kind, "in use")
    if look.kind == USED and not look.counted:
        what += ", not counted"
    if look.kind == frame.RESERVED:     # by the page itself: memblock's reservations are told in the same words
        what += ", PG_reserved"
    return f"{what}{_of_block(look)}, refcount {look.refcount}{kind}"


def _of_block(look: PageLook) -> str:
    if look.order is None or look.block_pfn is None or not look.order:
        return ""
    return f", of the {1 << look.order} pages from {look.block_pfn:#x} on"


def step_text(step: BlockStep) -> str:
    """One order of a split or merge, as the kernel computes it."""
    sum_ = f"order {step.order}: {step.pfn:#x} ^ (1 << {step.order}) = {step.buddy:#x}"
    if step.shape == MERGE:
        return f"{sum_}, free, too: {step.kept:#x} of order {step.next_order}"
    freed = step.buddy if step.kept == step.pfn else step.pfn
    return f"{sum_}: {freed:#x} is free, {step.kept:#x} is kept"


def place(found: StackFrame) -> str:
    """A function and where in its source it is."""
    file: Optional[str] = found.file
    if file is not None and len(file) > MOST_FILE:
        file = "..." + file[3 - MOST_FILE:]
    where = f" ({cut(file)}:{found.line})" if file is not None and found.line is not None else ""
    return f"{cut(found.name, NAME)}{where}"


def _ranges(event: Event) -> Iterator[str]:
    for change in event.ranges[:MOST_RANGES]:
        sign = "+" if change.before is None else "-" if change.after is None else "~"
        yield f"{sign} {change.start:#x} to {change.end:#x}, {size(change.end - change.start)}"
    if len(event.ranges) > MOST_RANGES:
        yield f"and {counted(len(event.ranges) - MOST_RANGES, 'more range')}"
