# SPDX-License-Identifier: GPL-2.0-or-later
"""Which mark tells the first page of a free block in this kernel."""
from __future__ import annotations

from ..errors import MissingError
from .layout import Layout
from .versions import BUDDY_MARKS, BuddyMark


def buddy_mark(layout: Layout) -> BuddyMark:
    """The newest row of the table whose evidence the symbols have."""
    types = layout.enum("pagetype")
    for mark in BUDDY_MARKS:
        if layout.find_field(mark.field) is None:
            continue
        if mark.enumerator is None or types.get(mark.enumerator, 0) << mark.shift == mark.value:
            return mark
    raise MissingError("struct page has neither page_type nor _mapcount: no way to tell a free block")
