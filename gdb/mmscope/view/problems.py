# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken invariants, a line each, under any command's text."""
from __future__ import annotations

from typing import Sequence

from ..model.problem import Problem
from .units import escape

MOST = 20


def problems_text(problems: Sequence[Problem]) -> str:
    """The first ones, and how many there are; empty when all is sound."""
    if not problems:
        return ""
    lines = [f"{problem.id}: {escape(problem.text)}" for problem in problems[:MOST]]
    if len(problems) > MOST:
        lines.append(f"... and {len(problems) - MOST} more (all of them with --json)")
    return "\n".join(["", "problems:"] + lines) + "\n"
