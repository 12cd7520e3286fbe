# SPDX-License-Identifier: GPL-2.0-or-later
"""mm info"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.info import Info, info
from ..view.info import info_text
from .needs import live
from .registry import command


@command(text=info_text, needs=(live,))
def run(ctx: Context, args: Namespace) -> Info:
    """Say what the target is, and how far it has booted.

    Works from the first instruction on. What is not known yet is left out
    (null in JSON).

    Example: mm info --json
    """
    return info(ctx)
