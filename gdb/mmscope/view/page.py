# SPDX-License-Identifier: GPL-2.0-or-later
"""mm page as text."""
from __future__ import annotations

from ..model.page import HOLE, Page
from .table import pairs
from .units import address, escape

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
        ("zone", "none" if page.kind == HOLE else f"{escape(page.zone or 'unknown')}, node {page.node}"),
        ("kind", _kind(page)),
        ("pageblock", "none" if page.kind == HOLE else escape(page.migratetype or "unknown")),
        ("flags", f"{page.flags:#x}  {' '.join(page.flag_names) or '(none by name)'}"),
        ("refcount", str(page.refcount)),
        ("mapcount", f"{page.mapcount}  (as stored, -1 is unmapped)"),
        ("private", address(page.private)),
        ("mapping", address(page.mapping)),
        ("index", address(page.index)),
    ]
    return pairs(rows) + "\n"


def _kind(page: Page) -> str:
    if page.kind == HOLE:
        return "hole: memblock.memory does not have this page, its struct page means nothing"
    if page.order is None or page.block_pfn is None:
        return page.kind
    if page.block_pfn == page.pfn:
        return f"free, head of a block of order {page.order}"
    return f"free, in the block of order {page.order} at pfn {page.block_pfn:#x}"
