# SPDX-License-Identifier: GPL-2.0-or-later
"""Reservations come out of a device tree, and no tree of any kind does harm."""
import struct

import pytest
from hypothesis import given, strategies

from mmscope.model.fdt import FdtError, HEADER, Reservation, extent, reservations
from mmscope.model.memblock import memblock


def word(*values):
    return struct.pack(f">{len(values)}I", *values)


def text(value):
    return value.encode() + b"\0" * (4 - len(value) % 4)


def tree(reserves=((0x10004000, 0x4000),), nodes=(("fw@20000000", 0x20000000, 0x100000),), extra=0):
    """A tree with /memreserve/ entries and children of /reserved-memory, written out by hand."""
    strings = b"reg\0#address-cells\0#size-cells\0"
    prop = lambda name, value: word(3, len(value), strings.index(name)) + value     # noqa: E731
    body = word(1) + text("") + word(1) + text("reserved-memory")
    body += prop(b"#address-cells", word(1)) + prop(b"#size-cells", word(1))
    for name, base, size in nodes:
        body += word(1) + text(name) + prop(b"reg", word(base, size)) + word(2)
    body += word(2, 2, 9)
    reserve = b"".join(struct.pack(">QQ", *each) for each in (*reserves, (0, 0)))
    at_struct = 40 + len(reserve)
    at_strings = at_struct + len(body)
    total = at_strings + len(strings) + extra
    head = word(0xD00DFEED, total, at_struct, at_strings, 40, 17, 16, 0, len(strings), len(body))
    return head + reserve + body + strings


def test_both_kinds_of_reservation_are_found():
    assert reservations(tree()) == (
        Reservation("", 0x10004000, 0x4000), Reservation("fw@20000000", 0x20000000, 0x100000))


def test_room_for_additions_need_not_be_read():
    blob = tree(extra=0x1000)
    assert extent(blob[:HEADER.size]).total_bytes == len(blob) + 0x1000
    assert len(reservations(blob)) == 2


@pytest.mark.parametrize("length", range(0, len(tree()), 3))
def test_a_tree_that_is_cut_short_is_an_error(length):
    with pytest.raises(FdtError):
        reservations(tree()[:length])


def test_nodes_that_nest_without_end_are_an_error():
    blob = bytearray(tree())
    at, = struct.unpack_from(">I", blob, 8)
    blob = blob[:at] + (word(1) + text("x")) * 1000
    blob[4:8] = word(len(blob))
    blob[12:16], blob[32:40] = word(at), word(0, len(blob) - at)
    with pytest.raises(FdtError, match="deep"):
        reservations(bytes(blob))


@given(strategies.data())
def test_random_damage_is_an_error_or_nothing(data):
    blob = bytearray(tree())
    for _ in range(data.draw(strategies.integers(1, 6))):
        blob[data.draw(strategies.integers(0, len(blob) - 1))] = data.draw(strategies.integers(0, 255))
    try:
        reservations(bytes(blob))
    except FdtError:
        pass


def test_the_tree_names_owners_and_itself(machine):
    blob = tree(reserves=((0x12000000, 0x1000),))
    machine.ram.write(machine.heap, blob)
    machine.poke(machine.addr("initial_boot_params"), machine.heap)
    tree_phys = machine.heap - 0xC0000000 + 0x10000000
    machine.heap += len(blob)
    machine.memblock("reserved", (tree_phys, len(blob)), (0x12000000, 0x1000), (0x20000000, 0x100000))
    assert [(region.owner, region.owner_source) for region in memblock(machine.context()).reserved] == [
        ("device tree", "initial_boot_params"), ("reserved by the device tree", "/memreserve/"),
        ("fw@20000000", "/reserved-memory")]


def test_a_broken_tree_only_names_nothing(machine):
    machine.poke(machine.addr("initial_boot_params"), 0xC0200000)
    machine.memblock("reserved", (0x12000000, 0x1000))
    assert memblock(machine.context()).reserved[0].owner is None
