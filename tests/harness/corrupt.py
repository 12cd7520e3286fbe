# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing target memory through GDB, so that it can be put back.

    machine = Machine(gdb)              # once, while all is sound
    with Edit(machine) as edit:         # whatever happens: restored
        block = edit.machine.a_list(3)[1]
        edit.put("page.private", block["page"], 99)

Where things are is what `mm layout --json` and the JSON of the other commands
say; what is written is bytes, by address. Bit-fields go through GDB, which
knows them. No command under test is asked how to find what it should find.
"""
from __future__ import annotations

from collections import defaultdict
from typing import Any, Iterator

from .gdbmi import Gdb, GdbError

Block = dict[str, Any]          # of mm buddy --blocks --json
Key = tuple[int, str, int, str]                 # node, zone, order, type


class Machine:
    """A sound target: where its members, zones and free blocks are."""

    def __init__(self, gdb: Gdb) -> None:
        self.gdb = gdb
        layout = gdb.json("mm layout --json")
        self.word = layout["pointer_bytes"]
        self.order = layout["byte_order"]
        self.sizes = layout["structs"]
        self.members = {each["name"]: each for each in layout["members"]
                        if each["spelling"] is not None}
        self.variables = {each["name"]: each["addr"]
                          for each in layout["variables"]}
        self.zones: dict[tuple[int, str], dict[str, Any]] = {}
        self.lists: dict[Key, list[Block]] = defaultdict(list)
        self.types: list[str] = []
        info = gdb.json("mm info --json")
        self.page_bytes, self.arch = info["page_size"], info["target"]["arch"]
        if info["stage"] not in ("reset", "early", "memblock", "zones"):
            self._look_at_zones()

    def _look_at_zones(self) -> None:
        for zone in self.gdb.json("mm zones --json")["zones"]:
            self.zones[zone["node"], zone["name"]] = zone
        buddy = self.gdb.json("mm buddy --blocks --json")
        self.types, self.orders = buddy["migratetypes"], buddy["orders"]
        for block in buddy["blocks"]:
            self.lists[key_of(block)].append(block)

    def offset(self, member: str) -> int:
        """Of a member of the version table, in its struct."""
        return self.members[member]["offset"]

    def has(self, member: str) -> bool:
        """Whether this kernel has it, in any spelling."""
        return member in self.members

    def number(self, expression: str) -> int:
        """What GDB makes of an expression, without a sign."""
        return self.gdb.number(expression) % (1 << 8 * self.word)

    def find(self, *expressions: str) -> int:
        """The first of them that GDB knows."""
        for expression in expressions:
            try:
                return self.number(expression)
            except GdbError:
                continue
        raise AssertionError(f"the symbols have none of {expressions}")

    # --- free lists -----------------------------------------------------------

    def a_list(self, least: int = 1, low: int = 0, high: int = 99
               ) -> list[Block]:
        """The shortest free list with that many blocks, of an order from
        low to high."""
        found = [blocks for (_, _, order, _), blocks in self.lists.items()
                 if len(blocks) >= least and low <= order <= high]
        assert found, f"no list of order {low} to {high} has {least} blocks"
        return min(found, key=len)

    def area(self, node: int, zone: str, order: int) -> int:
        """Address of a struct free_area."""
        return self.zones[node, zone]["addr"] + self.offset("zone.free_area") \
            + order * self.sizes["free_area"]

    def head(self, key: Key) -> int:
        """Address of a free list's head."""
        node, zone, order, name = key
        return self.area(node, zone, order) \
            + self.offset("free_area.free_list") \
            + self.types.index(name) * self.sizes["list_head"]

    def link(self, block: Block, behind: int = 0) -> int:
        """Address of the list_head in a block's page, or one behind it."""
        return self.page(block, behind) + self.offset("page.buddy_list")

    def page(self, block: Block, behind: int) -> int:
        """A block's first struct page, or one so many behind it: inside a
        block of at most the largest order they lie one behind another."""
        return block["page"] + behind * self.sizes["page"]

    @property
    def mark(self) -> str:
        """The member that says that a page is the first of a free block."""
        return "page.page_type" if self.has("page.page_type") \
            else "page.mapcount"


def key_of(block: Block) -> Key:
    """Which list a block is on."""
    return block["node"], block["zone"], block["order"], block["migratetype"]


class Edit:
    """Writes that are undone, the last one first."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._old: list[tuple[int, bytes]] = []

    def __enter__(self) -> Edit:
        return self

    def __exit__(self, *exc: object) -> None:
        self.restore()

    def restore(self) -> None:
        """Put everything back, and see that it is."""
        while self._old:
            addr, data = self._old.pop()
            self._write(addr, data)
            assert self.read(addr, len(data)) == data, f"{addr:#x} stays"

    # --- bytes ----------------------------------------------------------------

    def read(self, addr: int, size: int) -> bytes:
        """Target memory, by GDB alone."""
        return bytes.fromhex(self.machine.gdb.run(
            "python print(bytes(gdb.selected_inferior().read_memory("
            f"{addr}, {size})).hex())"))

    def write(self, addr: int, data: bytes) -> None:
        """Write, to be undone."""
        self._old.append((addr, self.read(addr, len(data))))
        self._write(addr, data)

    def _write(self, addr: int, data: bytes) -> None:
        self.machine.gdb.run(
            "python gdb.selected_inferior().write_memory("
            f"{addr}, bytes.fromhex('{data.hex()}'))")

    def load(self, addr: int, size: int = 0) -> int:
        """An unsigned number; a word when no size is given."""
        return int.from_bytes(self.read(addr, size or self.machine.word),
                              self.machine.order)

    def store(self, addr: int, value: int, size: int = 0) -> None:
        """Write a number, cut to its size."""
        size = size or self.machine.word
        self.write(addr, (value % (1 << 8 * size)).to_bytes(
            size, self.machine.order))

    # --- members --------------------------------------------------------------

    def get(self, member: str, base: int) -> int:
        """A member of the struct at base."""
        return self.load(base + self.machine.offset(member),
                         self.machine.members[member]["size"])

    def put(self, member: str, base: int, value: int) -> None:
        """Write one."""
        self.store(base + self.machine.offset(member), value,
                   self.machine.members[member]["size"])

    def add(self, member: str, base: int, amount: int) -> None:
        """Count one up or down."""
        self.put(member, base, self.get(member, base) + amount)

    def put_bits(self, member: str, base: int, value: int) -> None:
        """Write a bit-field: GDB does; undone by the bytes of its struct."""
        tag, machine = member.split(".")[0], self.machine
        self._old.append((base, self.read(base, machine.sizes[tag])))
        machine.gdb.run(f"set var ((struct {tag} *){base})->"
                        f"{machine.members[member]['spelling']} = {value}")

    # --- lists ----------------------------------------------------------------

    def next_is(self, node: int, other: int) -> None:
        """node->next = other"""
        self.put("list_head.next", node, other)

    def prev_is(self, node: int, other: int) -> None:
        """node->prev = other"""
        self.put("list_head.prev", node, other)

    def join(self, *nodes: int) -> None:
        """Make each the next of the one before, both ways."""
        for one, other in zip(nodes, nodes[1:]):
            self.next_is(one, other)
            self.prev_is(other, one)

    def take(self, block: Block) -> None:
        """Take a block off its list, soundly; its page stays marked."""
        node = self.machine.link(block)
        self.join(self.get("list_head.prev", node),
                  self.get("list_head.next", node))
        self._count(key_of(block), -1)

    def give(self, node: int, key: Key) -> None:
        """Put a page's list_head on a free list, soundly."""
        head = self.machine.head(key)
        self.join(head, node, self.get("list_head.next", head))
        self._count(key, 1)

    def mark(self, page: int, like: int, order: int) -> None:
        """Make a page the first of a free block: marked as another is."""
        mark = self.machine.mark
        self.put(mark, page, self.get(mark, like))
        self.put("page.private", page, order)

    def unmark(self, page: int) -> None:
        """Make a page one like the others inside a free block."""
        self.put(self.machine.mark, page, -1)
        self.put("page.private", page, 0)

    def _count(self, key: Key, amount: int) -> None:
        self.add("free_area.nr_free", self.machine.area(*key[:3]), amount)


def pairs(things: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Each with the one behind it."""
    return zip(things, things[1:])
