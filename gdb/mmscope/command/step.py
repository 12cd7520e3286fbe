# SPDX-License-Identifier: GPL-2.0-or-later
"""mm step"""
from __future__ import annotations

from argparse import Namespace

from ..errors import MmError, UsageError
from ..model.context import Context
from ..model.phases import find_phase, phase_names
from ..model.snapshots import delete, keep, kept_names
from ..model.state import Snapshot
from ..model.step import KEPT, OVER, Step, Stepper
from ..model.stepreport import StepReport, report
from ..target.control import Control
from ..view.json import plain
from ..view.step import step_lines, step_text
from . import needs
from .registry import arg, command


@command(text=step_text, needs=(needs.target,), runs=True, args=(
    arg("--to", metavar="PHASE", words=lambda ctx: phase_names(), help="go on until this phase has ended"),
    arg("--all", action="store_true", help="go on to the end of the boot, then show a table of all"),
    arg("--quiet", action="store_true", help="one line a phase")))
def run(control: Control, args: Namespace) -> StepReport:
    """Run to the end of the boot's next phase: what changed, and why.

    This command runs the target: it sets breakpoints of its own, which are gone
    when it ends. It starts from wherever the target is, best from its first
    instruction, and leaves it stopped after the phase. Phases are nested: where
    mem_init ends, the sum of the free ranges in it is told. After each phase the
    state of all allocators is kept as a snapshot, step/NN-PHASE: mm diff and mm
    map take their names. Ctrl-C stops it.

    Example: mm step
    Example: mm step --to mem_init
    Example: mm step --all --quiet
    """
    if args.to is not None and args.all:
        raise UsageError("--to and --all: which of them?")
    stepper = Stepper(control, lambda snapshot: _keep(control.context(), snapshot), lambda: _forget(control.context()))
    goal = find_phase(stepper.found, args.to) if args.to is not None else None
    if args.to is not None and goal is None:
        names = ", ".join(each.phase.name for each in stepper.found)
        raise UsageError(f"this kernel has no phase '{args.to}'; it has: {names}")
    if goal is not None and stepper.is_over(goal):
        raise UsageError(f"{goal.phase.name} is over already")
    steps: list[Step] = []
    for ended in stepper.steps():
        steps += ended
        for step in ended:
            control.say(step_lines(step, args.quiet))
        if not args.all and (goal is None or any(step.phase == goal.phase.name for step in ended)):
            break
    if not steps and stepper.over:
        raise MmError(OVER)
    return report(steps, *stepper.ends, stepper.open_phases, stepper.stopped, stepper.over,
                  args.all or args.to is not None)


def _keep(ctx: Context, snapshot: Snapshot) -> None:
    """For mm diff, mm map, and the page that shows a boot."""
    keep(ctx, snapshot.name, {"state": plain(snapshot)})


def _forget(ctx: Context) -> None:
    """The phases of an earlier boot."""
    for name in kept_names(ctx):
        if name.startswith(KEPT):
            delete(ctx, name)
