# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual memory as a core's segments say it, where no page tables are given."""
from __future__ import annotations

from pathlib import Path

import pytest
from banks import library
from elfcore import UNKNOWN, Core, Segment

from mmscope.errors import FaultError
from mmscope.target.engine import MMU_ARM64, MMU_NONE, Machine, Mapping

IMAGE, LINEAR, VMALLOC = 0xFFFF_8000_8000_0000, 0xFFFF_0000_0000_0000, 0xFFFF_C000_0000_0000
TEXT, RAM, PAGE = bytes(range(256)) * 16, b"linear" * 1000, b"vmalloc!" * 512


def opened(path: Path, *segments: Segment, **kind: object) -> Machine:
    """A machine that has a core of these."""
    (path / "core").write_bytes(Core(list(segments), **kind).to_bytes())
    machine = Machine(library())
    machine.open(str(path / "core"))
    return machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Three pieces: of one only the virtual address is known, as in /proc/kcore."""
    return opened(tmp_path, Segment(TEXT, 0x4020_0000, IMAGE), Segment(RAM, 0x4000_0000, LINEAR),
                  Segment(PAGE, UNKNOWN, VMALLOC))


def test_each_segment_is_at_its_virtual_address(machine: Machine) -> None:
    assert machine.read_virt(IMAGE + 5, 3) == b"\x05\x06\x07"
    assert machine.read_virt(LINEAR, len(RAM)) == RAM
    assert machine.read_virt(VMALLOC + 4088, 8) == b"vmalloc!"
    assert machine.translate(LINEAR + 100) == Mapping(LINEAR, 0x4000_0000, len(RAM))


def test_what_has_no_physical_address_is_not_translated(machine: Machine) -> None:
    with pytest.raises(FaultError):
        machine.translate(VMALLOC)


@pytest.mark.parametrize("addr, size, fault", [
    (0, 1, 0), (IMAGE - 1, 2, IMAGE - 1), (IMAGE + 4095, 2, IMAGE + 4096), (LINEAR + len(RAM), 1, LINEAR + len(RAM)),
    ((1 << 64) - 1, 1, (1 << 64) - 1)])
def test_behind_a_segment_nothing_is_read(machine: Machine, addr: int, size: int, fault: int) -> None:
    with pytest.raises(FaultError) as caught:
        machine.read_virt(addr, size)
    assert caught.value.addr == fault
    with pytest.raises(FaultError):
        machine.translate(fault)


def test_segments_that_touch_are_read_as_one_and_the_first_of_two_counts(tmp_path: Path) -> None:
    machine = opened(tmp_path, Segment(b"a" * 8192, 0x1000, 0xC0000000), Segment(b"b" * 4096, 0x9000, 0xC0002000),
                     Segment(b"c" * 8192, 0xF000, 0xC0001000), bits=32, order=">", machine=40)
    assert machine.read_virt(0xC0001FFE, 4) == b"aabb"
    assert machine.translate(0xC0001800) == Mapping(0xC0000000, 0x1000, 8192)
    assert machine.translate(0xC0002000).phys == 0x9000


def test_page_tables_take_the_place_of_segments_until_they_are_taken_away(machine: Machine) -> None:
    machine.set_mmu(MMU_ARM64, 12, 48, 0x4000_0000)
    with pytest.raises(FaultError):
        machine.read_virt(LINEAR, 1)
    machine.set_mmu(MMU_NONE)
    assert machine.read_virt(LINEAR, 6) == b"linear"
