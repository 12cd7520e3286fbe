# SPDX-License-Identifier: GPL-2.0-or-later
"""Reserved page frames, and which of the owners each belongs to.

owners.py knows owners by the byte; here a page has one: that with the most bytes in it. The kernel's image is told
apart by its sections. What a reservation of memblock holds beside is an early allocation that nothing names.
"""
from __future__ import annotations

import bisect
import heapq
from dataclasses import replace
from typing import Iterator, Optional, Sequence

from ..errors import FaultError, MissingError
from . import memblock
from .context import Context
from .owners import Owner, find_owners
from .paint import Ranges, within, without

IMAGE = "kernel image"
PARTS = (("init", "init start", "init end"), ("bss", "bss start", "bss end"), ("data", "data start", "data end"),
         ("rodata", "constants start", "constants end"), ("text", "text start", "text end"),
         ("text", "kernel start", "text end"))
BY_SYMBOLS = "symbols"      # source of the sections
MOST_OWNERS = 4096          # looked at for one page: those that begin before its end
EARLY, UNNAMED, NO_MAP = "early allocations", "not named", "no-map firmware"

Owned = list[tuple[int, int, str]]      # [start_pfn, end_pfn) and whose it is, sorted, without overlap


def owned_frames(ctx: Context) -> Owned:
    """Whose each page frame is that an owner has a part of, reserved or not."""
    return ctx.once("reserved.owned", _owned)


def reserved_frames(ctx: Context) -> Optional[Ranges]:
    """Page frames that memblock.reserved touches, and memory that it never gives out; None without a memblock."""
    return ctx.once("reserved.frames", _reserved)


def owners_of(ctx: Context, pfn: int) -> list[Owner]:
    """All who have a part of a page frame, by address.

    The kernel's image is its sections here, too, and is left out where somebody in it has the bytes.
    """
    start, end = pfn << ctx.arch.page_shift, pfn + 1 << ctx.arch.page_shift
    begins, every = ctx.once("reserved.by address", _by_address)
    last = bisect.bisect_left(begins, end)
    inside = sorted((rank, owner) for _, rank, owner in every[max(last - MOST_OWNERS, 0):last] if start < owner.end)
    owners = [owner for _, owner in inside]
    first = {owner for low, high, owner in _by_byte(owners, 1 << ctx.arch.phys_bits) if low < end and start < high}
    found = [owner for owner in owners if owner in first or not _is_image(owner) and not owner.recorded]
    if any(not owner.general for owner in found):
        found = [owner for owner in found if not owner.general]
    return sorted(found, key=lambda owner: owner.start)


def named(ctx: Context, start_pfn: int, end_pfn: int) -> Iterator[tuple[int, int, str]]:
    """Reserved frames [start_pfn, end_pfn), cut by who has them. Every frame is in one piece."""
    known = [(max(low, start_pfn), min(high, end_pfn), name) for low, high, name in owned_frames(ctx)
             if low < end_pfn and start_pfn < high]
    yield from known
    taken = [(low, high) for low, high, _ in known]
    listed = reserved_frames(ctx)
    for low, high in without([(start_pfn, end_pfn)], taken):
        inside = within(listed or (), low, high)
        for name, ranges in ((EARLY, inside), (UNNAMED, without([(low, high)], inside))):
            yield from ((first, end, name) for first, end in ranges)


def _reserved(ctx: Context) -> Optional[Ranges]:
    """memblock.reserved rounded out to whole pages, and no-map memory."""
    try:
        if memblock.discarded(ctx):
            return None
        lists = memblock.region_lists(ctx)
    except (MissingError, FaultError):
        return None
    shift = ctx.arch.page_shift
    taken = [*lists.reserved, *(region for region in lists.memory if _never_given(region))]
    return within([(region.base >> shift, region.end + (1 << shift) - 1 >> shift) for region in taken], 0, 1 << 64)


def _never_given(region: memblock.Region) -> bool:
    """Whether memory is known, but for nobody to be allocated."""
    return any(name in memblock.NOT_FREE for name in region.flag_names)


def _owned(ctx: Context) -> Owned:
    """Cut all owners into pages."""
    return cut_by_page(_ranked(ctx), ctx.arch.page_shift, 1 << ctx.arch.phys_bits)


def cut_by_page(owners: Sequence[Owner], shift: int, top: int) -> Owned:
    """Whose each page is: of two owners of a byte the first one has it; a page is whose most bytes in it are."""
    whole: Owned = []
    shared: dict[int, dict[str, int]] = {}
    for low, high, owner in _by_byte(owners, top):
        name = owner.name
        first, last = low + (1 << shift) - 1 >> shift, high >> shift
        if first < last:
            whole.append((first, last, name))
        for pfn in dict.fromkeys((low >> shift, high - 1 >> shift)):
            if not first <= pfn < last:
                names = shared.setdefault(pfn, {})
                names[name] = names.get(name, 0) + min(high, pfn + 1 << shift) - max(low, pfn << shift)
    whole += ((pfn, pfn + 1, max(names, key=lambda name: names[name])) for pfn, names in shared.items())
    return _joined(sorted(whole))


def _by_byte(owners: Sequence[Owner], top: int) -> Iterator[tuple[int, int, Owner]]:
    """Ranges of bytes with the first owner of each, sorted. Owners end below top."""
    begins = sorted((max(owner.start, 0), rank, min(owner.end, top)) for rank, owner in enumerate(owners))
    here: list[tuple[int, int]] = []        # a heap of rank and end of those that have begun
    at = 0
    for start, rank, end in [*begins, (top, 0, top)]:
        while here and at < start:
            if here[0][1] <= at:
                heapq.heappop(here)
                continue
            stop = min(here[0][1], start)
            yield at, stop, owners[here[0][0]]
            at = stop
        at = start
        if start < end:
            heapq.heappush(here, (rank, end))


def _joined(pieces: Owned) -> Owned:
    """Neighbours with one name are one piece."""
    found: Owned = []
    for start, end, name in pieces:
        if found and found[-1][1] == start and found[-1][2] == name:
            found[-1] = (found[-1][0], end, name)
        else:
            found.append((start, end, name))
    return found


def _by_address(ctx: Context) -> tuple[list[int], list[tuple[int, int, Owner]]]:
    """Where each owner starts; that, its rank, and the owner."""
    every = sorted((owner.start, rank, owner) for rank, owner in enumerate(_ranked(ctx)))
    return [start for start, _, _ in every], every


def _is_image(owner: Owner) -> bool:
    """Whether it is the kernel's image, or a section of that."""
    return owner.name == IMAGE or owner.source == BY_SYMBOLS


def _ranked(ctx: Context) -> tuple[Owner, ...]:
    """All owners, found once a stop: of two in one place the first one counts."""
    return ctx.once("reserved.ranked", lambda ctx: tuple(_owners(ctx)))


def _owners(ctx: Context) -> Iterator[Owner]:
    """All owners, the sections of the image before the image, those that say little behind, who reserved it at last."""
    every = find_owners(ctx)
    for owner in every:
        if owner.name == IMAGE:
            yield from _image(ctx)
        if not owner.general and not owner.recorded:
            yield owner
    yield from _no_map(ctx)
    for owner in every:
        if owner.general:       # says so little that where it is has to be added
            yield replace(owner, name=f"{owner.name} at {owner.start:#x}")
    yield from (owner for owner in every if owner.recorded)


def _image(ctx: Context) -> Iterator[Owner]:
    """The sections of the kernel's image, by the linker's symbols."""
    freed = _init_is_freed(ctx)
    for name, first, after in PARTS:
        try:
            low, high = ctx.read.address(first), ctx.read.address(after)
        except MissingError:
            continue
        start, last = ctx.arch.virt_to_phys(low), ctx.arch.virt_to_phys(high - 1) if low < high else None
        if start is not None and last is not None and start <= last:
            said = "init, to be freed" if name == "init" and not freed else name
            yield Owner(start, last + 1, f"kernel {said}", BY_SYMBOLS)


def _init_is_freed(ctx: Context) -> bool:
    """Whether init memory has been given back. What is reserved in it after that was not."""
    try:
        return ctx.freed(ctx.read.address("init start"))
    except MissingError:
        return False


def _no_map(ctx: Context) -> Iterator[Owner]:
    """Memory that memblock knows, but the kernel may not map."""
    try:
        if memblock.discarded(ctx):
            return
        for region in memblock.region_lists(ctx).memory:
            if _never_given(region):
                yield Owner(region.base, region.end, NO_MAP, "memblock.memory")
    except (MissingError, FaultError):
        return
