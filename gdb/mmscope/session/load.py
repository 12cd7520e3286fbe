# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts the package into GDB, and takes it out again when it is sourced once more."""
from __future__ import annotations

from ..command import load_commands
from .current import Current
from .functions import register_functions
from .printers import Printers
from .settings import TransportSetting
from .shim import MmCommand, MmPrefix

_current = Current()
_printers = Printers(_current)


def load() -> None:
    """Define commands and functions, listen to GDB."""
    commands = load_commands()
    MmPrefix(commands)
    for command in commands.values():
        MmCommand(command, _current)
    register_functions(_current)
    setting = TransportSetting(_current.forget_memory)
    _current.mode = lambda: setting.value
    _current.hook()
    _printers.hook()


def unload() -> None:
    """Stop listening. Commands and functions stay defined until they are defined anew."""
    _printers.unhook()
    _current.unhook()
