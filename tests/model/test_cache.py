# SPDX-License-Identifier: GPL-2.0-or-later
"""The cache reads in lines, merges what touches, counts honestly, and forgets when it is told."""
import pytest

from machine import Ram
from mmscope.errors import FaultError
from mmscope.target.cache import CachedMemory


@pytest.fixture
def memory():
    ram = Ram()
    ram.add(0x10000, 0x4000)
    for at in range(0x4000):
        ram.areas[0x10000][at] = at * 7 & 0xFF
    return CachedMemory(ram)


def test_reads_are_whole_lines_and_come_once(memory):
    assert memory.read(0x10003, 2) == bytes([21, 28])
    assert memory.read(0x107FF, 1) == bytes([0x7FF * 7 & 0xFF])
    assert memory.transport.reads == [(0x10000, 2048)]
    assert (memory.cost.requests, memory.cost.bytes, memory.cost.hits) == (1, 2048, 1)


def test_lines_that_touch_are_one_read_but_as_many_requests(memory):
    assert len(memory.read(0x10700, 0x1100)) == 0x1100
    assert memory.transport.reads == [(0x10000, 0x1800)]
    assert memory.cost.requests == 3


def test_only_missing_lines_are_read(memory):
    memory.read(0x10800, 1)
    memory.read(0x10000, 0x2000)
    assert memory.transport.reads == [(0x10800, 2048), (0x10000, 2048), (0x11000, 4096)]


def test_a_hole_costs_its_line_only_and_names_its_address(memory):
    with pytest.raises(FaultError) as error:
        memory.read(0x13000, 0x2000)
    assert error.value.addr == 0x14000
    assert memory.read(0x13FFC, 4)


def test_what_cannot_be_read_is_not_asked_for_again(memory):
    for _ in range(3):
        with pytest.raises(FaultError):
            memory.read(0x90000, 4)
    assert memory.cost.requests == 1


def test_drop_forgets(memory):
    memory.read(0x10000, 4)
    memory.transport.write(0x10000, b"new!")
    assert memory.read(0x10000, 4) != b"new!"
    memory.drop()
    assert memory.read(0x10000, 4) == b"new!"


@pytest.mark.parametrize("addr, size", [(-4, 8), (0x10000, -1), (1 << 64, 4)])
def test_addresses_that_cannot_be(memory, addr, size):
    with pytest.raises(FaultError):
        memory.read(addr, size)


def test_nothing_is_read_for_nothing(memory):
    assert memory.read(0x5, 0) == b""


def test_stats_are_of_the_last_command(memory):
    memory.read(0x10000, 4)
    memory.finish("zones", 1.5, True)
    memory.read(0x11000, 4)
    memory.finish("stats", 0.1, False)
    assert (memory.last.command, memory.last.cost.requests, memory.total.requests) == ("zones", 1, 2)
