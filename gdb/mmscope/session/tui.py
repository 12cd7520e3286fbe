# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows of GDB's TUI that are true at each stop, and a layout with them: layout mm.

GDB keeps the first factory that it is given for a name, and its windows, when this package is loaded anew: what it
holds are shells, which find the present copy of the package by themselves. Nothing listens to GDB, and nothing is
read, while no window is shown.
"""
from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from typing import Any, Callable, Iterator, Optional

import gdb

from ..errors import MmError
from ..model.glance import glance
from ..model.mapcells import Map, draw, top_address
from ..model.mapparts import BYS
from ..model.quickmap import quick_snapshot
from ..model.state import Snapshot
from ..model.terminal import Terminal
from ..view.map import row_cells
from ..view.mappane import HEAD_LINES, map_pane
from ..view.panes import CHANGED, HEAD, Line, Pane, cut, said, scrolled, zone_pane
from .current import Current
from .seen import Seen, running
from .terminal import terminal

ZONES, MAP = "mm_zones", "mm_map"
LAYOUT, WINDOWS = "mm", f"src 12 {ZONES} 13 {MAP} 10 status 0 cmd 10"
STYLES = {HEAD: "\033[1m", CHANGED: "\033[1;7m"}
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
    """All windows that are shown."""

    def __init__(self, current: Current) -> None:
        self._current = current
        self._shells: list[Shell] = []
        self._seen = {ZONES: Seen(glance), MAP: Seen(quick_snapshot)}
        self.held = False       # stops that are only a command's own are not shown

    def hook(self, shells: tuple[Shell, ...] = ()) -> None:
        """Offer the windows and their layout, where this GDB has such. shells: of a copy that was loaded before."""
        for shell in shells:
            self._open(shell)
        self.update()
        register = getattr(gdb, "register_window_type", None)
        if register is None or shells:
            return
        try:
            for name in self._seen:
                register(name, _factory(name))
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
        if all(each.name != shell.name for each in self._shells):
            self._seen[shell.name].forget()

    def _listen(self, on: bool) -> None:
        """Begin or end listening to GDB."""
        for names, react in ((CHANGES, self._noticed), (OTHERS, self._replaced), (PROMPTS, self.update)):
            for name in names:
                event = getattr(gdb.events, name, None)
                if event is not None:
                    (event.connect if on else event.disconnect)(react)

    def _noticed(self, _: Any = None) -> None:
        for seen in self._seen.values():
            seen.changed = True

    def _replaced(self, _: Any = None) -> None:
        for seen in self._seen.values():
            seen.forget()

    def update(self, _: Any = None) -> None:
        """Show what is true now in the windows that can be seen."""
        if self.held:
            return
        visible = [shell for shell in self._shells if shell.tui.is_valid()]
        new = {name: self._seen[name].look(self._current) for name in dict.fromkeys(shell.name for shell in visible)}
        for shell in visible:
            if new[shell.name]:
                self._draw(shell)

    def render(self, shell: Shell) -> None:
        """Draw one window. While the target runs, and GDB waits for it, what was true at the last stop."""
        seen = self._seen[shell.name]
        if seen.fresh or not running():
            seen.look(self._current)
        self._draw(shell)

    def scroll(self, shell: Shell, lines: int, columns: int) -> None:
        """Move what one window shows. A map is as wide as its window: it draws something else instead."""
        shell.down += lines
        shell.right += columns
        self._draw(shell)

    def _draw(self, shell: Shell) -> None:
        """Write a window's lines."""
        tui = shell.tui
        try:
            if not tui.is_valid():
                return
            width, height = tui.width, tui.height
            pane = self._pane(shell, width, height)
            shell.down, right = scrolled(pane, width, height, shell.down, shell.right)
            if shell.name == MAP:
                shell.right, right = shell.right % len(BYS), 0
            else:
                shell.right = right
            tui.title = shell.name
            tui.erase()
            tui.write(_text(cut(pane, width, height, shell.down, right)))
        except (gdb.error, RuntimeError, KeyboardInterrupt):     # it went away, or need not be drawn
            pass

    def _pane(self, shell: Shell, width: int, height: int) -> Pane:
        """What a window has to say."""
        seen = self._seen[shell.name]
        if seen.said or seen.now is None:
            return said(seen.said, width)
        try:
            if shell.name == ZONES:
                return zone_pane(seen.now, seen.before, width, height)
            by, able = BYS[shell.right % len(BYS)], terminal(True)
            now, before = (_map(each, by, able, width, height) for each in (seen.now, seen.before))
            return map_pane(now, before, width)
        except MmError as error:
            return said(str(error), width)
        except Exception as error:      # else it would be a traceback at every prompt
            return said(f"internal error, {type(error).__name__}: {error}", width)


windows: Optional[Windows] = None


def hook_windows(current: Current, shells: tuple[Shell, ...] = ()) -> None:
    """Offer the windows. shells: of a copy that was loaded before."""
    global windows
    windows = Windows(current)
    windows.hook(shells)


def unhook_windows() -> tuple[Shell, ...]:
    """Undo it, as far as GDB can. Return: the windows that are shown, for the next copy."""
    return windows.unhook() if windows is not None else ()


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Inside, a command runs the target: what it stops at is shown when the command says something, or is over."""
    shown = windows
    before = shown.held if shown is not None else False
    if shown is not None:
        shown.held = True
    try:
        yield
    finally:
        if shown is not None:
            shown.held = before


def show() -> None:
    """Draw the windows now, where there are any: a command has said something."""
    if windows is not None:
        windows.update()


def _factory(name: str) -> Callable[[Any], Shell]:
    """What makes windows of that name, by the copy of this module that is loaded then."""
    return lambda tui: sys.modules[__name__].windows.open(name, tui)


def _has_layout() -> bool:
    """Whether there is a layout of our name. Defined again, the one that is shown would be freed."""
    try:
        return f'"{LAYOUT}"' in gdb.execute(f"help layout {LAYOUT}", to_string=True)
    except gdb.error:
        return False


def _map(snapshot: Optional[Snapshot], by: str, able: Terminal, width: int, height: int) -> Optional[Map]:
    """A map that fills a window."""
    if snapshot is None:
        return None
    cells = row_cells(width, top_address(snapshot))
    return replace(draw(snapshot, by, None, None, cells, max(height - HEAD_LINES, 1)), terminal=able)


def _text(lines: tuple[Line, ...]) -> str:
    """Lines that fill a window, without line ends: GDB goes on at the next line by itself."""
    styled, colour = gdb.parameter("style enabled"), terminal(True).colour
    return "".join(_style(look, colour) + text + NORMAL if styled and look else text for line in lines
                   for text, look in line)


def _style(look: str, colour: bool) -> str:
    """The escape sequence for a look: a word of STYLES, and the number of a colour."""
    return "".join(STYLES.get(word) or (f"\033[{word}m" if colour else "") for word in look.split())
