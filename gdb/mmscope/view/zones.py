# SPDX-License-Identifier: GPL-2.0-or-later
"""mm zones as text."""
from __future__ import annotations

from typing import Optional

from ..model.zone import Zone, ZoneReport
from .table import table
from .units import escape, number, size


def zones_text(report: ZoneReport) -> str:
    """A block for each zone that has memory, then the totals."""
    blocks = [_zone(zone, report.page_bytes) for zone in report.zones]
    totals = [_pages(name, count, report.page_bytes) for name, count in
              (("totalram_pages", report.totalram_pages), ("totalhigh_pages", report.totalhigh_pages))]
    totals += [_pages(name, count, None) for name, count in
               (("min_low_pfn", report.min_low_pfn), ("max_low_pfn", report.max_low_pfn), ("max_pfn", report.max_pfn))]
    return "\n\n".join(blocks + ["totals\n" + _rows(totals)]) + "\n"


def _zone(zone: Zone, page_bytes: int) -> str:
    """One zone: the counts in hex, decimal and bytes."""
    head = f"node {zone.node}, zone {escape(zone.name)}"
    if not zone.spanned_pages:
        return f"{head}: empty"
    rows = [
        _pages("start pfn", zone.start_pfn, None),
        _pages("spanned", zone.spanned_pages, page_bytes),
        _pages("present", zone.present_pages, page_bytes),
        _pages("managed", zone.managed_pages, page_bytes),
        _pages("present - managed", zone.present_pages - zone.managed_pages, page_bytes),
        _pages("free", zone.free_pages, page_bytes),
    ]
    if zone.cma_pages is not None:
        rows.append(_pages("cma", zone.cma_pages, page_bytes))
    if zone.free_cma_pages:
        rows.append(_pages("free cma", zone.free_cma_pages, page_bytes))
    marks = "  ".join(f"{name} {value}" for name, value in zone.watermark.items())
    reserve = " ".join(map(str, zone.lowmem_reserve))
    return f"{head}\n{_rows(rows)}\n  watermarks {marks}\n  lowmem reserve {reserve}"


def _pages(name: str, count: Optional[int], page_bytes: Optional[int]) -> tuple[str, ...]:
    """A count of pages; of a page frame number when page_bytes is None."""
    if count is None:
        return f"  {name}", "", number(None), ""
    return f"  {name}", f"{count:#x}", str(count), size(count * page_bytes) if page_bytes else ""


def _rows(rows: list[tuple[str, ...]]) -> str:
    """Aligned alike under every heading."""
    return table((f"{'':20}", " " * 10, " " * 10, " " * 11), rows, "l").partition("\n")[2]
