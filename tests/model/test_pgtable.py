# SPDX-License-Identifier: GPL-2.0-or-later
"""mm pgtable on the test machine: which tables, what is said, and what is refused in one line."""
import pytest

from machine import PAGE_OFFSET, PGD, PHYS_OFFSET
from mmscope.errors import MmError
from mmscope.model.pagetable import address, walk
from mmscope.view.pgtable import pgtable_text


def test_a_lowmem_address_is_mapped_by_a_section_of_the_kernels_table(machine):
    found = walk(machine.context(), PAGE_OFFSET + 0x123456, False)
    assert (found.phys, found.size, found.user) == (PHYS_OFFSET + 0x123456, 1 << 20, False)
    assert found.root_source == "swapper_pg_dir" and found.root == PGD - PAGE_OFFSET + PHYS_OFFSET
    assert found.pfn == found.phys >> 12 and found.page == machine.page(found.pfn)
    assert found.problems == () and found.mapped


def test_a_hole_is_told_not_guessed(machine):
    found = walk(machine.context(), 0xF0000000, False)
    assert not found.mapped and (found.phys, found.pfn, found.page, found.size) == (None,) * 4
    assert found.verdict == "not mapped: the pgd entry is empty"


def test_a_table_outside_memory_is_a_problem(machine):
    machine.poke(PGD + 0xF00 * 4, 0x90000001)
    found = walk(machine.context(), 0xF0000000, False)
    assert not found.mapped and "cannot be read" in found.verdict
    assert [problem.id for problem in found.problems] == ["PGTABLE-1"]


def test_user_space_and_user_are_the_cpus_tables(machine):
    ctx = machine.context()
    with pytest.raises(MmError, match="registers"):
        walk(ctx, 0x10000, False)
    machine.registers.update(TTBCR=0, TTBR0_EL1=0x10004000, TTBR1_EL1=0x10004000)
    assert walk(machine.context(), 0x10000, False).root_source == "TTBR0"
    assert walk(machine.context(), PAGE_OFFSET, True).root_source == "TTBR0"
    assert walk(machine.context(), PAGE_OFFSET, False).root_source == "swapper_pg_dir"


def test_without_mmu_there_is_no_walk(machine):
    machine.registers["SCTLR"] = 0
    with pytest.raises(MmError, match="MMU is off"):
        walk(machine.context(), PAGE_OFFSET, False)


@pytest.mark.parametrize("text", ["phys:0x10000000", "pfn:0x10000"])
def test_a_physical_address_makes_no_sense_here_and_that_is_said(machine, text):
    with pytest.raises(MmError, match="virtual"):
        address(machine.context(), text)


def test_text_fits_80_columns(machine):
    machine.poke(PGD + 0xF00 * 4, 0x10200001)
    for addr in (PAGE_OFFSET, 0xF0000000, 0xF1000000):
        text = pgtable_text(walk(machine.context(), addr, False))
        assert max(map(len, text.splitlines())) <= 80 and "result" in text


def test_the_kernels_own_tables_are_found(machine):
    machine.poke(PGD + 0xF00 * 4, 0x10200401)
    machine.poke(PGD + 0xF01 * 4, 0x10200C01)
    assert machine.context().kernel_tables == {0x10200000}
    assert machine.context().kernel_tables and len(machine.ram.reads) < 200
