# SPDX-License-Identifier: GPL-2.0-or-later
"""What the terminal can show: the session asks it."""
from __future__ import annotations

from dataclasses import dataclass

LINE_WIDTH = 80


@dataclass(frozen=True)
class Terminal:
    """Columns, characters, colours."""

    width: int = LINE_WIDTH
    charset: str = "ASCII"      # as Python's codecs know it
    colour: bool = False        # it shows 256 of them, and they are wanted

    def shows(self, text: str) -> bool:
        """Whether its characters include those of a text."""
        try:
            text.encode(self.charset)
        except (UnicodeError, LookupError):
            return False
        return True
