# SPDX-License-Identifier: GPL-2.0-or-later
"""mm buddyinfo"""
from __future__ import annotations

from argparse import Namespace

from ..model.buddyinfo import Buddyinfo, buddyinfo
from ..model.context import Context
from ..view.buddyinfo import buddyinfo_text
from .needs import zones
from .registry import command


@command(text=buddyinfo_text, needs=(zones,))
def run(ctx: Context, args: Namespace) -> Buddyinfo:
    """Print what /proc/buddyinfo would print now, byte for byte.

    Free blocks by zone and order, as the kernel counts them.

    Example: mm buddyinfo
    """
    return buddyinfo(ctx)
