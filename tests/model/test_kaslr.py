# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that is not where its symbols say: moved, another one, or not there yet."""
import pytest

from machine import Machine
from mmscope.command import needs
from mmscope.errors import MmError
from mmscope.layout import arm, arm64, x86
from mmscope.layout.debuginfo import Symbol
from mmscope.model.info import info
from mmscope.model.memblock import discarded
from mmscope.model.stage import Stage
from mmscope.view.info import info_text
from shapes import LINUX_6_1

BANNER = b"Linux version 6.1.0-test (x@y) #1 SMP test\n\0"
MOVE = 0x200000


@pytest.fixture
def moved(monkeypatch):
    """A Linux machine whose banner is MOVE bytes above its symbol."""
    machine = Machine(LINUX_6_1)
    addr = machine.addr("linux_banner")
    machine.static = BANNER
    machine.ram.write(addr, bytes(len(BANNER)))
    machine.shapes.symbols["_text"] = Symbol("_text", 0xC0108000)
    machine.ram.add(addr + MOVE & -0x10000, 0x10000)
    machine.ram.write(addr + MOVE, BANNER)
    monkeypatch.setattr(arm, "image_offsets", lambda *_: iter([(0, None), (0x100000, None), (MOVE, None)]))
    return machine


def test_the_offset_and_the_command_are_said_before_any_number(moved):
    ctx = moved.context()
    assert ctx.kaslr_offset == MOVE and ctx.stage is None
    for need in (needs.target, needs.zones, needs.memblock):
        with pytest.raises(MmError, match="symbol-file -o 0x200000 VMLINUX") as error:
            need(ctx)
        assert "\n" not in str(error.value)


def test_info_answers_all_the_same(moved):
    found = info(moved.context())
    assert (found.stage, found.kaslr_offset, found.page_offset, found.zones) == (None, MOVE, None, ())
    assert "moved by 0x200000" in info_text(found)


def test_another_kernel_found_in_the_image_is_named(moved):
    addr = moved.addr("linux_banner")
    moved.ram.write(addr + MOVE, BANNER.replace(b"6.1.0-test", b"6.12.0-oth"))
    moved.registers["pc"] = 0xC0101000
    with pytest.raises(MmError, match="runs 6.12.0-oth, the symbols are of 6.1.0-test"):
        needs.target(moved.context())
    assert info(moved.context()).release == "6.12.0-oth"


def test_nothing_found_is_a_kernel_that_does_not_run_yet(moved):
    moved.ram.write(moved.addr("linux_banner") + MOVE, bytes(len(BANNER)))
    ctx = moved.context()
    assert ctx.mismatch is None and ctx.stage is Stage.RESET and ctx.kaslr_offset is None
    assert "does not run yet" in ctx.stage_text


def test_user_space_without_the_kernel_says_what_to_do(moved):
    moved.ram.areas.clear()
    moved.registers["cpsr"] = 0x10
    assert "user space" in moved.context().stage_text and "hbreak" in moved.context().stage_text


def test_a_kernel_whose_data_is_not_mapped_is_not_there(machine):
    machine.static = b"Linux version 6.1.0-test (x@y)\n\0" if machine.new_style else None
    real = machine.ram.read

    def read(addr, size):
        if addr <= machine.addr("system_state") < addr + size:
            machine.ram._area(1, 1)
        return real(addr, size)
    machine.ram.read = read
    assert machine.context().stage is Stage.RESET


def test_x86_can_be_moved_to_any_2_mib_of_its_gib(machine):
    machine.shapes.symbols["_text"] = Symbol("_text", 0xFFFFFFFF81000000)
    offsets = [offset for offset, _ in x86.image_offsets(machine.context().read, {}.get, None)]
    assert len(offsets) == 512 and -0x1000000 in offsets and 0x31E00000 in offsets
    assert all(offset % (2 << 20) == 0 for offset in offsets)


def test_arm64_is_told_by_its_vectors_and_by_where_its_tables_are(machine):
    for name, addr in (("_text", 0xFFFF800008000000), ("vectors", 0xFFFF800008010800),
                       ("swapper_pg_dir", 0xFFFF800009658000), ("kimage_voffset", 0xFFFF800009000000)):
        machine.shapes.symbols[name] = Symbol(name, addr)
    move, image = 0x2086C2200000, 0x40200000
    voffset = 0xFFFF800008000000 + move - image
    registers = {"VBAR": 0xFFFF800008010800 + move - (1 << 64), "TCR_EL1": 16 | 16 << 16 | 2 << 30,
                 "TTBR1_EL1": image + 0x1658000}

    def read(phys, size):
        assert (phys, size) == (image + 0x1000000, 8)
        return voffset.to_bytes(8, "little")
    found = list(arm64.image_offsets(machine.context().read, registers.get, read))
    assert found == [(move, None), (move, image)]


@pytest.mark.parametrize("memstart, bits, phys", [
    (0x40000000, 48, 0x40000000), (0xFFF1000040000000 - (1 << 64), 48, 0x40000000),
    (-0x2A6C80000000, 48, -0x2A6C80000000),
    (-1, 48, None), (None, 48, None), (0x40000000, 52, 0x40000000), (-1 << 50, 52, -1 << 50)])
def test_arm64s_linear_map_with_kaslr_and_with_fewer_bits_than_it_was_built_for(memstart, bits, phys):
    assert arm64._phys_offset(memstart, bits) == phys


def test_memblock_that_was_discarded_is_told_by_the_pointer_that_the_kernel_clears(machine):
    assert not discarded(machine.context())
    addr = machine.addr("max_pfn")
    machine.shapes.symbols["memblock_memory"] = Symbol("memblock_memory", addr, machine.shapes.symbols["mem_map"].type)
    assert not discarded(machine.context())
    machine.poke(addr, 0)
    assert discarded(machine.context())


def test_init_memory_is_not_believed_from_when_it_is_being_freed(machine):
    for name, addr in (("__init_begin", machine.addr("memblock")), ("__init_end", machine.addr("memblock") + 64)):
        machine.shapes.symbols[name] = Symbol(name, addr)
    assert machine.context().freed(machine.addr("memblock"))
    machine.poke(machine.addr("system_state"), 1)
    assert not machine.context().freed(machine.addr("memblock"))
    machine.shapes.enums["system_states"] = {"SYSTEM_BOOTING": 0, "SYSTEM_FREEING_INITMEM": 1, "SYSTEM_RUNNING": 2}
    assert machine.context().freed(machine.addr("memblock"))
