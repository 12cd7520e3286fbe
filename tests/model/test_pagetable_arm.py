# SPDX-License-Identifier: GPL-2.0-or-later
"""32-bit ARM walks over tables made by hand, bit by bit as the architecture manual has them."""
import pytest

from mmscope.errors import FaultError
from mmscope.layout.arm_mmu import LpaeMmu, ShortMmu, cpu_mmu
from mmscope.layout.pagetable import mapped
from tables import Physical

ROOT, SECOND = 0x10004000, 0x10008400


def short(entry, addr, second=None):
    """Walk with one first-level entry, and one second-level entry."""
    memory = Physical(4)
    memory.put(ROOT, addr >> 20, entry)
    if second is not None:
        memory.put(SECOND, addr >> 12 & 0xff, second)
    steps = ShortMmu().walk(memory.read, ROOT, addr)
    return steps, mapped(steps, addr)


def test_section_is_a_mebibyte():
    steps, phys = short(0x41200c0e | 1 << 16 | 1 << 12, 0xc1234567)
    assert phys == 0x41234567 and len(steps) == 1
    assert (steps[0].level, steps[0].index, steps[0].entry_phys, steps[0].kind, steps[0].size) == (
        "pgd", 0xc12, ROOT + 0xc12 * 4, "block", 1 << 20)
    assert steps[0].flags == ("AP=3", "TEX=1", "B", "C", "S", "Domain=0")


def test_supersection_is_16_mebibytes_and_reaches_beyond_4_gib():
    entry = 0x8a000000 | 1 << 18 | 2 | 0x3 << 20 | 0x5 << 5
    steps, phys = short(entry, 0xc1234567)
    assert phys == 0x53_8a234567 and steps[0].size == 1 << 24


def test_small_page_and_large_page():
    table = SECOND | 1 | 7 << 5
    steps, phys = short(table, 0xbf012345, 0xbe9d645f)
    assert phys == 0xbe9d6345 and [step.level for step in steps] == ["pgd", "pte"]
    assert steps[0].flags == ("Domain=7",) and steps[1].kind == "page"
    assert steps[1].flags == ("AP=1", "TEX=1", "B", "C", "S", "XN")
    steps, phys = short(table, 0xbf01f345, 0x20000001 | 1 << 15 | 1 << 9 | 2 << 4)
    assert phys == 0x2000f345 and (steps[1].kind, steps[1].size) == ("block", 1 << 16)
    assert "AP=6" in steps[1].flags and "XN" in steps[1].flags


def test_holes_are_told_at_both_levels():
    for walk, level in ((short(0, 0xd0000000), "pgd"), (short(SECOND | 1, 0xd0000000, 0), "pte")):
        steps, phys = walk
        assert phys is None and (steps[-1].level, steps[-1].kind, steps[-1].phys) == (level, "none", None)


def test_a_table_that_cannot_be_read_ends_the_walk_and_the_first_one_is_a_fault():
    steps, phys = short(0xfff00001, 0xd0000000)
    assert phys is None and len(steps) == 1 and steps[0].kind == "table"
    with pytest.raises(FaultError):
        ShortMmu().walk(Physical(4).read, ROOT, 0)


def test_a_table_that_leads_to_itself_ends_like_any_other():
    memory = Physical(4)
    for index in range(4096):
        memory.put(ROOT, index, ROOT | 1)
    assert len(ShortMmu().walk(memory.read, ROOT, 0xc0000000)) == 2
    assert ShortMmu().tables(memory.read, ROOT).keys() == {ROOT}
    assert memory.reads < 10


def test_second_level_tables_are_found():
    memory = Physical(4)
    for index in range(0, 4096, 1024):
        memory.put(ROOT, index, 0)
    for index, entry in ((3000, SECOND | 1), (3001, SECOND + 0x400 | 1), (3002, 0x4120041e), (3003, 0x20000001)):
        memory.put(ROOT, index, entry)
    found = ShortMmu().tables(memory.read, ROOT)
    assert found.keys() == {SECOND, SECOND + 0x400, 0x20000000}
    assert (found[SECOND].level, found[SECOND].start, found[SECOND].size) == ("pte", 3000 << 20, 1 << 20)


LPAE_ROOT, PMD, PTE = 0x40203000, 0x40204000, 0x1_4000_5000


def lpae(pmd, pte=None, addr=0xc1234567):
    """Walk with one entry each."""
    memory = Physical()
    memory.put(LPAE_ROOT, addr >> 30, PMD | 3)
    memory.put(PMD, addr >> 21 & 0x1ff, pmd)
    if pte is not None:
        memory.put(PTE, addr >> 12 & 0x1ff, pte)
    steps = LpaeMmu().walk(memory.read, LPAE_ROOT, addr)
    return steps, mapped(steps, addr)


def test_lpae_block_is_two_mebibytes_and_has_40_bits():
    steps, phys = lpae(0x40_0000_0000 + 0x3f_4120_0711 | 1 << 54 | 1 << 53)
    assert phys == (0x7f_4120_0000 & (1 << 40) - 1) + 0x34567 and steps[1].size == 2 << 20
    assert steps[1].flags == ("AttrIndx=4", "AP=0", "SH=3", "AF", "PXN", "XN")


def test_lpae_page_table_above_4_gib():
    steps, phys = lpae(PTE | 3, 0xfe_dcba_9f4b)
    assert phys == 0xfe_dcba_9567 and [step.level for step in steps] == ["pgd", "pmd", "pte"]
    assert "nG" in steps[2].flags


def test_lpae_page_entry_without_its_second_bit_is_reserved():
    steps, phys = lpae(PTE | 3, 0x41234701)
    assert phys is None and (steps[2].kind, steps[2].flags) == ("none", ("reserved",))


def test_registers_choose_format_and_table():
    mmu = cpu_mmu({"TTBCR": 0, "TTBR0_EL1": 0x40204059, "TTBR1_EL1": 0x40204059}.get)
    assert isinstance(mmu, ShortMmu) and mmu.root(0xc0000000).phys == 0x40204000
    mmu = cpu_mmu({"TTBCR": 0xb50a3500 | 2 << 16, "TTBR0": 0x5_4000_3000 | 7 << 48, "TTBR1": 0x40207000}.get)
    assert mmu.root(0x1000).phys == 0x5_4000_3000
    assert (mmu.root(0xc0000000).phys, len(mmu.levels(0xc0000000))) == (0x40207000, 2)
    assert mmu.root(0xbfffffff).source == "TTBR0"
    assert cpu_mmu({}.get) is None


def test_a_kernel_that_switches_ttbr0_off_has_its_own_tables():
    mmu = cpu_mmu({"TTBCR": 0xb50a3500 | 2 << 16 | 1 << 7, "TTBR0": 0x40003000, "TTBR1": 0x40207000}.get)
    assert mmu.root(0xc0000000).phys == 0x40207000 and mmu.root(0x1000) is None


def test_the_secure_bank_counts_where_the_other_is_empty():
    mmu = cpu_mmu({"TTBCR": 0, "TTBR0_EL1": 0, "TTBR1_EL1": 0,
                   "TTBCR_S": 0, "TTBR0_EL1_S": 0x10004000, "TTBR1_EL1_S": 0x10004000}.get)
    assert mmu.root(0).phys == 0x10004000


def test_ttbcr_n_gives_the_upper_part_to_ttbr1():
    mmu = cpu_mmu({"TTBCR": 1, "TTBR0_EL1": 0x40202000, "TTBR1_EL1": 0x40204000}.get)
    assert (mmu.root(0x7fffffff).phys, mmu.root(0x80000000).phys) == (0x40202000, 0x40204000)
