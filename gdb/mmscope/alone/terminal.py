# SPDX-License-Identifier: GPL-2.0-or-later
"""What the terminal that mmdump writes on can show."""
from __future__ import annotations

import os
import sys

from ..model.terminal import LINE_WIDTH, Terminal

WIDEST = 512
PLAIN = ("linux", "dumb")       # terminals whose fonts lack most signs, or that show no colours


def terminal() -> Terminal:
    """Standard output, as it is now."""
    screen = is_screen(1)
    name = os.environ.get("TERM", "dumb")
    charset = "ASCII" if screen and name == "linux" else getattr(sys.stdout, "encoding", None) or "ASCII"
    colour = screen and name not in PLAIN and not os.environ.get("NO_COLOR")
    return Terminal(min(max(columns(1), 1), WIDEST) if screen else LINE_WIDTH, charset, colour)


def is_screen(descriptor: int) -> bool:
    """Whether a file descriptor is a terminal."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def columns(descriptor: int) -> int:
    """How wide it is."""
    try:
        return os.get_terminal_size(descriptor).columns or LINE_WIDTH
    except OSError:
        return LINE_WIDTH
