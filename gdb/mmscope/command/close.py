# SPDX-License-Identifier: GPL-2.0-or-later
"""mm close"""
from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass

from ..model.problem import Problem
from ..target.dumps import Dumps
from ..view.units import escape
from .registry import command


@dataclass(frozen=True)
class Closed:
    """What was open."""

    files: str
    problems: tuple[Problem, ...] = ()


@command(text=lambda closed: f"{escape(closed.files)} is closed\n", opens=True)
def run(dumps: Dumps, args: Namespace) -> Closed:
    """Leave the dump that 'mm open' has put in the target's place.

    Example: mm close
    """
    return Closed(dumps.close())
