# SPDX-License-Identifier: GPL-2.0-or-later
"""mm why names what holds a page, and the exact reason why a free block did not merge with its buddy."""
import dataclasses
import json

import pytest

from checked import PAGE_EXT
from machine import BASE_PFN, HIGH_PAGES, HIGH_START, LOW_PAGES, LOW_START, Machine
from mmscope.errors import MmError
from mmscope.layout.debuginfo import Symbol
from mmscope.model import frame
from mmscope.model.frames import machine_spans
from mmscope.model.why import find_place, place_of, why
from mmscope.view.json import plain
from mmscope.view.why import why_text
from shapes import LINUX_4_9
from test_pcp import listed                                     # noqa: F401
from test_slab import CPU_ONE, FULL, HALF, WAITING, slabs       # noqa: F401

A = LOW_START + 13              # a multiple of 16
EXT = 0xC0208000


def ask(machine, text):
    ctx = machine.context()
    answer = why(ctx, find_place(ctx, text if isinstance(text, str) else f"pfn:{text:#x}"))
    shown = why_text(answer)
    assert shown.isascii() and max(map(len, shown.splitlines())) <= 80
    assert len(answer.verdict) <= 110, answer.verdict
    return answer


def low(machine):
    """Name of the zone that A is in."""
    return machine.names[machine.low][5:].capitalize()


def said(answer, what):
    """All that it says of one thing."""
    return [each.text for each in answer.evidence if each.what == what]


def flag(machine, pfn, *names):
    index = machine.low if pfn < HIGH_START else machine.high
    enum = machine.shapes.enums["pageflags"]
    machine.put(machine.page(pfn), "page", "flags", index << 30 | sum(1 << enum[f"PG_{name}"] for name in names))


def reserve(machine, *regions):
    """memblock.reserved of (pfn, bytes), and PG_reserved as the hand-over sets it."""
    machine.memblock("reserved", *((pfn << 12, size) for pfn, size in regions))
    for pfn, size in regions:
        for each in range(pfn, pfn + -(-size // 4096)):
            flag(machine, each, "reserved")


# --- free blocks -----------------------------------------------------------------------------------------------------

def test_a_free_block_says_its_place_on_its_list(machine):
    blocks = [A + 32 * at for at in range(17)]
    machine.free(machine.low, 2, 1, *blocks)
    for at, nth in ((0, "1st"), (1, "2nd"), (2, "3rd"), (3, "4th"), (10, "11th"), (16, "17th")):
        answer = ask(machine, blocks[at])
        assert (answer.kind, answer.detail, answer.zone) == (frame.FREE, "Movable order 2", low(machine))
        assert f"order 2 block {blocks[at]:#x}, {nth} of 17 on {low(machine)}'s Movable list" in answer.verdict
    assert said(ask(machine, blocks[0]), "list")[0].endswith("given out next")
    assert said(ask(machine, blocks[0] + 3), "this page") == ["the 4th of the block's 4 pages"]
    assert said(ask(machine, blocks[0]), "this page") == []


def test_a_block_on_another_list_than_its_pageblocks_is_found_there(machine):
    machine.free(machine.low, 2, 1, A)
    machine.free(machine.low, 2, 2, A + 32, A + 64)
    assert f"2nd of 2 on {low(machine)}'s Reclaimable list" in ask(machine, A + 64).verdict


@pytest.mark.parametrize("member, value", [("_mapcount.counter", -1), ("private", 1), ("private", 99)])
def test_a_block_that_is_not_marked_as_its_list_says_is_free_all_the_same(machine, member, value):
    machine.free(machine.low, 3, 1, A + 32, A + 64)
    machine.put(machine.page(A + 64), "page", member, value)
    spans = {pfn: span for span in machine_spans(machine.context()) for pfn in range(span.start_pfn, span.end_pfn)}
    for pfn in (A + 67, A + 71):
        answer = ask(machine, pfn)
        assert (answer.kind, answer.detail) == (spans[pfn].kind, spans[pfn].detail) == (frame.FREE, "Movable order 3")
        assert f"{A + 64:#x}" in answer.verdict and "BUDDY-2" in answer.verdict
        ctx = machine.context()
        assert why(ctx, place_of(ctx, pfn), spans[pfn]).verdict == answer.verdict


def test_a_list_that_breaks_off_is_said_to(machine):
    machine.free(machine.low, 2, 1, A, A + 32)
    machine.poke(machine.node(A + 32), 0x1234)
    answer = ask(machine, A)
    assert "is free, too" not in answer.verdict and answer.kind in (frame.FREE, frame.OTHER)
    assert "1st of 2" in answer.verdict and "broken" in said(answer, "list")[0]


def test_a_block_that_is_marked_but_on_no_list_says_so(machine):
    machine.free(machine.low, 2, 1, A)
    machine.link(machine.head(machine.low, 2, 1))
    answer = ask(machine, A)
    assert f"on none of {low(machine)}'s lists of order 2" in answer.verdict


def buddy(machine, pfn):
    """Reason, buddy's pfn and verdict of a free block's page."""
    answer = ask(machine, pfn)
    assert answer.kind == frame.FREE and answer.buddy is not None
    assert answer.buddy.pfn is None or f"{answer.buddy.pfn:#x}" in " ".join(said(answer, "buddy"))
    return answer.buddy.reason, answer.buddy.pfn, answer.verdict


def test_the_highest_order_does_not_merge(machine):
    order = machine.orders - 1
    first = -(-LOW_START >> order) + 1 << order
    machine.free(machine.low, order, 1, first)
    assert buddy(machine, first)[:2] == ("highest order", None)


def test_a_buddy_that_is_used_is_named(machine):
    machine.free(machine.low, 3, 1, A)
    assert buddy(machine, A)[:2] == ("in use", A + 8)


def test_a_buddy_that_is_reserved_is_named_with_its_owner(machine):
    machine.free(machine.low, 1, 1, A)
    reserve(machine, (A + 2, 0x1000))
    reason, pfn, verdict = buddy(machine, A)
    assert (reason, pfn) == ("in use", A + 2) and verdict.endswith(f"its buddy {A + 2:#x} is reserved")
    assert said(ask(machine, A), "buddy")[0] == f"pfn {A + 2:#x} is reserved (early allocations)"


def test_a_buddy_that_is_a_page_table_is_named(machine):
    machine.free(machine.low, 0, 1, A)
    table = A + 1 << 12
    machine.poke(0xC0004000 + 0xF00 * 4, table | 1)
    assert buddy(machine, A)[2].endswith("is a page table")
    answer = ask(machine, A + 1)
    assert answer.kind == frame.PAGETABLE and "pte entries for 0xf0000000" in answer.verdict
    assert said(answer, "table") == ["pte entries for 0xf0000000 to 0xf00fffff, of the kernel's own"]


def test_a_buddy_that_is_split_leads_to_the_page_that_keeps_it_so(machine):
    machine.free(machine.low, 3, 1, A)
    machine.free(machine.low, 1, 1, A + 8)
    machine.free(machine.low, 0, 1, A + 10)
    reason, pfn, verdict = buddy(machine, A)
    assert (reason, pfn) == ("smaller blocks", A + 8) and f"its buddy's {A + 11:#x} is in use" in verdict
    assert f"3 pages up to {A + 11:#x}" in said(ask(machine, A), "buddy")[0]


def test_a_buddy_of_a_larger_order_is_broken(machine):
    machine.free(machine.low, 0, 1, A)
    machine.free(machine.low, 1, 1, A + 1)          # misaligned
    assert buddy(machine, A)[:2] == ("larger block", A + 1)


def test_a_buddy_outside_of_memory_is_none(machine):
    assert LOW_START ^ 1 == LOW_START - 1
    machine.free(machine.low, 0, 1, LOW_START)
    assert buddy(machine, LOW_START)[:2] == ("no memory", LOW_START - 1)


def test_a_buddy_in_a_hole_is_none_whatever_its_struct_page_says(machine):
    machine.memblock("memory", (LOW_START << 12, A + 4 - LOW_START << 12), (A + 8 << 12, 0x1000000))
    machine.free(machine.low, 2, 1, A)
    machine.put(machine.page(A + 4), "page", "private", 2)
    assert buddy(machine, A)[:2] == ("no memory", A + 4)


def test_a_buddy_in_another_zone_is_none(machine):
    last = HIGH_START - 1
    assert last ^ 1 == HIGH_START
    machine.free(machine.low, 0, 1, last)
    reason, pfn, verdict = buddy(machine, last)
    assert (reason, pfn) == ("other zone", HIGH_START) and verdict.endswith("is in another zone")
    assert "zone Highmem" in said(ask(machine, last), "buddy")[0]


def test_two_free_buddies_are_broken_unless_the_lock_is_held(machine):
    machine.free(machine.low, 2, 1, A, A + 4)
    assert buddy(machine, A)[:2] == ("unmerged", A + 4)
    assert "BUDDY-5" in said(ask(machine, A), "buddy")[0]
    machine.take_lock(machine.low)
    assert "lock is held" in said(ask(machine, A), "buddy")[0]


def test_a_buddy_on_a_cpus_list_does_not_merge(listed):         # noqa: F811
    listed.free(listed.low, 0, 0, A - 1)
    listed.link(listed.pcp_head(1, 1), listed.node(A), listed.node(A - 2))
    listed.put(listed.page(A - 2), "page", "_refcount.counter", 0)
    reason, pfn, verdict = buddy(listed, A - 1)
    assert (reason, pfn) == ("per-CPU list", A - 2) and verdict.endswith("is on the list of CPU 1")


def test_a_page_on_a_cpus_list_says_which_and_where(listed):    # noqa: F811
    answer = ask(listed, A + 1)
    assert (answer.kind, answer.detail) == (frame.PCP, "CPU 1")
    assert "2nd of 2 on CPU 1's Movable list of order 0" in answer.verdict
    assert said(answer, "CPU's lists") == ["2 pages in all; more than 186 go back, 31 at a time"]


# --- not given out ---------------------------------------------------------------------------------------------------

def test_a_hole_says_what_memory_is_around(machine):
    machine.memblock("memory", (LOW_START << 12, 0x100000), (LOW_START + 0x200 << 12, 0x1600000))
    answer = ask(machine, LOW_START + 0x180)
    begin, end = LOW_START + 0x100 << 12, LOW_START + 0x200 << 12
    assert answer.kind == frame.HOLE and answer.zone is None and answer.virt is None
    assert answer.verdict == f"hole: there is no memory here: RAM ends at {begin:#x} and begins at {end:#x}"
    assert said(answer, "RAM below") == [f"{LOW_START << 12:#x} to {begin:#x}"]
    assert ask(machine, 0x90000).page is None       # none in mem_map either


def test_a_page_of_which_a_part_is_memory_is_not_said_to_be_without(machine):
    pfn = LOW_START + 0x100
    machine.memblock("memory", (LOW_START << 12, 0x100C00), (LOW_START + 0x200 << 12, 0x1600000))
    for byte in (0x100, 0xD00):
        answer = ask(machine, f"phys:{(pfn << 12) + byte:#x}")
        assert (answer.kind, answer.verdict) == (frame.HOLE, "hole: only a part of this page is memory")
        assert said(answer, "in part")[0].startswith("0xc00 bytes")
    assert "no memory here" in ask(machine, pfn + 1).verdict


def test_a_reserved_page_names_its_region_and_its_place_in_it(machine):
    reserve(machine, (A, 0x1000), (A + 8, 0x2800))
    answer = ask(machine, A + 10)
    assert answer.kind == frame.RESERVED
    assert answer.verdict == "reserved: early allocations, memblock.reserved[1]; never given back"
    assert said(answer, "region") == [
        f"memblock.reserved[1]: {A + 8 << 12:#x} + 0x2800, its 3rd of 3 pages, 0x800 bytes of this page"]
    assert said(answer, "the rest") and not said(ask(machine, A + 9), "the rest")


def test_a_cma_pool_comes_back_by_an_initcall(machine):
    area = machine.addr("cma_areas")
    machine.put(area, "cma", "base_pfn", A)
    machine.put(area, "cma", "count", 64)
    name = machine.shapes.place("cma", "name")
    if machine.new_style:
        machine.ram.write(area + name[0], b"pool\0")
    else:
        machine.poke(area + name[0], machine.string("pool"))
    machine.poke(machine.addr("cma_area_count"), 1)
    reserve(machine, (A, 64 << 12))
    assert ask(machine, A + 5).verdict.endswith("it was not given back")
    machine.poke(machine.addr("system_state"), 0)
    answer = ask(machine, A + 5)
    assert answer.verdict == "reserved: CMA pool, memblock.reserved[0]; given back by an initcall"
    assert "cma_init_reserved_areas" in said(answer, "later")[0]


def test_before_the_hand_over_memblock_has_it(machine):
    for name in ("system_state", "slab_state"):
        machine.poke(machine.addr(name), 0)
    machine.set_total("totalram_pages", 0)
    machine.shapes.symbols["memblock_free_all"] = Symbol("memblock_free_all", 0xC0100000)
    machine.shapes.symbols["free_highpages"] = Symbol("free_highpages", 0xC0100000)
    here, high = ask(machine, A), ask(machine, HIGH_START + 5)
    assert here.kind == high.kind == frame.MEMBLOCK
    assert here.verdict == "not handed over yet: free in memblock; memblock_free_all gives it to the buddy lists of " \
                           f"zone {low(machine)}"
    assert "free_highpages" in high.verdict and high.zone == "Highmem"


# --- in use ----------------------------------------------------------------------------------------------------------

def test_a_slab_says_who_holds_it_and_what_keeps_it(slabs):     # noqa: F811
    half = ask_slab(slabs, HALF)
    assert half.kind == frame.SLAB and half.verdict == \
        "slab of kmalloc-64: 60 of 64 objects in use; on node 0's partial list"
    assert said(half, "held by") == ["node 0: 1st of 1 slabs on its partial list"]
    assert said(half, "kept by") == ["60 of its objects in use: its pages go back with the last one"]
    assert ask_slab(slabs, FULL).verdict.endswith("64 of 64 objects in use; full, on no partial list")
    if not slabs.sheaves:
        one, waiting = ask_slab(slabs, CPU_ONE), ask_slab(slabs, WAITING)
        assert one.verdict.endswith("62 of 64 objects in use; CPU 1 allocates from it")
        assert said(one, "objects") == ["62 of 64 objects in use; free: 2 of CPU 1"]
        assert waiting.verdict.endswith("63 of 64 objects in use; waits on CPU 1's partial list")


def ask_slab(slabs, number):                                    # noqa: F811
    return ask(slabs.machine, f"{slabs.page(number):#x}")


def test_an_address_in_a_slab_is_one_of_its_objects(slabs):     # noqa: F811
    machine = slabs.machine
    addr = slabs.object(slabs.kmalloc, HALF, 1)
    assert said(ask(machine, f"{addr + 5:#x}"), "object") == [
        f"2nd of 64, {addr:#x} + 0x5: free, 2nd to be given out by the slab's own freelist"]
    used = slabs.object(slabs.kmalloc, HALF, 2)
    assert said(ask(machine, f"{used:#x}"), "object") == [f"3rd of 64, {used:#x} + 0x0: in use"]
    assert said(ask_slab(slabs, HALF), "object") == []


@pytest.mark.parametrize("bits, kind, text", [
    (0, frame.FILE, "page cache: page 0x7 of the file at 0xc0201000"),
    (1, frame.ANON, "anonymous memory of programs, mapped 3 times"), (3, frame.ANON, "shared by KSM, mapped 3 times")])
def test_what_is_mapped_says_so(machine, bits, kind, text):
    machine.put(machine.page(A), "page", "mapping", 0xC0201000 | bits)
    machine.put(machine.page(A), "page", "index", 7)
    machine.put(machine.page(A), "page", "_mapcount.counter", 2)
    answer = ask(machine, A)
    assert (answer.kind, answer.verdict) == (kind, text)
    assert "mapped 3 times" in said(answer, "kept by")[0]


def test_a_later_page_of_a_compound_one_shows_what_counts(machine):
    flag(machine, A, "head")
    machine.put(machine.page(A + 1), "page", "compound_order", 2)
    machine.put(machine.page(A), "page", "_refcount.counter", 5)
    for pfn in range(A + 1, A + 4):
        machine.put(machine.page(pfn), "page", "compound_head", machine.page(A) + 1)
        machine.put(machine.page(pfn), "page", "_refcount.counter", 0)
    answer = ask(machine, A + 2)
    assert answer.kind == frame.COMPOUND and said(answer, "kept by")[0].startswith("refcount 5")
    assert said(answer, "compound page") == [f"from pfn {A:#x} on, order 2, 4 pages; this is the 3rd"]


def test_a_name_that_the_target_gives_is_escaped(slabs):        # noqa: F811
    machine = slabs.machine
    machine.put(slabs.kmalloc, "kmem_cache", "name", machine.string("bad\x1b[2J"))
    ctx = machine.context()
    text = why_text(why(ctx, find_place(ctx, f"{slabs.page(HALF):#x}")))
    assert "\x1b" not in text and "bad\\x1b[2J" in text


def test_what_cannot_be_read_ends_the_story_but_not_without_a_verdict(slabs):       # noqa: F811
    machine = slabs.machine
    machine.put(slabs.page(HALF), slabs.tag, "slab_cache", 0xC0F00000)      # lowmem that nothing can read
    answer = ask_slab(slabs, HALF)
    assert answer.kind == frame.SLAB and "cannot read target memory" in answer.verdict
    machine.put(slabs.page(HALF), slabs.tag, "slab_cache", 0x12345)
    assert "says that its cache is at 0x12345" in ask_slab(slabs, HALF).verdict


# --- page_owner ------------------------------------------------------------------------------------------------------

@pytest.fixture
def owned():
    """A guest with page_owner=on."""
    machine = Machine(LINUX_4_9 + PAGE_EXT)
    for name, value in (("page_ext_table", EXT), ("page_ext_start_pfn", A), ("page_ext_end_pfn", A + 4)):
        machine.poke(machine.addr(name), value)
    machine.poke(machine.addr("page_owner_inited"), 1, 1)
    for at, fields in enumerate(((1, 2, 0xD0, 0xC0101234, 2, 0xC0101234, 0xC0102000), (0, 1, 0xC0, 0xC0101500, 99),
                                 (1, 0, 0, 0, 0), (0, 0, 0, 0, 0))):
        for word, value in enumerate(fields):
            machine.poke(EXT + at * 52 + word * 4, value)
    return machine


def test_page_owner_says_who_allocated_it(owned):
    owner = ask(owned, A).owner
    assert (owner.allocated, owner.order, owner.gfp_mask, owner.caller.addr) == (True, 2, 0xD0, 0xC0101234)
    assert [call.addr for call in owner.trace] == [0xC0101234, 0xC0102000]
    assert ask(owned, A).verdict == "in use: allocated by 0xc0101234, and free when that gives it back"
    assert said(ask(owned, A), "called from") == ["0xc0101234", "0xc0102000"]


def test_a_record_outlives_its_allocation(owned):
    answer = ask(owned, A + 1)
    assert not answer.owner.allocated and said(answer, "page_owner")[-1].startswith("free now, was allocated by")
    assert len(answer.owner.trace) == 8             # it says 99


def test_what_was_the_boots_has_no_caller(owned):
    assert ask(owned, A + 2).owner.caller is None and "by the boot" in said(ask(owned, A + 2), "page_owner")[-1]
    assert ask(owned, A + 3).owner is None and ask(owned, A + 4).owner is None


def test_records_mean_nothing_while_page_owner_is_off(owned):
    owned.poke(owned.addr("page_owner_inited"), 0, 1)
    assert ask(owned, A).owner is None


# --- all of them -----------------------------------------------------------------------------------------------------

def test_every_page_has_a_verdict_and_what_the_sweep_says(machine):
    machine.free(machine.low, 4, 1, A, A + 64)
    reserve(machine, (A + 16, 0x3000))
    ctx = machine.context()
    seen = 0
    for span in machine_spans(ctx):
        for pfn in range(span.start_pfn, span.end_pfn):
            answer = why(ctx, place_of(ctx, pfn), span)
            assert answer.verdict and answer.kind == span.kind
            seen += 1
    assert seen == LOW_PAGES + HIGH_PAGES


def test_one_page_costs_no_sweep(machine):
    machine.free(machine.low, 3, 1, *(A + 64 * at for at in range(8)))
    before = len(machine.ram.reads)
    ask(machine, A)
    read = sum(size for addr, size in machine.ram.reads[before:]
               if machine.page(BASE_PFN) <= addr < machine.page(HIGH_START + HIGH_PAGES))
    assert read < (LOW_PAGES + HIGH_PAGES) * machine.page_bytes // 8


def test_json_has_what_others_rely_on(machine):
    machine.free(machine.low, 1, 1, A)
    document = json.loads(json.dumps(plain(ask(machine, A))))
    assert {"pfn", "phys", "virt", "page", "zone", "kind", "verdict", "evidence", "buddy", "owner"} <= set(document)
    assert document["pfn"] == A and document["buddy"] == {"pfn": A + 2, "reason": "in use"}
    assert all(set(each) == {"what", "text"} for each in document["evidence"])


def test_an_address_that_page_tables_translate_is_a_page(machine):
    machine.poke(0xC0004000 + 0xF05 * 4, (A << 12 & 0xFFF00000) | 2)
    answer = ask(machine, f"{0xF0500000 | A << 12 & 0xFF000 | 0x123:#x}")
    assert (answer.given, answer.pfn, answer.phys) == ("mapped address", A, A << 12 | 0x123)
    assert {"pfn", "phys", "virt"} <= {line.split(" ")[0] for line in why_text(answer).splitlines()}


@pytest.mark.parametrize("text", ["0x5", "0xf0600000", "pfn:-1", "nonsense"])
def test_what_is_no_page_is_one_line(machine, text):
    with pytest.raises(MmError) as error:
        ask(machine, text)
    assert "\n" not in str(error.value)


def test_addresses_but_for_the_one_given_are_shown(machine):
    lines = why_text(ask(machine, A)).splitlines()
    rows = dict(line.split(maxsplit=1) for line in lines if line[:4] in ("phys", "virt"))
    assert rows == {"phys": f"{A << 12:#x}", "virt": f"{0xC0000000 + (A - BASE_PFN << 12):#x}"}
    assert "\npfn " not in why_text(ask(machine, A)) and "\npfn " in why_text(ask(machine, f"{machine.page(A):#x}"))
    assert "none (highmem" in why_text(ask(machine, HIGH_START))


def test_answers_do_not_change(machine):
    answer = ask(machine, A)
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.verdict = ""
