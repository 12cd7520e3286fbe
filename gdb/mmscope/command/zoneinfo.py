# SPDX-License-Identifier: GPL-2.0-or-later
"""mm zoneinfo"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.zoneinfo import Zoneinfo, zoneinfo
from ..view.zoneinfo import zoneinfo_text
from .needs import zones
from .registry import command


@command(text=zoneinfo_text, needs=(zones,))
def run(ctx: Context, args: Namespace) -> Zoneinfo:
    """Print what /proc/zoneinfo would print now, byte for byte.

    What is printed, and how wide, is taken from the kernel's own format strings.

    Example: mm zoneinfo
    """
    return zoneinfo(ctx)
