# SPDX-License-Identifier: GPL-2.0-or-later
"""The memory map as a window of GDB's TUI: what a cell is, then a row for each piece of memory.

A cell that the last step changed is bright; how many these are, and where the first one is, is said above them. Colours
are of the eight that every terminal has: for others GDB's TUI changes the terminal's own, where it can, or shows none.
"""
from __future__ import annotations

import bisect
import colorsys
from typing import Iterator, Optional, Sequence

from ..model.mapcells import Cell, Map, Section
from ..model.mapparts import OWNER, UNKNOWN
from .map import NEEDED, look_of
from .panes import CHANGED, PLAIN, Line, Pane, Piece
from .units import escape, size

HEAD_LINES = 1
BASIC = ("31", "33", "32", "36", "34", "35", "31")      # red, yellow, green, cyan, blue, magenta, red
HUES = (30, 75, 170, 195, 265, 345)                     # degrees, where each ends
GREY = 0.15


def map_pane(found: Map, before: Optional[Map], width: int) -> Pane:
    """The map. before: of the stop before, drawn alike; else nothing is marked."""
    plain = not found.terminal.shows(NEEDED)
    changed = _changed(found, before)
    labels = max([len(f"{found.end_pfn * found.page_bytes:#x}")]
                 + [len(escape(zone.zone)) for section in found.sections for zone in section.zones[:1]])
    rows = [row for section in found.sections for row in _rows(found, section, changed, labels, plain)]
    scale, legend = _scale(found, changed), _legend(found, plain, True)
    if sum(len(text) for text, _ in scale + legend) > width:
        legend = _legend(found, plain, False)
    return Pane((scale + legend,), tuple(rows))


def _changed(found: Map, before: Optional[Map]) -> list[int]:
    """First page frame of each cell that has other pages than it had, lowest first."""
    if before is None or (before.cell_pages, before.by) != (found.cell_pages, found.by):
        return []
    old = {cell.start_pfn: cell for section in before.sections for cell in section.cells}
    return [cell.start_pfn for section in found.sections for cell in section.cells
            if cell.start_pfn in old and old[cell.start_pfn].pages != cell.pages]


def _scale(found: Map, changed: Sequence[int]) -> Line:
    """What a cell is, and which ones have changed."""
    by = f"by {found.by}, " if found.by != OWNER else ""
    text = f"{by}{size(found.cell_pages * found.page_bytes)} a cell"
    if not changed:
        return ((text + ": ", PLAIN),)
    at = changed[0] * found.page_bytes
    return ((text + ", ", PLAIN), (f"{len(changed)} changed from {at:#x}", CHANGED), (": ", PLAIN))


def _legend(found: Map, plain: bool, counts: bool) -> Line:
    """The groups, those with most pages first."""
    pieces: list[Piece] = []
    for group in sorted((each for each in found.groups if each.pages), key=lambda each: -each.pages):
        look = look_of(found, group.name)
        label = "not looked at" if group.name == UNKNOWN else escape(look.label)
        pieces += [(look.ascii if plain else look.sign, _colour(look.light)),
                   (f" {label} {group.pages} " if counts else f" {label} ", PLAIN)]
    return tuple(pieces)


def _rows(found: Map, section: Section, changed: Sequence[int], width: int, plain: bool) -> Iterator[Line]:
    """Lines of a section, each from a multiple of its length on; the first has the zone's name."""
    row_pages, marked = found.cell_pages * found.row_cells, set(changed)
    first, at = section.line_pfn, 0
    name = escape(section.zones[0].zone) if section.zones else ""
    while at < len(section.cells):
        blank = max(section.start_pfn - first, 0) // found.cell_pages
        cells = section.cells[at:at + found.row_cells - blank]
        label = name or f"{first * found.page_bytes:#x}"
        yield ((label.ljust(width) + " " * (blank + 1), PLAIN), *_signs(found, cells, marked, plain))
        at, first, name = at + len(cells), first + row_pages, ""


def _signs(found: Map, cells: Sequence[Cell], marked: set[int], plain: bool) -> Iterator[Piece]:
    """Cells as signs."""
    for cell in cells:
        look = look_of(found, cell.name)
        whole, mixed = (look.ascii, look.ascii_mixed) if plain else (look.sign, look.mixed)
        change = CHANGED if cell.start_pfn in marked else PLAIN
        yield mixed if cell.mixed else whole, f"{_colour(look.light)} {change}".strip()


def _colour(rgb: str) -> str:
    """The basic colour that is next to one, as escape sequences have it; a grey has none."""
    hue, _, saturation = colorsys.rgb_to_hls(*(int(rgb[at:at + 2], 16) / 255 for at in (1, 3, 5)))
    return BASIC[bisect.bisect(HUES, hue * 360)] if saturation > GREY else ""
