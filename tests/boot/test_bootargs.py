# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: mem= vmalloc= cma= memblock=, and what is none of these."""
import re

import pytest

from .board import MIB, PAGE, RAM, Board
from .claims import CLAIMS
from .oracle import PAGE_OFFSET, ranges_of
from .test_memory import SMALL_LIMIT, SMALL_LOWMEM

MEMORY = [[(RAM, 128 * MIB)]]
TOP = RAM + 128 * MIB
SMALL = {"bootargs": SMALL_LOWMEM, "lowmem_end": SMALL_LIMIT}
LEAST_LIMIT = RAM + 32 * MIB        # vmalloc= leaves lowmem that much
MOST_LIMIT = RAM + 1000 * MIB       # and takes 16 MB at least
ODD = 0x3CBA4567                    # vmalloc: lowmem ends within a page
ODD_LIMIT = (RAM + 0xFF800000 - ODD - PAGE_OFFSET) // PAGE * PAGE


def words(name: str, args: str, **more) -> Board:
    """MEMORY with a command line in the tree."""
    return Board(name, MEMORY, bootargs=args, **more)


def cma(name: str, arg: str, *areas: tuple[int, int]) -> Board:
    """MEMORY with 40 MB of lowmem, 88 MB of HighMem, and cma= appended."""
    return Board(name, MEMORY, append=f"cma={arg}", cma=areas, **SMALL)


BOARDS = [
    words("mem", "mem=64M", keep=[(RAM, 64 * MIB)]),
    words("mem-hex-and-kilobytes", "mem=0x4000k", keep=[(RAM, 16 * MIB)]),
    words("mem-at", "mem=16M@0x11000000", keep=[(RAM + 16 * MIB, 16 * MIB)]),
    words("mem-three-times", "mem=16M mem=1M@0x14000000 mem=4k@0x15003000",
          keep=[(RAM, 16 * MIB), (0x14000000, MIB), (0x15003000, PAGE)]),
    words("mem-not-in-whole-pages", "mem=16777217@0x11000800",
          keep=[(0x11000800, 16777217)]),
    words("mem-more-than-there-is", "mem=256M", keep=[(RAM, 128 * MIB)]),
    Board("mem-behind-the-trees-words", MEMORY, bootargs="quiet cma=4M",
          append="mem=32M", keep=[(RAM, 32 * MIB)],
          cma=[(RAM + 28 * MIB, 4 * MIB)]),
    Board("vmalloc-none", [[(RAM, 1024 * MIB)]], bootargs="vmalloc=0",
          lowmem_end=MOST_LIMIT),
    words("vmalloc-too-large", "vmalloc=1G", lowmem_end=LEAST_LIMIT),
    words("vmalloc-larger-than-32-bits", "vmalloc=8G", lowmem_end=LEAST_LIMIT),
    words("vmalloc-most", "vmalloc=984M", lowmem_end=LEAST_LIMIT),
    words("vmalloc-within-a-page", f"vmalloc={ODD:#x}", lowmem_end=ODD_LIMIT),
    words("vmalloc-last-one-counts", "vmalloc=100M vmalloc=976M",
          lowmem_end=SMALL_LIMIT),
    words("unknown-words", "  quiet root=/dev/x  cm=1 memory=1M mem vmalloc "
          "cma console=ttymxc1,115200   ro "),
    words("memblock-debug", "memblock=debug"),
    Board("memblock-debug-release", [[(RAM, 16 * MIB), (RAM + 24 * MIB, MIB)]],
          bootargs="memblock=debug", image="guest-release"),
    words("slub-debug", "slub_debug"),
    words("slub-debug-of-one-cache", "slub_debug=ZP,kmalloc-64 slub_nomerge"),
    words("slub-debug-release", "slub_debug=FZPU", image="guest-release"),
    words("slub-orders", "slub_max_order=1 slub_min_objects=4"),
    words("slab-freelist-random", "slab_freelist_random=on"),
    cma("cma", "16M", (TOP - 16 * MIB, 16 * MIB)),
    cma("cma-rounded-up", "1", (TOP - 4 * MIB, 4 * MIB)),
    cma("cma-none", "0"),
    cma("cma-at", "8M@0x11000000", (0x11000000, 8 * MIB)),
    cma("cma-at-in-highmem", "8M@0x14800000", (0x14800000, 8 * MIB)),
    cma("cma-from-to", "8M@0x11000000-0x12000000", (0x11800000, 8 * MIB)),
    cma("cma-to", "8M@0-0x12000000", (0x11800000, 8 * MIB)),
    cma("cma-to-just-above-the-limit", "8M@0-0x12c00000",
        (0x12000000, 8 * MIB)),
    cma("cma-from-to-in-both-zones", "8M@0x11000000-0x14000000",
        (0x13800000, 8 * MIB)),
    cma("cma-all-of-highmem-but-the-tree", "20M", (TOP - 20 * MIB, 20 * MIB)),
    cma("cma-larger-than-any-zone", "100M"),
    cma("cma-larger-than-memory", "4G"),
    cma("cma-fixed-across-the-limit", "8M@0x12400000"),
    cma("cma-fixed-on-the-image", "8M@0x10000000"),
    cma("cma-fixed-on-the-tree", "8M@0x13c00000"),
    cma("cma-fixed-beyond-memory", "8M@0x17c00000"),
    cma("cma-last-one-counts", "16M cma=8M", (TOP - 8 * MIB, 8 * MIB)),
    Board("cma-not-in-a-hole", [[(RAM, 24 * MIB), (RAM + 26 * MIB, 2 * MIB),
                                 (RAM + 48 * MIB, 6 * MIB)]],
          append="cma=4M", cma=[(RAM + 48 * MIB, 4 * MIB)], **SMALL),
]
NAMES = [board.name for board in BOARDS]
REFUSED = [name for name in NAMES if re.search("larger|fixed-", name)
           and name.startswith("cma")]

NONSENSE = ("mem=", "mem=x", "mem=64Mjunk", "mem=0", "mem=16M@", "mem=16M@x",
            "mem=16M@0x10000000x", "mem=-1", "mem=12", "vmalloc=",
            "vmalloc=x", "vmalloc=100Mx", "cma=", "cma=x", "cma=16Mx",
            "cma=16M@", "cma=16M@x", "cma=16M@0x14000000-",
            "cma=16M@0x14000000-x", "cma=16M@0x14000000y", "memblock=",
            "memblock=x", "slub_debug=Q", "slub_nomerge=1",
            "slub_max_order", "slub_min_order=x", "slab_freelist_random=",
            "cma=" + "z" * 300)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_machine_at_rest(booted, name, claim):
    claim(booted[name])


@pytest.mark.parametrize("name, end", [
    ("vmalloc-none", MOST_LIMIT), ("vmalloc-most", LEAST_LIMIT),
    ("vmalloc-last-one-counts", SMALL_LIMIT),
    ("vmalloc-within-a-page", ODD_LIMIT)])
def test_vmalloc_moves_the_end_of_lowmem(booted, name, end):
    state = booted[name].state
    assert state["arm_lowmem_limit"] == end
    assert state["high_memory"] == end - RAM + PAGE_OFFSET


@pytest.mark.parametrize("name, quoted", [
    ("vmalloc-none", "0x0"), ("vmalloc-too-large", "0x40000000")])
def test_vmalloc_out_of_range_is_said(booted, name, quoted):
    line = booted[name].outcome.line("warning: ")
    assert "vmalloc" in line and quoted in line


@pytest.mark.parametrize("name", [
    name for name in NAMES if name not in REFUSED
    and name not in ("vmalloc-none", "vmalloc-too-large",
                     "vmalloc-larger-than-32-bits")])
def test_words_that_can_be_used_and_unknown_ones_give_no_warning(booted, name):
    assert not re.search("^(warning|error)", booted[name].outcome.console, re.M)


@pytest.mark.parametrize("name", REFUSED)
def test_area_that_cannot_be_had_is_one_line_and_boot_goes_on(booted, name):
    line = booted[name].outcome.line("error: ")
    assert "cma=" in line and "cannot be reserved" in line


def test_command_line_is_shown_whole(booted):
    console = booted["mem-behind-the-trees-words"].outcome.console
    assert "Kernel command line: quiet cma=4M mem=32M\n" in console


def test_all_nonsense_is_quoted_and_the_boot_goes_on(farm, tmp_path):
    """And none of it undoes a good word in front of it."""
    good = "mem=100M vmalloc=976M cma=8M"
    boards = [Board(f"n{i}", MEMORY, bootargs=good, append=word,
                    keep=[(RAM, 100 * MIB)], lowmem_end=SMALL_LIMIT)
              for i, word in enumerate(NONSENSE)]
    found = farm.boards(boards, tmp_path)
    for i, word in enumerate(NONSENSE):
        outcome = found[f"n{i}"]
        assert outcome.end == "idle", (word, outcome.console)
        assert f'"{word}"' in outcome.line("warning: ")
        assert outcome.state["arm_lowmem_limit"] == SMALL_LIMIT, word
        assert outcome.state["max_pfn"] == (RAM + 100 * MIB) // PAGE, word
        assert [(area["base_pfn"], area["count"])
                for area in outcome.state["cma_areas"]] == [
            ((RAM + 92 * MIB) // PAGE, 2048)], word


def test_longest_command_line_is_read_and_shown_whole(farm, tmp_path):
    args = "mem=64M " + "x" * 1000 + " cma=4M end"
    assert len(args) < 1024
    outcome = farm.boards([words("long", args)], tmp_path)["long"]
    assert outcome.end == "idle"
    assert f"Kernel command line: {args}\n" in outcome.console
    assert outcome.state["max_pfn"] == (RAM + 64 * MIB) // PAGE
    assert outcome.state["totalcma_pages"] == 1024


def test_mem_that_leaves_nothing_is_one_clear_line(farm, tmp_path):
    found = farm.boards([words("none", "mem=64M@0x90000000"),
                         words("high", "mem=16M@0x17000000 vmalloc=976M")],
                        tmp_path)
    assert "mem=" in found["none"].line("panic: ")
    assert "no memory between" in found["high"].line("panic: ")


LOGGED = re.compile(r"memblock_(\w+): \[(0x[0-9a-f]{8})-(0x[0-9a-f]{8})\] "
                    r"(\w+)\+(0x[0-9a-f]+)$", re.M)


@pytest.mark.parametrize("name", ["memblock-debug", "memblock-debug-release"])
def test_memblock_debug_names_what_was_done_and_the_caller(booted, name):
    """A wrapper's own name would say nothing."""
    booted = booted[name]
    lines = re.findall("^memblock_.*$", booted.outcome.console, re.M)
    found = LOGGED.findall(booted.outcome.console)
    assert len(found) == len(lines) > 4
    image = booted.state["_stext"] - PAGE_OFFSET + RAM
    assert ("reserve", f"{image:#010x}") in [(what, base) for
                                             what, base, *_ in found]
    callers = {caller for _, _, _, caller, _ in found}
    assert {"arch_memblock_reserve", "early_init_fdt_reserve_self"} <= callers
    assert not [caller for caller in callers if caller.startswith("memblock_")]


@pytest.mark.parametrize("name", ["memblock-debug", "memblock-debug-release"])
def test_memblock_debug_lines_add_up_to_the_reserved_list(booted, name):
    """Replayed byte by byte of the pages, they give memblock.reserved."""
    marks = bytearray(256 * MIB)
    for match in LOGGED.finditer(booted[name].outcome.console):
        what, start, last = match[1], int(match[2], 16), int(match[3], 16)
        if what in ("reserve", "alloc", "free"):
            value = b"\0" if what == "free" else b"r"
            size = last + 1 - start
            marks[start - RAM:start - RAM + size] = value * size
    found = [(RAM + run.start(), len(run.group()))
             for run in re.finditer(b"r+", marks)]
    assert found == ranges_of(booted[name].state["reserved"])


def test_memblock_debug_dumps_both_lists(booted):
    console = booted["memblock-debug"].outcome.console
    assert re.search(r"^memblock: memory\[0\] \[0x10000000-0x17ffffff\]", console,
                     re.M)
    assert re.search(r"^memblock: reserved\[0\] \[0x10004000-0x10007fff\]", console,
                     re.M)
