# SPDX-License-Identifier: GPL-2.0-or-later
"""Pretty-printers for struct page, zone, free_area, memblock_region and list_head.

They belong to the object file that has the kernel's banner, and print only its types. Each shows one line,
made from the value that GDB already holds; 'print/r' shows the struct as it is. A value that cannot be
decoded is left to GDB.
"""
from __future__ import annotations

from typing import Any, Callable, Optional

import gdb

from ..errors import FaultError, MmError
from ..layout.pageflags import SLAB
from ..layout.pagetype import type_name
from ..layout.versions import VARIABLES
from ..model.address import page_map
from ..model.buddy import mark_of
from ..model.context import Context
from ..model.memblock import flag_bits
from ..model.migratetype import migratetype_names
from ..model.page import page_zone
from ..model.pageuse import cache_name, head_addr
from ..view.units import escape, size
from .current import Current

NAME = "mmscope"


class OneLine:
    """A printer whose text is made already."""

    def __init__(self, text: str) -> None:
        self._text = text

    def to_string(self) -> str:
        """The line."""
        return self._text


class Lookup:
    """GDB asks this for every value that it prints."""

    def __init__(self, objfile: gdb.Objfile, current: Current) -> None:
        self.name, self.enabled = NAME, True
        self._objfile, self._current = objfile, current

    def __call__(self, value: gdb.Value) -> Optional[OneLine]:
        kind = value.type.strip_typedefs().unqualified()
        printer = PRINTERS.get(kind.tag or "") if kind.code == gdb.TYPE_CODE_STRUCT else None
        if printer is None or kind.objfile != self._objfile:
            return None
        try:
            return OneLine(printer(Fields(self._current.context(), kind.tag, value)))
        except (MmError, gdb.error):
            return None


class Fields:
    """Members of a GDB value by the version table's names."""

    def __init__(self, ctx: Context, tag: str, value: gdb.Value) -> None:
        self.ctx, self._tag, self.value = ctx, tag, value

    def get(self, name: str) -> gdb.Value:
        """A member. Raises MissingError."""
        value = self.value
        for part in self.ctx.layout.field(f"{self._tag}.{name}").path.split("."):
            value = value[part]
        return value

    def int(self, name: str) -> int:
        """A member that is a number or a pointer. Raises MissingError."""
        return int(self.get(name))

    @property
    def addr(self) -> Optional[int]:
        """Where the value is in target memory, if it is there."""
        return int(self.value.address) if self.value.address is not None else None


def print_page(page: Fields) -> str:
    """pfn, flags by name, counts."""
    ctx, flags = page.ctx, page.int("flags")
    pages = page_map(ctx)
    pfn = pages.pfn(page.addr) if pages is not None and page.addr is not None else None
    words = [f"pfn {pfn:#x}"] if pfn is not None else []
    kind = type_name(ctx.layout, page.int("page_type")) if ctx.layout.find_field("page.page_type") is not None else None
    slab = kind == "slab" or "slab" in ctx.page_flags.decode(flags)
    names = ctx.page_flags.decode(flags, SLAB if slab else "")
    words.append(f"flags {flags:#x} ({' '.join(names) or 'none'})")
    zone = page_zone(ctx, flags)
    words.append(f"zone {escape(zone.name) if zone else ctx.page_flags.zone(flags)}, refcount {page.int('refcount')}")
    field, matches = mark_of(ctx)
    if matches(page.int(field)):
        words.append(f"free block of order {page.int('private')}")
    else:
        words.append(_in_use(page, slab, kind))
    return "page {" + ", ".join(words) + "}"


def _in_use(page: Fields, slab: bool, kind: Optional[str]) -> str:
    """What the members mean that slabs and the later pages of compound pages use for other things."""
    ctx = page.ctx
    if slab and page.addr is not None:
        return f"slab of cache {escape(cache_name(ctx, ctx.read.record('page', page.addr)) or 'unknown')}"
    link = page.int("compound_head") if ctx.layout.find_field("page.compound_head") is not None else 0
    pages = page_map(ctx)
    head = head_addr(ctx, page.addr, link) if pages is not None and page.addr is not None else None
    head_pfn = pages.pfn(head) if pages is not None and head is not None else None
    if head_pfn is not None:
        return f"in the compound page at pfn {head_pfn:#x}"
    count = f"type {kind}" if kind is not None else f"mapcount {page.int('mapcount')}"
    return f"{count}, private {page.int('private'):#x}"


def print_zone(zone: Fields) -> str:
    """Name, span, counts."""
    start, spanned = zone.int("zone_start_pfn"), zone.int("spanned_pages")
    name = zone.ctx.read.string(zone.int("name"), 32) if zone.int("name") else None
    return (f"zone {{{escape(name) if name else 'without a name'}, pfn {start:#x} to {start + spanned:#x}, "
            f"present {zone.int('present_pages'):#x}, managed {zone.int('managed_pages'):#x}}}")


def print_free_area(area: Fields) -> str:
    """Number of blocks, and which lists are not empty."""
    heads = area.get("free_list")
    names = migratetype_names(area.ctx)
    used = [escape(name) for index, name in enumerate(names)
            if heads[index].address is None or int(heads[index]["next"]) not in (0, int(heads[index].address))]
    return f"free_area {{nr_free {area.int('nr_free')}, on lists: {', '.join(used) or 'none'}}}"


def print_memblock_region(region: Fields) -> str:
    """Range, size, flags by name."""
    base, length = region.int("base"), region.int("size")
    text = f"[{base:#x}, {base + length:#x}) {size(length)}"
    bits = region.int("flags") if region.ctx.layout.find_field("memblock_region.flags") else 0
    names = [name for name, bit in flag_bits(region.ctx).items() if bits & bit]
    return text + (f", {' '.join(names)}" if names else f", flags {bits:#x}" if bits else "")


def print_list_head(head: Fields) -> str:
    """next and prev, and whether its neighbour agrees. Follows nothing but next, and only into lowmem."""
    next_, prev = head.int("next"), head.int("prev")
    text = f"next {next_:#x}, prev {prev:#x}"
    if head.addr is not None and next_ == prev == head.addr:
        return f"{{{text}, empty}}"
    return f"{{{text}{_disagreement(head.ctx, head.addr, next_)}}}"


def _disagreement(ctx: Context, addr: Optional[int], next_: int) -> str:
    """What is wrong with next, if anything is."""
    pages = page_map(ctx)
    known = ctx.arch.virt_to_phys(next_) is not None or pages is not None and pages.holds(next_)
    if not known or next_ % ctx.read.word:
        return ", next is no lowmem address"
    try:
        back = ctx.read.record("list_head", next_).get("prev")
    except FaultError:
        return ", next cannot be read"
    return f", but its next says that prev is {back:#x}" if addr is not None and back != addr else ""


PRINTERS: dict[str, Callable[[Fields], str]] = {
    "page": print_page,
    "zone": print_zone,
    "free_area": print_free_area,
    "memblock_region": print_memblock_region,
    "list_head": print_list_head,
}


class Printers:
    """Puts the printers into the object files that hold a kernel, and takes them out again."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def hook(self) -> None:
        """Register with every kernel that is loaded, and with those that will be."""
        gdb.events.new_objfile.connect(self._loaded)
        for objfile in _objfiles():
            self._register(objfile)

    def unhook(self) -> None:
        """Undo hook()."""
        gdb.events.new_objfile.disconnect(self._loaded)
        for objfile in _objfiles():
            _remove(objfile)

    def _loaded(self, event: Any) -> None:
        self._register(event.new_objfile)

    def _register(self, objfile: gdb.Objfile) -> None:
        if any(objfile.lookup_global_symbol(spelling.path) for spelling in VARIABLES["banner"]):
            _remove(objfile)
            objfile.pretty_printers.append(Lookup(objfile, self._current))


def _objfiles() -> list[gdb.Objfile]:
    """The object files of every inferior."""
    return [objfile for space in gdb.progspaces() for objfile in space.objfiles()]


def _remove(objfile: gdb.Objfile) -> None:
    """Take this package's printers out of an object file, those of an earlier copy too."""
    objfile.pretty_printers = [each for each in objfile.pretty_printers if getattr(each, "name", None) != NAME]
