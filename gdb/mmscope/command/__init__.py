# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands: one module each, found by being here. The module's name is the command's."""
from __future__ import annotations

import importlib
import pkgutil

from .registry import COMMANDS, Command


def load_commands() -> dict[str, Command]:
    """Import every module of this package, so that each declares its command."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(COMMANDS.items()))
