# SPDX-License-Identifier: GPL-2.0-or-later
"""mm watch"""
from __future__ import annotations

from argparse import Namespace

from ..errors import UsageError
from ..model.subject import find_subject, subject_words
from ..model.watch import Watch, WatchReport
from ..target.control import Control
from ..view.event import event_text
from ..view.watch import begin_text, watch_text
from . import needs
from .registry import arg, command


@command(text=watch_text, needs=(needs.target,), runs=True, args=(
    arg("x", metavar="X", nargs="+", words=subject_words,
        help="a page; or block X, list ZONE [ORDER [TYPE]], memblock.reserved, ZONE.COUNTER, totalram_pages"),
    arg("--count", metavar="N", type=int, default=1, help="go on until there were N changes; without: 1"),
    arg("--seconds", metavar="S", type=float, help="wait no longer than so many seconds; without: until Ctrl-C"),
    arg("--node", metavar="N", type=int, help="of a zone's name that several nodes have"),
    arg("--all", action="store_true", help="every block of a change; without, many are summed")))
def run(control: Control, args: Namespace) -> WatchReport:
    """Run until a page, block, list or counter changes; say by whom.

    This command runs the target: it sets breakpoints of its own, on data, which
    are gone when it ends. It says what X was and is, which function did it and
    for whom; of a split or a merge the buddy of each order. What changes under a
    zone's lock is told when that is released, what memblock changes when its
    function returns: a split or a merge is one change. X is a page as for mm
    page, or the free block that has one; a zone's lists; an array of memblock; a
    counter, as the zone has it: a CPU may keep some counts for later. Ctrl-C
    stops it.

    Example: mm watch pfn:0x10004
    Example: mm watch block pfn:0x10004 --count 3
    Example: mm watch list Normal 3 Movable
    Example: mm watch memblock.reserved
    Example: mm watch Normal.free_pages
    """
    if args.count < 1:
        raise UsageError("--count is 1 or more")
    if args.seconds is not None and not args.seconds > 0:
        raise UsageError("--seconds is more than 0")
    watch = Watch(control, find_subject(control.context(), args.x, args.node), args.seconds)
    control.say(begin_text(watch.subject.name, args.seconds))
    events = []
    while len(events) < args.count:
        event = watch.next_event()
        if event is None:
            break
        events.append(event)
        control.say(event_text(event, args.all))
        if watch.stopped is not None:
            break
    return WatchReport(watch.subject.name, tuple(events), watch.last, watch.stopped, watch.hits)
