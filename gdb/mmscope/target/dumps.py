# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command can do about dumps: open them in the place of the target, and close them. Imports no gdb."""
from __future__ import annotations

from typing import Any, Protocol, Sequence

from .bank import Bank


class Dumps(Protocol):
    """Opens dumps, for one command. The session has it inside GDB."""

    def open(self, cores: Sequence[str], banks: Sequence[Bank]) -> Any:
        """Put cores and RAM files in the place of the target; the Context of it. Raises MmError in one line."""

    def close(self) -> str:
        """Leave the dump that is open; the files it was of. Raises MmError when none is."""
