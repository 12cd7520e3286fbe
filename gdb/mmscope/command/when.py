# SPDX-License-Identifier: GPL-2.0-or-later
"""mm when"""
from __future__ import annotations

from argparse import Namespace

from ..model.past import present
from ..model.subject import find_subject, subject_words
from ..model.when import When, WhenReport
from ..target.control import Control
from ..view.when import when_text
from . import needs
from .registry import arg, command


@command(text=when_text, needs=(needs.target,), runs=True, args=(
    arg("x", metavar="X", nargs="+", words=subject_words,
        help="a page; or block X, list ZONE [ORDER [TYPE]], memblock.reserved, ZONE.COUNTER, totalram_pages"),
    arg("--node", metavar="N", type=int, help="of a zone's name that several nodes have")))
def run(control: Control, args: Namespace) -> WhenReport:
    """Under replay, go back to the last change of X, and stay there.

    This command runs the target: it goes back to a state that is kept, and on
    from there with breakpoints of its own, which are gone when it ends. It says
    what mm watch says of a change, of the last one before now; the target stands
    just before its first write then, in the function that does it, or, of
    memblock's arrays, where that function is called. The same command again goes
    to the change before. It needs a target that replays a recording:
    scripts/qemu --record FILE, then --replay FILE. Ctrl-C stops it somewhere on
    the way.

    Example: mm when pfn:0x10004
    Example: mm when block pfn:0x10004
    Example: mm when Normal.free_pages
    Example: mm when memblock.reserved
    """
    present(control)
    return When(control, find_subject(control.context(), args.x, args.node)).report()
