# SPDX-License-Identifier: GPL-2.0-or-later
"""mm trace"""
from __future__ import annotations

from argparse import Namespace
from difflib import get_close_matches
from typing import Optional

from ..errors import FaultError, MissingError, UsageError
from ..model.buddy import order_count
from ..model.context import Context
from ..model.slab import find_cache
from ..model.slabcache import all_caches, cache_names
from ..model.trace import Tracer, Wanted
from ..model.tracelook import KINDS, PAGES, SLAB
from ..model.tracereport import TraceReport, report
from ..model.zone import select_zones, zone_names
from ..target.control import Control
from ..view.trace import begin_text, trace_line, trace_text
from . import needs
from .registry import arg, command

EVENTS, SECONDS = 1000, 10.0
MOST_EVENTS, MOST_SECONDS = 1_000_000, 86400.0


@command(text=trace_text, needs=(needs.target,), runs=True, args=(
    arg("kinds", metavar="KIND", nargs="*", words=lambda ctx: KINDS, help="pages, slab, vmalloc; without: all of them"),
    arg("--zone", metavar="ZONE", words=zone_names, help="only pages of this zone, by name"),
    arg("--order", metavar="N", type=int, help="only blocks of 2^N pages"),
    arg("--cache", metavar="CACHE", words=cache_names, help="only objects of this slab cache"),
    arg("--caller", metavar="FUNC", help="only what this function, or what it calls, allocates, and the frees of that"),
    arg("--events", metavar="N", type=int, default=EVENTS, help=f"stop after so many events ({EVENTS})"),
    arg("--seconds", metavar="S", type=float, default=SECONDS, help=f"stop after so many seconds ({SECONDS:g})"),
    arg("--to", metavar="FUNC", help="stop where this function begins"),
    arg("--log", action="store_true", help="one line an event, as it happens")))
def run(control: Control, args: Namespace) -> TraceReport:
    """Let the target run, and sum up who allocates and frees.

    This command runs the target: it sets breakpoints of its own, which are gone
    when it ends, and leaves it stopped, after a number of events, some seconds, or
    at a function; Ctrl-C stops it. Each event costs a stop of the target, so ask
    for little: pages are blocks of the page allocator, slab is objects of caches
    and kmalloc(), vmalloc is areas of vmalloc(), vmap() and ioremap(). The caller
    is the first function outside of the allocator.

    Example: mm trace pages --zone Normal --order 0
    Example: mm trace slab --cache dentry --log --events 20
    Example: mm trace --caller do_fork --to do_exit --seconds 60
    """
    ctx = control.context()
    wanted = _wanted(ctx, args)
    if not 1 <= args.events <= MOST_EVENTS or not 0 < args.seconds <= MOST_SECONDS:
        raise UsageError(f"--events is 1 to {MOST_EVENTS}, --seconds up to {MOST_SECONDS:g}")
    to = control.entries(args.to) if args.to is not None else ()
    for function in (args.to, args.caller):
        if function is not None and not control.entries(function):
            raise UsageError(f"this kernel has no function '{function}'")
    tell = (lambda event: control.say(trace_line(event))) if args.log and not args.json else None
    tracer = Tracer(control, wanted, tell)
    control.say(begin_text(wanted.kinds, args.events, args.seconds))
    trace = tracer.run(args.events, args.seconds, to)
    return report(trace, wanted, _page_bytes(ctx), args.log)


def _wanted(ctx: Context, args: Namespace) -> Wanted:
    """The filters, by the names that the kernel has. Raises UsageError."""
    unknown = next((kind for kind in args.kinds if kind not in KINDS), None)
    if unknown is not None:
        raise UsageError(f"nothing is called '{unknown}' here; there are: {', '.join(KINDS)}")
    of_pages = args.zone is not None or args.order is not None
    if of_pages and args.cache is not None:
        raise UsageError("--zone and --order are of pages, --cache is of slab objects: which of them?")
    one = PAGES if of_pages else SLAB if args.cache is not None else None
    kinds = tuple(kind for kind in KINDS if kind in args.kinds) or ((one,) if one is not None else KINDS)
    if one is not None and kinds != (one,):
        option = "--cache" if one == SLAB else "--zone" if args.zone is not None else "--order"
        raise UsageError(f"{option} is of {one} alone: mm trace {one} {option} ...")
    zone = cache = None
    if args.zone is not None:
        needs.zones(ctx)
        zone = select_zones(ctx, args.zone, None)[0].name
    if args.order is not None and not 0 <= args.order < order_count(ctx):
        raise UsageError(f"no order {args.order}: there are 0 to {order_count(ctx) - 1}")
    if args.cache is not None:
        needs.slab(ctx)
        caches = all_caches(ctx)
        found = find_cache(caches, args.cache)
        if found is None:
            like = get_close_matches(args.cache, [each.name for each in caches.caches], 4, 0.4)
            there = f"there are {', '.join(like)}, and those that" if like else "see what"
            raise UsageError(f"no cache '{args.cache}'; {there} mm slab lists")
        cache = found.name
    return Wanted(kinds, zone, args.order, cache, args.caller)


def _page_bytes(ctx: Context) -> Optional[int]:
    try:
        return 1 << ctx.arch.page_shift
    except (MissingError, FaultError):
        return None
