# SPDX-License-Identifier: GPL-2.0-or-later
"""mm pcp as text."""
from __future__ import annotations

from ..model.pcp import Pageset, PcpReport
from .table import LINE_WIDTH, narrow, wrap
from .units import escape

MORE = ("high_min", "high_max", "free_factor", "alloc_factor", "free_count", "expire")


def pcp_text(report: PcpReport) -> str:
    """A table for each CPU and zone: migratetypes down, orders across, blocks in the cells, totals in pages."""
    if not report.pagesets:
        return "no CPU has its lists yet\n"
    return "\n\n".join(_pageset(each, report) for each in report.pagesets) + "\n"


def _pageset(pageset: Pageset, report: PcpReport) -> str:
    """One CPU's lists for one zone; what has no block is a dot."""
    facts = [("count", pageset.count), ("high", pageset.high), ("batch", pageset.batch)]
    facts += [(name, getattr(pageset, name)) for name in MORE if getattr(pageset, name) is not None]
    head = (f"CPU {pageset.cpu}, node {pageset.node}, zone {escape(pageset.zone)}: "
            + ", ".join(f"{name} {value}" for name, value in facts))
    text = "\n".join(wrap(head, LINE_WIDTH, "  "))
    if not any(each.pfns for each in pageset.lists):
        return text
    orders = sorted({each.order for each in pageset.lists})
    blocks = {(each.migratetype, each.order): len(each.pfns) for each in pageset.lists}
    rows = []
    for name in report.migratetypes:
        counts = [blocks.get((name, order), 0) for order in orders]
        pages = sum(count << order for count, order in zip(counts, orders))
        rows.append([escape(name), *(str(count) if count else "." for count in counts), str(pages)])
    return text + "\n" + narrow(["order", *map(str, orders), "pages"], rows)
