# SPDX-License-Identifier: GPL-2.0-or-later
"""page->flags: names of the low bits, zone and node in the top ones.

Source: include/linux/page-flags.h and page-flags-layout.h. From the top: section (not with FLATMEM), node,
zone, and the names from the bottom, up to __NR_PAGEFLAGS. Enumerators after that one are second names: what a bit means
in pages of one kind.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import MissingError
from .layout import Layout

SLAB, FREE, ANON, SECOND = "slab", "free", "anon", "second"     # kinds of pages whose bits mean other things
SECOND_NAMES = {FREE: ("reported",), ANON: ("swapcache", "anon_exclusive"),
                SECOND: ("double_map", "has_hwpoisoned", "large_rmappable", "partially_mapped")}
SLAB_BITS = {"workingset": "partial", "active": "pfmemalloc"}   # where no enumeration says it


@dataclass(frozen=True)
class PageFlags:
    """How page->flags is divided in this kernel."""

    names: dict[int, str]       # bit number to name, without PG_
    zone_shift: int
    zone_bits: int
    node_shift: int
    node_bits: int
    second: dict[str, dict[int, str]] = field(default_factory=dict)     # kind of page to bit to name
    order_bits: int = 0         # lowest bits of a compound page's second one, that are no flags there: its order

    def decode(self, flags: int, kind: str = "") -> tuple[str, ...]:
        """Names of the bits that are set, lowest first, as they are called in a page of that kind."""
        special = self.second.get(kind, {})
        lowest = self.order_bits if kind == SECOND else 0
        return tuple(special.get(bit, name) for bit, name in sorted(self.names.items())
                     if flags >> bit & 1 and bit >= lowest)

    def zone(self, flags: int) -> int:
        """Index of the zone in its node."""
        return flags >> self.zone_shift & (1 << self.zone_bits) - 1

    def node(self, flags: int) -> int:
        """Number of the node."""
        return flags >> self.node_shift & (1 << self.node_bits) - 1


def page_flags(layout: Layout, section_bits: int = 0) -> PageFlags:
    """Work the division out from the enumerations; section_bits are at the top. Raises MissingError."""
    flags = layout.enum("pageflags")
    zones = layout.enum("zone_type")
    if not flags or not zones:
        raise MissingError("the symbols have no enum pageflags or no enum zone_type")
    names: dict[int, str] = {}
    for name, bit in flags.items():
        if name == "__NR_PAGEFLAGS":
            break
        names.setdefault(bit, name[3:] if name.startswith("PG_") else name)
    zone_count = zones.get("__MAX_NR_ZONES", zones.get("MAX_NR_ZONES", len(zones)))
    zone_bits = max(zone_count - 1, 0).bit_length()
    node_bits = (node_count(layout) - 1).bit_length()
    top = layout.field("page.flags").type.size * 8 - section_bits
    return PageFlags(names, top - node_bits - zone_bits, zone_bits, top - node_bits, node_bits,
                     _second_names(layout, names), 8 if order_in_flags(layout) else 0)


def order_in_flags(layout: Layout) -> bool:
    """Whether a compound page's order is in the lowest byte of the flags of its second page (since v6.6)."""
    fields = ("page.compound_order", "folio._folio_order")
    return layout.find_field("folio._flags_1") is not None and not any(map(layout.find_field, fields))


def _second_names(layout: Layout, names: dict[int, str]) -> dict[str, dict[int, str]]:
    """What bits are called in pages of each kind."""
    flags = layout.enum("pageflags")
    found = {kind: {flags[f"PG_{name}"]: name for name in wanted if f"PG_{name}" in flags}
             for kind, wanted in SECOND_NAMES.items()}
    own = {bit: name[3:] for name, bit in layout.enum("slab_flags").items() if name.startswith("SL_")}
    found[SLAB] = own or {bit: SLAB_BITS[name] for bit, name in names.items() if name in SLAB_BITS}
    return found


def node_count(layout: Layout) -> int:
    """How many nodes this kernel can have (MAX_NUMNODES): 1 without NUMA.

    node_data is often declared without its length. A zonelist has an entry for each zone of each node, and one more.
    """
    nodes = layout.find_variable("node")
    if nodes is None or nodes.path != "node_data":
        return 1
    if nodes.type is not None and nodes.type.count:
        return nodes.type.count
    refs, zones = layout.find_field("zonelist._zonerefs"), layout.find_field("pglist_data.node_zones")
    if refs is None or zones is None or not zones.type.count:
        raise MissingError("the symbols do not tell how many nodes there can be: node_data has no length")
    return max((refs.type.count - 1) // zones.type.count, 1)
