# SPDX-License-Identifier: GPL-2.0-or-later
"""mm percpu"""
from __future__ import annotations

from argparse import Namespace
from typing import Union

from ..model.context import Context
from ..model.percpu_report import Percpu, PercpuPlace, find_percpu, percpu_report
from ..view.percpu import percpu_text
from .needs import zones
from .registry import arg, command


@command(text=percpu_text, needs=(zones,), args=(
    arg("x", metavar="X", nargs="*", help="a per-CPU variable or pointer: show only where its copies are"),))
def run(ctx: Context, args: Namespace) -> Union[Percpu, PercpuPlace]:
    """Show per-CPU memory: units, chunks and allocations.

    A chunk marked * is for memory that is accounted to cgroups. Reports what is
    wrong with chunks and their maps (LIST-n, PERCPU-n). With X: the address of
    each CPU's copy, and which allocation it is in; a CPU's copy does for X, too.

    Example: mm percpu
    Example: mm percpu contig_page_data.node_zones[0].per_cpu_pageset
    """
    return find_percpu(ctx, " ".join(args.x)) if args.x else percpu_report(ctx)
