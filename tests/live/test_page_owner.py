# SPDX-License-Identifier: GPL-2.0-or-later
"""page_owner=on: a page's record names its caller, as GDB's own unwinder sees it."""
import ast

import pytest

BOARDS = ("article", "virt")
TRACE = 8               # PAGE_OWNER_TRACE
OWNED = 1               # BIT(PAGE_EXT_OWNER)
NO_FRAMES = ("0", "1", "4", "0xfffffffc",
             *(f"(unsigned long) &{place}" for place in ("init_stack", "exception_stack_top", "_stext")),
             "(unsigned long) &init_stack + 64", "(unsigned long) &init_stack + 66",
             "(unsigned long) &exception_stack_top - 4", "0xc0100002", "0xf7000000")
# Functions that were really called: GDB also shows inlined ones, at their caller's address.
FRAMES = """
f, found = gdb.newest_frame(), []
while f is not None:
    found += [(f.pc(), f.name())] if f.type() != gdb.INLINE_FRAME else []
    f = f.older()
print(found)"""


def record(gdb, page):
    """The fields of a page's entry, and its trace."""
    entry = f"page_ext_table[((struct page *) {page:#x}) - mem_map + __pv_phys_pfn_offset - page_ext_start_pfn]"
    fields = {name: gdb.number(f"{entry}.{name}") for name in ("flags", "order", "gfp_mask", "ip", "nr_entries")}
    fields["trace"] = [gdb.number(f"{entry}.trace[{n}]") for n in range(fields["nr_entries"])]
    return fields


def look_at_allocation(guest):
    """The next one: what it was asked for with, who is on the stack, and what became its first and last page's record."""
    gdb = guest.gdb
    guest.run_to("__set_page_owner")
    page, order, gfp, ip = (gdb.number(name) for name in ("page", "order", "gfp_mask", "ip"))
    frames = ast.literal_eval(gdb.run(f"python exec({FRAMES!r})"))[1:]
    gdb.go("finish")
    last = page + ((1 << order) - 1) * gdb.number("sizeof(struct page)")
    return {"asked": {"flags": OWNED, "order": order, "gfp_mask": gfp, "ip": ip}, "frames": frames,
            "first": record(gdb, page), "last": record(gdb, last)}


@pytest.fixture(scope="module", params=BOARDS)
def looks(request, boot):
    """The slab allocator's first allocations, then the idle loop."""
    guest = boot(request.param, "--append", "page_owner=on").load()
    gdb = guest.gdb
    guest.run_to("kmem_cache_init")
    found = {"allocations": [look_at_allocation(guest) for _ in range(2)]}
    guest.run_to("cpu_idle")
    image = gdb.number("mem_map + ((unsigned long) &_stext - 0xc0000000) / 4096")
    found["image"] = record(gdb, image)
    found["pages"] = gdb.number("page_ext_end_pfn - page_ext_start_pfn")
    found["each"] = gdb.number("sizeof(struct page_ext)")
    # GDB lets the guest call it; the two words are the stack's own, far below what is in use.
    found["frames_found"] = {fp: gdb.number(f"walk_frames({fp}, (unsigned long *) init_stack, 2, 0)") for fp in NO_FRAMES}
    found["console"] = guest.console()
    return found


def test_records_are_what_gdb_sees_on_the_stack(looks):
    for found in looks["allocations"]:
        pcs, names = [pc for pc, _ in found["frames"]], [name for _, name in found["frames"]]
        assert "start_kernel" in names
        caller = pcs.index(found["asked"]["ip"])
        assert names[caller - 1] in ("alloc_pages", "__get_free_pages", "get_zeroed_page"), names
        trace = pcs[caller:caller + TRACE]
        assert len(trace) >= 3
        assert found["first"] == {**found["asked"], "nr_entries": len(trace), "trace": trace}
        assert found["last"] == found["first"]


def test_the_cost_is_said_in_one_line(looks):
    pages, each = looks["pages"], looks["each"]
    assert looks["console"].count(
        f"page_ext: {pages * each // 1024} KiB for {pages} pages, {each} bytes each\n") == 1


def test_reserved_pages_are_the_boots(looks):
    assert looks["image"] == {"flags": OWNED, "order": 0, "gfp_mask": 0, "ip": 0, "nr_entries": 0, "trace": []}


def test_what_is_no_frame_is_not_read(looks):
    assert looks["frames_found"] == {fp: 0 for fp in NO_FRAMES}
