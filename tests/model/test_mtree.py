# SPDX-License-Identifier: GPL-2.0-or-later
"""RAM ranges and host addresses out of what QEMU's monitor prints."""
import pytest

from mmscope.target.mtree import Range, host_address, ram_ranges

SABRELITE = """\
FlatView #0
 AS "memory", root: system
 AS "cpu-memory-0", root: system
 Root memory region: system
  0000000000000000-0000000000017fff (prio 0, rom): imx6.rom
  0000000000900000-000000000093ffff (prio 0, ram): imx6.ocram
  0000000000a00000-0000000000a000ff (prio 0, i/o): a9-scu
  0000000010000000-000000006fffffff (prio 0, ram): sabrelite.ram

FlatView #1
 AS "I/O", root: io
 Root memory region: io
  0000000000000000-000000000000ffff (prio 0, i/o): io
"""
Q35 = """\
FlatView #0
 AS "cpu-smm-0", root: memory
 Root memory region: memory
  0000000000000000-00000000bfffffff (prio 0, ram): smm

FlatView #1
 AS "I/O", root: io
 Root memory region: io
  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan

FlatView #2
 AS "memory", root: system
 AS "cpu-memory-0", root: system
 Root memory region: system
  0000000000000000-000000000009ffff (prio 0, ram): ram
  00000000000a0000-00000000000affff (prio 1, ram): vga.vram
  00000000000c0000-00000000000dffff (prio 1, rom): pc.rom
  00000000000e0000-00000000000effff (prio 1, romd): pflash
  0000000000100000-000000007fffffff (prio 0, ram): ram @0000000000100000
  00000000fd000000-00000000fdffffff (prio 1, ram): vga vram KVM
  0000000100000000-000000013fffffff (prio 0, ram): ram @0000000080000000 KVM

FlatView #3
 AS "ich9-ahci", root: bus master container
 Root memory region: (none)
  No rendered FlatView
"""


def test_one_range_and_on_chip_ram():
    assert ram_ranges(SABRELITE) == (Range(0x900000, 0x940000, "imx6.ocram"),
                                     Range(0x10000000, 0x70000000, "sabrelite.ram"))


def test_ram_on_both_sides_of_a_hole_comes_from_system_memory_only():
    ranges = ram_ranges(Q35)
    assert [(each.start, each.end) for each in ranges if each.name.startswith("ram")] == [
        (0, 0xA0000), (0x100000, 0x80000000), (0x100000000, 0x140000000)]
    assert "smm" not in {each.name for each in ranges}


@pytest.mark.parametrize("text", [
    "", "invalid command name\n", SABRELITE.replace('AS "memory"', 'AS "other"'),
    SABRELITE.replace("0000000010000000-", "0000000000900000-"),       # overlaps
    SABRELITE.replace("000000006fffffff", "000000000fffffff")])        # ends before it begins
def test_what_is_not_understood_is_no_ram(text):
    assert ram_ranges(text) == ()


def test_host_address_is_that_of_the_address_asked_for():
    said = "Host virtual address for 0x100000000 (ram, of a name) is 0x7ff2a3fff000\r\n"
    assert host_address(said, 0x100000000) == 0x7FF2A3FFF000
    assert host_address(said, 0) is None
    assert host_address("No memory is mapped at address 0x0\n", 0) is None
    assert host_address("", 0) is None
