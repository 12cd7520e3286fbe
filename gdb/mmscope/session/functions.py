# SPDX-License-Identifier: GPL-2.0-or-later
"""Convenience functions: $mm_page, $mm_pfn, $mm_phys, $mm_virt, $mm_buddy, $mm_zone."""
from __future__ import annotations

import inspect
from typing import Any, Callable

import gdb

from ..command import needs
from ..errors import MmError
from ..model.address import Place, resolve, resolve_value
from ..model.buddy import order_count
from ..model.context import Context
from ..model.zone import select_zones
from .current import Current, expression_of
from .shim import failing_in_one_line


class MmFunction(gdb.Function):
    """A convenience function that works on the present context."""

    def __init__(self, name: str, current: Current, work: Callable[..., Any]) -> None:
        self.__doc__ = work.__doc__
        self._name, self._current, self._work = name, current, work
        self._signature = inspect.signature(work)
        super().__init__(name)

    def invoke(self, *args: gdb.Value) -> Any:
        """Call it with GDB's values."""
        return failing_in_one_line(f"${self._name}", lambda: self._call(args))

    def _call(self, args: tuple[gdb.Value, ...]) -> Any:
        ctx = self._current.context()
        needs.target(ctx)
        try:
            self._signature.bind(ctx, *args)
        except TypeError:
            raise MmError(f"wrong number of arguments; {(self.__doc__ or '').splitlines()[0]}") from None
        return self._work(ctx, *args)


def _place(ctx: Context, x: gdb.Value) -> Place:
    """The page that an argument means: a string like "pfn:N", or an address."""
    needs.memblock(ctx)
    if x.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY and x.type.strip_typedefs().target().sizeof == 1:
        try:
            text = x.string()
        except (gdb.error, UnicodeDecodeError):
            raise MmError('the argument is neither an address nor a text like "pfn:0x10000"') from None
        return resolve(ctx, text)
    return resolve_value(ctx, expression_of(x))


def mm_page(ctx: Context, pfn: gdb.Value) -> gdb.Value:
    """$mm_page(PFN): the struct page of a page frame number."""
    needs.zones(ctx)
    number = expression_of(pfn).value
    if not ctx.pages.covers(number):
        raise MmError(ctx.pages.why_not(number))
    return gdb.Value(ctx.pages.page(number)).cast(gdb.lookup_type("struct page").pointer())


def mm_pfn(ctx: Context, x: gdb.Value) -> int:
    """$mm_pfn(X): the page frame number of a struct page or a lowmem address."""
    return _place(ctx, x).pfn


def mm_phys(ctx: Context, x: gdb.Value) -> int:
    """$mm_phys(X): the physical address of a struct page's memory, or of a lowmem address."""
    return _place(ctx, x).phys


def mm_virt(ctx: Context, x: gdb.Value) -> gdb.Value:
    """$mm_virt(X): the virtual address of the memory of a struct page, "pfn:N" or "phys:N"."""
    place = _place(ctx, x)
    if place.virt is None:
        why = "highmem, not mapped" if place.page is not None and not place.hole else "no memory that the kernel knows"
        raise MmError(f"pfn {place.pfn:#x} has no virtual address: {why}")
    return gdb.Value(place.virt).cast(gdb.lookup_type("void").pointer())


def mm_buddy(ctx: Context, pfn: gdb.Value, order: gdb.Value) -> int:
    """$mm_buddy(PFN, ORDER): the page frame number of a block's buddy of that order."""
    number, limit = expression_of(order).value, order_count(ctx)
    if not 0 <= number < limit:
        raise MmError(f"no order {number}: this kernel has orders 0 to {limit - 1}")
    return expression_of(pfn).value ^ 1 << number


def mm_zone(ctx: Context, name: gdb.Value) -> gdb.Value:
    """$mm_zone("NAME"): the struct zone of that name, on the first node that has it."""
    needs.zones(ctx)
    try:
        text = name.string()
    except (gdb.error, UnicodeDecodeError):
        raise MmError('the argument is a name in quotes: $mm_zone("Normal")') from None
    zone = select_zones(ctx, text, None)[0]
    return gdb.Value(zone.addr).cast(gdb.lookup_type("struct zone").pointer())


FUNCTIONS = (mm_page, mm_pfn, mm_phys, mm_virt, mm_buddy, mm_zone)


def register_functions(current: Current) -> None:
    """Define them all."""
    for work in FUNCTIONS:
        MmFunction(work.__name__, current, work)
