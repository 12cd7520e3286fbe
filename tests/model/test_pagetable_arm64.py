# SPDX-License-Identifier: GPL-2.0-or-later
"""arm64 walks over tables made by hand: each page size, 36 to 52 bits, blocks at each level."""
import pytest

from mmscope.errors import FaultError
from mmscope.layout.arm64_mmu import Root, cpu_mmu, kernel_mmu
from mmscope.layout.pagetable import mapped
from tables import Physical

ROOT = 0x41858000
TOP = (1 << 64) - 1


def tables(bits, page_shift, count):
    """Tables of count levels for one kernel address; the address, the indices, and what follows the last."""
    addr = (1 << 64) - (1 << bits) + 0x123_4567_89ab % (1 << bits - 1)
    stride = page_shift - 3
    shifts = [page_shift + stride * level for level in reversed(range(count))]
    indices = [addr >> shift & (1 << min(stride, bits - shift)) - 1 for shift in shifts]
    memory = Physical()
    places = [ROOT] + [0x1_0000_0000 + (number << 16) for number in range(1, count)]
    for number, index in enumerate(indices[:-1]):
        memory.put(places[number], index, places[number + 1] | 3)
    return memory, addr, places, indices, shifts


@pytest.mark.parametrize("bits, page_shift, names", [
    (36, 14, "pgd pte"), (39, 12, "pgd pmd pte"), (42, 16, "pgd pte"), (47, 14, "pgd pmd pte"),
    (48, 12, "pgd pud pmd pte"), (48, 14, "pgd pud pmd pte"), (48, 16, "pgd pmd pte"), (52, 16, "pgd pmd pte"),
    (52, 14, "pgd pud pmd pte"), (52, 12, "pgd p4d pud pmd pte")])
def test_levels_follow_from_page_size_and_bits(bits, page_shift, names):
    names = names.split()
    memory, addr, places, indices, _ = tables(bits, page_shift, len(names))
    memory.put(places[-1], indices[-1], 0x1_2345_0000 | 0x703)
    mmu = kernel_mmu(bits, page_shift, Root(ROOT, "swapper_pg_dir"))
    steps = mmu.walk(memory.read, ROOT, addr)
    assert [step.level for step in steps] == names and [step.index for step in steps] == indices
    expected = 0x1_2345_0000 + addr % (1 << page_shift)
    assert mapped(steps, addr) == expected + (3 << 50 if bits > 48 and page_shift < 16 else 0)
    assert mmu.root(addr).phys == ROOT and mmu.root(addr & (1 << bits - 1) - 1) is None


@pytest.mark.parametrize("bits, page_shift, count, at, good", [
    (48, 12, 4, 0, False), (48, 12, 4, 1, True), (48, 12, 4, 2, True), (48, 12, 4, 3, False),
    (52, 12, 5, 1, True), (52, 12, 5, 0, False), (47, 14, 3, 1, True), (47, 14, 3, 0, False),
    (52, 14, 4, 1, True), (52, 14, 4, 0, False), (48, 16, 3, 1, True), (52, 16, 3, 0, True)])
def test_a_block_can_be_at_some_levels_only(bits, page_shift, count, at, good):
    memory, addr, places, indices, shifts = tables(bits, page_shift, count)
    memory.put(places[at], indices[at], (0x2_0000_0000 >> shifts[at] << shifts[at]) | 1)
    last = kernel_mmu(bits, page_shift, None).walk(memory.read, ROOT, addr)[-1]
    if not good:
        assert (last.kind, last.flags, last.phys) == ("none", ("reserved",), None)
        return
    assert (last.kind, last.size) == ("block", 1 << shifts[at])


def test_lpa2_keeps_two_address_bits_where_else_the_shareability_is():
    memory, addr, places, indices, _ = tables(52, 14, 4)
    memory.put(places[-1], indices[-1], 0x3_ffff_1234_8000 & (1 << 50) - 1 | 2 << 8 | 0x403)
    steps = kernel_mmu(52, 14, None).walk(memory.read, ROOT, addr)
    assert steps[-1].phys == (0x3_ffff_1234_8000 | 2 << 50) >> 14 << 14
    assert not any(flag.startswith("SH") for flag in steps[-1].flags)


def test_64k_pages_keep_four_address_bits_in_12_to_15():
    memory, addr, places, indices, _ = tables(52, 16, 3)
    memory.put(places[-1], indices[-1], 0x1234_0000 | 0xa << 12 | 0x703)
    assert kernel_mmu(52, 16, None).walk(memory.read, ROOT, addr)[-1].phys == 0xa_0000_1234_0000


def test_attributes_have_the_architectures_names():
    memory, addr, places, indices, _ = tables(48, 12, 4)
    memory.put(places[0], indices[0], places[1] | 3 | 1 << 60 | 2 << 61)
    memory.put(places[-1], indices[-1], 0xf8000041ec8703)
    steps = kernel_mmu(48, 12, None).walk(memory.read, ROOT, addr)
    assert steps[0].flags == ("APTable=2", "UXNTable")
    assert steps[-1].flags == ("AttrIndx=0", "AP=0", "SH=3", "AF", "DBM", "Contiguous", "PXN", "UXN")


def test_an_address_with_too_many_bits_is_never_translated():
    mmu = kernel_mmu(48, 12, None)
    for addr in (1 << 48, 0xfff0 << 48, 1 << 63, 0x00ff << 48):
        assert mmu.levels(addr) == ()
        with pytest.raises(FaultError):
            mmu.walk(Physical().read, ROOT, addr)
    assert mmu.levels(TOP) and mmu.levels(0)


def test_a_table_outside_memory_ends_the_walk():
    memory, addr, places, indices, _ = tables(48, 12, 4)
    memory.put(places[1], indices[1], 0xffff_ffff_f000 | 3)
    steps = kernel_mmu(48, 12, None).walk(memory.read, ROOT, addr)
    assert [step.kind for step in steps] == ["table", "table"] and mapped(steps, addr) is None


def test_a_table_that_leads_to_itself_ends_like_any_other():
    memory = Physical()
    for index in range(512):
        memory.put(ROOT, index, ROOT | 3)
    mmu = kernel_mmu(48, 12, Root(ROOT, "x"))
    assert [step.kind for step in mmu.walk(memory.read, ROOT, TOP)] == ["table"] * 3 + ["page"]
    assert mmu.tables(memory.read, ROOT).keys() == {ROOT}


TCR = 16 | 16 << 16 | 2 << 30 | 5 << 32


def test_registers_give_each_half_its_table():
    mmu = cpu_mmu({"TCR_EL1": TCR, "TTBR0_EL1": 7 << 48 | 0x10_1000, "TTBR1_EL1": ROOT | 1}.get)
    assert (mmu.root(0x1000).phys, mmu.root(TOP).phys) == (0x10_1000, ROOT)
    assert mmu.root(TOP).source == "TTBR1_EL1" and len(mmu.levels(TOP)) == 4
    assert cpu_mmu({}.get) is None


def test_a_half_that_is_switched_off_has_no_table():
    mmu = cpu_mmu({"TCR_EL1": TCR | 1 << 7, "TTBR0_EL1": 0x1000, "TTBR1_EL1": ROOT}.get)
    assert mmu.root(0x1000) is None and mmu.levels(0x1000) == () and mmu.root(TOP) is not None


def test_a_tag_does_not_matter_where_it_is_ignored():
    plain = cpu_mmu({"TCR_EL1": TCR, "TTBR1_EL1": ROOT}.get)
    tagged = cpu_mmu({"TCR_EL1": TCR | 1 << 38, "TTBR1_EL1": ROOT}.get)
    addr = TOP & ~(0x5a << 56)
    assert plain.levels(addr) == () and len(tagged.levels(addr)) == 4


def test_52_bit_addresses_of_tables_are_folded_into_the_register():
    wide = cpu_mmu({"TCR_EL1": 12 | 12 << 16 | 2 << 30 | 6 << 32 | 1 << 59, "TTBR1_EL1": ROOT | 0xa << 2}.get)
    assert wide.root(TOP).phys == ROOT | 0xa << 48 and len(wide.levels(TOP)) == 5


@pytest.mark.parametrize("bits, page_shift, count", [(48, 12, 4), (39, 12, 3), (52, 12, 5)])
def test_each_table_says_which_addresses_it_is_for(bits, page_shift, count):
    memory, addr, places, _, shifts = tables(bits, page_shift, count)
    mmu = kernel_mmu(bits, page_shift, Root(ROOT, "x"))
    found = mmu.tables(memory.read, ROOT)
    levels = [step.level for step in mmu.walk(memory.read, ROOT, addr)]
    for phys, level, shift in zip(places[1:], levels[1:], shifts):
        place = found[phys]
        assert (place.level, place.start, place.size) == (level, addr >> shift << shift, 1 << shift)
