# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be broken: one function a corruption, with the IDs that name it.

Each breaks a sound target and returns the place: words that must stand in
`where` or `text` of a problem of each of its IDs. What else may be reported
is `beside`, as prefixes: what is really broken too, like nr_free behind a
loop. Without it nothing but the IDs may be.

The rows of a stage are in one tuple: BUDDY from the hand-over on, MEMBLOCK
while there is memblock, SLAB and VMALLOC when these are up.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from .corrupt import Block, Edit

Make = Callable[[Edit], str]

# A list that cannot be followed to its end: blocks behind the break are
# missed, by the counts and by the pages that say that they are free.
CUT = ("LIST-", "BUDDY-1", "PAGE-2", "ZONE-2")


@dataclass(frozen=True)
class Corruption:
    """A row: how to break what, and who must say so."""
    name: str
    ids: tuple[str, ...]
    beside: tuple[str, ...]
    variant: bool       # of the row before: on the board alone, which is fast
    make: Make


BUDDY: list[Corruption] = []
MEMBLOCK: list[Corruption] = []
PCP: list[Corruption] = []
SLAB: list[Corruption] = []
VMALLOC: list[Corruption] = []
PGTABLE: list[Corruption] = []


def row(table: list[Corruption], *ids: str, beside: tuple[str, ...] = (),
        variant: bool = False) -> Callable[[Make], Make]:
    """Enter the function below, under its name."""
    def enter(make: Make) -> Make:
        table.append(Corruption(make.__name__, ids, beside, variant, make))
        return make
    return enter


def place(block: Block) -> str:
    """How the place of a free list is told."""
    return f"zone {block['zone']} order {block['order']}"
