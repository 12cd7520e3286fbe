# SPDX-License-Identifier: GPL-2.0-or-later
"""A broken invariant: data, not an exception."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

from .invariants import CAUSES

Value = Union[int, str, None]


@dataclass(frozen=True)
class Problem:
    """What an invariant expects, and what is there instead."""

    id: str             # BUDDY-3, LIST-1, ...
    where: str          # which structure, with its address
    expected: Value
    actual: Value
    text: str           # one sentence
    cause: str = field(init=False, compare=False)       # what usually breaks this invariant

    def __post_init__(self) -> None:
        object.__setattr__(self, "cause", CAUSES[self.id])
