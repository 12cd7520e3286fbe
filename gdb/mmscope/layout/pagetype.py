# SPDX-License-Identifier: GPL-2.0-or-later
"""What page->page_type says of a page: it lies over the count of mappings, which is small or -1.

Source: include/linux/page-flags.h. Since v6.12 enum pagetype has the types, PGTY_<name>, and the top 8 bits hold one.
Before, from v4.18 on, each type is a bit that is 0 while the top 4 bits are set, by macros that no debug information
has. Until v5.10 there was one more of them, when struct page had mem_cgroup where it has memcg_data since.
"""
from __future__ import annotations

from typing import Optional

from .layout import Layout
from .reader import Record

TYPE_SHIFT = 24
UNTYPED = 0xFF              # a count of mappings of -1, or less
BASE = 0xF0000000
BITS = {0x80: "buddy", 0x100: "offline", 0x200: "table", 0x400: "guard"}
OLD_BITS = {0x80: "buddy", 0x100: "offline", 0x200: "kmemcg", 0x400: "table", 0x800: "guard"}


def page_type(layout: Layout, page: Record) -> Optional[str]:
    """The type of a struct page, without PGTY_; None when it has none."""
    value = page.find("page_type")
    return type_name(layout, value) if value is not None else None


def type_name(layout: Layout, value: int) -> Optional[str]:
    """The same for what is in page_type."""
    return next((name for name, mask, wanted in type_rows(layout) if value & mask == wanted), None)


def type_rows(layout: Layout) -> tuple[tuple[str, int, int], ...]:
    """Name, mask and value of each type: page_type & mask is the value in a page of it. The first that holds counts."""
    types = layout.enum("pagetype")
    if types:
        names = {number: name[len("PGTY_"):] for name, number in types.items() if name.startswith("PGTY_")}
        return tuple((name, 0xFF << TYPE_SHIFT, number << TYPE_SHIFT) for number, name in names.items()
                     if 0 <= number < UNTYPED)
    bits = OLD_BITS if layout.find_field("page.mem_cgroup") is not None else BITS
    return tuple((name, BASE | bit, BASE) for bit, name in bits.items())
