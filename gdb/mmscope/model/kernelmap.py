# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel's own page tables map: by ranges of addresses, and all of the tables."""
from __future__ import annotations

from typing import Iterator

from ..errors import FaultError, MissingError
from ..layout.pagetable import Format
from ..layout.tablewalk import Leaf, Table, leaves, tables
from .context import Context


def _root(ctx: Context, addr: int) -> tuple[int, Format]:
    """The first table for an address, and its format. Raises MissingError."""
    mmu = ctx.arch.mmu
    root, form = mmu.root(addr), mmu.format(addr)
    if root is None or not form.levels:
        raise MissingError("where the kernel's own page tables are is not known")
    return root.phys, form


def mapped_in(ctx: Context, start: int, end: int) -> Iterator[Leaf]:
    """What is mapped in [start, end), addresses of the kernel, in order. Raises MissingError."""
    if start >= end:
        return iter(())
    root, form = _root(ctx, start)
    return leaves(ctx.read_ram, root, form, start, end)


def kernel_tables(ctx: Context) -> tuple[Table, ...]:
    """Every table of the kernel's own, the first one first, found once a stop. Raises MissingError."""
    return ctx.once("kernelmap.kernel_tables", _tables)


def _tables(ctx: Context) -> tuple[Table, ...]:
    top = (1 << ctx.arch.address_bits) - 1
    root, form = _root(ctx, top)
    low = form.levels[0].shift + form.levels[0].bits
    return tuple(tables(ctx.read_ram, root, form, top >> low << low))


def has_reserved_forms(ctx: Context) -> bool:
    """Whether an entry of the kernel's own tables can have a form that means nothing. Raises MissingError."""
    return _root(ctx, (1 << ctx.arch.address_bits) - 1)[1].reserves


def readable(ctx: Context, phys: int) -> bool:
    """Whether there is memory at a physical address. Raises MissingError."""
    try:
        ctx.read_ram(phys, 1)
        return True
    except FaultError:
        return False
