# SPDX-License-Identifier: GPL-2.0-or-later
"""Page-table walks of real kernels, held to QEMU's own at the same stop."""
from __future__ import annotations

import random
import re
from typing import Any

import pytest

from boot_stops import FREE_ALL, HANDED_OVER, START_KERNEL, Boot, at
from harness.gdbmi import Gdb, GdbError
from lab_guest import Kernel, LabGuest

# Expressions for where something is mapped; not every kernel has each.
PLACES = ("&_text", "&_end", "&linux_banner", "&init_task", "&jiffies_64",
          "$pc", "$sp", "high_memory - 1", "mem_map", "vmemmap_base",
          "vmalloc_base", "pcpu_base_addr", "init_task.stack",
          "contig_page_data.node_mem_map", "node_data[0]->node_mem_map",
          "modules.next", "vmap_area_list.next", "init_mm.pgd")
OFFSETS = (0, 0xfff, 0x1000, 0x12345, 0x200000, 0x3ff123, 0x40000000)
# Where kernels put modules, fixed mappings, vmalloc and struct pages.
WIDE = {"armhf": [(0, 1 << 32, 60), (0xbf000000, 1 << 24, 10),
                  (0xf0000000, 0xff00000, 40), (0xffff0000, 1 << 16, 4)],
        "arm64": [(0xffff000000000000, 4 << 30, 30),
                  (0xffff800000000000, 1 << 24, 8),
                  (0xffff800008000000, 1 << 26, 8),
                  (0xffff800080000000, 1 << 26, 8),
                  (0xfffffdffc0000000, 1 << 24, 8),
                  (0xfffffc0000000000, 1 << 24, 8),
                  (0xfff0000000000000, 4 << 30, 8), (0, 1 << 47, 8)],
        "amd64": [(0xffff888000000000, 4 << 30, 30),
                  (0xffffea0000000000, 1 << 24, 8),
                  (0xffffc90000000000, 1 << 24, 10),
                  (0xfffffe0000000000, 1 << 17, 8),
                  (0xffffffffc0000000, 1 << 24, 8),
                  (0xffffffffff500000, 1 << 20, 8), (0, 1 << 47, 8)]}


def qemus(gdb: Gdb, addr: int) -> int | None:
    """The physical address that QEMU finds for a virtual one."""
    said = gdb.run(f"python print(gdb.execute('monitor gva2gpa {addr:#x}', "
                   "to_string=True))")
    assert "gpa: " in said or "Unmapped" in said
    found = re.search(r"gpa: (0x[0-9a-f]+|0)\b", said)
    return int(found[1], 16) if found else None


def ours(gdb: Gdb, addr: int, option: str) -> int | None:
    """The same by mm pgtable; what it refuses is not mapped."""
    try:
        return gdb.json(f"mm pgtable {addr:#x} {option} --json")["phys"]
    except GdbError as error:
        assert "\n" not in str(error).strip()
        assert "no page table" in str(error)
        return None


def addresses(gdb: Gdb, arch: str) -> list[int]:
    """Where to look: around what the kernel has, and at random."""
    chance = random.Random(7)
    width = (1 << (32 if arch == "armhf" else 64)) - 1
    found = []
    for place in PLACES:
        try:
            base = gdb.number(f"(unsigned long)({place})")
        except GdbError:
            continue
        found += [base + offset for offset in OFFSETS]
        found += [base + chance.randrange(1 << 22) for _ in range(2)]
    for start, size, count in WIDE[arch]:
        found += [start + chance.randrange(size) for _ in range(count)]
    return list(dict.fromkeys(addr & width for addr in found))


def ask_this_cpu(gdb: Gdb) -> None:
    """Have QEMU's monitor look from the CPU that is GDB's thread."""
    gdb.run("python gdb.execute('monitor cpu %d' % "
            "(gdb.selected_thread().num - 1), to_string=True)")


def compare(gdb: Gdb, arch: str) -> dict[str, Any]:
    """Walk all of them both ways."""
    ask_this_cpu(gdb)
    every = addresses(gdb, arch)
    theirs = {addr: qemus(gdb, addr) for addr in every}
    walked = {addr: ours(gdb, addr, "--user") for addr in every}
    top = 1 << (31 if arch == "armhf" else 63)
    mapped = [addr for addr in every if theirs[addr] is not None
              and addr >= top]
    kernels = {addr: ours(gdb, addr, "") for addr in mapped}
    return {"theirs": theirs, "ours": walked, "kernels": kernels}


def arch_of(gdb: Gdb) -> str:
    """Debian's name of what GDB debugs."""
    names = gdb.run("show architecture")
    return ("arm64" if "aarch64" in names else
            "amd64" if "x86-64" in names else "armhf")


@at(START_KERNEL, FREE_ALL, HANDED_OVER)
def early_walks(gdb: Gdb) -> dict[str, Any]:
    """Walks while the kernel changes its tables."""
    return compare(gdb, arch_of(gdb))


@pytest.mark.parametrize("stop", [START_KERNEL, FREE_ALL, HANDED_OVER])
def test_walks_of_a_booting_kernel_are_qemus(boot: Boot, stop: str) -> None:
    check(boot[early_walks, stop])


@pytest.fixture(scope="module")
def booted_walks(booted_guest: LabGuest) -> dict[str, Any]:
    """Walks of a booted kernel."""
    with booted_guest.held_in("frag_show") as gdb:
        return compare(gdb, booted_guest.kernel.arch)


def check(walks: dict[str, Any]) -> None:
    """Every address is mapped as QEMU has it, and hundreds were looked at."""
    assert len(walks["theirs"]) > 150
    assert sum(phys is not None for phys in walks["theirs"].values()) > 40
    assert walks["ours"] == walks["theirs"]
    assert walks["kernels"] == {addr: walks["theirs"][addr]
                                for addr in walks["kernels"]}


def test_walks_of_a_booted_kernel_are_qemus(
        booted_walks: dict[str, Any]) -> None:
    check(booted_walks)


def test_addresses_of_a_program_are_qemus(booted_guest: LabGuest) -> None:
    with booted_guest.held_in_user_space() as gdb:
        ask_this_cpu(gdb)
        base = gdb.number("(unsigned long)$pc")
        stack = gdb.number("(unsigned long)$sp")
        every = [start + offset for start in (base & -4096, stack & -4096)
                 for offset in range(-0x8000, 0x8000, 0x1000)]
        found = {addr: (ours(gdb, addr, ""), qemus(gdb, addr))
                 for addr in every if addr >= 0}
    assert found[base & -4096][0] is not None
    assert {addr: each for addr, each in found.items()
            if each[0] != each[1]} == {}


def test_the_steps_lead_from_the_first_table_to_the_page(
        booted_guest: LabGuest, kernel: Kernel) -> None:
    with booted_guest.held_in("frag_show") as gdb:
        walk = gdb.json("mm pgtable &init_task --json")
        info = gdb.json("mm info --json")
    assert walk["schema"] == "mmscope/pgtable/1"
    assert len(walk["steps"]) <= info["levels"]
    size = 4 if kernel.arch == "armhf" and "lpae" not in kernel.name else 8
    table = walk["root"]
    for step in walk["steps"]:
        assert step["entry_phys"] == table + step["index"] * size
        table = step["phys"]
    assert walk["steps"][-1]["kind"] in ("page", "block")
    assert walk["page"] is not None and walk["problems"] == []
