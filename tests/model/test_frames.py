# SPDX-License-Identifier: GPL-2.0-or-later
"""Every page frame of a zone is in one span, for what it is for; and one frame asked alone says the same."""
import random

import pytest

from machine import BASE_PFN, HIGH_PAGES, HIGH_START, LOW_PAGES, LOW_START
from mmscope.model import frame
from mmscope.model.frames import classify, machine_spans, zone_spans
from mmscope.model.paint import Strip, within, without
from mmscope.model.zone import zones

A = LOW_START + 13              # a multiple of 16


def bit(machine, name):
    return 1 << list(machine.shapes.enums["pageflags"]).index(f"PG_{name}")


def flag(machine, pfn, *names):
    """Set flags beside the zone link."""
    index = machine.low if pfn < HIGH_START else machine.high
    machine.put(machine.page(pfn), "page", "flags", index << 30 | sum(bit(machine, name) for name in names))


def spans(machine, index=None):
    ctx = machine.context()
    chosen = [zone for zone in zones(ctx) if zone.populated and index in (None, zone.index)]
    found = [span for zone in chosen for span in zone_spans(ctx, zone)]
    for zone in chosen:
        mine = zone_spans(ctx, zone)
        assert [span.start_pfn for span in mine[1:]] == [span.end_pfn for span in mine[:-1]]
        assert (mine[0].start_pfn, mine[-1].end_pfn) == (zone.start_pfn, zone.end_pfn)
        assert all((one.kind, one.detail) != (other.kind, other.detail) for one, other in zip(mine, mine[1:]))
    alone = machine.context()
    for span in found:
        for pfn in {span.start_pfn, span.end_pfn - 1, (span.start_pfn + span.end_pfn) // 2}:
            one = classify(alone, pfn)
            assert (one.start_pfn, one.kind, one.detail) == (pfn, span.kind, span.detail)
    return found


def at(found, pfn):
    return next((span.kind, span.detail) for span in found if span.start_pfn <= pfn < span.end_pfn)


def test_both_zones_are_covered(machine):
    found = machine_spans(machine.context())
    assert sum(span.pages for span in found) == LOW_PAGES + HIGH_PAGES
    assert spans(machine)[0].kind == frame.OTHER


def test_free_blocks_are_told_by_type_and_order(machine):
    machine.free(machine.low, 4, 1, A)
    machine.free(machine.low, 0, 0, A + 16)
    found = spans(machine, machine.low)
    assert at(found, A) == at(found, A + 15) == (frame.FREE, "Movable order 4")
    assert at(found, A + 16) == (frame.FREE, "Unmovable order 0")
    assert at(found, A + 17) == at(found, A - 1) == (frame.OTHER, "")


def test_the_list_decides_not_the_mark(machine):
    machine.free(machine.low, 4, 1, A)
    machine.link(machine.head(machine.low, 4, 1))          # taken off, with its mark
    found = spans(machine, machine.low)
    assert at(found, A)[0] == frame.OTHER and at(found, A + 1) == (frame.OTHER, "")


def test_a_hole_is_no_memory_whatever_its_struct_page_says(machine):
    machine.memblock("memory", (LOW_START << 12, 0x100000), (LOW_START + 0x200 << 12, 0x2000000))
    flag(machine, LOW_START + 0x150, "reserved")
    found = spans(machine, machine.low)
    assert at(found, LOW_START + 0xff) != (frame.HOLE, "") == at(found, LOW_START + 0x100)
    assert at(found, LOW_START + 0x150) == at(found, LOW_START + 0x1ff) == (frame.HOLE, "")


def test_memory_counts_in_whole_pages(machine):
    machine.memblock("memory", (LOW_START << 12, 0x100800), (LOW_START + 0x101 << 12, 0x2000000))
    assert at(spans(machine, machine.low), LOW_START + 0x100) == (frame.HOLE, "")


def test_reserved_is_what_is_marked_and_in_memblock(machine):
    machine.memblock("reserved", (A << 12, 0x2800))
    for pfn in (A, A + 1, A + 2):
        flag(machine, pfn, "reserved")
    found = spans(machine, machine.low)
    assert [at(found, pfn)[0] for pfn in range(A - 1, A + 4)] == [
        frame.OTHER, frame.RESERVED, frame.RESERVED, frame.RESERVED, frame.OTHER]
    assert at(found, A) == (frame.RESERVED, "early allocations")


def test_what_memblock_had_reserved_and_was_freed_is_in_use(machine):
    machine.memblock("reserved", (A << 12, 0x2000))
    assert at(spans(machine, machine.low), A) == (frame.OTHER, "")


def test_a_page_that_a_driver_has_marked_reserved_is_in_use(machine):
    flag(machine, A, "reserved")
    assert at(spans(machine, machine.low), A) == (frame.OTHER, "PG_reserved by a driver")


def test_a_reserved_page_that_was_never_handed_over_is_reserved(machine):
    """Linux forgets the whole last page of the initrd in memblock, but frees it only where it is the initrd's."""
    flag(machine, A, "reserved")
    machine.link(machine.node(A))
    assert at(spans(machine, machine.low), A) == (frame.RESERVED, "not named")


def test_before_the_hand_over_all_is_memblocks(machine):
    machine.poke(machine.addr("system_state"), 0)
    machine.poke(machine.addr("slab_state"), 0)
    machine.set_total("totalram_pages", 0)
    machine.memblock("reserved", (A << 12, 0x1800))
    flag(machine, A + 9, "reserved")                # means nothing yet
    found = spans(machine, machine.low)
    assert at(found, A) == at(found, A + 1) == (frame.RESERVED, "early allocations")
    assert at(found, A + 2) == at(found, A + 9) == (frame.MEMBLOCK, "")


def test_while_handing_over_untouched_pages_are_memblocks(machine):
    machine.poke(machine.addr("system_state"), 0)
    machine.poke(machine.addr("slab_state"), 0)
    machine.link(machine.node(A))
    machine.link(machine.node(A + 1))
    machine.put(machine.page(A + 1), "page", "_refcount.counter", 0)
    found = spans(machine, machine.low)
    assert at(found, A) == (frame.MEMBLOCK, "")
    assert at(found, A + 1) == (frame.OTHER, "being handed over")
    assert at(found, A + 2) == (frame.OTHER, "")


@pytest.mark.parametrize("low_bits, expected", [
    (0, (frame.FILE, "")), (1, (frame.ANON, "")), (2, (frame.OTHER, "movable")), (3, (frame.ANON, "ksm"))])
def test_mapping_says_what_is_in_a_page(machine, low_bits, expected):
    machine.put(machine.page(A), "page", "mapping", 0xC0201000 | low_bits)
    assert at(spans(machine, machine.low), A) == expected


def test_a_compound_page_is_what_its_first_page_says(machine):
    flag(machine, A, "head")
    machine.put(machine.page(A), "page", "mapping", 0xC0201000)
    for pfn in range(A + 1, A + 4):
        machine.put(machine.page(pfn), "page", "compound_head", machine.page(A) + 1)
    flag(machine, A + 4, "head")
    for pfn in range(A + 5, A + 8):
        machine.put(machine.page(pfn), "page", "compound_head", machine.page(A + 4) + 1)
    found = spans(machine, machine.low)
    assert {at(found, pfn) for pfn in range(A, A + 4)} == {(frame.FILE, "")}
    assert {at(found, pfn) for pfn in range(A + 4, A + 8)} == {(frame.COMPOUND, "")}


def test_links_to_heads_are_not_followed_in_circles(machine):
    for pfn, head in ((A, A - 1), (A - 1, A), (A + 2, A + 2), (A + 3, A + 9)):
        machine.put(machine.page(pfn), "page", "compound_head", machine.page(head) + 1)
    machine.put(machine.page(A + 5), "page", "compound_head", 0xDEADBEEF)
    assert len(spans(machine, machine.low)) >= 1


def test_kernel_page_tables_are_told_by_the_tables_themselves(machine):
    """A second-level table at a page that nothing marks."""
    table = (A + 2) << 12
    machine.poke(0xC0004000 + 0xF00 * 4, table | 1)
    assert at(spans(machine, machine.low), A + 2) == (frame.PAGETABLE, "the kernel's own")


def test_struct_pages_that_cannot_be_read_do_not_end_the_sweep(machine):
    start = min(address for address in machine.ram.areas if address <= machine.page(A) <
                address + len(machine.ram.areas[address]))
    data = machine.ram.areas.pop(start)
    keep = machine.page(HIGH_START - 256) - start
    machine.ram.areas[start] = data[:keep]
    found = {span.kind: span for span in zone_spans(machine.context(), zones(machine.context())[machine.low])}
    assert found[frame.OTHER].detail == "struct page not readable"


def test_a_zone_that_claims_too_much_is_looked_at_where_it_has_memory(machine):
    machine.put(machine.zone(machine.low), "zone", "spanned_pages", 0x7FFFFFFF)
    ctx = machine.context()
    found = zone_spans(ctx, zones(ctx)[machine.low])
    assert found[-1].kind == frame.HOLE and found[-1].end_pfn == LOW_START + 0x7FFFFFFF


def test_ranges():
    assert without([(0, 10), (20, 30)], [(5, 25), (8, 22), (29, 40)]) == [(0, 5), (25, 29)]
    assert without([(0, 4), (6, 9)], []) == [(0, 4), (6, 9)]
    assert within([(6, 9), (0, 4), (3, 5)], 1, 8) == [(1, 5), (6, 8)]
    strip = Strip([(0, 4), (8, 12)])
    strip.paint([(2, 10, 1), (9, 99, 2)])
    assert list(strip.runs()) == [(0, 2, 0), (2, 4, 1), (8, 9, 1), (9, 12, 2)]


def test_outside_of_all_zones_is_a_hole(machine):
    assert classify(machine.context(), BASE_PFN).kind == frame.HOLE


@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_at_all_give_a_partition(machine, seed):
    """Struct pages of noise; the free lists and what is asked alone are still decided alike."""
    dice = random.Random(seed)
    for pfn in dice.sample(range(LOW_START, HIGH_START), 200):
        words = [dice.choice((0, 1, dice.getrandbits(32), machine.page(dice.randrange(LOW_START, HIGH_START)) + 1))
                 for _ in range(machine.page_bytes // 4)]
        machine.ram.write(machine.page(pfn), b"".join(word.to_bytes(4, "little") for word in words))
    machine.memblock("reserved", (A << 12, 0x80000))
    assert {span.kind for span in spans(machine, machine.low)} <= set(frame.KINDS)
