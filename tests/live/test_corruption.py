# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken target memory on a small board: what mm check says of it, and that no command minds.

Small, as every row looks through all of memory, and with a HighMem. One boot: memblock and free lists are broken behind mm_init(), slabs, areas and page tables at rest after a workload.
"""
import pytest

from harness.corrupt_suite import Suite
from harness.corruptions import BUDDY, MEMBLOCK, PCP, PGTABLE, SLAB, VMALLOC


@pytest.fixture(scope="module")
def board(boot):
    """It goes on from one stop to the next."""
    return boot("virt", "--memory", "256M", "--append", "vmalloc=816M scenario=mixed,1,600").load()


@pytest.fixture(scope="module")
def handed_over(board):
    """Behind mm_init()."""
    board.run_to("setup_per_cpu_pageset")
    return Suite(board.gdb, board.folder)


@pytest.fixture(scope="module")
def at_rest(board, handed_over):
    """After a workload: after all that is done behind mm_init()."""
    board.run_to("cpu_idle")
    return Suite(board.gdb, board.folder)


@pytest.mark.parametrize("row", MEMBLOCK + BUDDY, ids=lambda row: row.name)
def test_each_corruption_behind_mm_init_is_named(handed_over, row):
    handed_over.play(row)


@pytest.mark.parametrize("row", PCP + SLAB + VMALLOC + PGTABLE, ids=lambda row: row.name)
def test_each_corruption_at_rest_is_named(at_rest, row):
    at_rest.play(row)
