# SPDX-License-Identifier: GPL-2.0-or-later
"""Which way memory is reached: only one that was seen to give the right bytes, and what is not taken is said."""
import pytest

from machine import DATA, PAGE_OFFSET, PHYS_OFFSET
from mmscope.errors import BrokenPath, FaultError
from mmscope.model.context import Context
from mmscope.model.info import info
from mmscope.model.reach import AUTO, HOST, PHYSICAL, STUB, choose
from mmscope.model.stage import Stage
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

    def engine(self):
        return None


def map_sections(machine, tables):
    """A first-level table at an address: sections for all that the machine has."""
    for start, data in machine.ram.areas.items():
        for addr in range(start >> 20 << 20, start + len(data), 1 << 20):
            machine.poke(tables + (addr >> 20) * 4, addr - PAGE_OFFSET + PHYS_OFFSET | 0x412)


@pytest.fixture
def ways(machine):
    map_sections(machine, machine.addr("swapper_pg_dir"))
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


def test_a_banner_in_user_space_is_not_the_kernel(machine, ways):
    ctx = machine.context()
    assert ctx.stage is Stage.BOOTED
    machine.static = ctx.banner.encode() + b"\0"
    data, banner = machine.ram.areas.pop(DATA), machine.addr("linux_banner" if machine.new_style else "mmscope_banner")
    line = banner & -2048
    machine.ram.areas[line] = data[line - DATA:][:2048]
    assert not line <= machine.addr("contig_page_data") < line + 2048
    ctx = machine.context()
    assert ctx.memory.read(banner, 8) and ctx.banner is None
    assert ctx.stage is Stage.RESET


def test_an_address_of_user_space_is_not_looked_up_in_the_kernels_tables(machine, ways):
    kernel = machine.addr("max_pfn")
    machine.poke(machine.addr("swapper_pg_dir") + 4, kernel - PAGE_OFFSET + PHYS_OFFSET >> 20 << 20 | 0x412)
    choice = choose(machine.context(), ways, AUTO)
    assert choice.transport.name == "file" and choice.transport.read(kernel, 4)
    with pytest.raises(FaultError):
        choice.transport.read(0x100000 + kernel % 0x100000, 4)


@pytest.mark.parametrize("moved", [4096, 64, 1 << 30])
def test_memory_whose_banner_does_not_read_back_is_not_used(machine, ways, moved):
    ways.found["host"].moved = moved
    name, note = taken(machine, ways)
    assert name == "test memory" and "page tables are not known yet" in note


def test_early_in_the_boot_the_tables_are_those_of_the_cpu(machine, ways):
    map_sections(machine, 0xC0108000)
    first = machine.addr("swapper_pg_dir")
    machine.ram.write(first + 0x3000, bytes(0x100))
    assert taken(machine, ways)[0] == "test memory"
    machine.registers.update(TTBR0_EL1=0x10108000 | 0x4A, TTBCR=0)
    assert taken(machine, ways) == ("file", "")


@pytest.mark.parametrize("entry", [0x10200412, 0x90100412, 0, 1])
def test_tables_that_lead_elsewhere_are_not_believed(machine, ways, entry):
    machine.poke(machine.addr("swapper_pg_dir") + 0xC01 * 4, entry)
    assert taken(machine, ways)[0] == "test memory"


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
