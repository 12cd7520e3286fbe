# SPDX-License-Identifier: GPL-2.0-or-later
"""mm vmalloc as text."""
from __future__ import annotations

from typing import Union

from ..model.vmalloc import Area, Free, Vmalloc, VmallocPlace
from .table import pairs, table
from .units import address, counted, escape, size

WAITING = {"lazy": "freed, waits for a flush", "purging": "freed, being flushed",
           "pooled": "freed, kept for the next one", "vm_map_ram": "no owner is kept"}


def vmalloc_text(result: Union[Vmalloc, VmallocPlace]) -> str:
    """Everything, or one address."""
    return _place(result) if isinstance(result, VmallocPlace) else _all(result)


def _all(report: Vmalloc) -> str:
    """A line for each area and for each free range, by address; then what they come to."""
    found = sorted([*report.areas, *report.free], key=lambda each: each.start)
    text = table(("start", "size", "kind", "what"), [_row(each) for each in found], "l ll") + "\n"
    if report.blocks:
        rows = [(f"{block.start:#x}", size(block.end - block.start), str(block.cpu) if block.cpu is not None else "-",
                 str(block.used_pages), str(block.free_pages), str(block.dirty_pages)) for block in report.blocks]
        text += "\nblocks of vm_map_ram, in pages:\n"
        text += table(("start", "size", "CPU", "used", "free", "dirty"), rows, "l") + "\n"
    if not report.ready:
        text += "vmalloc_init() has not run yet: these areas were registered early\n"
    used = sum(area.size for area in report.areas)
    largest = max((free.size for free in report.free), default=0)
    text += f"{counted(len(report.areas), 'area')}, {size(used)}; largest free range {size(largest)}\n"
    return text


def _row(each: Union[Area, Free]) -> tuple[str, ...]:
    if isinstance(each, Free):
        return f"{each.start:#x}", size(each.size), "-", "free"
    return f"{each.start:#x}", size(each.size), each.kind, _what(each)


def _what(area: Area) -> str:
    """Pages or physical address, and who asked."""
    if area.vm is None:
        return WAITING.get(area.kind, "")
    words = []
    if area.phys is not None:
        words.append(f"phys {area.phys:#x}")
    if area.nr_pages:
        words.append(counted(area.nr_pages, "page"))
    if area.caller is not None:
        words.append(_caller(area).partition("/")[0])
    return ", ".join(words)


def _caller(area: Area) -> str:
    return escape(area.caller_symbol) if area.caller_symbol is not None else address(area.caller)


def _place(place: VmallocPlace) -> str:
    """A line for each thing known."""
    if place.area is None:
        free = place.free
        where = f"{free.start:#x} to {free.end:#x} ({size(free.size)})" if free is not None else "nowhere"
        return pairs([("address", f"{place.addr:#x}"), ("kind", "free"), ("range", where)]) + "\n"
    area = place.area
    rows = [("address", f"{place.addr:#x}"),
            ("area", f"{area.start:#x} to {area.end:#x} ({size(area.size)}), here at {address(place.offset)}"),
            ("kind", area.kind + (f": {WAITING[area.kind]}" if area.kind in WAITING else ""))]
    if area.node is not None:
        rows.append(("vmap node", str(area.node)))
    if area.vm is not None:
        rows += [("flags", f"{address(area.flags)}  {' '.join(area.flag_names)}"), ("caller", _caller(area)),
                 ("pages", str(area.nr_pages) + (f", in blocks of order {area.page_order}" if area.page_order else "")),
                 ("vm_struct", address(area.vm))]
    if area.phys is not None:
        rows.append(("phys", f"{area.phys + (place.offset or 0):#x}"))
    if area.requested_size is not None:
        rows.append(("asked for", size(area.requested_size)))
    if place.page is not None:
        rows.append(("page here", f"{place.page:#x}, pfn {address(place.pfn)}"))
    elif area.nr_pages:
        rows.append(("page here", "none: behind the last page (guard page)"))
    return pairs(rows) + "\n"
