# SPDX-License-Identifier: GPL-2.0-or-later
"""The stage follows from the structures, and each command says in one line what it lacks."""
import pytest

from machine import LOW_START
from mmscope.command import needs
from mmscope.errors import MmError
from mmscope.model.info import info
from mmscope.model.stage import Stage
from mmscope.view.info import info_text


def back_to(machine, stage):
    """Undo, step by step, what the boot does."""
    if stage < Stage.BOOTED:
        machine.poke(machine.addr("system_state"), 0)
    if stage < Stage.SLAB:
        machine.poke(machine.addr("slab_state"), 0)
    if stage < Stage.BUDDY:
        machine.set_total("totalram_pages", 0)
        machine.free(machine.low, 0, 1, LOW_START)
    if stage < Stage.HANDOVER:
        machine.link(machine.head(machine.low, 0, 1))
        machine.put(machine.zone(machine.low), "zone", "free_area[0].nr_free", 0)
    if stage < Stage.ZONES:
        machine.poke(machine.addr("mem_map"), 0)
        machine.ram.write(machine.addr("contig_page_data"), bytes(machine.shapes.structs["pglist_data"].size))
    if stage < Stage.MEMBLOCK:
        machine.memblock("memory")
    if stage < Stage.EARLY:
        machine.ram.write(machine.addr("linux_banner" if machine.new_style else "mmscope_banner"), bytes(8))


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_is_told_from_its_structures(machine, stage):
    back_to(machine, stage)
    ctx = machine.context()
    assert ctx.stage is stage
    assert info(ctx).stage == stage.name.lower()
    assert info_text(info(ctx)).count("\n") > 5


@pytest.mark.parametrize("stage", list(Stage))
def test_zones_are_refused_until_they_are_there(machine, stage):
    back_to(machine, stage)
    if stage >= Stage.ZONES:
        needs.zones(machine.context())
        return
    with pytest.raises(MmError) as error:
        needs.zones(machine.context())
    assert stage.name.lower() in str(error.value) and "\n" not in str(error.value)


def test_lists_that_are_not_initialised_are_no_zones_yet(machine):
    back_to(machine, Stage.ZONES)
    head = machine.head(machine.high, 3, 0)
    machine.poke(head, 0)
    assert machine.context().stage is Stage.MEMBLOCK


def test_mmu_off_is_said_with_what_to_do(machine):
    machine.registers["SCTLR"] = machine.registers["SCTLR_S"] = 0xC50078
    machine.ram.areas.clear()
    ctx = machine.context()
    assert ctx.stage is Stage.RESET
    assert "MMU is off" in ctx.stage_text and "hbreak" in ctx.stage_text


def test_banked_control_register_does_not_matter_once_the_banner_reads_back(machine):
    machine.registers.update(SCTLR=0xC50078, SCTLR_S=0xC5187D)
    assert machine.context().stage is Stage.BOOTED
    machine.ram.areas.clear()
    assert "MMU" not in machine.context().stage_text


def test_memory_that_cannot_be_read_is_reset_not_an_error(machine):
    machine.ram.areas.clear()
    assert machine.context().stage is Stage.RESET
    assert info(machine.context()).zones == ()


def test_symbols_of_another_kernel_are_said_before_any_number(machine):
    machine.static = b"Linux version 5.10.0-1 (a@b)\0"
    with pytest.raises(MmError, match="5.10.0-1"):
        needs.target(machine.context())


def test_another_build_of_the_same_release_is_another_kernel(machine):
    banner = b"Linux version 6.1.0-test (other)\0" if machine.new_style else b"mmscope 4.9.0 (other)\0"
    machine.static = banner
    with pytest.raises(MmError, match="another build"):
        needs.target(machine.context())


def test_release_and_kind_come_from_the_banner(machine):
    ctx = machine.context()
    assert (ctx.kind, ctx.release) == (("linux", "6.1.0-test") if machine.new_style else ("guest", "4.9.0"))


def test_no_target_and_no_symbols_are_one_line_each(machine):
    machine.live = "no target: connect first"
    with pytest.raises(MmError, match="connect"):
        needs.memblock(machine.context())
    machine.shapes.symbols.clear()
    with pytest.raises(MmError, match="symbols"):
        needs.memblock(machine.context())


def test_physical_base_is_unknown_until_the_kernel_has_set_it(machine):
    machine.poke(machine.addr("__pv_phys_pfn_offset"), 0)
    assert machine.context().arch.phys_offset is None
    assert machine.context().arch.virt_to_phys(0xC0100000) is None


def test_symbols_without_types_are_said_before_any_number(machine):
    machine.shapes.structs.clear()
    machine.shapes._bodies.clear()
    for need in (needs.symbols, needs.target, needs.zones):
        with pytest.raises(MmError, match="DWARF"):
            need(machine.context())
