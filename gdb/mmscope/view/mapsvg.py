# SPDX-License-Identifier: GPL-2.0-or-later
"""mm map as SVG: one file that needs nothing else, light or dark as the reader's screen is, and light on paper.

Areas are true: a page frame has the same area everywhere, and a cell of several groups is divided among them. Letters
and digits are the terminal's signs. Whoever points at a piece is told its addresses and its pages.
"""
from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Iterator, Sequence
from xml.sax.saxutils import escape as xml_escape

from ..model.mapcells import Cell, Group, Map, Section
from . import palette
from .map import look_of, mark_title, section_title, title
from .palette import Look
from .units import counted, escape, size

ROW_CELLS, ROWS = 128, 48
CELL_WIDTH, CELL_HEIGHT, ROW_STEP = 8, 12, 14
LEFT, RIGHT, TOP = 128, 16, 64
HEAD, GAP = 26, 12                  # above a section; below it
LEGEND_STEP, LEGEND_COLUMNS = 18, 2
MOST_DETAILS = 4
SIGN_STEP = 8                       # of cells that are alike, one in that many has its sign
WIDTH = LEFT + ROW_CELLS * CELL_WIDTH + RIGHT
COLOURS = """text{font:11px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#1a1a1a;white-space:pre}
.title{font-size:16px;font-weight:bold}
.head{font-weight:bold}
.sign{font-size:9px;text-anchor:middle;pointer-events:none}
.page{fill:#ffffff}
.mark{fill:none;stroke:#1a1a1a;stroke-width:1}
.cells{shape-rendering:crispEdges}
.box{stroke:#8c8c8c;stroke-width:.5}
"""
DARK = "text{fill:#e8e8e8}\n.page{fill:#121212}\n.mark{stroke:#e8e8e8}\n"


@dataclass
class _Pen:
    """Where the next thing is drawn."""

    y: float = TOP


def svg(found: Map) -> str:
    """The whole file."""
    numbers = {group.name: at for at, group in enumerate(found.groups)}
    looks = [look_of(found, group.name) for group in found.groups]
    pen = _Pen()
    body: list[str] = []
    for section in found.sections:
        body += _section(found, section, numbers, looks, pen)
    body += _legend(found, looks, pen)
    height = pen.y + GAP
    said = title(found)
    scale = (f"one cell: {counted(found.cell_pages, 'page')}, {size(found.cell_pages * found.page_bytes)}; one line: "
             f"{size(found.cell_pages * found.page_bytes * found.row_cells)}")
    about = "; ".join(f"{escape(look.label)} {counted(group.pages, 'page')}"
                      for group, look in zip(found.groups, looks))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_n(height)}" width="{WIDTH}" '
        f'height="{_n(height)}" role="graphics-document document" aria-labelledby="title desc">',
        f'<title id="title">{_x(said)}</title>', f'<desc id="desc">{_x(scale)}. {_x(about)}.</desc>',
        f"<style>{_style(looks)}</style>",
        '<rect class="page" width="100%" height="100%"/>',
        f'<text class="title" x="16" y="26">{_x(said)}</text>',
        f'<text x="16" y="46">{_x(scale)}</text>', *body, "</svg>"]) + "\n"


def _style(looks: list[Look]) -> str:
    """Classes by number: no string of the target is among them."""
    light = "".join(f".k{at}{{fill:{look.light}}}.t{at}{{fill:{palette.ink(look.light)}}}\n"
                    for at, look in enumerate(looks))
    dark = "".join(f".k{at}{{fill:{look.dark}}}.t{at}{{fill:{palette.ink(look.dark)}}}\n"
                   for at, look in enumerate(looks))
    return (COLOURS + light + f"@media screen and (prefers-color-scheme:dark){{\n{DARK}{dark}}}\n"
            "@media print{*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n")


def _section(found: Map, section: Section, numbers: dict[str, int], looks: list[Look], pen: _Pen) -> Iterator[str]:
    """A heading, and lines of cells."""
    said = _x(section_title(found, section))
    yield f'<g role="group" aria-label="{said}"><title>{said}</title>'
    yield f'<text class="head" x="16" y="{_n(pen.y + 16)}">{said}</text>'
    pen.y += HEAD
    row_pages = found.cell_pages * found.row_cells
    for number, cells in groupby(section.cells,
                                 lambda cell: (cell.end_pfn - 1 - section.line_pfn) // row_pages):
        yield from _row(found, section.line_pfn + number * row_pages, list(cells), numbers, looks, pen)
    pen.y += GAP if section.cells else 0
    yield "</g>"


def _row(found: Map, first_pfn: int, cells: list[Cell], numbers: dict[str, int], looks: list[Look],
         pen: _Pen) -> Iterator[str]:
    """One line: its address, its cells, their signs, and what is pointed at."""
    y = pen.y
    scale = CELL_WIDTH / found.cell_pages
    yield (f'<text x="{LEFT - 8}" y="{_n(y + 10)}" text-anchor="end">{first_pfn * found.page_bytes:#x}</text>'
           '<g class="cells">')
    for _, run in groupby(cells, lambda cell: (cell.name, cell.owners, id(cell) if cell.mixed else None)):
        part = list(run)
        start, end = part[0].start_pfn, part[-1].end_pfn
        x, width = LEFT + (start - first_pfn) * scale, (end - start) * scale
        if not part[0].mixed:
            yield (f'<rect class="k{numbers[part[0].name]}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" '
                   f'height="{CELL_HEIGHT}"><title>{_told(found, start, end, part[0].name, (), part[0].owners)}</title>'
                   "</rect>")
            continue
        shares = sorted(part[0].pages.items(), key=lambda each: numbers[each[0]])
        yield f"<g><title>{_told(found, start, end, '', shares, part[0].owners)}</title>"
        top = y
        for name, pages in shares:
            height = CELL_HEIGHT * pages / (end - start)
            yield (f'<rect class="k{numbers[name]}" x="{_n(x)}" y="{_n(top)}" width="{_n(width)}" '
                   f'height="{_n(height)}"/>')
            top += height
        yield "</g>"
    yield "</g>"
    yield from _signs(found, first_pfn, cells, numbers, looks, y)
    for mark in found.marks:
        if mark.what != "owner" and cells[0].start_pfn <= mark.pfn < cells[-1].end_pfn:
            x = LEFT + (mark.pfn - first_pfn) * scale
            width = scale if mark.what == "asked" else 0
            yield (f'<path class="mark" d="M{_n(x)} {_n(y - 2)}v{CELL_HEIGHT + 4}h{_n(max(width, 3))}">'
                   f"<title>{_x(mark_title(mark))}</title></path>")
    pen.y += ROW_STEP


def _told(found: Map, start: int, end: int, name: str, shares: Sequence[tuple[str, int]],
          owners: Sequence[str]) -> str:
    """Addresses, and what is there."""
    what = ", ".join(f"{_label(found, each)} {pages}" for each, pages in shares) or \
        f"{_label(found, name)}, {counted(end - start, 'page')}"
    names = f" ({', '.join(map(escape, owners))})" if owners else ""
    return _x(f"{start * found.page_bytes:#x} to {end * found.page_bytes:#x}: {what}{names}")


def _label(found: Map, name: str) -> str:
    return escape(look_of(found, name).label)


def _signs(found: Map, first_pfn: int, cells: list[Cell], numbers: dict[str, int], looks: list[Look],
           y: float) -> Iterator[str]:
    """Letters and digits in the middle of their cells, of many alike only some; one text for each group."""
    places: dict[int, tuple[list[str], list[str]]] = {}
    last, since = "", 0
    for cell in cells:
        number = numbers[cell.name]
        sign = looks[number].mixed if cell.mixed else looks[number].sign
        last, since = sign, since + 1 if sign == last else 0
        if since % SIGN_STEP == 0 and sign.isalnum() and cell.end_pfn - cell.start_pfn == found.cell_pages:
            middle = LEFT + ((cell.end_pfn - 1 - first_pfn) // found.cell_pages + 0.5) * CELL_WIDTH
            xs, signs = places.setdefault(number, ([], []))
            xs.append(_n(middle))
            signs.append(sign)
    for number, (xs, signs) in places.items():
        yield (f'<text class="sign t{number}" aria-hidden="true" y="{_n(y + 9)}" x="{" ".join(xs)}">'
               f'{_x("".join(signs))}</text>')


def _legend(found: Map, looks: list[Look], pen: _Pen) -> Iterator[str]:
    """Each group: colour, sign, pages, the largest of those who have them."""
    yield '<g role="group" aria-label="legend"><title>legend</title>'
    pen.y += GAP
    step = (WIDTH - 32) / LEGEND_COLUMNS
    rows = -(-len(looks) // LEGEND_COLUMNS)
    for at, (group, look) in enumerate(zip(found.groups, looks)):
        x, y = 16 + at // rows * step, pen.y + at % rows * LEGEND_STEP
        sign = look.sign if look.sign.isalnum() else ""
        said = f"{escape(look.label)}: {counted(group.pages, 'page')}, {size(group.pages * found.page_bytes)}"
        yield (f'<g><title>{_x(said + _largest(group, len(group.details)))}</title>'
               f'<rect class="k{at} box" x="{_n(x)}" y="{_n(y)}" width="16" height="12"/>'
               f'<text class="sign t{at}" x="{_n(x + 8)}" y="{_n(y + 9)}">{_x(sign)}</text>'
               f'<text x="{_n(x + 24)}" y="{_n(y + 10)}">{_x(_cut(said + _largest(group, MOST_DETAILS)))}</text></g>')
    pen.y += rows * LEGEND_STEP
    yield "</g>"


def _largest(group: Group, most: int) -> str:
    """The largest of those who have pages."""
    names = ", ".join(f"{escape(each.name)} {each.pages}" for each in group.details[:most])
    return f" ({names})" if names else ""


def _cut(text: str) -> str:
    """What fits into a column."""
    return text if len(text) <= 78 else text[:75] + "..."


def _n(value: float) -> str:
    """A number of the drawing: at most four decimals."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _x(text: str) -> str:
    """XML, in text and in attributes."""
    return xml_escape(text, {'"': "&quot;", "'": "&apos;"})
