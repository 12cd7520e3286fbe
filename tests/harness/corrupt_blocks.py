# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken free blocks: their pages, marks, orders and places."""
from __future__ import annotations

from .corrupt import Edit, key_of
from .corruption import BUDDY, CUT, place, row


@row(BUDDY, "BUDDY-2", beside=("PAGE-2",))
def order_is_wrong(edit: Edit) -> str:
    block = edit.machine.a_list(3, low=1, high=4)[1]
    edit.put("page.private", block["page"], block["order"] - 1)
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "BUDDY-2", beside=("PAGE-2",))
def order_is_too_large(edit: Edit) -> str:
    block = edit.machine.a_list(3)[1]
    edit.put("page.private", block["page"], edit.machine.orders)
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "BUDDY-2", beside=("PAGE-2",), variant=True)
def order_is_garbage(edit: Edit) -> str:
    block = edit.machine.a_list(3)[1]
    edit.put("page.private", block["page"], -1)
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "BUDDY-2", beside=("PAGE-2",))
def flag_is_cleared(edit: Edit) -> str:
    block = edit.machine.a_list(3)[1]
    edit.put(edit.machine.mark, block["page"], -1)
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "LIST-1", "LIST-3", beside=(*CUT, "BUDDY-2", "BUDDY-3", "BUDDY-5",
                                       "BUDDY-6", "PAGE-2", "PAGE-3"))
def block_on_two_lists(edit: Edit) -> str:
    """The head of an order's list is put before a block of another's."""
    machine = edit.machine
    block = machine.a_list(2)[1]
    _, _, order, name = key_of(block)
    key = next(key for key in machine.lists if key[:2] == key_of(block)[:2]
               and key[2] != order and key[3] == name)
    edit.next_is(machine.head(key), machine.link(block))
    return place(machine.lists[key][0])


@row(BUDDY, "BUDDY-4", beside=("ZONE-2", "PAGE-2"))
def block_in_another_zones_list(edit: Edit) -> str:
    machine = edit.machine
    blocks = machine.a_list(2)
    block = blocks[1]
    zone = next(each for at, each in machine.zones.items()
                if at != key_of(block)[:2] and each["spanned_pages"])
    _, _, order, name = key_of(block)
    edit.take(block)
    edit.give(machine.link(block), (zone["node"], zone["name"], order, name))
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "BUDDY-4", "PAGE-1", beside=("PAGE-2", "ZONE-2"))
def zone_link_is_wrong(edit: Edit) -> str:
    """The highest bits, which name zone or node, are inverted."""
    machine = edit.machine
    block = machine.a_list(3)[1]
    edit.put("page.flags", block["page"], edit.get("page.flags", block["page"])
             ^ 0xf << 8 * machine.word - 4)
    return f"{block['pfn']:#x}"


@row(BUDDY, "BUDDY-3", beside=("ZONE-2",))
def block_is_misaligned(edit: Edit) -> str:
    """The second page of a block is free in the block's place, and as many
    behind it as half of the block: what lies behind the block, which may be
    anything, is not hit."""
    machine = edit.machine
    block = machine.a_list(2, low=2, high=5)[1]
    node, zone, order, name = key_of(block)
    edit.take(block)
    edit.mark(machine.page(block, 1), block["page"], order - 1)
    edit.unmark(block["page"])
    edit.give(machine.link(block, 1), (node, zone, order - 1, name))
    return f"pfn {block['pfn'] + 1:#x}"


@row(BUDDY, "BUDDY-5")
def two_mergeable_buddies(edit: Edit) -> str:
    machine = edit.machine
    block = machine.a_list(1, low=1, high=5)[0]
    node, zone, order, name = key_of(block)
    half = 1 << order - 1
    edit.take(block)
    edit.mark(machine.page(block, half), block["page"], order - 1)
    edit.put("page.private", block["page"], order - 1)
    for behind in (0, half):
        edit.give(machine.link(block, behind), (node, zone, order - 1, name))
    return f"{block['pfn'] + half:#x}"


@row(BUDDY, "BUDDY-6", beside=("PAGE-2", "ZONE-2"))
def blocks_overlap(edit: Edit) -> str:
    """The upper half of a free block is on a list of its own, too."""
    machine = edit.machine
    block = machine.a_list(1, low=2, high=5)[0]
    node, zone, order, name = key_of(block)
    half = 1 << order - 1
    edit.mark(machine.page(block, half), block["page"], order - 1)
    edit.give(machine.link(block, half), (node, zone, order - 1, name))
    return f"{block['pfn'] + half:#x}"


@row(BUDDY, "BUDDY-1")
def nr_free_is_one_too_many(edit: Edit) -> str:
    block = edit.machine.a_list(1)[0]
    edit.add("free_area.nr_free", edit.machine.area(*key_of(block)[:3]), 1)
    return place(block)


@row(BUDDY, "BUDDY-1", variant=True)
def nr_free_is_one_too_few(edit: Edit) -> str:
    block = edit.machine.a_list(1)[0]
    edit.add("free_area.nr_free", edit.machine.area(*key_of(block)[:3]), -1)
    return place(block)


@row(BUDDY, "PAGE-2")
def free_page_with_a_reference(edit: Edit) -> str:
    block = edit.machine.a_list(3)[1]
    edit.put("page.refcount", block["page"], 1)
    return f"{block['pfn']:#x}"


@row(BUDDY, "PAGE-2")
def page_inside_a_free_block_with_a_reference(edit: Edit) -> str:
    machine = edit.machine
    block = machine.a_list(1, low=2)[0]
    edit.put("page.refcount", machine.page(block, 3), 1)
    return f"{block['pfn'] + 3:#x}"


@row(BUDDY, "PAGE-2", beside=("ZONE-2",), variant=True)
def page_inside_a_free_block_is_marked_free(edit: Edit) -> str:
    """A mark that was forgotten when its buddy was freed."""
    machine = edit.machine
    block = machine.a_list(1, low=2)[0]
    edit.mark(machine.page(block, 2), block["page"], 1)
    return f"{block['pfn'] + 2:#x}"


@row(BUDDY, "PAGE-3")
def reserved_page_on_a_free_list(edit: Edit) -> str:
    machine = edit.machine
    block = machine.a_list(3)[1]
    _set_reserved(edit, block["page"])
    return f"{block['pfn']:#x}"


@row(BUDDY, "PAGE-3", variant=True)
def reserved_page_inside_a_free_block(edit: Edit) -> str:
    machine = edit.machine
    block = machine.a_list(1, low=2)[0]
    _set_reserved(edit, machine.page(block, 3))
    return f"{block['pfn'] + 3:#x}"


def _set_reserved(edit: Edit, page: int) -> None:
    edit.put("page.flags", page, edit.get("page.flags", page)
             | 1 << edit.machine.number("(int) PG_reserved"))
