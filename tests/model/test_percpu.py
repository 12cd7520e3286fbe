# SPDX-License-Identifier: GPL-2.0-or-later
"""Chunks, their maps and per-CPU pointers; every broken invariant is named."""
import dataclasses

import pytest
from hypothesis import given, settings, strategies

from machine import Machine
from mmscope.errors import MmError
from mmscope.model.context import Expression, Symbolized
from mmscope.model.percpu import percpu_pointer, percpu_shift
from mmscope.model.percpu_report import find_percpu, percpu_report
from mmscope.view.percpu import percpu_text
from shapes import LINUX_4_9, LINUX_6_1
from vm_machine import FIRST_CHUNK, UNIT

FAR = 0xF8000000            # a chunk's units in the vmalloc area: only its map is read
USED = [(0, 8), (8, 0x100), (0x1000, 0x2000), (0x3F00, 4)]
TWO_TYPES = LINUX_6_1.replace("var s32 pcpu_nr_empty_pop_pages\n", "var s32 pcpu_nr_empty_pop_pages[2]\n") + """
enum pcpu_chunk_type PCPU_CHUNK_ROOT PCPU_CHUNK_MEMCG PCPU_NR_CHUNK_TYPES
"""


@pytest.fixture(params=[LINUX_4_9, LINUX_6_1], ids=["map of areas", "bit maps"])
def vm(request):
    return Machine(request.param).vm


@pytest.fixture
def bits():
    return Machine(LINUX_6_1).vm


def second(vm):
    """A chunk with USED, on its slot; its largest free area is 0x108 to 0x1000, or 0x3000 to 0x3f00."""
    chunk = vm.add_chunk(FAR, USED)
    size = 0xF00 if vm.bits else UNIT - sum(size for _, size in USED)
    vm.set_slots({vm.slot_of(0x3000): [vm.first], vm.slot_of(size): [chunk]})
    vm.m.poke(vm.m.addr("pcpu_nr_empty_pop_pages"), 3)
    return chunk


def broken(vm):
    return sorted({problem.id for problem in percpu_report(vm.m.context()).problems})


def test_sizes_and_chunks_are_the_kernels(vm):
    chunk = second(vm)
    report = percpu_report(vm.m.context())
    assert report.problems == ()
    assert (report.unit_size, report.nr_units, report.static_size, report.dyn_size) == (UNIT, 1, 4096, 0x3000)
    assert {each.chunk: each.kind for each in report.chunks} == {vm.first: "first", chunk: "dynamic"}
    first, other = (next(each for each in report.chunks if each.chunk == addr) for addr in (vm.first, chunk))
    assert (first.start, first.end, first.areas) == (0x1000, UNIT, ())
    assert [(span.offset, span.size) for span in other.areas] == USED
    assert [(span.offset, span.size) for span in other.free] == [(0x108, 0xEF8), (0x3000, 0xF00), (0x3F04, 0xFC)]
    assert other.free_bytes == 0xEF8 + 0xF00 + 0xFC
    assert report.total_pages == (4 if vm.bits else None)
    text = percpu_text(report)
    assert "first chunk  static 4 KiB" in text and "dynamic" in text


def test_the_reserved_chunk_is_on_no_slot(vm):
    reserved = vm.add_chunk(FIRST_CHUNK, [(0, 0x1000)], start=0x1000)
    vm.m.poke(vm.m.addr("pcpu_reserved_chunk"), reserved)
    report = percpu_report(vm.m.context())
    assert (report.chunks[0].kind, report.chunks[0].slot, report.reserved_size) == ("reserved", None, 0x3000)
    assert report.problems == ()
    vm.set_slots({vm.slot_of(0x3000): [vm.first, reserved]})
    assert "PERCPU-5" in broken(vm)


def test_accounted_chunks_have_slots_of_their_own():
    vm = Machine(TWO_TYPES).vm
    heads = vm.take(2 * 13 * 8)
    for slot in range(26):
        vm.m.link(heads + slot * 8)
    link = vm.m.shapes.place("pcpu_chunk", "list")[0]
    chunk = vm.add_chunk(FAR, [(0, 0x1000)])
    vm.m.link(heads + vm.slot_of(0x3000) * 8, vm.first + link)
    vm.m.link(heads + (13 + vm.slot_of(0x3000)) * 8, chunk + link)
    vm.m.poke(vm.m.addr("pcpu_chunk_lists"), heads)
    vm.m.poke(vm.m.addr("pcpu_nr_empty_pop_pages") + 4, 3)
    report = percpu_report(vm.m.context())
    assert [(each.kind, each.accounted) for each in report.chunks] == [("first", False), ("dynamic", True)]
    assert report.problems == ()
    assert "dynamic*" in percpu_text(report)


@pytest.mark.parametrize("breakage, ids", [
    ("free bytes", ["PERCPU-3"]), ("slot", ["PERCPU-5"]), ("populated", ["PERCPU-6"]), ("page gone", ["PERCPU-7"]),
    ("empty pages", ["PERCPU-8"]), ("no first", ["PERCPU-5"]), ("list", ["LIST-1", "PERCPU-5"])])
def test_what_is_broken_is_named(vm, breakage, ids):
    chunk = second(vm)
    if breakage == "free bytes":
        path = "free_bytes" if vm.bits else "free_size"
        vm.m.put(chunk, "pcpu_chunk", path, vm.m.take(chunk, "pcpu_chunk", path) - 4)
    elif breakage == "slot":
        vm.set_slots({vm.slot_of(0x3000): [vm.first], 3: [chunk]})
    elif breakage == "populated":
        vm.m.put(chunk, "pcpu_chunk", "nr_populated", 3)
    elif breakage == "page gone":
        vm.m.put(chunk, "pcpu_chunk", "populated[0]", 0b1011)
        vm.m.put(chunk, "pcpu_chunk", "nr_populated", 3)
    elif breakage == "empty pages":
        vm.m.poke(vm.m.addr("pcpu_nr_empty_pop_pages"), 4)
    elif breakage == "no first":
        vm.set_slots({})
    else:
        vm.m.poke(vm.heads + vm.slot_of(0x3000) * 8, 0xDEAD0000)
    assert broken(vm) == ids


def test_hints_are_bounds_from_above_or_from_below(vm):
    chunk = second(vm)
    path, unit = ("chunk_md.contig_hint", 4) if vm.bits else ("contig_hint", 1)
    vm.m.put(chunk, "pcpu_chunk", path, (0xF10 if vm.bits else 0xEF0) // unit)
    assert broken(vm) == ["PERCPU-4"]
    vm.m.put(chunk, "pcpu_chunk", path, (0xE00 if vm.bits else 0x1000) // unit)
    assert broken(vm) == []


def test_a_chunk_that_is_more_than_a_unit_is_named_and_the_others_are_shown(bits):
    chunk = second(bits)
    for nr_pages in (0x10000, 0x7FFFFFFF):
        bits.m.put(chunk, "pcpu_chunk", "nr_pages", nr_pages)
        report = percpu_report(bits.m.context())
        assert [each.chunk for each in report.chunks] == [bits.first]
        assert any(f"chunk {chunk:#x}: its part of a unit has" in problem.text for problem in report.problems)
    bits.m.put(bits.first, "pcpu_chunk", "nr_pages", 0x10000)
    assert percpu_report(bits.m.context()).chunks == ()


def test_an_isolated_chunk_is_on_a_slot_for_such(bits):
    chunk = second(bits)
    bits.m.put(chunk, "pcpu_chunk", "isolated", 1)
    assert broken(bits) == ["PERCPU-5"]
    bits.set_slots({bits.slot_of(0x3000): [bits.first], 10: [chunk]})
    assert broken(bits) == []


@pytest.mark.parametrize("breakage", ["no bound at its start", "no bound at its end", "a hole"])
def test_bit_maps_have_whole_areas(bits, breakage):
    chunk = second(bits)
    alloc, bound = (bits.m.take(chunk, "pcpu_chunk", name) for name in ("alloc_map", "bound_map"))
    if breakage == "a hole":
        bits.set_bit(alloc, 0x1800 // 4, 0)
    else:
        bits.set_bit(bound, (0x1000 if breakage == "no bound at its start" else 0x3000) // 4, 0)
    assert "PERCPU-1" in broken(bits)


@pytest.mark.parametrize("entries, ids", [
    ((1, 0x1000, 0x800, UNIT | 1), ["PERCPU-1"]), ((4, UNIT | 1), ["PERCPU-1"]), ((1, 0x1000, UNIT), ["PERCPU-1"]),
    ((1, 0x1000, 0x2000, UNIT | 1), ["PERCPU-2"])])
def test_a_map_of_areas_ascends_and_has_no_free_neighbours(entries, ids):
    vm = Machine(LINUX_4_9).vm
    table = vm.m.take(vm.first, "pcpu_chunk", "map")
    for number, entry in enumerate(entries):
        vm.m.poke(table + 4 * number, entry)
    vm.m.put(vm.first, "pcpu_chunk", "map_used", len(entries) - 1)
    assert set(ids) <= set(broken(vm))


@pytest.mark.parametrize("used", [0, -1, 0x7FFFFFFF])
def test_a_map_of_no_length_is_named(used):
    vm = Machine(LINUX_4_9).vm
    vm.m.put(vm.first, "pcpu_chunk", "map_used", used)
    assert "PERCPU-1" in broken(vm)


def test_before_the_first_chunk_there_is_nothing(vm):
    vm.m.poke(vm.m.addr("pcpu_base_addr"), 0)
    with pytest.raises(MmError, match="not set up yet"):
        percpu_report(vm.m.context())


# --- pointers ----------------------------------------------------------------

def pointer(vm, addr):
    """The per-CPU pointer of what is at an address of CPU 0."""
    return addr - FIRST_CHUNK + vm.m.addr("__per_cpu_start") & 0xFFFFFFFF


def two_cpus(vm):
    """CPU 1's copies are 0x10000 above CPU 0's, whose are 0x1000 above the pointers."""
    for cpu, offset in enumerate((0x1000, 0x11000)):
        vm.m.poke(vm.m.addr("__per_cpu_offset") + 4 * cpu, offset)


def test_an_allocation_is_found_by_its_pointer_and_by_a_copy(vm):
    chunk = second(vm)
    two_cpus(vm)
    at = pointer(vm, FAR + 0x1234)
    place = find_percpu(vm.m.context(), f"{at:#x}")
    assert (place.kind, place.chunk, place.offset, place.size, place.used) == ("dynamic", chunk, 0x1000, 0x2000, True)
    assert [(copy.cpu, copy.base_addr - at) for copy in place.copies] == [(0, 0x1000), (1, 0x11000)]
    assert find_percpu(vm.m.context(), f"{at + 0x11000:#x}").cpu == 1
    assert "an allocation, offset 0x1000" in percpu_text(place)
    free = find_percpu(vm.m.context(), f"{pointer(vm, FAR + 0x3004):#x}")
    assert not free.used and (free.offset, free.size) == (0x3000, 0xF00)
    assert "free memory" in percpu_text(free)


def test_a_static_variable_is_named(vm):
    two_cpus(vm)
    start = vm.m.addr("__per_cpu_start")
    ctx = vm.m.context()
    named = {start + 8: Symbolized("runqueues", 0, None)}
    ctx.host = dataclasses.replace(ctx.host, symbolize=named.get, evaluate=lambda text: Expression(
        {"&(runqueues)": start + 8, "runqueues": 77}[text], False))
    place = find_percpu(ctx, "runqueues")
    assert (place.kind, place.symbol, place.pointer, place.chunk) == ("static", "runqueues", start + 8, None)
    assert "the static variables: runqueues" in percpu_text(place)


def test_what_is_in_no_chunk_is_refused(vm):
    with pytest.raises(MmError, match="is no per-CPU pointer"):
        find_percpu(vm.m.context(), "0x12345678")


def test_symbols_that_are_linked_from_0_on_are_moved_back():
    """x86-64 until v6.14: KASLR moves the symbol file, not these."""
    machine = Machine(LINUX_6_1 + "var u32 _text\n")
    symbols = machine.shapes.symbols
    assert percpu_shift(machine.context()) is None
    for shift in (0, 0x1A000000):
        for name, at in (("__per_cpu_start", 0), ("__per_cpu_end", 0x35000), ("vmap_block_queue", 0x2E000)):
            symbols[name] = dataclasses.replace(symbols[name], addr=at + shift)
        symbols["_text"] = dataclasses.replace(symbols["_text"], addr=0xC1000000)
        ctx = machine.context()
        assert percpu_shift(ctx) == shift
        assert percpu_pointer(ctx, shift + 0x2E000) == 0x2E000
        assert percpu_pointer(ctx, 0xD0000000) == 0xD0000000


@settings(max_examples=60)
@given(strategies.lists(max_size=5, elements=strategies.tuples(
    strategies.integers(0, 25), strategies.integers(0, 0xFFFFFFFF))), strategies.sampled_from([LINUX_4_9, LINUX_6_1]))
def test_whatever_is_in_a_chunk_the_report_ends(writes, shape):
    vm = Machine(shape).vm
    chunk = second(vm)
    for word, value in writes:
        if word * 4 < vm.m.shapes.structs["pcpu_chunk"].size:
            vm.m.poke(chunk + word * 4, value)
    try:
        percpu_text(percpu_report(vm.m.context()))
    except MmError:
        pass
