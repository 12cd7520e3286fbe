# SPDX-License-Identifier: GPL-2.0-or-later
"""mm owners"""
from __future__ import annotations

from argparse import Namespace

from ..errors import MmError, UsageError
from ..model.ownerlog import KEPT, Log, begin, log_of
from ..model.ownerreport import OwnersReport, report
from ..model.snapshot import where
from ..target.control import Control
from ..view.owners import owners_text
from ..view.units import counted
from . import needs
from .registry import arg, command

RECORD = "record"


@command(text=owners_text, needs=(needs.target,), runs=True, args=(
    arg("action", nargs="?", choices=(RECORD,), words=lambda ctx: (RECORD,), help="begin to record, from here on"),
    arg("--stop", action="store_true", help="with record: end it; what was recorded stays")))
def run(control: Control, args: Namespace) -> OwnersReport:
    """Show who has reserved memory of memblock, or freed it.

    It neither runs the target nor stops it, but mm owners record sets breakpoints
    of its own that stay while you step, continue or use mm step: they note who
    changes memblock's lists. They are gone at the boot's end, where their code is
    thrown away, with --stop, and when you detach. Begin as early as you can, best
    at the target's first instruction. From then on mm memblock, mm account and mm
    why name by whom memory was reserved, where nothing says for what.

    Whose a call is: the first function that is not one of memblock's own, nor a
    layer that gives memory to whoever calls it.

    Example: mm owners record
    Example: mm owners
    """
    if args.stop and args.action is None:
        raise UsageError("--stop goes with record: mm owners record --stop")
    ctx = control.context()
    log = log_of(ctx)
    recording = KEPT in control.kept
    if args.stop and not recording:
        raise MmError("nothing is being recorded")
    if args.stop:
        control.drop(KEPT)
        return report(ctx, log or Log(), False)
    if args.action is None:
        if log is None:
            raise MmError("nothing is recorded: 'mm owners record' begins, best at the target's first instruction")
        return report(ctx, log, recording)
    if log is not None and not recording and log.events:
        control.say(f"What was recorded before is forgotten: {counted(len(log.events), 'call')}.\n")
    log = log if log is not None and recording else Log(where(ctx))
    begin(control, log)
    control.memo[KEPT] = log
    return report(ctx, log, True, True)
