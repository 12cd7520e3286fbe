# SPDX-License-Identifier: GPL-2.0-or-later
"""mm percpu as text."""
from __future__ import annotations

from typing import Union

from ..model.percpu_chunk import RESERVED, Chunk
from ..model.percpu_report import STATIC, Percpu, PercpuPlace
from .table import pairs, table
from .units import address, counted, escape, number, size


def percpu_text(result: Union[Percpu, PercpuPlace]) -> str:
    """Everything, or one pointer."""
    return _place(result) if isinstance(result, PercpuPlace) else _all(result)


def _all(report: Percpu) -> str:
    """Sizes, CPUs, then a line for each chunk."""
    total = "unknown" if report.total_pages is None else \
        f"{counted(report.total_pages, 'page')} ({size(report.total_pages * report.page_bytes)})"
    text = pairs([
        ("unit", f"{size(report.unit_size)}, {counted(report.nr_units, 'unit')}"),
        ("first chunk", f"static {size(report.static_size)}, reserved {size(report.reserved_size)}, "
                        f"dynamic {size(report.dyn_size)}"),
        ("memory", total)]) + "\n\n"
    text += table(("CPU", "offset", "its unit"), [
        (str(cpu.cpu), f"{cpu.offset:#x}", f"{cpu.base_addr:#x}") for cpu in report.cpus], " ll") + "\n\n"
    return text + table(("base", "kind", "slot", "areas", "in use", "free", "largest", "pages"),
                        [_chunk(chunk, report.page_bytes) for chunk in report.chunks], "ll") + "\n"


def _chunk(chunk: Chunk, page_bytes: int) -> tuple[str, ...]:
    kind = chunk.kind + ("*" if chunk.accounted else "") + (", isolated" if chunk.isolated else "")
    slot = "-" if chunk.kind == RESERVED else number(chunk.slot)
    pages = f"{chunk.nr_populated}/{chunk.unit_bytes // page_bytes}"
    return (f"{chunk.base_addr:#x}", kind, slot, str(len(chunk.areas)), str(sum(span.size for span in chunk.areas)),
            str(chunk.free_bytes), str(chunk.contig_hint_bytes), pages)


def _place(place: PercpuPlace) -> str:
    """The pointer, what it is in, and each CPU's copy."""
    given = "" if place.cpu is None else f" (X is the address of CPU {place.cpu}'s copy)"
    rows = [("pointer", f"{place.pointer:#x}{given}")]
    if place.kind == STATIC:
        rows.append(("in", "the static variables" + (f": {escape(place.symbol)}" if place.symbol else "")))
    else:
        state = "an allocation" if place.used else "free memory"
        rows += [("in", f"{state}, offset {address(place.offset)}, {number(place.size)} bytes"),
                 ("chunk", f"{address(place.chunk)} ({place.kind})")]
    return pairs(rows) + "\n\n" + table(("CPU", "copy"), [
        (str(copy.cpu), f"{copy.base_addr:#x}") for copy in place.copies], " l") + "\n"
