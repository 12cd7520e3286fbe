# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken invariants, one after the other, under any command's text."""
from __future__ import annotations

from typing import Sequence

from ..model.problem import Problem, Value
from .table import LINE_WIDTH, wrap
from .units import escape

MOST = 20
SMALL = 4096        # up to here a number is a count, and decimal


def problems_text(problems: Sequence[Problem]) -> str:
    """The first ones, and how many there are; what usually causes each kind; empty when all is sound."""
    if not problems:
        return ""
    shown = problems[:MOST]
    lines = [line for problem in shown for line in _one(problem)]
    if len(problems) > MOST:
        lines.append(f"... and {len(problems) - MOST} more (all of them with --json)")
    lines += ["", "usual causes:"]
    for id_, cause in {problem.id: problem.cause for problem in shown}.items():
        lines += wrap(f"{id_}: {cause}", LINE_WIDTH, "  ")
    return "\n".join(["", "problems:"] + lines) + "\n"


def _one(problem: Problem) -> list[str]:
    """What is wrong, where, and what was expected and found."""
    where = "" if problem.where in problem.text else f"at {problem.where}: "
    detail = f"{where}expected {_value(problem.expected)}, found {_value(problem.actual)}"
    return wrap(f"{problem.id}: {escape(problem.text)}", LINE_WIDTH, "  ") + \
        wrap(f"  {escape(detail)}", LINE_WIDTH, "  ")


def _value(value: Value) -> str:
    """A count in decimal, an address in hex."""
    if isinstance(value, int):
        return str(value) if abs(value) < SMALL else f"{value:#x}"
    return "nothing" if value is None else value
