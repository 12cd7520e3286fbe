# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check of page tables: every table is read once, and what is wrong in it or with its page is named."""
import random

import pytest

from machine import BASE_PFN, LOW_START, PAGE_OFFSET, PGD, PHYS_OFFSET, Machine
from mmscope.errors import FaultError
from mmscope.layout.arm64_mmu import kernel_mmu as arm64_mmu
from mmscope.layout.arm_mmu import LpaeMmu, ShortMmu
from mmscope.layout.pagetable import mapped
from mmscope.layout.tablewalk import Table, leaves, tables
from mmscope.layout.x86_mmu import X86Mmu
from mmscope.model import check_pgtable
from mmscope.model.check import check_report
from shapes import LINUX_4_9, LINUX_6_1

TABLE = 0xC0600000                  # a page of the linear map, for a table
TABLE_PHYS = TABLE - PAGE_OFFSET + PHYS_OFFSET
SLOT = PGD + 0xE00 * 4              # the first-level entry for 0xe0000000


@pytest.fixture(params=[LINUX_4_9, LINUX_6_1], ids=["4.9", "6.1"])
def machine(request):
    """One table more: the first page it maps is the first of RAM."""
    machine = Machine(request.param)
    machine.ram.add(TABLE, 0x1000)
    machine.poke(SLOT, TABLE_PHYS | 1)
    machine.poke(TABLE, PHYS_OFFSET | 2)
    return machine


def checked(machine):
    return {each.id: each for each in check_report(machine.context()).checks if each.id.startswith("PGTABLE")}


def broken(machine):
    return {id_ for id_, each in checked(machine).items() if each.status == "broken"}


def test_sound_tables_are_counted(machine):
    assert broken(machine) == set()
    assert checked(machine)["PGTABLE-1"].text == "tables of the kernel's own: 2"


@pytest.mark.parametrize("phys", [0x00000000, 0x0FFFFC00, 0xFFFFFC00])
def test_a_table_outside_memory_is_pgtable_1(machine, phys):
    machine.poke(SLOT, phys | 1)
    assert "PGTABLE-1" in broken(machine)
    assert f"{0xE0000000:#x}" in checked(machine)["PGTABLE-1"].text


def test_an_entry_of_a_reserved_form_is_pgtable_2(machine, monkeypatch):
    """Short descriptors have none: the table is one of another format."""
    found = Table("pmd", TABLE_PHYS, 0xE0000000, SLOT, True, (TABLE_PHYS + 72,))
    monkeypatch.setattr(check_pgtable, "kernel_tables", lambda ctx: (found,))
    assert broken(machine) == {"PGTABLE-2"}
    assert f"{TABLE_PHYS + 72:#x}" in checked(machine)["PGTABLE-2"].text


def test_a_table_that_leads_to_itself_ends(machine):
    machine.poke(SLOT, PGD - PAGE_OFFSET + PHYS_OFFSET | 1)
    assert broken(machine) == set()


@pytest.mark.parametrize("order", [0, 3])
def test_a_table_in_a_free_block_is_pgtable_3(machine, order):
    pfn = BASE_PFN + (TABLE - PAGE_OFFSET >> 12)
    machine.free(machine.low, order, 1, pfn >> order << order)
    assert broken(machine) == {"PGTABLE-3"}
    assert f"order {order}" in checked(machine)["PGTABLE-3"].text


def test_a_table_beside_a_free_block_is_not(machine):
    pfn = BASE_PFN + (TABLE - PAGE_OFFSET >> 12)
    machine.free(machine.low, 0, 1, pfn - 1)
    assert broken(machine) == set()


def test_a_page_marked_as_a_table_in_a_free_block_is_pgtable_3():
    machine = Machine(LINUX_6_1)
    machine.put(machine.page(LOW_START + 6), "page", "_mapcount.counter", ~0x200)
    pfn = LOW_START + 5 >> 3 << 3
    machine.free(machine.low, 3, 1, pfn)
    assert pfn <= LOW_START + 6 < pfn + 8 and "PGTABLE-3" in broken(machine)


# --- every format, against a walk for each address ---------------------------

ROOT, BYTES = 0x80000, 0x90000


class Tables:
    """Memory of random tables: a few entries of every kind in each, and elsewhere nothing."""

    LINK = {4: 1, 8: 0x63}

    def __init__(self, seed, form, links):
        rand, self.data = random.Random(seed), bytearray(BYTES)
        for number in range(1, 64):
            self._fill(rand, form, number << 12, number % len(form.levels), links)
        self._fill(rand, form, ROOT, 0, links)

    def read(self, phys, size):
        if phys + size > BYTES:
            raise FaultError(phys, size)
        return bytes(self.data[phys:phys + size])

    def _fill(self, rand, form, phys, depth, links):
        entries, size = 1 << form.levels[depth].bits, form.entry_bytes
        for index in (0, 1, entries // 2, *(rand.randrange(entries) for _ in range(4)), entries - 1):
            self.data[phys + index * size:phys + (index + 1) * size] = links(rand, depth).to_bytes(size, "little")
        last = phys + (entries - 1) * size      # so that each way leads on somewhere
        self.data[last:last + size] = (rand.randrange(1, 64) << 12 | self.LINK[size]).to_bytes(size, "little")


def entries(mmu):
    """What to write: links, blocks and pages of a format, and what is not valid."""
    def long(rand, depth):
        return rand.randrange(1, 64) << 12 | rand.choice((3, 3, 1, 0, 0x403))

    def x86(rand, depth):
        return rand.randrange(1, 64) << 12 | rand.choice((0x63, 0x63, 0xE3, 0x62))

    def short(rand, depth):
        return rand.randrange(1, 64) << 12 | rand.choice((1, 1, 2, 0) if not depth else (2, 3, 0))
    return x86 if isinstance(mmu, X86Mmu) else short if isinstance(mmu, ShortMmu) else long


@pytest.mark.parametrize("mmu, top", [
    (ShortMmu(), (1 << 32) - 1), (LpaeMmu(), (1 << 32) - 1), (X86Mmu(), (1 << 64) - 1), (X86Mmu(True), (1 << 64) - 1),
    (arm64_mmu(48, 12, None), (1 << 64) - 1), (arm64_mmu(39, 12, None), (1 << 64) - 1)],
    ids=["short", "lpae", "x86", "x86-5", "arm64", "arm64-39"])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_mapped_in_a_range_is_what_each_walk_says(mmu, top, seed):
    form, rand = mmu.format(top), random.Random(seed)
    memory = Tables(seed, form, entries(mmu))
    low = form.levels[0].shift + form.levels[0].bits
    base = top >> low << low
    everything = [leaf for leaf in leaves(memory.read, ROOT, form, base, base + (1 << low)) if mmu.levels(leaf.addr)]
    assert everything and everything == sorted(everything, key=lambda leaf: leaf.addr)
    for leaf in everything[:200]:
        for addr in (leaf.addr, leaf.addr + leaf.size - 1):
            assert mapped(mmu.walk(memory.read, ROOT, addr), addr) == leaf.phys + addr - leaf.addr
        assert list(leaves(memory.read, ROOT, form, leaf.addr, leaf.addr + 1)) == [leaf]
        assert leaf in list(leaves(memory.read, ROOT, form, max(leaf.addr - 4096, base), leaf.addr + leaf.size))
    for _ in range(200):
        addr = base + rand.randrange(1 << low) & -4096
        if mmu.levels(addr):
            found = list(leaves(memory.read, ROOT, form, addr, addr + 4096))
            assert bool(found) == (mapped(mmu.walk(memory.read, ROOT, addr), addr) is not None)


@pytest.mark.parametrize("mmu", [ShortMmu(), LpaeMmu(), X86Mmu()], ids=["short", "lpae", "x86"])
def test_each_table_is_found_once_with_the_entry_that_leads_to_it(mmu):
    form = mmu.format(0)
    memory = Tables(7, form, entries(mmu))
    found = list(tables(memory.read, ROOT, form, 0))
    assert found[0].phys == ROOT and len({each.phys for each in found}) == len(found) > 1
    for each in found[1:]:
        entry = int.from_bytes(memory.read(each.entry_phys, form.entry_bytes), "little")
        above = next(level for level, below in zip(form.levels, form.levels[1:]) if below.name == each.level)
        assert form.decode(above, entry).phys == each.phys


def test_entries_of_reserved_forms_are_found():
    mmu, memory = LpaeMmu(), {}
    memory[ROOT] = bytearray(32)
    memory[0x1000], memory[0x2000] = bytearray(4096), bytearray(4096)
    for table, at, value in ((ROOT, 3, 0x1003), (0x1000, 5, 0x2003), (0x2000, 7, 0x5003), (0x2000, 9, 0x5001)):
        memory[table][at * 8:at * 8 + 8] = value.to_bytes(8, "little")

    def read(phys, size):
        return bytes(memory[phys & -4096][phys & 4095:(phys & 4095) + size])
    found = list(tables(read, ROOT, mmu.format(0), 0))
    assert [each.reserved for each in found] == [(), (), (0x2000 + 9 * 8,)]
    assert found[2].addr == (3 << 30) + (5 << 21)
