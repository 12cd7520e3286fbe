# SPDX-License-Identifier: GPL-2.0-or-later
"""mm why as text."""
from __future__ import annotations

from ..model.frame import HOLE
from ..model.why import Why
from .table import LINE_WIDTH, pairs, wrap
from .units import escape

NAMES = {"pfn": "pfn", "phys": "phys", "struct page": "struct page", "virtual address": "virt"}


def why_text(answer: Why) -> str:
    """The verdict, what it rests on, and the page's addresses but for the one that was given."""
    unmapped = "none" if answer.kind == HOLE else "none (highmem, not mapped)"
    addresses = [
        ("zone", escape(answer.zone or "none")),
        ("pfn", f"{answer.pfn:#x}  ({answer.pfn})"),
        ("phys", f"{answer.phys:#x}"),
        ("virt", f"{answer.virt:#x}" if answer.virt is not None else unmapped),
        ("struct page", f"{answer.page:#x}" if answer.page is not None else "none"),
    ]
    rows = [(each.what, escape(each.text)) for each in answer.evidence]
    rows += [row for row in addresses if row[0] != NAMES.get(answer.given)]
    return "\n".join([*wrap(escape(answer.verdict), LINE_WIDTH), "", pairs(rows)]) + "\n"
