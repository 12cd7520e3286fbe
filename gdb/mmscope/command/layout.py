# SPDX-License-Identifier: GPL-2.0-or-later
"""mm layout"""
from __future__ import annotations

from argparse import Namespace

from ..layout.versions import FIELDS
from ..model.context import Context
from ..model.found import Found, found
from ..view.layout import layout_text
from .needs import symbols
from .registry import arg, command


def _tags(_: Context) -> list[str]:
    return list(dict.fromkeys(name.split(".")[0] for name in FIELDS))


@command(text=layout_text, needs=(symbols,), args=(
    arg("struct", metavar="STRUCT", nargs="?", words=_tags, help="only this struct"),))
def run(ctx: Context, args: Namespace) -> Found:
    """Show which members and variables were found, and where.

    Kernels spell some things differently; the spelling is picked by what the
    symbols have, never by the release. Needs symbols, but no target.

    Example: mm layout page
    """
    return found(ctx, args.struct)
