# SPDX-License-Identifier: GPL-2.0-or-later
"""Aligned columns."""
from __future__ import annotations

from typing import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: str = "") -> str:
    """A header and rows as lines. left has an l for each column that is aligned to the left."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join("  ".join(
        cell.ljust(width) if left[column:column + 1] == "l" else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values, the values aligned."""
    rows = list(rows)
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name:{width}}  {value}".rstrip() for name, value in rows)
