# SPDX-License-Identifier: GPL-2.0-or-later
"""mm map as text: a line of cells for each piece of memory, and a legend."""
from __future__ import annotations

from typing import Iterator, Optional, Sequence

from ..model import frame
from ..model.mapcells import FRAMES, Cell, Group, Map, Mark, Section
from ..model.mapparts import MIGRATETYPE, ORDER, OWNER, TAKEN
from . import palette
from .palette import Look
from .table import wrap
from .units import counted, escape, size

TICKS = 16                                          # cells from one mark of the ruler to the next
MOST_MARKS = 12                                     # places that are pointed at
MOST_LINES = 3                                      # of the legend, for one group
NEEDED = "".join(look.sign + look.mixed for look in (*palette.KINDS.values(), palette.order(0), palette.UNKNOWN))


def row_cells(width: int, end: int) -> int:
    """How many cells a line has, beside physical addresses up to end."""
    room = width - len(f"{end:#x}") - 1
    return max(room // TICKS * TICKS, TICKS)


def look_of(found: Map, name: str) -> Look:
    """Signs and colours of a group."""
    if name == TAKEN:
        return palette.TAKEN
    if name in (frame.HOLE,) or found.by == OWNER:
        return palette.kind(name)
    if found.by == ORDER:
        return palette.order(int(name), found.largest_order) if name.isdecimal() else palette.UNKNOWN
    return palette.migratetype(name)


def title(found: Map) -> str:
    """One line: what this is a map of. Every string is escaped."""
    at = f" in {escape(found.where)}" if found.where else ""
    name = f"{escape(found.name)}: " if found.name != "now" else ""
    what = "memory" if found.source == FRAMES else "memory as memblock has it"
    return f"{name}{what} by {found.by}, stage {escape(found.stage)}{at}"


def section_title(found: Map, section: Section) -> str:
    """Zones and addresses of a section."""
    start, end = section.start_pfn * found.page_bytes, section.end_pfn * found.page_bytes
    where = f"{start:#x} to {end:#x}, {size(end - start)}"
    if not section.cells:
        return f"no memory: {where}"
    names = " and ".join(f"zone {escape(zone.zone)}, node {zone.node}" for zone in section.zones[:3])
    if len(section.zones) > 3:
        names += f" and {len(section.zones) - 3} more"
    return f"{names or ('memory' if found.source != FRAMES else 'in no zone')}: {where}"


def mark_title(mark: Mark) -> str:
    """What is pointed at."""
    if mark.what == "memory":
        return f"memory {mark.start:#x} to {mark.end:#x}"
    return f"{mark.start:#x}" + (f" {escape(mark.name)}" if mark.name else "")


def map_text(found: Map) -> str:
    """The picture for a terminal."""
    if found.files:
        return "".join(f"{escape(name)} is written: {counted(len(found.drawn), 'snapshot')}\n"
                       for name in found.files)
    plain = not found.terminal.shows(NEEDED)
    scale = f"one sign: {counted(found.cell_pages, 'page')}, {size(found.cell_pages * found.page_bytes)}; "\
        f"one line: {size(found.cell_pages * found.page_bytes * found.row_cells)}"
    lines = [title(found), scale, *_ruler(found)]
    marks = _shown(found.marks)
    for section in _joined(found.sections):
        lines.append(section_title(found, section))
        lines += _rows(found, section, marks, plain)
    lines += ["", *_legend(found, plain), *_notes(found, marks)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _shown(marks: Sequence[Mark]) -> list[Mark]:
    """Those that are pointed at: of each sort all, or none where they are too many."""
    shown: list[Mark] = []
    for what in ("asked", "memory", "owner"):
        more = [mark for mark in marks if mark.what == what]
        if len(shown) + len(more) <= MOST_MARKS:
            shown += more
    return sorted(shown, key=lambda mark: mark.pfn)


def _joined(sections: Sequence[Section]) -> Iterator[Section]:
    """Gaps one after the other, of several zones, are one."""
    last: Optional[Section] = None
    for section in sections:
        if last is not None and not last.cells and not section.cells:
            last = Section(last.start_pfn, section.end_pfn, last.line_pfn, (), ())
            continue
        if last is not None:
            yield last
        last = section
    if last is not None:
        yield last


def _label_width(found: Map) -> int:
    return len(f"{found.end_pfn * found.page_bytes:#x}")


def _ruler(found: Map) -> list[str]:
    """How far from the beginning of its line a cell is."""
    if not any(section.cells for section in found.sections):
        return []
    step = found.cell_pages * found.page_bytes
    marks = (f"|+{size(at * step)}" if at else "|" for at in range(0, found.row_cells, TICKS))
    return [" " * (_label_width(found) + 1) + "".join(mark.ljust(TICKS) for mark in marks).rstrip()]


def _rows(found: Map, section: Section, marks: Sequence[Mark], plain: bool) -> Iterator[str]:
    """Lines of a section; one that points at a cell stands above it."""
    if not section.cells:
        return
    width, row_pages = _label_width(found), found.cell_pages * found.row_cells
    first, at = section.line_pfn, 0
    while at < len(section.cells):
        blank = max(section.start_pfn - first, 0) // found.cell_pages
        cells = section.cells[at:at + found.row_cells - blank]
        for mark in marks:
            if cells[0].start_pfn <= mark.pfn < cells[-1].end_pfn:
                column = (mark.pfn - first) // found.cell_pages
                yield _pointer(width + 1 + column, mark_title(mark), width + 1 + found.row_cells)
        yield f"{first * found.page_bytes:#0{width}x} {' ' * blank}{_signs(found, cells, plain)}"
        at += len(cells)
        first += row_pages


def _pointer(column: int, text: str, width: int) -> str:
    """A v above a cell, and the text where there is room."""
    if column + 2 + len(text) <= width:
        return " " * column + "v " + text
    return f"{text} v".rjust(column + 1)


def _signs(found: Map, cells: Sequence[Cell], plain: bool) -> str:
    """Cells as signs; in colour, where that is wanted."""
    parts, last = [], None
    for cell in cells:
        look = look_of(found, cell.name)
        if found.terminal.colour and look.ansi != last:
            parts.append(f"\x1b[38;5;{look.ansi}m")
            last = look.ansi
        parts.append(_sign(look, cell.mixed, plain))
    return "".join(parts) + ("\x1b[0m" if last is not None else "")


def _sign(look: Look, mixed: bool, plain: bool) -> str:
    if plain:
        return look.ascii_mixed if mixed else look.ascii
    return look.mixed if mixed else look.sign


def _legend(found: Map, plain: bool) -> Iterator[str]:
    """Every group: its signs, its pages, the largest of those who have them."""
    width = max([len(str(group.pages)) for group in found.groups] + [5])
    yield f"signs  {'pages':>{width}}  {'size':>10}  what; the second sign: mostly this, and others"
    for group in found.groups:
        look = look_of(found, group.name)
        signs = f"{_sign(look, False, plain)} {_sign(look, True, plain)}"
        if found.terminal.colour:
            signs = f"\x1b[38;5;{look.ansi}m{signs}\x1b[0m"
        amount = f"{group.pages:{width}}  {size(group.pages * found.page_bytes):>10}"
        room = max(found.terminal.width, 40) - 21 - width
        first, *more = _named(group, escape(look.label), room)
        yield f" {signs}   {amount}  {first}"
        yield from (" " * (21 + width) + line for line in more)


def _named(group: Group, label: str, room: int) -> list[str]:
    """The group's name, and those who have most of it, in a few lines."""
    names = [f"{escape(each.name)} {each.pages}" for each in group.details]
    lines = wrap(label + (": " + ", ".join(names) if names else ""), room)
    shown = lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES - 1], lines[MOST_LINES - 1] + " ..."]
    return [line if len(line) <= room else line[:room - 3] + "..." for line in shown]


def _notes(found: Map, shown: Sequence[Mark]) -> Iterator[str]:
    """What cannot be seen."""
    told = []
    if found.by == MIGRATETYPE:
        told.append("migratetypes are those of the free lists; of pages in use they are not drawn")
    if found.elsewhere:
        told.append(f"{counted(found.elsewhere, 'page')} that memblock has reserved are no memory, and not drawn")
    if found.twice:
        told.append(f"{counted(found.twice, 'page')} are in two groups at once: the snapshot is not sound")
    for what, text in (("memory", "regions of memory begin inside: mm memblock lists them"),
                       ("owner", "reserved pieces are here; a smaller range says where each begins")):
        count = sum(mark.what == what for mark in found.marks)
        if count and not any(mark.what == what for mark in shown):
            told.append(f"{count} {text}")
    for text in told:
        yield from wrap(text, max(found.terminal.width, 40))
