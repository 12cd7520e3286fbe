# SPDX-License-Identifier: GPL-2.0-or-later
"""/memory of the device tree, in every shape: what the tree says is there."""
import pytest

from .board import GIB, KIB, MIB, PAGE, RAM, Board
from .claims import CLAIMS
from .oracle import PAGE_OFFSET, Oracle

SMALL_LOWMEM = "vmalloc=976M"       # 40 MB of lowmem: HighMem costs little
SMALL_LIMIT = 0x12800000

BOARDS = [
    Board("whole", [[(RAM, 1536 * MIB)]]),
    Board("banks-in-one-reg", [[(RAM, 32 * MIB), (RAM + 48 * MIB, 32 * MIB),
                                (RAM + 96 * MIB, 16 * MIB)]]),
    Board("banks-in-nodes", [[(RAM, 32 * MIB)], [(RAM + 48 * MIB, 32 * MIB)],
                             [(RAM + 96 * MIB, 16 * MIB)]]),
    Board("banks-out-of-order", [[(RAM + 96 * MIB, 16 * MIB)],
                                 [(RAM + 48 * MIB, 32 * MIB),
                                  (RAM, 32 * MIB)]]),
    Board("banks-that-touch-and-overlap",
          [[(RAM, 32 * MIB), (RAM + 32 * MIB, 8 * MIB)],
           [(RAM + 36 * MIB, 20 * MIB)], [(RAM + MIB, MIB)]]),
    Board("odd-pages", [[(RAM, 32 * MIB + 5 * PAGE)],
                        [(RAM + 33 * MIB + 7 * PAGE, 6 * MIB + 2 * PAGE),
                         (RAM + 40 * MIB - PAGE, PAGE)],
                        [(RAM + 0x2f03000, 0x4ff000)]]),
    Board("two-banks-in-a-section", [[(RAM, 32 * MIB + 16 * PAGE),
                                      (RAM + 33 * MIB - 16 * PAGE, 15 * PAGE),
                                      (RAM + 33 * MIB + 5 * PAGE, MIB)]]),
    Board("parts-of-pages", [[(RAM, 32 * MIB + 0x7ff), (0x12100800, 0x3000),
                              (0x12200001, 0x1ffe), (0x12300000, 0xfff),
                              (0x12400fff, 0x1001)],
                             [(0x13000800, 0x100801)]],
          append=SMALL_LOWMEM, lowmem_end=SMALL_LIMIT),
    Board("odd-first-pfn", [[(RAM + 3 * PAGE, 32 * MIB)]]),
    Board("first-pfn-behind-the-tables", [[(RAM + 9 * PAGE, 32 * MIB)]]),
    Board("first-pfn-within-the-image", [[(RAM + MIB + PAGE, 32 * MIB)]]),
    Board("first-pfn-behind-the-image", [[(RAM + 2 * MIB + 3 * PAGE,
                                           32 * MIB)]]),
    Board("far-from-the-image", [[(RAM + 512 * MIB, 32 * MIB)]]),
    Board("ends-within-the-image", [[(RAM, MIB + 8 * PAGE),
                                     (RAM + 32 * MIB, 32 * MIB)]]),
    Board("below-the-image-is-ignored", [[(RAM - 16 * MIB, 48 * MIB)],
                                         [(0x900000, 0x40000)]]),
    Board("one-page-banks", [[(RAM, 32 * MIB), (0x19003000, PAGE),
                              (0x38000000, PAGE), (0x50003000, PAGE)]]),
    Board("128-banks", [[(RAM, 32 * MIB)] + [(0x13000000 + i * 0x10000, PAGE)
                                             for i in range(127)]]),
    Board("hole-at-the-limit", [[(RAM, 24 * MIB), (SMALL_LIMIT + MIB, 8 * MIB)]],
          append=SMALL_LOWMEM, lowmem_end=SMALL_LIMIT),
    Board("bank-across-the-limit", [[(RAM, 24 * MIB), (SMALL_LIMIT - 3 * PAGE,
                                                       MIB)]],
          append=SMALL_LOWMEM, lowmem_end=SMALL_LIMIT),
    Board("holes-in-both-zones", [[(RAM, 20 * MIB), (RAM + 30 * MIB, 2 * MIB),
                                   (RAM + 52 * MIB, 9 * MIB),
                                   (RAM + 90 * MIB, 17 * MIB)]],
          append=SMALL_LOWMEM, lowmem_end=SMALL_LIMIT),
    Board("more-highmem-than-lowmem", [[(RAM, 2 * GIB)]]),
    Board("all-that-32-bits-have", [[(RAM, 0xF0000000)]]),
    Board("64-bit-cells", [[(RAM, 32 * MIB)], [(0x13000000, 0x1003000)]],
          cells=2),
    Board("no-highmem-128M", [[(RAM, 128 * MIB)]]),
    Board("no-highmem-64M", [[(RAM, 64 * MIB)]]),
    Board("release", [[(RAM, 32 * MIB + 5 * PAGE), (0x13001000, 0x1003000)]],
          image="guest-release", append=SMALL_LOWMEM, lowmem_end=SMALL_LIMIT),
]
NAMES = [board.name for board in BOARDS]


def probes(board: Board) -> list[int]:
    """First and last word of each bank's lowmem, and the words around it."""
    oracle = Oracle(board, ())
    edges = {edge * PAGE for pair in oracle.ranges(0, oracle.max_low_pfn)
             for edge in pair}
    near = {edge + step for edge in edges for step in (-PAGE, -4, 0, PAGE - 4)}
    return sorted(addr - RAM + PAGE_OFFSET for addr in near
                  if RAM <= addr < RAM + 1000 * MIB)[:80]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_machine_at_rest(booted, name, claim):
    claim(booted[name])


def test_ignored_memory_is_named(booted):
    console = booted["below-the-image-is-ignored"].outcome.console
    assert "memory [0x0f000000-0x0fffffff] below the image" in console
    assert "memory [0x00900000-0x0093ffff] below the image" in console
    console = booted["parts-of-pages"].outcome.console
    assert "memory at 0x12300000, size 0xfff: no page" in console


def sizes(farm, tmp_path, kibs):
    """How boots with so little memory end, by KiB."""
    boards = [Board(f"k{kib}", [[(RAM, kib * KIB)]]) for kib in kibs]
    found = farm.boards(boards, tmp_path)
    return {kib: found[f"k{kib}"] for kib in kibs}


def test_little_memory_boots_or_says_why_in_one_line(farm, tmp_path):
    """The image ends in its second megabyte; 2 MB hold all it needs."""
    found = sizes(farm, tmp_path, (4, 40, 512, 1020, 1024, 1028, 1088, 1132,
                                   1152, 1536, 2044, 2048, 4096, 16384))
    for kib, outcome in found.items():
        assert outcome.end in ("idle", "panic"), (kib, outcome.console)
        if kib >= 2048:
            assert outcome.end == "idle", (kib, outcome.console)
        if kib < 1024:                  # tables come from a whole megabyte
            assert "no page for a table" in outcome.line("panic: ")


def test_grouping_by_mobility_needs_a_pageblock_for_each_type(farm, tmp_path):
    """Six migratetypes of 4 MB each: 24 MB."""
    found = sizes(farm, tmp_path, (24 * 1024 - 4, 24 * 1024))
    assert [outcome.state["page_group_by_mobility_disabled"]
            for outcome in found.values()] == [1, 0]


@pytest.mark.parametrize("banks, says", [
    ([], "no memory"), ([[(0x900000, MIB)]], "no memory"),
    ([[(RAM, 0)]], "no memory"), ([[(RAM + 1, 4096)]], "no memory"),
    ([[(0x50000000, MIB)]], "no memory between"),
    ([[(RAM + i * MIB, PAGE) for i in range(129)]], "128 memory banks")])
def test_unusable_memory_is_one_clear_line(farm, tmp_path, banks, says):
    outcome = farm.boards([Board("bad", banks)], tmp_path)["bad"]
    assert outcome.end == "panic"
    assert says in outcome.line("panic: ")
