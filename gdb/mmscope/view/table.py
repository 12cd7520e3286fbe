# SPDX-License-Identifier: GPL-2.0-or-later
"""Aligned columns."""
from __future__ import annotations

import textwrap
from typing import Iterable, Sequence

LINE_WIDTH = 80


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: str = "") -> str:
    """A header and rows as lines. left has an l for each column that is aligned to the left."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join("  ".join(
        cell.ljust(width) if left[column:column + 1] == "l" else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def narrow(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with one space between columns, as a dozen orders must fit in 80 of them."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(" ".join(cell.ljust(width) if column == 0 else cell.rjust(max(width, 3))
                              for column, (cell, width) in enumerate(zip(line, widths))) for line in lines)


def wrap(text: str, width: int, indent: str = "", whole: bool = True) -> list[str]:
    """Lines of at most width, broken at spaces, those after the first indented; at least one line.

    A longer word stays whole, or is broken where it is not wanted whole: nothing is wider then.
    """
    return textwrap.wrap(text, width, break_long_words=not whole, break_on_hyphens=False,
                         subsequent_indent=indent) or [""]


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values, the values aligned; a long value goes on in further lines."""
    rows = list(rows)
    width = max((len(name) for name, _ in rows), default=0)
    lines = [("" if number else name, line) for name, value in rows
             for number, line in enumerate(wrap(value, LINE_WIDTH - width - 2))]
    return "\n".join(f"{name:{width}}  {line}".rstrip() for name, line in lines)
