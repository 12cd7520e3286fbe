# SPDX-License-Identifier: GPL-2.0-or-later
"""mm buddy as text."""
from __future__ import annotations

from typing import Sequence

from ..model.buddy import Block, BuddyReport, FreeArea
from .table import narrow, table
from .units import counted, escape, size

NOT_MAPPED = "highmem"


def buddy_text(report: BuddyReport) -> str:
    """A table for each zone, or the blocks when they were asked for."""
    locked = "".join(f"zone {escape(name)} is locked: stopped where its lists may be half changed\n"
                     for name in report.locked)
    if report.blocks is not None:
        return _blocks(report.blocks) + locked
    chosen: dict[tuple[int, str], list[FreeArea]] = {}
    for area in report.free_areas:
        chosen.setdefault((area.node, area.zone), []).append(area)
    return "\n\n".join(_zone(node, zone, areas, report) for (node, zone), areas in chosen.items()) + "\n" + locked


def _zone(node: int, zone: str, areas: Sequence[FreeArea], report: BuddyReport) -> str:
    """Migratetypes down, orders across, blocks in the cells; totals in pages."""
    held = [sum(area.by_migratetype.values()) for area in areas]
    pages = sum(count << area.order for count, area in zip(held, areas))
    head = (f"node {node}, zone {escape(zone)}: {counted(sum(held), 'free block')}, {pages:#x} pages "
            f"({size(pages * report.page_bytes)})")
    rows = [_row(escape(name), [area.by_migratetype[name] for area in areas], areas) for name in report.migratetypes]
    rows.append(_row("all", held, areas))
    return head + "\n" + narrow(["order", *(str(area.order) for area in areas), "pages"], rows)


def _row(name: str, counts: Sequence[int], areas: Sequence[FreeArea]) -> list[str]:
    pages = sum(count << area.order for count, area in zip(counts, areas))
    return [name, *(str(count) if count else "." for count in counts), str(pages)]


def _blocks(blocks: Sequence[Block]) -> str:
    """A line a block."""
    rows = [(escape(block.zone), str(block.order), escape(block.migratetype), f"{block.pfn:#x}", f"{block.phys:#x}",
             f"{block.page:#x}", f"{block.virt:#x}" if block.virt is not None else NOT_MAPPED) for block in blocks]
    text = table(("zone", "order", "migratetype", "pfn", "phys", "page", "virt"), rows, "l l") + "\n"
    if any(block.virt is None for block in blocks):
        text += f"{NOT_MAPPED}: not mapped, these pages have no virtual address\n"
    return text + f"{counted(len(blocks), 'block')}, {counted(sum(1 << block.order for block in blocks), 'page')}\n"
