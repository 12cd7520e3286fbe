# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers and strings as people read them. ASCII only."""
from __future__ import annotations

from typing import Optional

UNITS = ((1 << 40, "TiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
MOST_CHARACTERS = 200       # of a name that may have any length


def size(count: int) -> str:
    """Bytes in the unit that fits: 768 MiB, 16 KiB, 60 B; one decimal where it is not whole."""
    for unit, name in UNITS:
        if abs(count) >= unit:
            return f"{count // unit} {name}" if count % unit == 0 else f"{count / unit:.1f} {name}"
    return f"{count} B"


def address(value: Optional[int]) -> str:
    """A number in hex, or unknown."""
    return "unknown" if value is None else f"{value:#x}"


def number(value: Optional[int]) -> str:
    """A number in decimal, or unknown."""
    return "unknown" if value is None else str(value)


def counted(count: int, what: str) -> str:
    """1 block, 2 blocks."""
    return f"{count} {what}" + ("s" if count != 1 else "")


def cut(text: str, width: int = MOST_CHARACTERS) -> str:
    """A string from the target or a file, escaped, in at most width characters: a longer one ends in dots."""
    shown = escape(text[:width + 1])
    return shown if len(shown) <= width else shown[:width - 3] + "..."


def escape(text: str) -> str:
    """A string from the target, with everything but printable ASCII shown as \\xNN: safe on a terminal."""
    return "".join(c if " " <= c <= "~" and c != "\\" else f"\\x{ord(c):02x}" for c in text)
