# SPDX-License-Identifier: GPL-2.0-or-later
"""mm page as text."""
from __future__ import annotations

from ..model.page import Page
from ..model.pageuse import COMPOUND, DEFERRED, FREE, HOLE, PAGETABLE, PCP, SLAB, USED
from .table import pairs
from .units import address, escape

NOTHING = (HOLE, DEFERRED)
GIVEN = {"pfn": "page frame number", "phys": "physical address"}


def page_text(page: Page) -> str:
    """A line for each thing known."""
    unmapped = "none" if page.kind == HOLE else "none (highmem, not mapped)"
    virt = f"{page.virt:#x}" if page.virt is not None else unmapped
    rows = [
        ("X is", f"a {GIVEN.get(page.given, page.given)}"),
        ("pfn", f"{page.pfn:#x}  ({page.pfn})"),
        ("phys", f"{page.phys:#x}"),
        ("virt", virt),
        ("struct page", f"{page.page:#x}"),
        ("zone", "none" if page.kind in NOTHING else f"{escape(page.zone or 'unknown')}, node {page.node}"),
        ("kind", _kind(page)),
        ("pageblock", "none" if page.kind in NOTHING else escape(page.migratetype or "unknown")),
        ("flags", f"{page.flags:#x}  {' '.join(page.flag_names) or '(none by name)'}"),
        ("refcount", str(page.refcount)),
        _mapcount(page),
        ("private", address(page.private)),
        ("mapping", address(page.mapping)),
        ("index", address(page.index)),
    ]
    return pairs(rows) + "\n"


def _kind(page: Page) -> str:
    """What the page is for, in words."""
    if page.kind == HOLE:
        return "hole: memblock.memory does not have this page, its struct page means nothing"
    if page.kind == DEFERRED:
        return "deferred: its struct page is not set up yet, that is done later in the boot"
    if page.kind == USED and page.refcount == 0:
        return "used, not counted: a later page of a larger block, or on its way from list to list"
    what = _WORDS.get(page.kind, page.kind)
    if page.kind == PCP:
        what += f" (CPU {page.cpu}, {escape(page.pcp_migratetype or 'unknown')})"
    if page.kind == SLAB:
        what += f" of cache {escape(page.cache or 'unknown')}"
    if page.owner is not None:
        what += f": {escape(page.owner)}"
    if page.content is not None:
        what += f", {_CONTENTS[page.content]}"
    return what + _block(page)


_CONTENTS = {"anon": "anonymous memory", "file": "of a file or the page cache", "ksm": "shared by KSM",
             "movable": "movable by its driver", "zero": "the page of zeroes"}
_WORDS = {PCP: "free, on a CPU's list", PAGETABLE: "page table", COMPOUND: "compound page"}


def _block(page: Page) -> str:
    """Which block it belongs to, and where in it the page is."""
    if page.block_pfn is None:
        return ""
    order = "of unknown order" if page.order is None else f"of order {page.order}"
    if page.block_pfn != page.pfn:
        return f", in the block {order} at pfn {page.block_pfn:#x}"
    return "" if page.order == 0 and page.kind != FREE else f", head of a block {order}"


def _mapcount(page: Page) -> tuple[str, str]:
    """The count of mappings, or what else is kept in its place."""
    if page.type is not None:
        return "page type", f"{page.type}  (in the place of mapcount)"
    if page.kind == SLAB:
        return "mapcount", f"{page.mapcount}  (as stored; a slab keeps other counts there)"
    return "mapcount", f"{page.mapcount}  (as stored, -1 is unmapped)"
