# SPDX-License-Identifier: GPL-2.0-or-later
"""What a newcomer types first: the demo, and README's session."""
import os
import re
import subprocess
import time

import pytest

import article
from guest import ROOT, START_SECONDS
from harness.process import wait_for

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
    assert printed(demo, "print/x totalram_pages") == ["0x0"] * 2 + ["0x4a2c8"] * 2


def test_demo_shows_what_the_rest_of_mm_init_takes(demo):
    managed, left = re.findall(r"zone Normal: \d+ free blocks, (0x\w+) pages", demo)
    assert int(managed, 16) == 0x2e2c8 and 0x2e2c8 - 256 < int(left, 16) < 0x2e2c8
    assert printed(demo, "print slab_state") == ["UP"]


def test_demo_shows_the_cma_pool_coming_back(demo):
    assert printed(demo, "print/x contig_page_data.node_zones[1].managed_pages") == ["0x1c000", "0x30000"]


def test_demo_ends_with_the_whole_boot_as_a_page(demo):
    phases = re.findall(r"^ ?\d+  +(\w+) ", demo.partition("mm step --all")[2], re.MULTILINE)
    assert phases.index("paging_init") < phases.index("free_highpages") < phases.index("cma_init_reserved_areas")
    name, count = re.search(r"^(\S+) is written: (\d+) snapshots$", demo, re.MULTILINE).groups()
    report = (ROOT / name).read_text(encoding="ascii")
    assert int(count) == len(phases) + 1 and all(f"-{phase}" in report for phase in phases)
    assert name in demo.splitlines()[-4]


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


def test_the_monitor_is_called_from_gdb(boot):
    """A string goes into the guest's own memory: it has the malloc() that GDB calls."""
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    before = blocks(guest)
    assert guest.gdb.run('output monitor_command("alloc 10")') == "0"
    assert len(before - blocks(guest)) == 1
    assert guest.gdb.run('output monitor_command("nonsense")') == "-2"


def test_shell_says_where_its_console_is():
    done = subprocess.run([str(ROOT / "scripts" / "demo"), "--shell"], cwd=ROOT, text=True, timeout=DEMO_SECONDS,
                          input="print $mm_console\n",
                          capture_output=True, check=False)
    path = re.search(r"scripts/console (/\S+/console)\n", done.stdout)
    assert path and f'"{path[1]}"' in done.stdout


def test_console_types_on_a_guest_and_shows_its_answers(tmp_path):
    """As long as the guest runs; what is piped in is typed."""
    socket, said = tmp_path / "console", tmp_path / "said"
    with subprocess.Popen([str(ROOT / "scripts" / "qemu"), "--serial", f"unix:{socket}"],
                          stdin=subprocess.DEVNULL) as qemu, said.open("wb") as out:
        try:
            wait_for("the console's socket", socket.exists, START_SECONDS)
            with subprocess.Popen([str(ROOT / "scripts" / "console"), str(socket)], stdin=subprocess.PIPE,
                                  stdout=out, stderr=out) as console:
                try:
                    wait_for("the guest to sleep", lambda: answers(console, said), START_SECONDS)
                finally:
                    console.kill()
        finally:
            qemu.kill()
    assert re.search(r"mm> alloc 3\r*\n\d+: pages pfn 0x\w+, 8 pages", said.read_text())


def answers(console, said):
    """Type, and see whether something has been allocated by now: the boot takes a moment."""
    console.stdin.write(b"alloc 3\r")
    console.stdin.flush()
    time.sleep(0.2)
    return "pages pfn" in said.read_text()


def test_console_says_what_is_missing(tmp_path):
    done = subprocess.run([str(ROOT / "scripts" / "console"), str(tmp_path / "none")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=DEMO_SECONDS, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "does the guest run?" in done.stderr


def blocks(guest):
    """(pfn, order) of every free block."""
    return {(block["pfn"], block["order"]) for block in guest.gdb.json("mm buddy --blocks --json")["blocks"]}
