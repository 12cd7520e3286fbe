# SPDX-License-Identifier: GPL-2.0-or-later
"""The registry of mm check: which function looks at which invariants, from which stage of the boot on.

A function is declared in a module named check_*.py, which is found by being there:

    @check("BUDDY-1", "BUDDY-2", since=Stage.ZONES, subsystem="buddy")
    def buddy(ctx: Context) -> Outcome:
        ...
        return Outcome(tuple(problems), f"{counted(blocks, 'block')} in {counted(zones, 'zone')}")

An ID may be looked at by several functions, as LIST-1 is. What a function raises:

  MissingError, MmError   its IDs are skipped, with that sentence
  FaultError              what it needs cannot be read: its first ID is broken, the others were not looked at
"""
from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping

from .context import Context
from .problem import Problem
from .stage import Stage


@dataclass(frozen=True)
class Outcome:
    """What a function found."""

    problems: tuple[Problem, ...]
    looked_at: str                      # what it looked at, for people: "2 zones, 214 blocks"
    skipped: Mapping[str, str] = field(default_factory=dict)   # of its IDs those that it left out, and why


@dataclass(frozen=True)
class Check:
    """A function, and what it looks at."""

    ids: tuple[str, ...]
    since: Stage
    subsystem: str                      # of inside.py: whose critical parts excuse what it finds
    run: Callable[[Context], Outcome]


CHECKS: dict[str, Check] = {}           # by module and function


def check(*ids: str, since: Stage, subsystem: str) -> Callable:
    """Declare the function under it as the one that looks at these IDs."""
    def declare(run: Callable[[Context], Outcome]) -> Callable[[Context], Outcome]:
        CHECKS[f"{run.__module__.rpartition('.')[2]}.{run.__name__}"] = Check(ids, since, subsystem, run)
        return run
    return declare


def load_checks() -> tuple[Check, ...]:
    """Import every check_*.py beside this file; their functions, in the order of the boot."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("check_"):
            importlib.import_module(f"{package}.{module.name}")
    return tuple(each for _, each in sorted(CHECKS.items(), key=lambda item: (item[1].since, item[0])))
