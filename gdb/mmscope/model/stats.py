# SPDX-License-Identifier: GPL-2.0-or-later
"""What reading cost: for mm stats."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..target.transport import Account, Cost
from .context import Context
from .problem import Problem


@dataclass(frozen=True)
class Stats:
    """The last command, all commands, and what is kept."""

    last: Optional[Account]         # None before the first command
    total: Cost
    line_bytes: int                 # what is kept of a read; 0: nothing is
    cached_lines: int
    problems: tuple[Problem, ...] = ()


def stats(ctx: Context) -> Stats:
    """The books of the memory cache."""
    memory = ctx.memory
    return Stats(memory.last, memory.total, memory.transport.line_bytes, len(memory))
