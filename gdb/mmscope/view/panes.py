# SPDX-License-Identifier: GPL-2.0-or-later
"""What the windows of GDB's TUI show, as lines of a given width. Colour is never needed to read them.

A change is marked by its sign and its number; that it is bright as well is for the eye.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

from ..model.glance import Glance, Regions, ZoneCounts
from ..model.stage import Stage
from .table import wrap
from .units import counted, escape, size

PLAIN, HEAD, CHANGED = "", "head", "changed"
LEAST = 3               # characters that a column has room for, where there is any
HOW = "to scroll, type: focus next"

Piece = tuple[str, str]             # text and how it looks
Line = tuple[Piece, ...]


@dataclass(frozen=True)
class Pane:
    """Lines of any width: those of head stay when the others are scrolled."""

    head: tuple[Line, ...]
    body: tuple[Line, ...]
    kept: int = 0           # characters at the beginning of a table's lines that stay when it is scrolled sideways

    @property
    def columns(self) -> int:
        """Length of the longest line, of a table's own if it is one."""
        return max((_length(line) for line in self.head + self.body if not self.kept or _is_row(line, self.kept)),
                   default=0)


@dataclass(frozen=True)
class Cell:
    """A count, and how it was at the stop before."""

    now: Optional[int]
    before: Optional[int] = None
    order: bool = False             # many of these are 0: a dot

    @property
    def text(self) -> str:
        """The count."""
        if self.now is None:
            return "-"
        return "." if self.order and not self.now else str(self.now)

    @property
    def change(self) -> str:
        """The difference with its sign; empty when there is none, or nothing to compare with."""
        if self.before is None or self.now in (None, self.before):
            return ""
        return f"{(self.now or 0) - self.before:+d}"

    @property
    def sign(self) -> str:
        """Which way it went."""
        return self.change[:1]


@dataclass(frozen=True)
class Row:
    """A name and its counts."""

    name: str
    cells: tuple[Cell, ...]


def said(text: str, width: int) -> Pane:
    """A sentence instead of a table."""
    return Pane((), tuple(((line, PLAIN),) for line in wrap(escape(text), max(width, 1))))


def zone_pane(now: Glance, before: Optional[Glance], width: int, height: int) -> Pane:
    """The zones and their free areas; memblock's lists before there are zones.

    Where there is room each row has its changes below it, else a count that changed has a sign behind it.
    """
    if not now.zones:
        return _memblock_pane(now, before, width, height)
    names = ["managed", "free", "pcp", *map(str, range(now.orders))]
    rows = [_zone_row(zone, before, len({each.node for each in now.zones}) > 1) for zone in now.zones]
    total = _total(now, before, width)
    tall = 1 + 2 * len(rows) + 1 <= height
    shown = _grid("zone", names, rows, tall, width)
    return Pane(shown[:1], shown[1:] + total[:max(height - len(shown), 1)], len(shown[0][0][0]))


def cut(pane: Pane, width: int, height: int, down: int, right: int) -> tuple[Line, ...]:
    """Exactly height lines of exactly width characters, scrolled; the last one says how many there are below."""
    room = max(height - len(pane.head), 0)
    lines = [_shifted(line, right, pane.kept) for line in pane.head + pane.body[down:down + room]][:height]
    below = len(pane.body) - down - room
    if below > 0 and room > 1:
        lines[-1] = ((f"... {counted(below + 1, 'more line')} ({HOW})", PLAIN),)
    return tuple(_filled(line, width) for line in lines + [()] * (height - len(lines)))


def scrolled(pane: Pane, width: int, height: int, down: int, right: int) -> tuple[int, int]:
    """The nearest position to the one asked for that shows no more emptiness than it has to."""
    most_down = max(len(pane.body) - max(height - len(pane.head), 1), 0)
    return min(max(down, 0), most_down), min(max(right, 0), max(pane.columns - width, 0))


def _shifted(line: Line, right: int, kept: int) -> Line:
    """Without what is scrolled out at the left; a line that begins with a name of that length keeps it."""
    named = _is_row(line, kept)
    pieces = list(line[:1]) if named else []
    for text, look in line[named:]:
        pieces.append((text[right:], look))
        right = max(right - len(text), 0)
    return tuple(pieces)


def _is_row(line: Line, kept: int) -> bool:
    """Whether it is a line of the table, and begins with a name."""
    return bool(kept and line and len(line[0][0]) == kept)


def _filled(line: Line, width: int) -> Line:
    """Cut off or filled up at the right."""
    pieces = []
    for text, look in line:
        pieces.append((text[:width], look))
        width -= len(pieces[-1][0])
    return (*pieces, (" " * width, PLAIN))


def _length(line: Sequence[Piece]) -> int:
    return sum(len(text) for text, _ in line)


def _zone_row(zone: ZoneCounts, before: Optional[Glance], with_node: bool) -> Row:
    """A zone's counts beside those of the same zone at the stop before."""
    old = next((each for each in before.zones if (each.node, each.name) == (zone.node, zone.name)),
               None) if before is not None else None
    orders = old.nr_free if old is not None else (None,) * len(zone.nr_free)
    cells = [Cell(zone.managed_pages, old.managed_pages if old is not None else None),
             Cell(zone.free_pages, old.free_pages if old is not None else None),
             Cell(zone.pcp_pages, (old.pcp_pages or 0) if old is not None else None, True)]
    cells += [Cell(count, was, True) for count, was in zip(zone.nr_free, orders)]
    name = f"{zone.node} {zone.name}" if with_node else zone.name
    return Row(escape(name) + ("*" if zone.locked else ""), tuple(cells))


def _total(now: Glance, before: Optional[Glance], width: int) -> tuple[Line, ...]:
    """What there is beside the zones, what matters most first."""
    parts: list[Line] = []
    if any(zone.locked for zone in now.zones):
        parts.append((("* zone->lock is held, lists may be half changed", PLAIN),))
    parts.append(_counted("totalram_pages", now.totalram_pages, before.totalram_pages if before is not None else None,
                          now.page_bytes))
    if now.reserved is not None and now.stage < Stage.BOOTED:
        parts.append(_regions("reserved", now.reserved, before.reserved if before is not None else None))
    parts.append(((f"stage {now.stage.name.lower()}: {now.stage.text}", PLAIN),))
    lines: list[Line] = [parts[0]]
    for part in parts[1:]:
        both = (*lines[-1], ("; ", PLAIN), *part)
        if _length(both) <= width:
            lines[-1] = both
        else:
            lines.append(part)
    return tuple(lines)


def _counted(name: str, now: Optional[int], before: Optional[int], page_bytes: int) -> Line:
    """A number of pages."""
    cell = Cell(now, before)
    if now is None:
        return ((f"{name} unknown", PLAIN),)
    text = f"{name} {now:#x} ({size(now * page_bytes)})"
    return ((text + " ", PLAIN), (cell.change, CHANGED)) if cell.change else ((text, PLAIN),)


def _regions(name: str, now: Regions, before: Optional[Regions]) -> Line:
    """A list of memblock."""
    cell = Cell(now.size, before.size if before is not None else None)
    text = f"memblock.{name} {now.count} ({size(now.size)})"
    return ((text + " ", PLAIN), (cell.sign + size(abs(int(cell.change))), CHANGED)) if cell.change else \
        ((text, PLAIN),)


def _memblock_pane(now: Glance, before: Optional[Glance], width: int, height: int) -> Pane:
    """Both lists of memblock."""
    rows = []
    for name in ("memory", "reserved"):
        regions, old = getattr(now, name), getattr(before, name) if before is not None else None
        if regions is not None:
            rows.append(Row(name, (Cell(regions.count, old.count if old is not None else None),
                                   Cell(regions.size, old.size if old is not None else None))))
    shown = _grid("memblock", ["regions", "bytes"], rows, 2 + 2 * len(rows) <= height, width)
    return Pane(shown[:1], shown[1:] + (((now.stage.text, PLAIN),),))


def _grid(corner: str, names: Sequence[str], rows: Sequence[Row], tall: bool, width: int) -> tuple[Line, ...]:
    """A line of names, then one for each row, or two: the counts and what changed of them."""
    space = "" if tall else " "         # of a sign
    first = max([len(corner), *(len(row.name) for row in rows)]) + 1
    for least in (LEAST, 0):
        widths = [max(len(name + space), least, *(_width(row.cells[at], tall) for row in rows)) + 1
                  for at, name in enumerate(names)]
        if first + sum(widths) <= width:
            break
    lines: list[Line] = [((corner.ljust(first), HEAD),
                          ("".join((name + space).rjust(width) for name, width in zip(names, widths)), HEAD))]
    for row in rows:
        lines.append(_line(row.name.ljust(first), (
            (cell.text + (space and (cell.sign or space)), width, CHANGED if cell.change else PLAIN)
            for cell, width in zip(row.cells, widths))))
        if tall:
            lines.append(_line(" " * first, ((cell.change, width, CHANGED) for cell, width in zip(row.cells, widths))))
    return tuple(lines)


def _line(name: str, cells: Iterable[tuple[str, int, str]]) -> Line:
    """Cells to the right of a name, each aligned to the right; the blanks between them are plain."""
    pieces: list[Piece] = [(name, PLAIN)]
    for text, width, look in cells:
        pieces += [(" " * (width - len(text)), PLAIN), (text, look if text else PLAIN)]
    return tuple(pieces)


def _width(cell: Cell, tall: bool) -> int:
    return max(len(cell.text), len(cell.change)) if tall else len(cell.text) + 1
