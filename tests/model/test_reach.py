# SPDX-License-Identifier: GPL-2.0-or-later
"""Which way memory is reached: only one that was seen to give the right bytes, and what is not taken is said."""
import pytest

from machine import PAGE_OFFSET, PHYS_OFFSET
from mmscope.errors import BrokenPath, FaultError
from mmscope.model.context import Context
from mmscope.model.info import info
from mmscope.model.reach import AUTO, HOST, PHYSICAL, STUB, choose
from mmscope.target.translated import Translated
from mmscope.view.info import info_text


class Physical:
    """The machine's lowmem by its physical addresses."""

    line_bytes = 0

    def __init__(self, ram, name):
        self.ram, self.name, self.detail, self.meter = ram, name, f"the {name} of a test", ram.meter
        self.reads = 0
        self.moved = 0

    def drop(self):
        pass

    def read(self, phys, size):
        self.reads += 1
        data, at = self.ram._area(phys - PHYS_OFFSET + PAGE_OFFSET + self.moved, size)
        return bytes(data[at:at + size])


class Ways:
    """What a session finds."""

    def __init__(self, machine):
        self.virtual = machine.ram
        self.found = {"host": Physical(machine.ram, "file"), "physical": Physical(machine.ram, "switch")}

    def _get(self, name):
        found = self.found[name]
        if isinstance(found, str):
            raise BrokenPath(found)
        return found

    def host(self):
        return self._get("host")

    def physical(self):
        return self._get("physical")


@pytest.fixture
def ways(machine):
    return Ways(machine)


def taken(machine, ways, mode=AUTO):
    """The name of the way, and the notes."""
    choice = choose(machine.context(), ways, mode)
    return choice.transport.name, " ".join(choice.notes)


@pytest.mark.parametrize("mode, name", [(AUTO, "file"), (HOST, "file"), (PHYSICAL, "switch"), (STUB, "test memory")])
def test_the_setting_decides_and_auto_is_host_memory(machine, ways, mode, name):
    assert taken(machine, ways, mode) == (name, "")


def test_turned_off_nothing_is_even_looked_for(machine, ways):
    ways.host = ways.physical = None
    assert taken(machine, ways, STUB)[0] == "test memory"


def test_without_host_memory_it_is_the_stub_and_why_is_said(machine, ways):
    ways.found["host"] = "no permission"
    assert taken(machine, ways) == ("test memory", "host memory is not used: no permission")
    assert ways.found["physical"].reads == 0        # virtual reads work: the switch is left alone


def test_where_the_cpu_has_no_kernel_mapped_it_is_physical_memory(machine, ways):
    ways.found["host"] = "not local"
    blind = machine.context()
    assert blind.arch.phys_offset == PHYS_OFFSET    # found before
    machine.static = blind.banner.encode() + b"\0"
    blind.__dict__.update(banner=None)
    choice = choose(blind, ways, AUTO)
    assert choice.transport.name == "switch"
    assert choice.transport.read(machine.addr("max_pfn"), 4) == machine.ram.read(machine.addr("max_pfn"), 4)


@pytest.mark.parametrize("moved", [4096, 64, 1 << 30])
def test_memory_whose_banner_does_not_read_back_is_not_used(machine, ways, moved):
    ways.found["host"].moved = moved
    assert taken(machine, ways) == ("test memory", "host memory is not used: the kernel's page tables are not known yet")


def test_without_a_banner_to_compare_with_nothing_is_believed(machine, ways):
    machine.ram.areas.clear()
    assert taken(machine, ways, HOST)[0] == "test memory"
    assert taken(machine, ways, PHYSICAL)[0] == "test memory"


def test_no_target_or_no_symbols_asks_for_nothing(machine, ways):
    ways.host = ways.physical = None
    machine.live = "no target"
    assert taken(machine, ways) == ("test memory", "")
    machine.live = None
    machine.shapes.symbols.clear()
    assert taken(machine, ways) == ("test memory", "")


def test_info_says_which_way_of_which_file_and_how_to_change_it(machine, ways):
    choice = choose(machine.context(), ways, AUTO)
    ctx = machine.context()
    ctx = Context(type(ctx.memory)(choice.transport), ctx.layout, ctx.host)
    ctx.notes = ("something else is not used: because",)
    result = info(ctx)
    assert (result.transport, result.transport_detail) == ("file", "the file of a test")
    text = info_text(result)
    assert "file, the file of a test" in text and "set mm-transport" in text and "not used: because" in text


def test_a_way_found_reads_no_more_than_it_has(machine, ways):
    transport = choose(machine.context(), ways, AUTO).transport
    assert isinstance(transport, Translated)
    with pytest.raises(FaultError):
        transport.read(0x1000, 4)
