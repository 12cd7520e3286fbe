# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a page is, and what keeps it there: a verdict, what it rests on, and all addresses of the page.

One page costs a few reads near it and the list that it is on; what is of use for more pages is kept for this stop.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Iterator, Optional

from ..errors import FaultError, MissingError, MmError
from ..layout.pageflags import ANON as ANON_FLAGS
from ..layout.pageflags import FREE as FREE_FLAGS
from ..layout.pageflags import SLAB as SLAB_FLAGS
from ..layout.reader import Record
from . import frame
from .address import Place, resolve
from .buddy import is_buddy
from .context import Context
from .evidence import Buddy, Evidence, Told, nth, pages
from .frame import Span
from .frames import classify, listed_block
from .freeblock import free_page
from .kept import block_of, linked_zone, spanning_zone
from .notgiven import deferred_page, hole, memblock_page, reserved_page
from .page_owner import PageOwner, page_owner
from .pagetable import walk
from .pcp import Pageset, pagesets
from .problem import Problem
from .rammap import is_ram
from .used import used_page
from .usedslab import slab_page
from .zone import Zone

FLAG_KINDS = {frame.FREE: FREE_FLAGS, frame.SLAB: SLAB_FLAGS, frame.ANON: ANON_FLAGS}
MAPPED = "mapped address"       # that page tables translate, and no linear map
NO_STRUCT = (frame.HOLE, frame.DEFERRED)        # their struct page means nothing


@dataclass(frozen=True)
class Why:
    """The answer for one page."""

    given: str                      # how X was given: pfn, phys, struct page, virtual address, mapped address
    pfn: int
    phys: int
    virt: Optional[int]             # None: HighMem, not mapped, or no memory
    page: Optional[int]             # address of its struct page; None when it has none
    zone: Optional[str]             # None: in none
    kind: str                       # one of frame.py's
    detail: str                     # as there
    verdict: str                    # one sentence
    evidence: tuple[Evidence, ...]
    buddy: Optional[Buddy]          # of a free block
    owner: Optional[PageOwner]      # as page_owner recorded it; None without it
    problems: tuple[Problem, ...] = ()


def why(ctx: Context, place: Place, span: Optional[Span] = None) -> Why:
    """What holds the page at a place.

    span: what the page is, where that is known already, from frames.machine_spans(). What cannot be read ends the
    story early, but not without a verdict. Raises MissingError, FaultError while there are no zones.
    """
    known = span if span is not None else classify(ctx, place.pfn)
    page, zone, owner = None, None, None
    try:
        page = ctx.read.record("page", place.page) if place.page is not None and known.kind not in NO_STRUCT else None
        zone = _zone(ctx, place.pfn, known.kind, page)
        owner = page_owner(ctx, place.pfn) if page is not None else None
        told = _told(ctx, place, known, page, zone, owner)
    except (FaultError, MissingError) as error:
        kind = f"{known.kind} ({known.detail})" if known.detail else known.kind
        told = Told(f"{kind}: more cannot be told, {error}", ())
    evidence = (*told.evidence, *(_struct(ctx, page, known.kind) if page is not None else ()),
                *(_owned(owner) if owner is not None else ()))
    return Why(place.given, place.pfn, place.phys, None if known.kind == frame.HOLE else place.virt, place.page,
               zone.name if zone is not None else None, known.kind, known.detail, told.verdict, evidence, told.buddy,
               owner)


def find_place(ctx: Context, text: str) -> Place:
    """Understand X, as resolve() does; an address that only page tables translate is one, too. Raises MmError."""
    try:
        return resolve(ctx, text)
    except MmError as error:
        if text.strip().startswith(("pfn:", "phys:")):
            raise
        expression = ctx.host.evaluate(text)
        if expression.is_page:
            raise
        try:
            phys = walk(ctx, expression.value & (1 << ctx.arch.address_bits) - 1, False).phys
        except MmError:
            phys = None
        if phys is None:
            raise error from None
        return place_of(ctx, phys >> ctx.arch.page_shift, MAPPED, phys)


def place_of(ctx: Context, pfn: int, given: str = "pfn", byte: Optional[int] = None) -> Place:
    """The place of a page frame, or of a byte in it; for a loop over many."""
    phys, pages_ = pfn << ctx.arch.page_shift if byte is None else byte, ctx.pages
    missing = is_ram(ctx, phys) is False
    return Place(given, pfn, phys, pages_.page(pfn) if pages_.covers(pfn) else None,
                 None if missing else ctx.arch.phys_to_virt(phys), missing)


def _zone(ctx: Context, pfn: int, kind: str, page: Optional[Record]) -> Optional[Zone]:
    """The zone that the page is of: by its flags, or by the spans where these mean nothing."""
    if kind == frame.HOLE:
        return None
    return linked_zone(ctx, page.get("flags")) if page is not None else spanning_zone(ctx, pfn)


def _told(ctx: Context, place: Place, known: Span, page: Optional[Record], zone: Optional[Zone],
          owner: Optional[PageOwner]) -> Told:
    """By kind."""
    if known.kind == frame.HOLE or page is None and known.kind != frame.DEFERRED:
        return hole(ctx, place)
    if known.kind == frame.DEFERRED:
        return deferred_page(ctx, place)
    if known.kind == frame.MEMBLOCK:
        return memblock_page(ctx, place)
    assert page is not None
    if known.kind == frame.RESERVED:
        return reserved_page(ctx, place, known.detail)
    if known.kind == frame.PCP and zone is not None:
        return _on_cpu(ctx, place.pfn, zone)
    if known.kind == frame.SLAB:
        return slab_page(ctx, place, page)
    marked = known.kind == frame.FREE or known.kind == frame.OTHER and is_buddy(ctx, page)
    block = block_of(ctx, place.pfn) if marked else None
    if block is not None:
        return free_page(ctx, place.pfn, *block)
    if known.kind == frame.FREE:
        return _unmarked(ctx, place.pfn, page, known.detail)
    by = owner.caller if owner is not None and owner.allocated else None
    return used_page(ctx, place, page, known.kind, known.detail, (by.symbol or f"{by.addr:#x}") if by else None)


def _unmarked(ctx: Context, pfn: int, page: Record, detail: str) -> Told:
    """On a free list, and no mark leads there."""
    found = listed_block(ctx, pfn)
    block = f"the block {found[0]:#x}" if found is not None else "it"
    return Told(f"free by a list alone: that of {detail} has {block}, which is not marked so: BUDDY-2", (
        Evidence("list", f"{detail}: {block}"),
        Evidence("struct page", f"refcount {page.get('refcount')}, no mark: a stop while the block is moved, or "
                                "BUDDY-2")))


def _on_cpu(ctx: Context, pfn: int, zone: Zone) -> Told:
    """Free, but with a CPU: which list, and where on it."""
    sets: tuple[Pageset, ...] = ctx.once(f"why.pagesets {zone.addr:x}", partial(pagesets, zone=zone))
    for pageset in sets:
        for each in pageset.lists:
            at = next((at for at, first in enumerate(each.pfns) if first <= pfn < first + (1 << each.order)), None)
            if at is None:
                continue
            place = (f"{nth(at)} of {len(each.pfns)} on CPU {pageset.cpu}'s {each.migratetype} list of order "
                     f"{each.order}")
            turn = "given out next by this CPU" if at == 0 else f"{at} in front of it"
            return Told(f"free, but {place}, zone {zone.name}: no buddy list has it", (
                Evidence("list", f"{place}, zone {zone.name}: {turn}"),
                Evidence("CPU's lists", f"{pages(pageset.count)} in all; more than {pageset.high} go back, "
                                        f"{pageset.batch} at a time"),
                Evidence("buddy", "none while it is with a CPU: it may merge once it goes back to the buddy lists")))
    return Told(f"free, on a CPU's list of zone {zone.name}, which cannot be followed to it", ())


def _struct(ctx: Context, page: Record, kind: str) -> Iterator[Evidence]:
    """What the struct page has."""
    flags = page.get("flags")
    names = " ".join(ctx.page_flags.decode(flags, FLAG_KINDS.get(kind, ""))) or "none by name"
    yield Evidence("flags", f"{flags:#x}: {names}; refcount {page.get('refcount')}")


def _owned(owner: PageOwner) -> Iterator[Evidence]:
    """What page_owner recorded."""
    tense = "allocated" if owner.allocated else "free now, was allocated"
    if owner.caller is None:
        yield Evidence("page_owner", f"{tense} by the boot, before there was a page allocator")
        return
    by = owner.caller.symbol or f"{owner.caller.addr:#x}"
    yield Evidence("page_owner", f"{tense} by {by}, order {owner.order}, gfp {owner.gfp_mask:#x}")
    for call in owner.trace:
        yield Evidence("called from", call.symbol or f"{call.addr:#x}")
