# SPDX-License-Identifier: GPL-2.0-or-later
"""mm pgtable as text."""
from __future__ import annotations

from typing import Iterator

from ..layout.pagetable import Step
from ..model.pagetable import Walk
from .table import LINE_WIDTH, pairs, wrap
from .units import size

INDENT = "       "


def pgtable_text(walk: Walk) -> str:
    """The first table, an entry for each level with its attributes, and what comes of it."""
    rows = [
        ("address", f"{walk.addr:#x} ({'user space' if walk.user else 'kernel'})"),
        ("first table", f"{walk.root:#x} ({walk.root_source})"),
    ]
    lines = [pairs(rows), f"{'level':5}  {'index':>5}  {'entry at':14}  {'entry':18}  leads to"]
    for step in walk.steps:
        lines += _step(step)
    result = [("result", _result(walk))]
    if walk.phys is not None:
        result += [("phys", f"{walk.phys:#x}"), ("pfn", f"{walk.pfn:#x}"),
                   ("struct page", f"{walk.page:#x}" if walk.page is not None else "none")]
    return "\n".join(lines) + "\n" + pairs(result) + "\n"


def _step(step: Step) -> Iterator[str]:
    """One entry, and its attributes below it."""
    where = "nothing" if step.phys is None else f"{step.kind} {step.phys:#x}"
    yield f"{step.level:5}  {step.index:5}  {step.entry_phys:<#14x}  {step.entry:<#18x}  {where}"
    if step.flags:
        yield from wrap(INDENT + " ".join(step.flags), LINE_WIDTH, INDENT)


def _result(walk: Walk) -> str:
    """The verdict, with how much the entry maps."""
    return walk.verdict if walk.size is None else f"{walk.verdict}, {size(walk.size)}"
