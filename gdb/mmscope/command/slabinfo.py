# SPDX-License-Identifier: GPL-2.0-or-later
"""mm slabinfo"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.slabinfo import Slabinfo, slabinfo
from ..view.slabinfo import slabinfo_text
from .needs import slab
from .registry import command


@command(text=slabinfo_text, needs=(slab,))
def run(ctx: Context, args: Namespace) -> Slabinfo:
    """Print what /proc/slabinfo would print now, byte for byte.

    As the kernel counts: free objects that a CPU keeps are active.

    Example: mm slabinfo
    """
    return slabinfo(ctx)
