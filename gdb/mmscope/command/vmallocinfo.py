# SPDX-License-Identifier: GPL-2.0-or-later
"""mm vmallocinfo"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.vmallocinfo import Vmallocinfo, vmallocinfo
from ..view.vmallocinfo import vmallocinfo_text
from .needs import zones
from .registry import command


@command(text=vmallocinfo_text, needs=(zones,))
def run(ctx: Context, args: Namespace) -> Vmallocinfo:
    """Print what /proc/vmallocinfo would print now, byte for byte.

    But for the addresses: a kernel whose kptr_restrict is 0 prints hashes of
    them, this prints the real ones. Callers are named by the kernel's own
    table of symbols.

    Example: mm vmallocinfo
    """
    return vmallocinfo(ctx)
