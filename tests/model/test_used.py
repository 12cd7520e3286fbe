# SPDX-License-Identifier: GPL-2.0-or-later
"""mm why of a page in use: what holds it, and what keeps it there."""
import pytest

from mmscope.model import frame
from mmscope.model.why import find_place, why
from mmscope.view.why import why_text
from test_slab import CPU_ONE, FULL, HALF, WAITING, slabs       # noqa: F401
from whys import A, ask, flag, said


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
