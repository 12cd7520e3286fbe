# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts/lab/state.py makes of GDB's words, and what it refuses."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab import state, tree
from lab.common import LabError
from lab.kernels import SABRELITE

# A machine of 16 pages; 9 are free.
GDB = """\
0x40000000 in ?? ()
mmscope: at mem_init 0
mmscope: release 6.1.0
mmscope: lowmem 40010000
mmscope: mem_map 40000 4000d000 24
mmscope: memory 40000000 10000 0
mmscope: reserved 40009000 7000 0
mmscope: at kmem_cache_init 0
mmscope: totalram 9
mmscope: orders 4
mmscope: zone DMA 40000 10 10 9 9
mmscope: area DMA 0 1
mmscope: block DMA 0 Movable 40008 0
mmscope: area DMA 1 0
mmscope: area DMA 2 0
mmscope: area DMA 3 1
mmscope: block DMA 3 Movable 40000 3
mmscope: zone HighMem 0 0 0 0 0
[Inferior 1 (process 1) detached]
"""


def test_a_whole_answer_is_decoded_and_agrees() -> None:
    decoded = state.decode(GDB)
    assert decoded.mem_map == (0x40000, 0x4000d000, 36)
    assert decoded.reserved == ((0x40009000, 0x7000, 0),)
    assert [zone.name for zone in decoded.zones] == ["DMA", "HighMem"]
    assert [(b.order, b.pfn) for b in decoded.blocks] == [
        (0, 0x40008), (3, 0x40000)]
    state.complain(decoded, 9)


@pytest.mark.parametrize("old, new, what", [
    ("totalram 9", "totalram 8", "totalram_pages is 8, its lists make 9"),
    ("10 9 9", "10 8 9", "managed_pages of zone DMA is 8"),
    ("10 9 9", "10 9 8", "NR_FREE_PAGES of zone DMA is 8"),
    ("area DMA 3 1", "area DMA 3 2", "nr_free of zone DMA, order 3 is 2"),
    ("block DMA 3 Movable 40000 3", "block DMA 3 Movable 40000 2",
     "page->private of pfn 0x40000 is 2"),
])
def test_a_kernel_that_contradicts_itself_is_refused(old: str, new: str,
                                                     what: str) -> None:
    assert old in GDB
    with pytest.raises(LabError, match=what):
        state.complain(state.decode(GDB.replace(old, new)), 9)


def test_the_log_has_to_agree_too() -> None:
    with pytest.raises(LabError, match="by the log is 8.5"):
        state.complain(state.decode(GDB), 8.5)


@pytest.mark.parametrize("old, new, what", [
    ("at mem_init 0", "at mem_init 4", "GDB stopped elsewhere"),
    ("orders 4", "broken DMA 3\nmmscope: orders 4", "found a broken list"),
    ("mmscope: totalram 9\n", "", "not whole: KeyError"),
    ("memory 40000000 10000 0", "memory 40000000", "not whole: ValueError"),
])
def test_an_answer_that_is_not_whole_is_refused(old: str, new: str,
                                                what: str) -> None:
    assert old in GDB
    with pytest.raises(LabError, match=what):
        state.decode(GDB.replace(old, new))


def test_the_log_counts_present_less_reserved_less_cma(tmp_path: Path) -> None:
    log = tmp_path / "serial.txt"
    log.write_text("[    0.0] Memory: 28K/64K available (1K kernel code, "
                   "2K bss, 20K reserved, 8K cma-reserved, 0K highmem)\r\n")
    assert state.logged_pages(log) == 9


@pytest.mark.parametrize("text", ["", "1M", "0x1000:", ":4K", "0x1000:4X",
                                  "0x1000:0", "0x1000:-1"])
def test_a_bad_range_is_named(text: str) -> None:
    with pytest.raises(LabError, match=f"^{text}: "):
        tree.parse_range(text)


def test_ranges_have_suffixes() -> None:
    assert tree.parse_range("0x48000000:28K") == (0x48000000, 28 << 10)
    assert tree.parse_range("4096:0x1000") == (4096, 4096)


def test_a_tree_gets_a_no_map_node_for_each_range(tmp_path: Path) -> None:
    dtb = tmp_path / "given.dtb"
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(dtb)],
                   input="/dts-v1/; / { #address-cells = <1>; "
                   "#size-cells = <1>; };", text=True, check=True, timeout=20)
    before = dtb.read_bytes()
    result = tree.without_map(SABRELITE, "1G", dtb,
                              ["0x12345000:28K", "0x30000000:1M"], tmp_path)
    assert result and result != dtb and dtb.read_bytes() == before
    text = tree.tool("dtc", "-q", "-I", "dtb", "-O", "dts", str(result))
    assert text.count("no-map;") == 2 and "ranges;" in text
    assert "reg = <0x12345000 0x7000>;" in text
    assert "reg = <0x30000000 0x100000>;" in text


def test_without_ranges_the_tree_stays(tmp_path: Path) -> None:
    assert tree.without_map(SABRELITE, "1G", None, [], tmp_path) is None
    assert not list(tmp_path.iterdir())
