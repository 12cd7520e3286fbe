# SPDX-License-Identifier: GPL-2.0-or-later
"""x86-64 walks over tables made by hand: four and five levels, each size of page."""
import pytest

from mmscope.errors import FaultError
from mmscope.layout.pagetable import Root, mapped
from mmscope.layout.x86_mmu import X86Mmu, cpu_mmu, kernel_copy
from tables import Physical

ROOT = 0x2a10000
ADDR = 0xffffffff82a1aa40


def tables(levels, addr=ADDR):
    """Tables down to the last level; where they are, and the index in each."""
    memory = Physical()
    places = [ROOT] + [0x1_0000_0000 + (number << 12) for number in range(1, levels)]
    indices = [addr >> shift & 0x1ff for shift in (48, 39, 30, 21, 12)[5 - levels:]]
    for number in range(levels - 1):
        memory.put(places[number], indices[number], places[number + 1] | 0x67)
    return memory, places, indices


@pytest.mark.parametrize("five", [False, True])
def test_a_page_of_4_kib(five):
    memory, places, indices = tables(5 if five else 4)
    memory.put(places[-1], indices[-1], 1 << 63 | 0x000f_edcb_a987_6000 | 0x1e3)
    steps = X86Mmu(five).walk(memory.read, ROOT, ADDR)
    assert [step.level for step in steps] == ("pgd p4d pud pmd pte" if five else "pgd pud pmd pte").split()
    assert mapped(steps, ADDR) == 0x000f_edcb_a987_6a40
    assert steps[-1].flags == ("RW", "A", "D", "G", "PAT", "NX")
    assert steps[0].flags == ("RW", "US", "A")


@pytest.mark.parametrize("at, shift", [(-2, 21), (-3, 30)])
def test_blocks_of_2_mib_and_1_gib(at, shift):
    memory, places, indices = tables(4)
    memory.put(places[at], indices[at], 0x1_c000_0000 | 1 << 12 | 0xe3)
    steps = X86Mmu().walk(memory.read, ROOT, ADDR)
    assert (steps[-1].kind, steps[-1].size, steps[-1].phys) == ("block", 1 << shift, 0x1_c000_0000)
    assert mapped(steps, ADDR) == 0x1_c000_0000 + ADDR % (1 << shift) and "PAT" in steps[-1].flags


@pytest.mark.parametrize("levels, at", [(4, 0), (5, 0), (5, 1)])
def test_no_block_is_larger(levels, at):
    memory, places, indices = tables(levels)
    memory.put(places[at], indices[at], 0xe3)
    last = X86Mmu(levels == 5).walk(memory.read, ROOT, ADDR)[-1]
    assert (last.kind, last.flags, last.phys) == ("none", ("reserved",), None)


def test_an_entry_that_is_not_present_is_a_hole_whatever_else_is_in_it():
    memory, places, indices = tables(4)
    memory.put(places[-1], indices[-1], 0x1234_5000 | 0x1e2)
    last = X86Mmu().walk(memory.read, ROOT, ADDR)[-1]
    assert (last.kind, last.phys, last.entry, last.flags) == ("none", None, 0x1234_51e2, ())


def test_an_address_that_is_not_canonical_has_no_levels():
    for five, addr in ((False, 1 << 47), (False, 0x7fff << 48), (True, 1 << 56), (False, 1 << 63)):
        mmu = X86Mmu(five)
        assert mmu.levels(addr) == ()
        with pytest.raises(FaultError):
            mmu.walk(Physical().read, ROOT, addr)
    assert len(X86Mmu(True).levels(1 << 55)) == 5 and len(X86Mmu().levels(ADDR)) == 4


def test_a_table_outside_memory_ends_the_walk():
    memory, places, indices = tables(4)
    memory.put(places[0], indices[0], 0xf_ffff_ffff_f000 | 0x67)
    steps = X86Mmu().walk(memory.read, ROOT, ADDR)
    assert [step.kind for step in steps] == ["table"] and mapped(steps, ADDR) is None


def test_a_table_that_leads_to_itself_ends_like_any_other():
    memory = Physical()
    for index in range(512):
        memory.put(ROOT, index, ROOT | 0x67)
    assert [step.kind for step in X86Mmu(True).walk(memory.read, ROOT, ADDR)] == ["table"] * 4 + ["page"]
    assert X86Mmu().tables(memory.read, ROOT).keys() == {ROOT}


def test_tables_are_found_without_reading_the_last_level():
    memory, places, _ = tables(4)
    assert X86Mmu().tables(memory.read, ROOT).keys() == set(places[1:])
    del memory.pages[places[2] // 4096]
    assert X86Mmu().tables(memory.read, ROOT).keys() == set(places[1:3])


def test_an_encryption_bit_that_is_known_is_not_part_of_an_address():
    memory, places, indices = tables(4)
    memory.put(places[-1], indices[-1], 1 << 47 | 0x1234_5063)
    assert X86Mmu().walk(memory.read, ROOT, ADDR)[-1].phys == 1 << 47 | 0x1234_5000
    last = X86Mmu(encryption=1 << 47).walk(memory.read, ROOT, ADDR)[-1]
    assert last.phys == 0x1234_5000 and "C" in last.flags


def test_registers_give_table_and_number_of_levels():
    registers = {"cr3": 0x1_0000_3000 | 1 << 63 | 0x5, "cr4": 0x1020, "efer": 0xd01}
    mmu = cpu_mmu(registers.get)
    assert mmu.root(ADDR) == Root(0x1_0000_3000, "CR3") and mmu.five_levels
    assert kernel_copy(mmu.root(ADDR)).phys == 0x1_0000_2000
    assert kernel_copy(Root(0x2000, "CR3")) is None
    registers["efer"] = 0
    assert cpu_mmu(registers.get) is None and cpu_mmu({}.get) is None


@pytest.mark.parametrize("addr", [ADDR, 0x7f12_3456_7000])
def test_each_table_says_which_addresses_it_is_for(addr):
    memory, places, _ = tables(4, addr)
    found = X86Mmu().tables(memory.read, ROOT)
    assert list(found) == places[1:]
    for phys, level, shift in zip(places[1:], ("pud", "pmd", "pte"), (39, 30, 21)):
        place = found[phys]
        assert (place.level, place.start, place.size) == (level, addr >> shift << shift, 1 << shift)
