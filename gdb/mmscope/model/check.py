# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: every invariant that there is, held against the target as it stands."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, Optional

from ..errors import FaultError, MmError
from .checks import Check, Outcome, load_checks
from .context import Context
from .inside import Inside, excuse, inside
from .problem import Problem
from .progress import steps
from .stage import Stage

OK, BROKEN, SKIPPED = "ok", "broken", "skipped"


@dataclass(frozen=True)
class Checked:
    """One invariant."""

    id: str
    status: str         # ok, broken, skipped
    text: str           # what was looked at; what is broken; why it was not looked at


@dataclass(frozen=True)
class CheckReport:
    """All of them."""

    checks: tuple[Checked, ...]
    inside: tuple[Inside, ...]          # changes that the stop is in the middle of
    problems: tuple[Problem, ...]
    failure: Optional[str] = field(metadata={"json": False})    # makes the command fail, after it has printed


@dataclass(frozen=True)
class _Part:
    """What one function says of one ID."""

    id: str
    status: str
    text: str
    weak: bool = False          # skipped for a reason that says nothing of what another function found


def check_report(ctx: Context, strict: bool = False) -> CheckReport:
    """Run every check that this stage of the boot has. Raises nothing for what is broken or missing."""
    parts: list[_Part] = []
    problems: dict[Problem, None] = {}      # a broken list may be met by more than one function
    for each in steps(ctx, load_checks()):
        found, own = _run(ctx, each)
        parts += own
        problems.update(dict.fromkeys(found))
    checks = tuple(_sum_up(parts))
    broken = [each.id for each in checks if each.status == BROKEN]
    many = "problem" if len(problems) == 1 else "problems"
    failure = f"{len(problems)} {many}: {', '.join(broken)}" if broken and strict else None
    return CheckReport(checks, inside(ctx), tuple(problems), failure)


def _run(ctx: Context, each: Check) -> tuple[tuple[Problem, ...], list[_Part]]:
    """One function: what it found, and what to say of each of its IDs."""
    stage = ctx.stage if ctx.stage is not None else Stage.RESET
    if stage < each.since:
        return (), _skip(each, f"not there yet at stage {stage.name.lower()}")
    try:
        outcome = each.run(ctx)
    except FaultError as fault:
        text = f"what it looks at cannot be read: {fault}"
        first = Problem(each.ids[0], f"{fault.addr:#x}", "readable memory", fault.addr, text)
        outcome = Outcome((first,), "", dict.fromkeys(each.ids[1:], text))
    except MmError as error:
        return (), _skip(each, str(error))
    changing = excuse(ctx, each.subsystem) if outcome.problems else None
    if changing is None:
        return outcome.problems, [_part(id_, outcome) for id_ in each.ids]
    return (), [_excused(id_, outcome, changing) for id_ in each.ids]


def _skip(each: Check, why: str) -> list[_Part]:
    return [_Part(id_, SKIPPED, why, weak=True) for id_ in each.ids]


def _part(id_: str, outcome: Outcome) -> _Part:
    """What is said of one ID when no change is under way."""
    own = [problem for problem in outcome.problems if problem.id == id_]
    if own:
        more = f", and {len(own) - 1} more" if len(own) > 1 else ""
        return _Part(id_, BROKEN, own[0].text + more)
    if id_ in outcome.skipped:
        return _Part(id_, SKIPPED, outcome.skipped[id_], weak=True)
    return _Part(id_, OK, outcome.looked_at)


def _excused(id_: str, outcome: Outcome, changing: str) -> _Part:
    """The same, in the middle of a change: what looks broken is not called so."""
    part = _part(id_, outcome)
    if part.status != BROKEN:
        return part
    return _Part(id_, SKIPPED, f"the stop is inside {changing}: {part.text}")


def _sum_up(parts: Iterable[_Part]) -> Iterable[Checked]:
    """One row an ID, by name and number; the gravest status of its parts, with the texts of those that have it."""
    by_id: dict[str, list[_Part]] = {}
    for part in parts:
        by_id.setdefault(part.id, []).append(part)
    for id_ in sorted(by_id, key=_order):
        own = by_id[id_]
        worst = max(own, key=_gravity)
        texts = dict.fromkeys(part.text for part in own if _gravity(part) == _gravity(worst) and part.text)
        yield Checked(id_, worst.status, "; ".join(texts))


def _gravity(part: _Part) -> int:
    """Broken, then looked broken in the middle of a change, then sound, then not looked at."""
    if part.status == SKIPPED:
        return 0 if part.weak else 2
    return 3 if part.status == BROKEN else 1


def _order(id_: str) -> tuple[str, int]:
    name, _, number = id_.rpartition("-")
    return name, int(number)
