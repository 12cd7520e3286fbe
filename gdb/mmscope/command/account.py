# SPDX-License-Identifier: GPL-2.0-or-later
"""mm account"""
from __future__ import annotations

from argparse import Namespace

from ..model.account import Account, account
from ..model.context import Context
from ..view.account import account_text
from .needs import zones
from .registry import arg, command


@command(text=account_text, needs=(zones,), args=(
    arg("--pages", action="store_true", help="list the ranges of page frames, too"),
    arg("--expect", action="store_true", help="compare with the kernel's own counters"),
    arg("--all", action="store_true", help="every cache, every caller; else the largest")))
def run(ctx: Context, args: Namespace) -> Account:
    """Show where every page frame went: each in one bucket, by name.

    Looks at every struct page. Fails when what was found does not add up to what
    the zones count (residual), or with --expect to counters of the same pages.

    Example: mm account --expect
    """
    return account(ctx, args.pages, args.expect, args.all)
