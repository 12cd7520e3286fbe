# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts the package into GDB, and takes it out again when it is sourced once more."""
from __future__ import annotations

from typing import Any, Optional

from ..command import load_commands
from .current import Current
from .functions import register_functions
from .printers import Printers
from .settings import TransportSetting
from .shim import MmCommand, MmPrefix

_current = Current()
_printers = Printers(_current)


def load(kept: Optional[dict[str, dict[str, Any]]] = None) -> None:
    """Define commands and functions, listen to GDB. kept: snapshots of a copy that was loaded before."""
    _current.kept.update(kept or {})
    commands = load_commands()
    MmPrefix(commands)
    for command in commands.values():
        MmCommand(command, _current)
    register_functions(_current)
    setting = TransportSetting(_current.forget_memory)
    _current.mode = lambda: setting.value
    _current.hook()
    _printers.hook()


def unload() -> dict[str, dict[str, Any]]:
    """Stop listening. Commands and functions stay defined until they are defined anew. Snapshots are handed on."""
    _printers.unhook()
    _current.unhook()
    return _current.kept
