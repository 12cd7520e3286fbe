# SPDX-License-Identifier: GPL-2.0-or-later
"""The formats that a kernel prints its /proc files with, out of its own constants.

What a file has in it, and how wide, changes from release to release without a trace in any struct. The format strings
are in the symbol file: nothing is read from the target.
"""
from __future__ import annotations

import re
from typing import Optional

from ..errors import MissingError
from .context import Context

MAX_BYTES = 64 << 20        # of a kernel's constants
NUMBER = re.compile(r"%l{0,2}[uid]")
LABELLED = re.compile(r"(\w+):? +%l{0,2}[uid]")


class Formats:
    """The strings among a kernel's constants."""

    def __init__(self, ctx: Context) -> None:
        """Read them. Without a symbol file, or without its constants, there are none."""
        self._data = b""
        try:
            start, end = ctx.read.address("constants start"), ctx.read.address("constants end")
        except MissingError:
            return
        if start < end:
            self._data = ctx.host.static(start, min(end - start, MAX_BYTES)) or b""

    def find(self, beginning: str) -> Optional[str]:
        """The string that begins so, or None."""
        at = self._data.find(b"\0" + beginning.encode("ascii"))
        if at < 0:
            return None
        end = self._data.find(b"\0", at + 1)
        return self._data[at + 1:end].decode("latin-1") if end > 0 else None

    def whole_lines(self) -> tuple[str, ...]:
        """Every format that begins with a line break: those that are looked for, of megabytes of constants."""
        found = (text for text in self._data.split(b"\0") if text.startswith(b"\n") and b"%" in text)
        return tuple(text.decode("ascii") for text in found if text.isascii() and text.replace(b"\n", b"").decode(
            "ascii").isprintable())


def labels(text: str) -> tuple[str, ...]:
    """The word before each number of a format."""
    return tuple(LABELLED.findall(text))


def fill(text: str, values: dict[str, Optional[int]]) -> str:
    """A format with its numbers filled in by the words before them; ? for what is not known."""
    known = iter([values.get(name) for name in labels(text)])

    return NUMBER.sub(lambda _: _shown(next(known, None)), text)


def _shown(value: Optional[int]) -> str:
    return "?" if value is None else str(value)
