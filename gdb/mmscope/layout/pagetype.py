# SPDX-License-Identifier: GPL-2.0-or-later
"""What page->page_type says of a page, where this kernel names its types in an enumeration.

Source: enum pagetype of include/linux/page-flags.h, with PGTY_ names since v6.12: the type is in the top 8 bits.
Before, the types are macros, which debug information does not have: what they mark is then told by other means.
"""
from __future__ import annotations

from .layout import Layout
from .reader import Record

TYPE_SHIFT = 24


def has_type(layout: Layout, page: Record, name: str) -> bool:
    """Whether a struct page is marked with type PGTY_<name>; False where this kernel has no such type."""
    number = layout.enum("pagetype").get(f"PGTY_{name}")
    return number is not None and page.has("page_type") and page.get("page_type") >> TYPE_SHIFT == number
