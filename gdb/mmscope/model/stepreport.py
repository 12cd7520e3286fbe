# SPDX-License-Identifier: GPL-2.0-or-later
"""All phases that one command has stepped through, and their sum."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Sequence

from .phasechange import Change, change
from .problem import Problem
from .state import Snapshot
from .step import Step


@dataclass(frozen=True)
class StepReport:
    """What mm step did."""

    steps: tuple[Step, ...]
    open_phases: tuple[str, ...]            # that the target is inside of now, the outermost first
    stopped: Optional[str]                  # what else has stopped it
    over: bool                              # no phase is to come
    total: Optional[Change]                 # from before the first of them to after the last
    between: Optional[dict[str, int]]       # what of that no phase did: other code, between two
    problems: tuple[Problem, ...] = ()
    table: bool = field(default=False, metadata={"json": False})


def report(steps: Sequence[Step], first: Optional[Snapshot], last: Optional[Snapshot], open_phases: tuple[str, ...],
           stopped: Optional[str], over: bool, with_table: bool) -> StepReport:
    """Sum them up. first: the state before the first; last: after the last."""
    total = change(first, last) if last is not None else None
    between = None
    if total is not None:
        between = {each.name: (each.after or 0) - (each.before or 0) for each in total.counts}
        for step in outermost(steps):
            for each in step.change.counts if step.change is not None else ():
                between[each.name] -= (each.after or 0) - (each.before or 0)
    problems = tuple(dict.fromkeys(problem for step in steps for problem in step.problems))
    return StepReport(tuple(steps), open_phases, stopped, over, total, between, problems, with_table)


def outermost(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Those that have begun in this command, and are in no other such one that has ended, too: each change once."""
    found: list[Step] = []
    around: set[str] = set()
    for step in reversed(steps):
        if not step.earlier and not around & {*step.inside}:
            found.append(step)
        if not step.earlier:
            around.add(step.phase)
    return tuple(reversed(found))
