# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads tests/data/fidelity: a real kernel's memblock, and what that kernel made of it."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .oracle import Block
from .runner import TOP, Document, run

FILES = sorted((TOP / "tests/data/fidelity").glob("*.map"))

# Those kernels have a zone DMA, and on these boards it takes all of lowmem: their Normal is empty. Ours has no DMA.
OUR_NAME = {"DMA": "Normal", "HighMem": "HighMem"}


@dataclass(frozen=True)
class Fixture:
    """What a file says."""

    map: str                                        # all of it: scripts/replay reads it
    orders: int
    zones: dict[str, tuple[int, int, int, int]]     # with pages: start pfn; spanned, present, managed pages
    blocks: tuple[tuple[Block, str], ...]           # and the migratetype of each
    memory: tuple[tuple[int, int, bool], ...]       # base, size, nomap

    @property
    def ram_bytes(self) -> int:
        """What of the memory is there."""
        return sum(size for _, size, _ in self.memory)


def read(text: str) -> Fixture:
    """The kernel's zones by our names, numbers as they are."""
    zones, blocks = {}, []
    for name, *numbers in re.findall(r"^#= zone (\w+) start (\w+) spanned (\w+) present (\w+) managed (\w+)$", text,
                                     re.MULTILINE):
        start, spanned, present, managed = (int(number, 16) for number in numbers)
        if spanned:
            zones[OUR_NAME[name]] = start, spanned, present, managed
        else:
            assert (start, present, managed) == (0, 0, 0)
    for name, order, kind, pfns in re.findall(r"^#= free (\w+) (\d+) (\w+) (.*)$", text, re.MULTILINE):
        blocks += [((OUR_NAME[name], int(order), int(pfn, 16)), kind) for pfn in pfns.split()]
    memory = re.findall(r"^memory (\w+) (\w+)( nomap)?$", text, re.MULTILINE)
    return Fixture(text, int(re.search(r"^#= orders (\d+)$", text, re.MULTILINE)[1]), zones, tuple(blocks),
                   tuple((int(base, 16), int(size, 16), bool(nomap)) for base, size, nomap in memory))


def replayed(fixture: Fixture) -> Document:
    """The one document for the map."""
    done = run(fixture.map, "--max-order", str(fixture.orders))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
