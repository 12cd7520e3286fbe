# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check"""
from __future__ import annotations

from argparse import Namespace

from ..model.check import CheckReport, check_report
from ..model.context import Context
from ..view.check import check_text
from .needs import memblock
from .registry import arg, command


@command(text=check_text, needs=(memblock,), args=(
    arg("--strict", action="store_true", help="fail when something is broken, after printing all"),))
def run(ctx: Context, args: Namespace) -> CheckReport:
    """Hold every invariant of the allocator against the target.

    Looks at what exists at this stage of the boot, and says what it left out and
    why. In the middle of a change, as in __free_one_page, what looks broken is
    not called so. Each broken one is named with what usually causes it.

    Example: mm check --strict
    """
    return check_report(ctx, args.strict)
