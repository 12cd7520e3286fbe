# SPDX-License-Identifier: GPL-2.0-or-later
"""mm back"""
from __future__ import annotations

from argparse import Namespace

from ..errors import UsageError
from ..model.back import BackReport, to_count, to_phase
from ..model.past import present
from ..model.phases import phase_names
from ..target.control import Control
from ..view.back import back_text
from . import needs
from .registry import arg, command


@command(text=back_text, needs=(needs.target,), runs=True, args=(
    arg("--to", metavar="PHASE", words=lambda ctx: phase_names(), help="to where that phase began"),
    arg("--at", metavar="N", type=int, help="to where N instructions had run, forwards, too")))
def run(control: Control, args: Namespace) -> BackReport:
    """Under replay, go back to where the last phase of the boot began.

    This command runs the target: it goes back to a state that is kept, and on
    from there with breakpoints of its own, which are gone when it ends. Again
    and again, it goes from phase to phase backwards, whether mm step has come by
    them or not; mm step goes on from there. Instruction counts are those of the
    recording: the same each time. It needs a target that replays a recording:
    scripts/qemu --record FILE, then --replay FILE. Ctrl-C stops it somewhere on
    the way.

    Example: mm back
    Example: mm back --to mem_init
    Example: mm back --at 7372991
    """
    present(control)
    if args.at is None:
        return to_phase(control, args.to)
    if args.to is not None or args.at < 0:
        raise UsageError("--at takes a count of instructions from 0 on, and goes without --to")
    return to_count(control, args.at)
