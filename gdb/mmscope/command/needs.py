# SPDX-License-Identifier: GPL-2.0-or-later
"""What commands need of the target. Each raises MmError with one line that says what is missing and why."""
from __future__ import annotations

from ..errors import MmError
from ..model.context import Context
from ..model.stage import Stage


def symbols(ctx: Context) -> None:
    """Symbols of a kernel, with its types."""
    if ctx.kind is None:
        raise MmError("no kernel symbols: load them with 'file vmlinux', or 'file build/guest/mm.elf'")
    if ctx.layout.find_struct("page") is None:
        raise MmError("the symbols come without types: load the vmlinux that has its debug information (DWARF)")


def live(ctx: Context) -> None:
    """A stopped target."""
    symbols(ctx)
    if ctx.host.live is not None:
        raise MmError(ctx.host.live)


def target(ctx: Context) -> None:
    """A stopped target, which is the kernel that the symbols are of."""
    live(ctx)
    if ctx.mismatch is not None:
        raise MmError(ctx.mismatch)


def memblock(ctx: Context) -> None:
    """A kernel that runs at its virtual addresses, with its memblock."""
    _reached(ctx, Stage.EARLY, "memblock")


def zones(ctx: Context) -> None:
    """Zones, mem_map and free lists."""
    _reached(ctx, Stage.ZONES, "zones and mem_map")


def slab(ctx: Context) -> None:
    """Caches."""
    _reached(ctx, Stage.SLAB, "slab caches")


def _reached(ctx: Context, stage: Stage, what: str) -> None:
    """The boot has come as far as stage."""
    target(ctx)
    if ctx.stage is not None and ctx.stage < stage:
        raise MmError(f"no {what} yet at stage {ctx.stage.name.lower()}: {ctx.stage_text}")
