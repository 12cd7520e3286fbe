# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken links of free lists."""
from __future__ import annotations

from .corrupt import Edit, key_of
from .corruption import BUDDY, CUT, place, row


@row(BUDDY, "LIST-2", beside=CUT)
def loop_past_the_head(edit: Edit) -> str:
    """The last block leads to the first, not to the head."""
    blocks = edit.machine.a_list(3)
    edit.next_is(edit.machine.link(blocks[-1]), edit.machine.link(blocks[0]))
    return place(blocks[0])


@row(BUDDY, "LIST-2", beside=CUT)
def self_loop(edit: Edit) -> str:
    blocks = edit.machine.a_list(3)
    node = edit.machine.link(blocks[1])
    edit.next_is(node, node)
    return place(blocks[0])


@row(BUDDY, "LIST-2", beside=CUT)
def loop_not_through_the_head(edit: Edit) -> str:
    """The second and third block are a ring, sound in itself."""
    blocks = edit.machine.a_list(3)
    one, two = (edit.machine.link(each) for each in blocks[1:3])
    edit.join(one, two, one)
    return place(blocks[0])


@row(BUDDY, "LIST-2", beside=CUT, variant=True)
def loop_of_the_first_block(edit: Edit) -> str:
    """As list_del() without its poison, and freed again: next and prev."""
    blocks = edit.machine.a_list(1)
    node = edit.machine.link(blocks[0])
    edit.join(node, node)
    return place(blocks[0])


def _next_of_the_second(edit: Edit, value: int) -> str:
    blocks = edit.machine.a_list(3)
    edit.next_is(edit.machine.link(blocks[1]), value)
    return place(blocks[0])


@row(BUDDY, "LIST-1", beside=CUT)
def next_is_null(edit: Edit) -> str:
    return _next_of_the_second(edit, 0)


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def next_is_poison(edit: Edit) -> str:
    """LIST_POISON1, without the offset that 64-bit kernels add."""
    return _next_of_the_second(edit, 0x100)


@row(BUDDY, "LIST-1", beside=CUT)
def next_is_wild(edit: Edit) -> str:
    """Nothing is there, nor can be: all bits set but for the alignment."""
    return _next_of_the_second(edit, -8)


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def next_is_a_user_address(edit: Edit) -> str:
    return _next_of_the_second(edit, 0x41414140)


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def next_is_other_memory(edit: Edit) -> str:
    """Readable, and a list_head of another list: that of another order."""
    machine = edit.machine
    node, zone, order, name = key_of(machine.a_list(3)[1])
    other = (node, zone, (order + 1) % machine.orders, name)
    return _next_of_the_second(edit, machine.head(other))


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def next_is_in_the_middle_of_a_page_struct(edit: Edit) -> str:
    machine = edit.machine
    blocks = machine.a_list(3)
    return _next_of_the_second(edit, machine.link(blocks[2]) + machine.word)


@row(BUDDY, "LIST-3")
def prev_is_wrong(edit: Edit) -> str:
    blocks = edit.machine.a_list(3)
    edit.prev_is(edit.machine.link(blocks[2]), edit.machine.link(blocks[0]))
    return place(blocks[0])


@row(BUDDY, "LIST-3", variant=True)
def prev_of_the_head_is_wrong(edit: Edit) -> str:
    blocks = edit.machine.a_list(3)
    edit.prev_is(edit.machine.head(key_of(blocks[0])),
                 edit.machine.link(blocks[0]))
    return place(blocks[0])


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def head_is_null(edit: Edit) -> str:
    blocks = edit.machine.a_list(3)
    edit.next_is(edit.machine.head(key_of(blocks[0])), 0)
    return place(blocks[0])
