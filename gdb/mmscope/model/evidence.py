# SPDX-License-Identifier: GPL-2.0-or-later
"""A verdict and what it rests on."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Evidence:
    """One thing that was found."""

    what: str           # struct page, list, buddy, region, ...
    text: str


@dataclass(frozen=True)
class Buddy:
    """The other half of the block that a free block would become, and why the two are not one."""

    pfn: Optional[int]      # None: blocks of the highest order have none
    reason: str             # one of freeblock.py's


@dataclass(frozen=True)
class Told:
    """What is to be said of a page."""

    verdict: str
    evidence: tuple[Evidence, ...]
    buddy: Optional[Buddy] = None       # of a free block


def nth(number: int) -> str:
    """1st, 2nd, 3rd, 4th; number counts from 0."""
    number += 1
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def pages(count: int) -> str:
    """1 page, 2 pages."""
    return f"{count} page" + ("s" if count != 1 else "")
