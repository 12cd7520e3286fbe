# SPDX-License-Identifier: GPL-2.0-or-later
"""What a newcomer types first: the demo, and README's session."""
import os
import re
import subprocess

import pytest

import article
from guest import ROOT

DEMO_SECONDS = 150


@pytest.fixture(scope="module")
def demo():
    """All that scripts/demo prints."""
    done = subprocess.run([str(ROOT / "scripts" / "demo")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=DEMO_SECONDS, check=False,
                          env={**os.environ, "COLUMNS": "80"})
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr
    assert done.stderr == ""
    return done.stdout


def printed(text, command):
    """Values that a print command gave, in order."""
    return re.findall(r"\(gdb\) " + re.escape(command) + r"\n\$\d+ = (\S+)\n", text)


def test_demo_prints_the_articles_figures(demo):
    for expression, value in article.EXPRESSIONS.items():
        found = printed(demo, f"print/x {expression}") + printed(demo, f"print {expression}")
        assert int(value, 0) in [int(each, 0) for each in found], expression


def test_demo_steps_through_every_line_of_mm_init(demo):
    steps = re.findall(r"\(gdb\) next\n\d+\t\t(\w+)\(\);", demo)
    assert steps == ["page_ext_init_flatmem", "mem_init", "kmem_cache_init", "percpu_init_late", "pgtable_init",
                     "vmalloc_init", "ioremap_huge_init", "kaiser_init"]
    assert printed(demo, "print/x totalram_pages") == ["0x0"] * 2 + ["0x4a2c8"] * 8


def test_demo_shows_the_cma_pool_coming_back(demo):
    assert printed(demo, "print/x contig_page_data.node_zones[1].managed_pages") == ["0x1c000", "0x30000"]


def test_demo_fits_80_columns(demo):
    assert [line for line in demo.splitlines() if len(line) > 80] == []


def test_demo_refuses_what_it_does_not_know():
    done = subprocess.run([str(ROOT / "scripts" / "demo"), "--frob"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=DEMO_SECONDS, check=False)
    assert done.returncode == 2 and done.stderr == "usage: scripts/demo [--shell]\n" and done.stdout == ""


def test_a_block_taken_by_hand_splits_another_and_merges_back(boot):
    """README's session: alloc_pages() and __free_pages() called from GDB."""
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    before = blocks(guest)
    guest.gdb.run("print $page = alloc_pages(0, 1)")
    taken = guest.gdb.json("mm page $page --json")["pfn"]
    split = blocks(guest)
    (head, order), = before - split         # its first page is the one taken
    assert head == taken and order > 1
    assert split - before == {(taken ^ 1 << half, half) for half in range(1, order)}
    guest.gdb.run("print __free_pages($page, 1)")
    assert blocks(guest) == before


def blocks(guest):
    """(pfn, order) of every free block."""
    return {(block["pfn"], block["order"]) for block in guest.gdb.json("mm buddy --blocks --json")["blocks"]}
