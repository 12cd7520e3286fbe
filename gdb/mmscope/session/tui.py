# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows of GDB's TUI that are true at each stop, and a layout with them: layout mm.

GDB keeps the first factory that it is given for a name, and its windows, when this package is loaded anew: what it
holds are shells, which find the present copy of the package by themselves. Nothing listens to GDB, and nothing is
read, while no window is shown.
"""
from __future__ import annotations

import sys
import time
from typing import Any, Callable, Optional

import gdb

from ..command import needs
from ..errors import MmError
from ..model.context import Context
from ..model.glance import Glance, glance
from ..view.panes import CHANGED, HEAD, Line, Pane, cut, said, scrolled, zone_pane
from .current import Current

ZONES = "mm_zones"
LAYOUT, WINDOWS = "mm", f"src 4 {ZONES} 3 status 0 cmd 2"
LOOKS = {HEAD: "\033[1m", CHANGED: "\033[1;7m"}
NORMAL = "\033[0m"
CHANGES = ("cont", "memory_changed", "inferior_call")       # what is read afterwards is compared with what was before
OTHERS = ("new_objfile", "clear_objfiles", "free_objfile")  # ... is of another program
PROMPTS = ("stop", "before_prompt")


class Shell:
    """What GDB calls for a window: all that has to stay the same when the package is loaded anew."""

    def __init__(self, name: str, tui: Any) -> None:
        self.name = name
        self.tui = tui
        self.windows: Optional[Windows] = None
        self.down = self.right = 0

    def render(self) -> None:
        """Draw all of it: it is new, or has another size."""
        if self.windows is not None:
            self.windows.render(self)

    def vscroll(self, lines: int) -> None:
        """Scroll down, or up by a negative number."""
        if self.windows is not None:
            self.windows.scroll(self, lines, 0)

    def hscroll(self, columns: int) -> None:
        """Scroll right, or left by a negative number."""
        if self.windows is not None:
            self.windows.scroll(self, 0, columns)

    def close(self) -> None:
        """It is shown no more."""
        if self.windows is not None:
            self.windows.closed(self)


class Windows:
    """All windows that are shown, and what they show: the counters of this stop, and of the one before."""

    def __init__(self, current: Current) -> None:
        self._current = current
        self._shells: list[Shell] = []
        self._context: Optional[Context] = None     # that was read
        self._now: Optional[Glance] = None
        self._before: Optional[Glance] = None
        self._changed = False               # the target may have, since then
        self._said = ""                     # instead of counters

    def hook(self, shells: tuple[Shell, ...] = ()) -> None:
        """Offer the windows and their layout, where this GDB has such. shells: of a copy that was loaded before."""
        for shell in shells:
            self._open(shell)
        self.update()
        register = getattr(gdb, "register_window_type", None)
        if register is None or shells:
            return
        try:
            register(ZONES, _factory(ZONES))
            if not _has_layout():
                gdb.execute(f"tui new-layout {LAYOUT} {WINDOWS}", to_string=True)
        except (gdb.error, RuntimeError):       # a GDB without TUI
            pass

    def unhook(self) -> tuple[Shell, ...]:
        """Stop listening. Return: the windows that are shown."""
        shells = tuple(self._shells)
        for shell in shells:
            self.closed(shell)
        return shells

    def open(self, name: str, tui: Any) -> Shell:
        """A new window."""
        shell = Shell(name, tui)
        self._open(shell)
        return shell

    def _open(self, shell: Shell) -> None:
        shell.windows = self
        self._shells.append(shell)
        if len(self._shells) == 1:
            self._listen(True)

    def closed(self, shell: Shell) -> None:
        """A window is gone."""
        shell.windows = None
        self._shells.remove(shell)
        if not self._shells:
            self._listen(False)
            self._context = self._now = self._before = None

    def _listen(self, on: bool) -> None:
        """Begin or end listening to GDB."""
        for names, react in ((CHANGES, self._noticed), (OTHERS, self._replaced), (PROMPTS, self.update)):
            for name in names:
                event = getattr(gdb.events, name, None)
                if event is not None:
                    (event.connect if on else event.disconnect)(react)

    def _noticed(self, _: Any = None) -> None:
        self._changed = True

    def _replaced(self, _: Any = None) -> None:
        self._context = self._now = None

    def update(self, _: Any = None) -> None:
        """Show what is true now in the windows that can be seen."""
        if any(shell.tui.is_valid() for shell in self._shells) and self._look():
            for shell in self._shells:
                self._draw(shell)

    def render(self, shell: Shell) -> None:
        """Draw one window. While the target runs, and GDB waits for it, what was true at the last stop."""
        if not self._running() or self._context is None:
            self._look()
        self._draw(shell)

    def scroll(self, shell: Shell, lines: int, columns: int) -> None:
        """Move what one window shows."""
        shell.down += lines
        shell.right += columns
        self._draw(shell)

    def _running(self) -> bool:
        thread = gdb.selected_thread()
        return thread is not None and thread.is_valid() and thread.is_running()

    def _look(self) -> bool:
        """Read the counters, once for each context. Return: whether they, or what is said instead, are new."""
        begin, ctx = time.perf_counter(), None
        try:
            ctx = self._current.context()
            if ctx is self._context:
                return False
            self._context = ctx
            needs.memblock(ctx)
            now = glance(ctx)
        except KeyboardInterrupt:
            self._context, self._said = None, "interrupted"
        except MmError as error:
            self._said = str(error)
        except Exception as error:      # a window must never throw a traceback at every prompt
            self._said = f"internal error, {type(error).__name__}: {error}"
        else:
            if self._changed:
                self._before = self._now
            self._now, self._said, self._changed = now, "", False
        if ctx is not None:
            ctx.memory.finish("tui", (time.perf_counter() - begin) * 1000, False)
        if self._said and not self._running():
            self._now = self._before = None
        return True

    def _draw(self, shell: Shell) -> None:
        """Write a window's lines."""
        tui = shell.tui
        try:
            if not tui.is_valid():
                return
            width, height = tui.width, tui.height
            pane = self._pane(shell.name, width, height)
            shell.down, shell.right = scrolled(pane, width, height, shell.down, shell.right)
            tui.title = shell.name
            tui.erase()
            tui.write(_text(cut(pane, width, height, shell.down, shell.right)))
        except (gdb.error, RuntimeError):       # it went away meanwhile
            pass

    def _pane(self, name: str, width: int, height: int) -> Pane:
        """What a window has to say."""
        if self._said or self._now is None:
            return said(self._said, width)
        return zone_pane(self._now, self._before, width, height)


windows: Optional[Windows] = None


def hook_windows(current: Current, shells: tuple[Shell, ...] = ()) -> None:
    """Offer the windows. shells: of a copy that was loaded before."""
    global windows
    windows = Windows(current)
    windows.hook(shells)


def unhook_windows() -> tuple[Shell, ...]:
    """Undo it, as far as GDB can. Return: the windows that are shown, for the next copy."""
    return windows.unhook() if windows is not None else ()


def _factory(name: str) -> Callable[[Any], Shell]:
    """What makes windows of that name, by the copy of this module that is loaded then."""
    return lambda tui: sys.modules[__name__].windows.open(name, tui)


def _has_layout() -> bool:
    """Whether there is a layout of our name. Defined again, the one that is shown would be freed."""
    try:
        return f'"{LAYOUT}"' in gdb.execute(f"help layout {LAYOUT}", to_string=True)
    except gdb.error:
        return False


def _text(lines: tuple[Line, ...]) -> str:
    """Lines that fill a window, without line ends: GDB goes on at the next line by itself."""
    styled = gdb.parameter("style enabled")
    return "".join(LOOKS[look] + text + NORMAL if styled and look in LOOKS else text
                   for line in lines for text, look in line)
