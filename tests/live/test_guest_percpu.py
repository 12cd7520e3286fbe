# SPDX-License-Identifier: GPL-2.0-or-later
"""Per-CPU areas on the guest: one for each CPU of the device tree, used by the one that runs."""
import re

import pytest

from guest import Guest

UNIT = re.compile(r"^percpu: (\d+) CPUs?, unit size (\d+), ", re.M)


def number(guest: Guest, expression: str) -> int:
    """The value of an expression of integers or pointers."""
    return int(guest.gdb.run(f"print/d {expression}").split(" = ")[1])


def boot_cpu_offset(guest: Guest) -> int:
    """TPIDRPRW, of the bank that the guest runs in: QEMU starts sabrelite in the secure one."""
    return number(guest, "$TPIDRPRW" if guest.board == "virt" else "$TPIDRPRW_S")


def assert_areas(guest: Guest, cpus: int) -> None:
    """Offsets, copies and the console agree on `cpus` areas."""
    guest.run_to("cpu_idle")
    size = number(guest, "pcpu_unit_size")
    assert number(guest, "nr_cpu_ids") == cpus
    assert UNIT.search(guest.console()).groups() == (str(cpus), str(size))
    offsets = [number(guest, f"__per_cpu_offset[{cpu}]") for cpu in range(8)]
    assert [later - offsets[0] for later in offsets[:cpus]] == [size * cpu for cpu in range(cpus)]
    assert offsets[cpus:] == [0] * (8 - cpus)
    numbers = [number(guest, f"*(int *)((char *)&cpu_number + {offset})") for offset in offsets[:cpus]]
    assert numbers == list(range(cpus))
    assert boot_cpu_offset(guest) == offsets[0]     # so smp_processor_id() is 0
    assert number(guest, "percpu_check()") == 0


@pytest.mark.parametrize("board, cpus", [("article", 4), ("sabrelite", 4), ("virt", 1)])
def test_each_cpu_of_the_tree_has_an_area(boot, board, cpus):
    assert_areas(boot(board), cpus)


@pytest.mark.parametrize("cpus", [2, 3, 8])
def test_virt_has_as_many_as_smp_says(boot, cpus):
    assert_areas(boot("virt", "--smp", str(cpus)), cpus)


def test_a_full_first_chunk_is_followed_by_one_in_the_vmalloc_area(boot):
    """Every CPU's copy can be written and read there, and is gone when it is freed."""
    guest = boot("virt", "--smp", "3")
    guest.run_to("cpu_idle")
    pointer = number(guest, "__alloc_percpu(32768, 4096)")
    assert pointer % 4096 == 0
    copies = [(pointer + number(guest, f"__per_cpu_offset[{cpu}]")) & 0xffffffff for cpu in range(3)]
    assert all(copy >= number(guest, "(unsigned long)high_memory") & 0xffffffff for copy in copies)
    for cpu, copy in enumerate(copies):
        assert number(guest, f"*(int *){copy + 32764:#x}") == 0
        guest.gdb.run(f"set var *(int *){copy + 32764:#x} = {cpu + 7}")
    assert [number(guest, f"*(int *){copy + 32764:#x}") for copy in copies] == [7, 8, 9]
    frames = {number(guest, f"per_cpu_ptr_to_phys((void *){copy:#x})") for copy in copies}
    assert len(frames) == 3
    other = number(guest, "__alloc_percpu(32768, 4096)")
    for freed in (pointer, other):
        guest.gdb.run(f"call (void)free_percpu((void *){freed & 0xffffffff:#x})")
        assert number(guest, "percpu_check()") == 0
    assert "error" not in guest.console() and "warning" not in guest.console()


def test_mm_percpu_shows_what_is_allocated_and_where(boot):
    guest = boot("virt", "--smp", "3").load()
    guest.run_to("cpu_idle")
    before = guest.gdb.json("mm percpu --json")
    assert before["problems"] == [] and len(before["cpus"]) == before["nr_units"] == 3
    assert before["static_size"] == number(guest, "(long)__per_cpu_end - (long)__per_cpu_start")
    small, large = (number(guest, f"__alloc_percpu({size}, 8)") & 0xffffffff for size in (24, 32768))
    after = guest.gdb.json("mm percpu --json")
    assert after["problems"] == [] and len(after["chunks"]) == len(before["chunks"]) + 1
    for pointer, size, kind in ((small, 24, "first"), (large, 32768, "dynamic")):
        place = guest.gdb.json(f"mm percpu {pointer:#x} --json")
        assert (place["kind"], place["size"], place["used"]) == (kind, size, True)
        assert [copy["base_addr"] for copy in place["copies"]] == [
            (pointer + number(guest, f"__per_cpu_offset[{cpu}]")) & 0xffffffff for cpu in range(3)]
        assert guest.gdb.json(f"mm percpu {place['copies'][2]['base_addr']:#x} --json")["cpu"] == 2
        guest.gdb.run(f"call (void)free_percpu((void *){pointer:#x})")
        assert not guest.gdb.json(f"mm percpu {pointer:#x} --json")["used"]
    place = guest.gdb.json("mm percpu cpu_number --json")
    assert (place["kind"], place["symbol"]) == ("static", "cpu_number")
    assert [number(guest, f"*(int *){copy['base_addr']:#x}") for copy in place["copies"]] == [0, 1, 2]
