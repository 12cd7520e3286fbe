# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken memory of a real kernel: what mm check says of it, and that no
command minds.

memblock is broken where it is about to hand over, all else where the kernel
has come up. It stands still from the first write to the last restored byte.
"""
from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Iterator, Optional

import pytest

from boot_stops import FREE_ALL, Boot, at
from harness.corrupt_suite import Suite
from harness.corruptions import (BUDDY, MEMBLOCK, PCP, PGTABLE, SLAB,
                                 VMALLOC, Corruption)
from harness.gdbmi import Gdb
from lab_guest import HELD_LIMIT_SECONDS, LabGuest

SOUND_STOPS = 8     # a CPU may stand in the middle of a change
DEAR_ROWS = 5       # one of so many is looked at with every command there is
ROWS = [row for row in BUDDY + PCP + SLAB + VMALLOC + PGTABLE
        if not row.variant]


@at(FREE_ALL)
def memblock_rows(gdb: Gdb) -> dict[str, Optional[AssertionError]]:
    """Each row's name, and what was wrong."""
    found: dict[str, Optional[AssertionError]] = {}
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite(gdb, Path(folder))
        for row in MEMBLOCK:
            try:
                suite.play(row)
                found[row.name] = None
            except AssertionError as error:
                found[row.name] = error
    return found


@pytest.mark.parametrize("row", MEMBLOCK, ids=lambda row: row.name)
def test_broken_memblock_is_named(boot: Boot, row: Corruption) -> None:
    error = boot[memblock_rows][row.name]
    if error is not None:
        raise error


@pytest.fixture(scope="module")
def sound(booted_guest: LabGuest,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """The kernel where nothing is wrong and nobody is in a change."""
    with booted_guest.held_in("frag_show") as gdb:
        address = gdb.number("(unsigned long)$pc")
        for _ in range(SOUND_STOPS):
            report = gdb.json("mm check --json")
            if not report["problems"] and not report["inside"]:
                break
            booted_guest.next_hit(address, HELD_LIMIT_SECONDS)
        suite = Suite(gdb, tmp_path_factory.mktemp("suite"))
        yield suite
        assert list(suite.is_sound()) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_corruption_is_named(sound: Suite, row: Corruption) -> None:
    sound.play(row, dear=ROWS.index(row) % DEAR_ROWS == 0)
