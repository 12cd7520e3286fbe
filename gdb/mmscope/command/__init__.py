# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands: one module each, found by being here. The module's name is the command's."""
from __future__ import annotations

import importlib
import os

from .registry import COMMANDS, Command

NOT_COMMANDS = ("__init__", "registry", "needs")


def command_names() -> tuple[str, ...]:
    """What there is; nothing is loaded."""
    files = os.listdir(os.path.dirname(__file__))
    return tuple(sorted(name[:-3] for name in files if name.endswith(".py") and name[:-3] not in NOT_COMMANDS))


def load_command(name: str) -> Command:
    """One of them."""
    importlib.import_module(f"{__name__}.{name}")
    return COMMANDS[name]


def load_commands() -> dict[str, Command]:
    """Import every module of this package, so that each declares its command."""
    return {name: load_command(name) for name in command_names()}
