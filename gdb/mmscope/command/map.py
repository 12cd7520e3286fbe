# SPDX-License-Identifier: GPL-2.0-or-later
"""mm map"""
from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from ..errors import UsageError
from ..model.context import Context
from ..model.mapcells import Map, draw, top_address
from ..model.mapparts import BYS, OWNER
from ..model.mapwindow import find_view
from ..model.outfile import write_text
from ..model.problem import Problem
from ..model.snapshots import NOW, find_snapshot, kept_names, present
from ..model.state import Snapshot
from ..model.zone import zone_names
from ..view.map import map_text, row_cells
from ..view.mapsvg import ROW_CELLS, ROWS, svg
from ..view.report import report
from . import needs
from .registry import arg, command

LINES = 16
MOST_LINES = 4096


def _zones(ctx: Context) -> tuple[str, ...]:
    return zone_names(ctx)


def _bys(ctx: Context) -> tuple[str, ...]:
    return BYS


@command(text=map_text, args=(
    arg("where", metavar="WHERE", nargs="*", words=_zones,
        help="a zone by its name; an address, for what is around it; or two, where the map begins and ends"),
    arg("--range", metavar="START-END", help="two addresses, as one word"),
    arg("--by", choices=BYS, default=OWNER, words=_bys, metavar="WHAT",
        help="owner, order or migratetype; without: owner"),
    arg("--snapshot", metavar="NAME", default=NOW, words=kept_names, help="one that is kept, or a file"),
    arg("--lines", metavar="N", type=int, default=LINES, help=f"fit it into N lines; without: {LINES}"),
    arg("--ascii", action="store_true", help="signs of ASCII only"),
    arg("--svg", metavar="FILE", help="draw it into FILE instead, as SVG"),
    arg("--html", nargs="+", metavar=("FILE", "NAME"),
        help="write a page for a browser into FILE: of these snapshots, else of all that are kept, else of now")))
def run(ctx: Context, args: Namespace) -> Map:
    """Show memory as a picture: what each piece of it is for.

    Every sign stands for as many page frames as are said at the top; a line begins
    at the physical address on its left. Before zones exist the map is memblock's.
    An address is pfn:N, phys:N, or an expression for a struct page or a virtual
    address. Signs are of ASCII where the terminal (set host-charset) has no others;
    colours follow GDB's styling and NO_COLOR, and say nothing that signs do not.

    Example: mm map
    Example: mm map Normal --by order
    Example: mm map phys:0x10000000 phys:0x10400000
    Example: mm map --svg now.svg
    Example: mm map --html boot.html
    """
    if not 1 <= args.lines <= MOST_LINES:
        raise UsageError(f"--lines is 1 to {MOST_LINES}")
    if args.html is not None:
        return _html(ctx, args)
    snapshot, problems = _snapshot(ctx, args.snapshot)
    view = find_view(ctx, snapshot, args.where, args.range)
    window, asked = ((view.start_pfn, view.end_pfn), view.asked) if view is not None else (None, None)
    terminal = ctx.host.terminal()
    if args.ascii or args.output is not None:
        terminal = replace(terminal, charset="ASCII", colour=terminal.colour and args.output is None)
    if args.svg is not None:
        found = draw(snapshot, args.by, window, asked, ROW_CELLS, ROWS)
        write_text(args.svg, svg(found))
        return replace(found, files=(args.svg,), drawn=(snapshot.name,), problems=problems)
    whole = draw(snapshot, args.by, window, asked, row_cells(terminal.width, top_address(snapshot, window)), args.lines)
    return replace(whole, terminal=terminal, problems=problems)


def _html(ctx: Context, args: Namespace) -> Map:
    """Write the page; the last of its snapshots is the result."""
    if args.where or args.range is not None or args.svg is not None or args.snapshot != NOW:
        raise UsageError("--html draws whole snapshots, all ways: it goes with no other option, and names come behind "
                         "its file")
    path, *names = args.html
    found = [_snapshot(ctx, name) for name in names or kept_names(ctx) or [NOW]]
    snapshots = tuple(snapshot for snapshot, _ in found)
    last = draw(snapshots[-1], args.by)
    write_text(path, report(snapshots))
    return replace(last, files=(path,), drawn=tuple(each.name for each in snapshots),
                   problems=tuple(problem for _, problems in found for problem in problems))


def _snapshot(ctx: Context, name: str) -> tuple[Snapshot, tuple[Problem, ...]]:
    """The one that is drawn. Raises MmError."""
    if name == NOW:
        needs.memblock(ctx)
        return present(ctx)
    return replace(find_snapshot(ctx, name), name=name), ()
