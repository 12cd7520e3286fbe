# SPDX-License-Identifier: GPL-2.0-or-later
"""mm slab as text."""
from __future__ import annotations

from typing import Iterable, Sequence

from ..model.slab import CacheDetail, CacheRow, SlabReport
from ..model.slabcache import Cache
from ..model.slabobject import Object, ObjectAt
from ..model.slabpage import Slab
from .table import LINE_WIDTH, pairs, table, wrap
from .units import address, counted, escape


def slab_text(report: SlabReport) -> str:
    """The table, or one cache, or one object."""
    if report.object is not None:
        cache = _cache(report.cache) if report.cache is not None else ""
        return _object(report.object) + cache
    locked = "".join(f"{escape(row.name)} is locked: stopped where its lists may be half changed\n"
                     for row in report.caches if row.locked)
    return (_cache(report.cache) if report.cache is not None else _table(report.caches)) + locked


def _table(rows: Sequence[CacheRow]) -> str:
    """A line a cache; flags as letters, which the last lines explain."""
    if not rows:
        return "no caches yet\n"
    letters = _letters(name for row in rows for name in row.flag_names)
    known = [(escape(row.name), str(row.object_size), str(row.size), str(row.objects_per_slab), str(row.order),
              str(row.slabs), str(row.active_objs), str(row.num_objs),
              "".join(letters[name] for name in row.flag_names)) for row in rows]
    text = table(("name", "object", "size", "n", "o", "slabs", "active", "total", "flags"), known, "l       l")
    legend = " ".join(f"{letter}={name}" for name, letter in letters.items())
    note = f"{counted(len(rows), 'cache')}; n: objects in a slab, o: its order; what CPUs keep counts as active"
    return "\n".join([text, *wrap(note, LINE_WIDTH), *(wrap(f"flags: {legend}", LINE_WIDTH) if legend else ())]) + "\n"


def _letters(names: Iterable[str]) -> dict[str, str]:
    """A letter for each flag: one of its own, as long as there are any."""
    found: dict[str, str] = {}
    for name in names:
        if name not in found:
            choice = [*name.replace("_", ""), *name.replace("_", "").lower()]
            found[name] = next((letter for letter in choice if letter not in found.values()), "?")
    return found


def _cache(detail: CacheDetail) -> str:
    """Everything of one cache."""
    cache = detail.cache
    parts = [pairs(_facts(cache)), _holders(detail), _slabs(detail)]
    if detail.objects is not None:
        parts.append(_objects(detail.objects))
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(cache: Cache) -> list[tuple[str, str]]:
    """What its creator wanted, and what came of it."""
    rows = [
        ("cache", f"{escape(cache.name)}, struct kmem_cache {cache.addr:#x}"),
        ("object", f"{cache.object_size} bytes of {cache.size}, aligned to {cache.align}; free pointer at "
                   f"{cache.offset}" + ("" if cache.random is None else ", hidden")),
        ("slab", f"{counted(cache.objects_per_slab, 'object')}, order {cache.order}; if memory is short "
                 f"{cache.min_objects_per_slab}, order {cache.min_order}"),
        ("flags", f"{cache.flags:#x}  {' '.join(cache.flag_names) or '(none by name)'}"),
        ("refcount", str(cache.refcount) + ("" if cache.refcount >= 0 else "  (is never merged)")),
    ]
    if cache.red_left_pad:
        rows.insert(2, ("red zone", f"{cache.red_left_pad} bytes in front of each object"))
    if cache.cpu_partial is not None:
        rows.append(("cpu_partial", f"{cache.cpu_partial} free objects, about, wait for a CPU"))
    if cache.sheaf_capacity is not None:
        rows.append(("sheaves", f"of {counted(cache.sheaf_capacity, 'object')}" if cache.sheaf_capacity else "none"))
    return rows


def _holders(detail: CacheDetail) -> str:
    """Nodes, CPUs, sheaves: a line each; then the free objects of CPUs."""
    lines = [f"node {node.node}: {_many(node.nr_slabs, 'slab')} with {_many(node.total_objects, 'object')}, "
             f"{node.nr_partial} partial with {node.free_objects} free"
             + (f", {len(node.full)} on the full list" if node.full else "") for node in detail.nodes]
    for cpu in detail.cpus:
        slab = f"slab {cpu.slab:#x}, {len(cpu.free)} free" if cpu.slab is not None else "no slab"
        lines.append(f"CPU {cpu.cpu}: {slab}; {counted(len(cpu.partial), 'slab')} waiting")
        lines += _addresses(cpu.free)
    for sheaf in detail.sheaves:
        lines.append(f"{sheaf.holder} {sheaf.addr:#x}: {counted(len(sheaf.objects), 'object')}")
        lines += _addresses(sheaf.objects)
    return "\n".join(lines)


def _many(count: object, what: str) -> str:
    return f"an unknown number of {what}s" if count is None else counted(int(str(count)), what)


def _addresses(addrs: Sequence[int]) -> list[str]:
    """Addresses in their order, as many as fit in a line."""
    return wrap("  next: " + " ".join(f"{addr:#x}" for addr in addrs), LINE_WIDTH, "    ") if addrs else []


def _slabs(detail: CacheDetail) -> str:
    """A line a slab; its free objects below it."""
    lines = []
    for slab, line in zip(detail.slabs, _slab_table(detail.slabs).splitlines()[1:]):
        lines += [line, *_addresses(slab.free)]
    missing = sum(node.nr_slabs or 0 for node in detail.nodes) - len(detail.slabs)
    if missing > 0 and not detail.complete:
        lines.append(f"and {counted(missing, 'slab')} on no list: all their objects are in use (--full finds them)")
    return "\n".join([*_slab_table(detail.slabs).splitlines()[:1], *lines]) if detail.slabs else "\n".join(lines)


def _slab_table(slabs: Sequence[Slab]) -> str:
    """Header and lines."""
    rows = [(_where(slab), f"{slab.addr:#x}", f"{slab.pfn:#x}", address(slab.virt), str(slab.order),
             f"{slab.inuse}/{slab.objects}", "frozen" if slab.frozen else "") for slab in slabs]
    return table(("where", "slab", "pfn", "memory", "order", "inuse", ""), rows, "l     l")


def _where(slab: Slab) -> str:
    """Who has a slab."""
    if slab.cpu is not None:
        return slab.where.replace("cpu", f"CPU {slab.cpu}")
    return f"node {slab.node} {slab.where}"


def _objects(objects: Sequence[Object]) -> str:
    """A line an object."""
    rows = [(f"{each.addr:#x}", f"{each.slab:#x}", str(each.index), _state(each)) for each in objects]
    free = sum(each.free for each in objects)
    return table(("object", "slab", "index", "state"), rows, "l  l") + (
        f"\n{counted(len(objects), 'object')}, {free} free")


def _state(each: Object) -> str:
    """Free or not, and who would give it out."""
    if not each.free:
        return "allocated"
    holder = "in the slab's freelist" if each.holder == "slab" else f"kept by {each.holder}"
    return f"free, {holder}, place {each.position}"


def _object(found: ObjectAt) -> str:
    """Which object an address is."""
    slab = found.slab
    rows = [("cache", escape(found.cache)),
            ("slab", f"{slab.addr:#x}, {_where(slab)}; {slab.inuse} of {slab.objects} in use"),
            ("memory", f"pfn {slab.pfn:#x}, {size_of(slab)} at {address(slab.virt)}")]
    if found.addr is not None:
        rows.insert(0, ("X is", f"{found.addr:#x}, {found.part}"
                        + (f" at offset {found.offset}" if found.offset is not None else "")))
    if found.object is not None:
        rows.append(("object", f"{found.object.addr:#x}, number {found.object.index} of the slab"))
        rows.append(("state", _state(found.object)))
    return pairs(rows) + "\n"


def size_of(slab: Slab) -> str:
    """Pages of a slab, in words."""
    return f"{counted(1 << slab.order, 'page')}"
