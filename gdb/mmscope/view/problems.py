# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken invariants, one after the other, under any command's text."""
from __future__ import annotations

from typing import Sequence

from ..model.problem import Problem
from .table import LINE_WIDTH, wrap
from .units import escape

MOST = 20


def problems_text(problems: Sequence[Problem]) -> str:
    """The first ones, and how many there are; empty when all is sound."""
    if not problems:
        return ""
    lines = [line for problem in problems[:MOST]
             for line in wrap(f"{problem.id}: {escape(problem.text)}", LINE_WIDTH, "  ")]
    if len(problems) > MOST:
        lines.append(f"... and {len(problems) - MOST} more (all of them with --json)")
    return "\n".join(["", "problems:"] + lines) + "\n"
