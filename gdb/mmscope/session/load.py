# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts the package into GDB, and takes it out again when it is sourced once more."""
from __future__ import annotations

from typing import Any, Optional

from ..command import load_commands
from .current import Current
from .dumps import Files
from .functions import register_functions
from .printers import Printers
from .settings import TransportSetting
from .shim import MmCommand, MmPrefix
from .tui import Shell, hook_windows, unhook_windows

# Snapshots, windows that are shown, what commands that run the target keep, the files of a dump.
Kept = tuple[dict[str, dict[str, Any]], tuple[Shell, ...], dict[str, Any], Optional[Files]]

_current = Current()
_printers = Printers(_current)


def load(kept: Optional[Kept] = None) -> None:
    """Define commands and functions, listen to GDB. kept: what a copy that was loaded before has handed on."""
    snapshots, shells, memo, dump = kept or ({}, (), {}, None)
    _current.kept.update(snapshots)
    _current.memo.update(memo)
    commands = load_commands()
    MmPrefix(commands)
    for command in commands.values():
        MmCommand(command, _current)
    register_functions(_current)
    setting = TransportSetting(_current.forget_memory)
    _current.mode = lambda: setting.value
    _current.hook()
    _printers.hook()
    _current.dumps.adopt(dump)
    hook_windows(_current, shells)


def unload() -> Kept:
    """Stop listening. Commands and functions stay defined until they are defined anew. Snapshots are handed on."""
    shells, memo, dump = unhook_windows(), dict(_current.memo), _current.dumps.hand_over()
    _printers.unhook()
    _current.unhook()
    return _current.kept, shells, memo, dump
