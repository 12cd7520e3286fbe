# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps that nobody thought of: every claim holds on them, too."""
import pytest

from .board import PAGE, RAM, Board
from .claims import CLAIMS
from .oracle import PAGE_OFFSET, Oracle
from .random_board import random_board

SEEDS = range(16)
BOARDS = [random_board(seed) for seed in SEEDS]


def probes(board: Board) -> list[int]:
    """First and last word of lowmem's runs, and of the holes between."""
    oracle = Oracle(board, ())
    return [edge * PAGE + step - RAM + PAGE_OFFSET
            for pair in oracle.ranges(0, oracle.max_low_pfn) for edge in pair
            for step in (-4, 0) if edge * PAGE + step >= RAM][:80]


@pytest.mark.parametrize("seed", SEEDS)
def test_machine_at_rest(booted, seed):
    for claim in CLAIMS:
        claim(booted[f"random-{seed}"])


def test_dice_throw_all_that_there_is():
    """Else the boards above would prove less than they seem to."""
    for name in ("memreserve", "static", "no_map", "keep", "cma"):
        assert any(getattr(board, name) for board in BOARDS), name
    assert {board.image for board in BOARDS} == {"guest", "guest-release"}
    zones = [Oracle(board, ()).zones() for board in BOARDS]
    assert any(high.spanned > high.present for _, high, _ in zones)
    assert any(low.spanned > low.present for low, _, _ in zones)
