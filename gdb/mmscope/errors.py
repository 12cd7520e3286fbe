# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong, as exceptions whose text is the one line that a user reads."""
from __future__ import annotations


class MmError(Exception):
    """A command cannot do what was asked; str() says what and why, in one line."""


class UsageError(MmError):
    """The arguments of a command are wrong."""


class FaultError(MmError):
    """Target memory cannot be read."""

    def __init__(self, addr: int, size: int = 0) -> None:
        super().__init__(f"cannot read target memory at {addr:#x}")
        self.addr = addr
        self.size = size


class MissingError(MmError):
    """The symbols have no such structure, member, enumerator or variable."""


class BrokenPath(MmError):
    """A way to target memory leads nowhere any more, or never did; str() says why. Another way may do."""
