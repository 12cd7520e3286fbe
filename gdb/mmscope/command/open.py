# SPDX-License-Identifier: GPL-2.0-or-later
"""mm open"""
from __future__ import annotations

from argparse import Namespace

from ..errors import UsageError
from ..model.info import Info, info
from ..target.bank import parse_bank
from ..target.dumps import Dumps
from ..view.info import info_text
from .needs import symbols
from .registry import arg, command


@command(text=info_text, needs=(symbols,), opens=True, args=(
    arg("files", metavar="FILE", nargs="*", help="a core: ELF (QEMU's dump-guest-memory, a vmcore), or kdump's format"),
    arg("--ram", metavar="BANK", action="append", default=[],
        help="RAM as it is: PHYS:FILE[:OFFSET[:SIZE]], for each bank of it")))
def run(dumps: Dumps, args: Namespace) -> Info:
    """Put a core or a RAM file in the place of the target.

    Load the symbols of its kernel first ('file vmlinux'). Where the kernel is in
    the memory is found by its banner and its page tables. From then on every
    command that reads works on the dump, GDB's own, too ('print', 'x'); those that
    run the target do not. 'mm close' leaves it. It shows what 'mm info' shows.

    Example: mm open vmcore
    Example: mm open --ram 0x10000000:ram.bin
    Example: mm open --ram 0:low.bin --ram 0x100000000:high.bin:0x1000
    """
    if not args.files and not args.ram:
        raise UsageError("it needs a FILE, or --ram PHYS:FILE")
    return info(dumps.open(args.files, [parse_bank(text) for text in args.ram]))
