# SPDX-License-Identifier: GPL-2.0-or-later
"""What GDB's terminal can show."""
from __future__ import annotations

import os
import re
import shutil

import gdb

from ..model.terminal import LINE_WIDTH, Terminal

WIDEST = 512
PLAIN = ("linux", "dumb")       # terminals whose fonts lack most signs, or that show no colours


def terminal(typed: bool) -> Terminal:
    """The present settings. typed: a person typed the command, and its text goes on the screen."""
    name = os.environ.get("TERM", "dumb")
    screen = _is_screen()
    charset = "ASCII" if screen and name == "linux" else _charset()
    colour = typed and screen and name not in PLAIN and not os.environ.get("NO_COLOR") and _styled()
    return Terminal(_width(screen), charset, colour)


def _is_screen() -> bool:
    """Whether GDB's output is a terminal."""
    try:
        return os.isatty(1)
    except OSError:
        return False


def _styled() -> bool:
    """Whether GDB itself uses colours."""
    try:
        return bool(gdb.parameter("style enabled"))
    except RuntimeError:            # a GDB without colours
        return False


def _width(screen: bool) -> int:
    """Columns: GDB's setting, where it is not unlimited, else the terminal's."""
    width = gdb.parameter("width")
    if not width:
        width = shutil.get_terminal_size((LINE_WIDTH, 0)).columns if screen else LINE_WIDTH
    return min(max(int(width), 1), WIDEST)


def _charset() -> str:
    """What GDB writes; it fails to write what is not in it."""
    found = re.search(r'"(?:auto; currently )?([^"]+)"', gdb.execute("show host-charset", to_string=True))
    return found[1] if found is not None else "ASCII"
