# SPDX-License-Identifier: GPL-2.0-or-later
"""mm account: every page in one bucket, and the sums are what the zones count."""
import pytest

from machine import HIGH_PAGES, HIGH_START, LOW_PAGES, LOW_START, PAGE_OFFSET, PHYS_OFFSET
from mmscope.layout.debuginfo import UINT, Symbol, Type
from mmscope.model import frame
from mmscope.model.account import account
from mmscope.model.context import Context, Host
from mmscope.model.reserved import named
from mmscope.view.account import account_text
from mmscope.view.json import plain

A = LOW_START + 13              # a multiple of 16


def flag(machine, pfn, name):
    bits = list(machine.shapes.enums["pageflags"])
    index = machine.low if pfn < HIGH_START else machine.high
    machine.put(machine.page(pfn), "page", "flags", index << 30 | 1 << bits.index(f"PG_{name}"))


def managed(machine, zone, count):
    name = "managed_pages.counter" if machine.new_style else "managed_pages"
    machine.put(machine.zone(zone), "zone", name, count)


def reserve(machine, start, count):
    """Reserved frames, as after the hand-over; the zone does not manage them."""
    machine.memblock("reserved", (start << 12, count << 12))
    for pfn in range(start, start + count):
        flag(machine, pfn, "reserved")
    managed(machine, machine.low, LOW_PAGES - count)


def early(machine):
    machine.poke(machine.addr("system_state"), 0)
    machine.poke(machine.addr("slab_state"), 0)
    machine.set_total("totalram_pages", 0)


def inside(machine, *functions):
    ctx = machine.context()
    host = Host(**{**ctx.host.__dict__, "backtraces": lambda: (functions,)})
    return Context(ctx.memory, ctx.layout, host)


def buckets(zone):
    return {(bucket.kind, bucket.detail): bucket.pages for bucket in zone.buckets}


def test_a_machine_in_use_adds_up(machine):
    found = account(machine.context())
    assert [(zone.present, zone.managed, zone.residual, zone.present_residual) for zone in found.zones] == [
        (LOW_PAGES, LOW_PAGES, 0, 0), (HIGH_PAGES, HIGH_PAGES, 0, 0)]
    assert buckets(found.zones[0]) == {(frame.OTHER, ""): LOW_PAGES}
    assert found.unknown == LOW_PAGES + HIGH_PAGES and found.failure is None


def test_buckets_are_by_kind_and_size(machine):
    reserve(machine, A, 48)
    machine.free(machine.low, 4, 1, A + 64)
    machine.free(machine.low, 0, 1, A + 100, A + 102)
    low = account(machine.context()).zones[0]
    assert [(each.kind, each.pages, each.detail) for each in low.buckets] == [
        (frame.RESERVED, 48, "early allocations"), (frame.FREE, 16, "Movable order 4"),
        (frame.FREE, 2, "Movable order 0"), (frame.OTHER, LOW_PAGES - 66, "")]
    assert (low.reserved, low.residual) == (48, 0)
    assert low.of(frame.FREE) == 18


@pytest.mark.parametrize("wrong, text", [(5, "5 more"), (-7, "7 less")])
def test_what_does_not_close_is_said_and_fails(machine, wrong, text):
    managed(machine, machine.low, LOW_PAGES + wrong)
    found = account(machine.context())
    assert found.zones[0].residual == wrong
    assert found.failure is not None and "Normal" in found.failure or "Dma" in found.failure
    assert text in found.failure and "managed_pages" in found.failure and "\n" not in found.failure
    assert str(wrong) in account_text(found)


def test_a_hole_that_the_zone_counts_as_memory_does_not_close(machine):
    machine.memblock("memory", (LOW_START << 12, 0x100000), (LOW_START + 0x200 << 12, 0x2000000))
    found = account(machine.context())
    assert found.zones[0].present_residual == 0x100
    assert "present_pages" in found.failure or "managed_pages" in found.failure
    assert "present, but not found in RAM" in account_text(found)


def test_a_stop_inside_a_change_is_named_and_does_not_fail(machine):
    managed(machine, machine.low, LOW_PAGES + 4)
    found = account(inside(machine, "__free_one_page", "free_one_page"))
    assert found.zones[0].residual == 4 and found.failure is None
    assert "__free_one_page (CPU 0)" in account_text(found)


def test_before_the_hand_over_managed_is_an_estimate(machine):
    early(machine)
    machine.memblock("reserved", (A << 12, 0x2000))
    found = account(machine.context())
    low = found.zones[0]
    assert low.estimated and low.residual == low.present_residual == 0 and found.failure is None
    assert buckets(low) == {(frame.RESERVED, "early allocations"): 2, (frame.MEMBLOCK, ""): LOW_PAGES - 2}
    assert "not handed over yet" in account_text(found) and "none yet, estimated" in account_text(found)


def test_the_first_block_of_the_hand_over_is_not_taken_for_the_estimate(machine):
    early(machine)
    managed(machine, machine.low, 4)
    managed(machine, machine.high, 0)
    found = account(inside(machine, "__free_one_page"))
    assert not found.zones[0].estimated and found.zones[0].residual == 4 and found.failure is None


def test_owners_share_a_page_by_their_bytes(machine):
    """The kernel's image ends, and the initrd begins, in one page of a reservation."""
    reserve(machine, A, 5)
    base = PAGE_OFFSET + (A << 12) - PHYS_OFFSET
    for name, value in (("initrd_start", base + 0x1800), ("initrd_end", base + 0x3100)):
        machine.heap += -machine.heap % 4
        machine.shapes.symbols[name] = Symbol(name, machine.heap, Type(UINT, 4))
        machine.poke(machine.heap, value)
        machine.heap += 4
    for name, value in (("_text", base), ("_stext", base), ("_etext", base + 0x1400), ("_end", base + 0x1700)):
        machine.shapes.symbols[name] = Symbol(name, value)
    ctx = machine.context()
    assert sorted(named(ctx, A, A + 5)) == [
        (A, A + 1, "kernel text"), (A + 1, A + 4, "initrd"), (A + 4, A + 5, "early allocations")]
    machine.shapes.symbols["_etext"] = Symbol("_etext", base + 0x1900)
    assert (A, A + 2, "kernel text") in named(machine.context(), A, A + 5)


def test_expect_holds_free_pages_to_the_counter(machine):
    machine.free(machine.low, 4, 1, A)
    items = list(machine.shapes.enums["zone_stat_item"])
    place = f"vm_stat[{items.index('NR_FREE_PAGES')}].counter"
    machine.put(machine.zone(machine.low), "zone", place, 16)
    found = account(machine.context(), expect=True)
    row = next(row for row in found.expected if row.counter == "NR_FREE_PAGES" and row.ours)
    assert (row.kernel, row.ours, row.difference, row.exact) == (16, 16, 0, True) and found.failure is None
    machine.put(machine.zone(machine.low), "zone", place, 17)
    found = account(machine.context(), expect=True)
    assert "NR_FREE_PAGES is 17, 16 pages were found" in found.failure
    assert "+1" in account_text(found)


def test_expect_leaves_out_isolated_blocks_as_the_counter_does(machine):
    isolate = machine.shapes.enums["migratetype"]["MIGRATE_ISOLATE"]
    items = list(machine.shapes.enums["zone_stat_item"])
    machine.free(machine.low, 4, 1, A)
    machine.free(machine.low, 3, isolate, A + 64)
    machine.put(machine.zone(machine.low), "zone", f"vm_stat[{items.index('NR_FREE_PAGES')}].counter", 16)
    found = account(machine.context(), expect=True)
    row = next(row for row in found.expected if row.counter == "NR_FREE_PAGES" and row.ours)
    assert (row.kernel, row.ours) == (16, 16) and found.failure is None
    assert found.zones[0].of(frame.FREE) == 24


def test_expect_holds_totals_to_what_was_found(machine):
    machine.set_total("totalram_pages", LOW_PAGES + HIGH_PAGES - 1)
    found = account(machine.context(), expect=True)
    assert "totalram_pages" in found.failure
    assert {row.counter for row in found.expected} >= {"totalram_pages", "totalhigh_pages", "NR_FREE_PAGES"}


def test_pages_lists_every_range(machine):
    machine.free(machine.low, 4, 1, A)
    found = account(machine.context(), pages=True)
    low = [each for each in found.pages if each.start_pfn < HIGH_START]
    assert [(each.start_pfn, each.end_pfn, each.kind) for each in low] == [
        (LOW_START, A, frame.OTHER), (A, A + 16, frame.FREE), (A + 16, HIGH_START, frame.OTHER)]
    assert f"{A:#x}" in account_text(found)


def test_text_fits_and_names_what_the_target_named(machine):
    machine.put(machine.page(A), "page", "mapping", 0xC0201000)
    machine.free(machine.low, 4, 1, A + 16)
    text = account_text(account(machine.context(), pages=True, expect=True))
    assert text.isascii() and max(map(len, text.splitlines())) <= 80
    assert "residual" in text and "page cache" in text and "1 of 4" in text


def test_json_has_what_interfaces_promise(machine):
    document = plain(account(machine.context()))
    assert set(document["zones"][0]) >= {"node", "zone", "spanned", "present", "managed", "reserved", "buckets",
                                         "residual"}
    assert set(document["zones"][0]["buckets"][0]) == {"kind", "pages", "detail"}
    assert "failure" not in document and document["problems"] == []
