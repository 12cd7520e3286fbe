# SPDX-License-Identifier: GPL-2.0-or-later
"""Page tables by the dump engine: made by hand as the manuals have them, and hostile ones beside Python's walk."""
from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple, Optional

import pytest
from banks import Banks
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmscope.errors import FaultError, MmError
from mmscope.layout import arm64_mmu, arm_mmu, x86_mmu
from mmscope.layout.pagetable import Mmu, Root, mapped
from mmscope.target.engine import MMU_ARM64, MMU_ARM_LPAE, MMU_ARM_SHORT, MMU_NONE, MMU_X86_64, Machine, Mapping

ROOT, RAM, HIGH = 0x4000_0000, (0x4000_0000, 0x40000), (0x12_3000_0000, 0x20000)
FAR = (0xA_0001_2345_0000, 0x20000)         # beyond 48 bits
TOP = (1 << 64) - 1


class Kind(NamedTuple):
    """A format: what the engine is told, and Python's walk."""

    kind: int
    page_shift: int
    va_bits: int
    mmu: Mmu
    word: int = 8
    big_endian: bool = False
    encryption: int = 0

    def set(self, machine: Machine, root: int = ROOT, start: int = 0) -> None:
        """Tell the engine."""
        machine.set_mmu(self.kind, self.page_shift, self.va_bits, root, start, self.encryption, self.big_endian)


def _arm64(bits: int, page_shift: int) -> Kind:
    return Kind(MMU_ARM64, page_shift, bits, arm64_mmu.kernel_mmu(bits, page_shift, Root(ROOT, "")))


C_BIT = 1 << 47
KINDS = {
    "short": Kind(MMU_ARM_SHORT, 12, 32, arm_mmu.kernel_mmu(False, None, "little"), 4),
    "short, big": Kind(MMU_ARM_SHORT, 12, 32, arm_mmu.kernel_mmu(False, None, "big"), 4, True),
    "lpae": Kind(MMU_ARM_LPAE, 12, 32, arm_mmu.kernel_mmu(True, None, "little")),
    "lpae, big": Kind(MMU_ARM_LPAE, 12, 32, arm_mmu.kernel_mmu(True, None, "big"), 8, True),
    **{f"arm64 {1 << shift - 10}K {bits}": _arm64(bits, shift) for shift, bits in (
        (12, 39), (12, 48), (12, 52), (14, 36), (14, 47), (14, 48), (14, 52), (16, 42), (16, 48), (16, 52))},
    "x86": Kind(MMU_X86_64, 12, 48, x86_mmu.X86Mmu()),
    "x86, five": Kind(MMU_X86_64, 12, 57, x86_mmu.X86Mmu(True)),
    "x86, sme": Kind(MMU_X86_64, 12, 48, x86_mmu.X86Mmu(False, None, C_BIT), 8, False, C_BIT),
}


def expected(kind: Kind, ram: Banks, addr: int, start: int = 0) -> Optional[Mapping]:
    """What Python's walk says."""
    try:
        steps = kind.mmu.walk(ram.read, ROOT, addr) if addr >= start else ()
    except FaultError:
        return None
    phys = mapped(steps, addr)
    if phys is None:
        return None
    size = 1 << kind.mmu.levels(addr)[len(steps) - 1].shift     # of a large page an entry is for a sixteenth
    return Mapping(addr - addr % size, phys - addr % size, size)


def found(machine: Machine, addr: int) -> Optional[Mapping]:
    """What the engine says."""
    try:
        return machine.translate(addr)
    except FaultError:
        return None


def read(kind: Kind, ram: Banks, addr: int, size: int) -> tuple[bytes, Optional[int]]:
    """By Python's walk: the bytes in front of the first that is not there, and where that is."""
    data = b""
    while len(data) < size:
        at = addr + len(data)
        mapping = expected(kind, ram, at)
        try:
            if mapping is None:
                return data, at
            data += ram.read(mapping.phys + at - mapping.virt, 1)
        except FaultError:
            return data, at
    return data, None


def random_entry(rng: random.Random, word: int) -> int:
    """Often one that leads on, or maps RAM that there is; else anything."""
    start, size = rng.choice((RAM, RAM, RAM, HIGH, FAR) if word == 8 else (RAM,))
    phys = start + rng.randrange(size) // 4096 * 4096
    if rng.random() < 0.1:
        return rng.getrandbits(word * 8)
    low = 0b11 if rng.random() < 0.6 else rng.getrandbits(12)
    if rng.random() < 0.3:
        low = low & ~0xFF0 | rng.getrandbits(12) & 0xFF0
    if word == 4:
        low = 1 if rng.random() < 0.5 else low
        return phys & ~0xFFF | low | rng.getrandbits(20) << 12 & (0xF0000 if rng.random() < 0.1 else 0)
    low |= phys >> 48 << 12 if rng.random() < 0.5 else phys >> 50 << 8      # where 64 KiB pages have it, where others
    high = rng.getrandbits(14) << 50 if rng.random() < 0.4 else 0
    return phys & (1 << 50) - 1 | low | high | (C_BIT if rng.random() < 0.2 else 0)


def fill(ram: Banks, kind: Kind, rng: random.Random) -> None:
    """Every word of RAM is an entry."""
    few = [random_entry(rng, kind.word) for _ in range(512)]
    for data in ram.banks.values():
        data[:] = b"".join(entry.to_bytes(kind.word, "big" if kind.big_endian else "little")
                           for entry in rng.choices(few, k=len(data) // kind.word))


def random_addr(rng: random.Random, kind: Kind) -> int:
    """One that the tables translate, mostly, near one of few others."""
    bits = 32 if kind.va_bits == 32 else 64
    if rng.random() < 0.1:
        return rng.getrandbits(bits)
    half = kind.va_bits - (kind.kind == MMU_X86_64)
    addr = rng.getrandbits(half)
    if rng.random() < 0.5:
        addr &= rng.choice((0xFFF, 0xF000FFF, (1 << kind.va_bits) - (1 << 30))) | rng.getrandbits(8) << 12
    return addr | TOP >> half << half if bits == 64 and rng.random() < 0.7 else addr


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=6)
@example(seed=1)
@given(seed=st.integers(0, 1 << 32))
def test_whatever_the_tables_are_both_walks_lead_to_the_same(tmp_path_factory, name: str, seed: int) -> None:
    """Translations as they come, so that the engine's TLB has those before; with a start below which there are none."""
    kind, rng = KINDS[name], random.Random(seed)
    ram = Banks(RAM, HIGH, FAR) if kind.word == 8 else Banks(RAM)
    fill(ram, kind, rng)
    machine = ram.machine(tmp_path_factory.mktemp("ram") / "ram")
    start = rng.choice((0, 0, 1 << kind.va_bits - 1))
    kind.set(machine, start=start)
    addrs = [random_addr(rng, kind) for _ in range(60)]
    addrs += [addr ^ 1 << rng.randrange(kind.va_bits) for addr in addrs] + addrs
    assert [found(machine, addr) for addr in addrs] == [expected(kind, ram, addr, start) for addr in addrs]
    machine.close()


def test_tables_like_those_map_something_at_every_level() -> None:
    """The test before this one would be worth little otherwise."""
    for name, kind in KINDS.items():
        rng = random.Random(name)
        ram = Banks(RAM, HIGH, FAR) if kind.word == 8 else Banks(RAM)
        sizes = set()
        for _ in range(4):
            fill(ram, kind, rng)
            answers = [expected(kind, ram, random_addr(rng, kind)) for _ in range(300)]
            sizes |= {answer.size for answer in answers if answer is not None}
        assert None in answers and len(sizes) >= 2, name


@pytest.mark.parametrize("name", ["short", "lpae", "arm64 16K 47", "x86"])
def test_bytes_are_those_of_each_page_up_to_the_first_that_is_not_there(tmp_path: Path, name: str) -> None:
    kind, rng = KINDS[name], random.Random(name)
    ram = Banks(RAM)
    fill(ram, kind, rng)
    machine = ram.machine(tmp_path / "ram")
    kind.set(machine)
    ends, reads = set(), 0
    while reads < 40 or len(ends) < 2 and reads < 400:
        addr = random_addr(rng, kind)
        if expected(kind, ram, addr) is None and rng.random() < 0.98:
            continue
        reads += 1
        addr += (1 << kind.page_shift) - addr % (1 << kind.page_shift) - rng.randrange(1, 64)
        size = rng.choice((1, 8, 100, (1 << kind.page_shift) + 100))
        if addr + size > (1 << (32 if kind.va_bits == 32 else 64)):
            continue
        data, fault = read(kind, ram, addr, size)
        ends.add(fault is None)
        if fault is None:
            assert machine.read_virt(addr, size) == data
            continue
        with pytest.raises(FaultError) as caught:
            machine.read_virt(addr, size)
        assert caught.value.addr == fault
    assert ends == {True, False}


def one(tmp_path: Path, kind: Kind, entries: list[int], addr: int, root: int = ROOT) -> Optional[Mapping]:
    """The mapping of an address, by one entry in a table of each level: the tables are at root and above."""
    ram = Banks((ROOT, 0x40000))
    order, levels = "big" if kind.big_endian else "little", kind.mmu.levels(addr)
    for number, entry in enumerate(entries):
        at = root if not number else ROOT + 0x10000 * number
        level = levels[number]
        index = addr >> level.shift & (1 << level.bits) - 1
        ram.put(at + index * kind.word, entry, kind.word, order)
    machine = ram.machine(tmp_path / "ram")
    kind.set(machine, root)
    return found(machine, addr)


T1, T2, T3, T4 = (ROOT + 0x10000 * number for number in range(1, 5))
K = 0xFFFF_8123_4567_89AB


@pytest.mark.parametrize("name, entries, addr, virt, phys, size", [
    ("short", [0x41200C0E], 0xC1234567, 0xC1200000, 0x41200000, 1 << 20),
    ("short, big", [0x41200C0E], 0xC1234567, 0xC1200000, 0x41200000, 1 << 20),
    ("short", [0x8A000000 | 1 << 18 | 2 | 3 << 20 | 5 << 5], 0xC1234567, 0xC1200000, 0x53_8A200000, 1 << 20),
    ("short", [T1 | 1, 0xBE9D645F], 0xBF012345, 0xBF012000, 0xBE9D6000, 1 << 12),
    ("short", [T1 | 1, 0x20008001], 0xBF01F345, 0xBF01F000, 0x2000F000, 1 << 12),
    ("lpae", [T1 | 3, 0x7F_4120_0711 | 1 << 54], 0xC1234567, 0xC1200000, 0x7F_4120_0000, 2 << 20),
    ("lpae, big", [T1 | 3, T2 | 3, 0xFE_DCBA_9F4B], 0xC1234567, 0xC1234000, 0xFE_DCBA_9000, 1 << 12),
    ("arm64 4K 48", [T1 | 3, T2 | 3, T3 | 3, 0x68_0000_41EC_8703 | 1 << 52], K, K & ~0xFFF, 0x41EC8000, 1 << 12),
    ("arm64 4K 48", [T1 | 3, T2 | 3, 0x4120_0701], K, K & -(2 << 20), 0x41200000, 2 << 20),
    ("arm64 4K 48", [T1 | 3, 0x2_8000_0701], K, K & -(1 << 30), 0x2_8000_0000, 1 << 30),
    ("arm64 4K 52", [T1 | 3, 0x1_80_0000_0401 | 2 << 8], K, K & -(1 << 39), 2 << 50 | 0x180_0000_0000, 1 << 39),
    ("arm64 16K 47", [T1 | 3, 0x4200_0701], TOP - 0x1234, TOP - (32 << 20) + 1, 0x4200_0000, 32 << 20),
    ("arm64 16K 52", [T1 | 3, T2 | 3, T3 | 3, 0x3_0000_4000_4403 | 1 << 8], K, K & -0x4000, 7 << 48 | 0x40004000,
     1 << 14),
    ("arm64 64K 52", [T1 | 3, T2 | 3, 0x12340000 | 0xA << 12 | 0x703], K, K & -0x10000, 0xA_0000_1234_0000, 1 << 16),
    ("arm64 64K 52", [(5 << 42) | 0x701], K, K & -(1 << 42), 5 << 42, 1 << 42),
    ("x86", [T1 | 0x67, T2 | 0x67, T3 | 0x67, 0x8000_0001_2345_6063], K, K & ~0xFFF, 0x1_2345_6000, 1 << 12),
    ("x86", [T1 | 0x67, T2 | 0x67, 0x12345 << 21 | 0x10E3], K, K & -(2 << 20), 0x12345 << 21, 2 << 20),
    ("x86", [T1 | 0x67, 0x123 << 30 | 0x10E3], K, K & -(1 << 30), 0x123 << 30, 1 << 30),
    ("x86, sme", [T1 | 0x67 | C_BIT, 0x123 << 30 | 0x10E3 | C_BIT], K, K & -(1 << 30), 0x123 << 30, 1 << 30),
    ("x86, five", [T1 | 7, T2 | 7, 0x123 << 30 | 0xE3], K, K & -(1 << 30), 0x123 << 30, 1 << 30),
])
def test_an_entry_means_what_the_manual_says(tmp_path: Path, name: str, entries: list[int], addr: int, virt: int,
                                             phys: int, size: int) -> None:
    assert one(tmp_path, KINDS[name], entries, addr) == Mapping(virt, phys, size)


@pytest.mark.parametrize("name, entries, addr", [
    ("short", [0], 0xC1234567),
    ("short", [T1 | 1, 0], 0xC1234567),
    ("short", [0xFFF00001], 0xC1234567),                    # a table that is not in RAM
    ("short", [0x41200C0E], 0x1_C123_4567),                 # addresses have 32 bits
    ("lpae", [T1 | 3, T2 | 3, 0x41234701], 0xC1234567),     # a page has both low bits
    ("arm64 4K 48", [0x701], K),                            # no block of 512 GiB without 52-bit addresses
    ("arm64 16K 47", [0x701], K | 1 << 46),
    ("arm64 4K 39", [T1 | 3, 0x701], K),                    # too many bits
    ("arm64 4K 48", [T1 | 2, 0x701], K),
    ("x86", [T1 | 0xE7, 0x123 << 30 | 0xE3], K),            # a page size in the first table is reserved
    ("x86", [T1 | 0x66, 0x123 << 30 | 0xE3], K),
    ("x86", [T1 | 0x67, 0x123 << 30 | 0xE3], K & ~(1 << 63)),       # not canonical
])
def test_what_maps_nothing_is_a_fault(tmp_path: Path, name: str, entries: list[int], addr: int) -> None:
    kind = KINDS[name]
    assert one(tmp_path, kind, entries if kind.mmu.levels(addr) else [], addr) is None


def test_big_endian_arm64(tmp_path: Path) -> None:
    """Python's layout knows none; the bytes of an entry are the other way round, that is all."""
    kind = KINDS["arm64 4K 48"]._replace(big_endian=True)
    assert one(tmp_path, kind, [T1 | 3, 0x2_8000_0701], K) == Mapping(K & -(1 << 30), 0x2_8000_0000, 1 << 30)


def test_a_table_that_leads_to_itself_ends_like_any_other(tmp_path: Path) -> None:
    ram = Banks(RAM)
    for index in range(512):
        ram.put(ROOT + 8 * index, ROOT | 3)
    machine = ram.machine(tmp_path / "ram")
    KINDS["arm64 4K 48"].set(machine)
    assert machine.translate(TOP) == Mapping(TOP - 0xFFF, ROOT, 4096)


def test_below_start_nothing_is_translated(tmp_path: Path) -> None:
    kind, ram = KINDS["short"], Banks(RAM)
    for index in range(4096):
        ram.put(ROOT + 4 * index, 0x4000_0C0E, 4)
    machine = ram.machine(tmp_path / "ram")
    kind.set(machine, start=0xBF800000)         # in the middle of a section
    assert machine.translate(0xBF800000).virt == 0xBF800000
    kind.set(machine, start=0xBF880000)
    assert machine.translate(0xBF880000) == Mapping(0xBF800000, 0x4000_0000, 1 << 20)
    for addr in (0, 0xBF87FFFF):
        assert found(machine, addr) is None
        with pytest.raises(FaultError):
            machine.read_virt(addr, 1)


def test_no_read_goes_past_the_last_address(tmp_path: Path) -> None:
    kind, ram = KINDS["short"], Banks((ROOT, 1 << 20))
    for index in range(4096):
        ram.put(ROOT + 4 * index, ROOT | 0xC0E, 4)
    ram.put(ROOT + (1 << 20) - 4, 0x12345678, 4)
    machine = ram.machine(tmp_path / "ram")
    kind.set(machine)
    assert machine.read_virt(0xFFFFFFFC, 4) == bytes.fromhex("78563412")
    assert machine.read_virt(0xCFFFFFFC, 8) == bytes.fromhex("785634120e0c0040")
    with pytest.raises(FaultError) as caught:
        machine.read_virt(0xFFFFFFFC, 8)
    assert caught.value.addr == 1 << 32


def test_tables_are_looked_at_anew_when_they_are_set(tmp_path: Path) -> None:
    """Live, RAM changes while the machine runs."""
    kind, ram = KINDS["short"], Banks(RAM)
    ram.put(ROOT + 0xC00 * 4, 0x4000_0C0E, 4)
    machine = ram.machine(tmp_path / "ram")
    kind.set(machine)
    assert machine.translate(0xC0000000).phys == 0x4000_0000
    with (tmp_path / "ram").open("r+b") as file:
        file.seek(0xC00 * 4)
        file.write((0x8000_0C0E).to_bytes(4, "little"))
    assert machine.translate(0xC0000000).phys == 0x4000_0000
    kind.set(machine)
    assert machine.translate(0xC0000000).phys == 0x8000_0000


@pytest.mark.parametrize("told, why", [
    ((9, 12, 32), "no such kind"), ((MMU_ARM_SHORT, 14, 32), "4 KiB"), ((MMU_ARM_LPAE, 12, 40), "32 bits"),
    ((MMU_ARM64, 13, 48), "4, 16 or 64 KiB"), ((MMU_ARM64, 12, 53), "36 to 52"), ((MMU_ARM64, 12, 35), "36 to 52"),
    ((MMU_X86_64, 12, 52), "48 or 57"), ((MMU_X86_64, 14, 48), "4 KiB"), ((MMU_ARM64, 12, 48, 0, 0, 1), "encryption"),
    ((MMU_X86_64, 12, 48, 0, 0, 0, True), "little-endian")])
def test_page_tables_that_no_machine_has_are_refused(tmp_path: Path, told: tuple, why: str) -> None:
    machine = Banks(RAM).machine(tmp_path / "ram")
    with pytest.raises(MmError, match=why):
        machine.set_mmu(*told)
    machine.set_mmu(MMU_NONE)
    assert found(machine, 0) is None
