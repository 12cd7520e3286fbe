# SPDX-License-Identifier: GPL-2.0-or-later
"""What a window shows: what was read at this stop, and at the one before, or a line that says why nothing was."""
from __future__ import annotations

import time
from typing import Any, Callable, Optional

import gdb

from ..command import needs
from ..errors import MmError
from ..model.context import Context
from .current import Current


class Seen:
    """Read once for each context, and only when it is asked for."""

    def __init__(self, read: Callable[[Context], Any]) -> None:
        self._read = read
        self._context: Optional[Context] = None     # that was read
        self.now: Any = None
        self.before: Any = None
        self.said = ""                      # instead
        self.changed = False                # the target may have, since then

    def forget(self) -> None:
        """Nobody looks any more, or it is another program."""
        self._context = self.now = self.before = None

    @property
    def fresh(self) -> bool:
        """Nothing was read yet."""
        return self._context is None

    def look(self, current: Current) -> bool:
        """Read it. Return: whether it, or what is said instead, may be new."""
        begin, ctx = time.perf_counter(), None
        try:
            ctx = current.context()
            if ctx is self._context:
                return False
            self._context = ctx
            needs.memblock(ctx)
            now = self._read(ctx)
        except KeyboardInterrupt:
            self._context, self.said = None, "interrupted"
        except MmError as error:
            self.said = str(error)
        except Exception as error:      # else it would be a traceback at every prompt
            self.said = f"internal error, {type(error).__name__}: {error}"
        else:
            if self.changed:
                self.before = self.now
            self.now, self.said, self.changed = now, "", False
        if ctx is not None:
            ctx.memory.finish("tui", (time.perf_counter() - begin) * 1000, False)
        if self.said and not running():
            self.now = self.before = None
        return True


def running() -> bool:
    """Whether the target runs."""
    thread = gdb.selected_thread()
    return thread is not None and thread.is_valid() and thread.is_running()
