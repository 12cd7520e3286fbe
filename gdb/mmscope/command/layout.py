# SPDX-License-Identifier: GPL-2.0-or-later
"""mm layout"""
from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from ..errors import UsageError
from ..layout.versions import FIELDS
from ..model.context import Context
from ..model.export import export_layout
from ..model.found import Found, found
from ..view.layout import layout_text
from .needs import symbols
from .registry import arg, command


def _tags(_: Context) -> list[str]:
    return list(dict.fromkeys(name.split(".")[0] for name in FIELDS))


@command(text=layout_text, needs=(symbols,), args=(
    arg("struct", metavar="STRUCT", nargs="?", words=_tags, help="only this struct"),
    arg("--export", metavar="FILE", help="write all that commands ask of the symbols into FILE, for mmdump")))
def run(ctx: Context, args: Namespace) -> Found:
    """Show which members and variables were found, and where.

    Kernels spell some things differently; the spelling is picked by what the
    symbols have, never by the release. Needs symbols, but no target. What
    --export writes serves every core of this very build of the kernel, on
    machines without GDB and without the vmlinux: mmdump --layout FILE CORE ...

    Example: mm layout page
    Example: mm layout --export kernel.layout
    """
    if args.export is None:
        return found(ctx, args.struct)
    if args.struct is not None:
        raise UsageError("--export writes the whole layout: it goes with no STRUCT")
    return replace(found(ctx, None), file=args.export, file_bytes=export_layout(ctx, args.export))
