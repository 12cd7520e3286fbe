# SPDX-License-Identifier: GPL-2.0-or-later
"""What passes over all struct pages are told, and what they find: the words of helper/dump/mmdump.h.

engine_pass.py has the engine do them; model/pagekeys.py and model/pagescan.py do the same in Python.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, NamedTuple, Optional

Ranges = list[tuple[int, int]]      # of page frames: [start, end)

# Kinds of keys, and what their values are.
PLAIN, UNREADABLE, RESERVED, SLAB, TYPE, HELD, HUGETLB, MAPPED, HEAD = range(9)
# What a page says of itself beside.
OWN_RESERVED, FOREIGN, UNTOUCHED, NAMED, ONE = (1 << bit for bit in range(5))
# Ranks of types.
LATER, FIRST, SLABS, POOL = range(4)


class Field(NamedTuple):
    """A number in a struct page. size 0: there is none."""

    offset: int
    size: int


NO_FIELD = Field(0, 0)


class TypeRow(NamedTuple):
    """A type of page: what is in page_type & mask == value."""

    mask: int
    value: int
    rank: int


class Key(NamedTuple):
    """What a struct page says that its page is for. mmdump.h says what each is, and which comes first."""

    kind: int
    value: int
    bits: int


class Match(NamedTuple):
    """Page frames in a row that are in the same groups (bits) with the same value; unreadable ones are in none."""

    start_pfn: int
    end_pfn: int
    value: int
    groups: int


class PageTest(NamedTuple):
    """field & mask == value; or not, where negated. A page is in a group that passes all its tests."""

    field: Field
    mask: int
    value: int
    group: int = 0
    negated: bool = False


@dataclass(frozen=True)
class Runs:
    """Where struct pages are: (address of that of pfn 0, first pfn, end) each, sorted."""

    runs: tuple[tuple[int, int, int], ...]
    page_bytes: int
    big_endian: bool


@dataclass(frozen=True)
class Rules:
    """struct mmdump_page_rules."""

    flags: Field
    link: Field
    mapping: Field
    count: Field
    type: Field
    cache: Field
    dtor: Callable[[], tuple[Field, int]]       # where, and what is in it; asked once a page has head
    reserved: int
    slab: int
    head: int
    own_reserved: int
    named: int
    zone_mask: int
    zone_value: int
    mapping_bits: int
    untouched: int
    link_masks: bool
    types: tuple[TypeRow, ...]
    held: dict[int, int]            # tag by pfn
    bits: int
    plain_bits: int
    reserved_bits: int

    def row(self, value: int) -> Optional[int]:
        """The type that page_type holds."""
        return next((at for at, row in enumerate(self.types) if value & row.mask == row.value), None)
