# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a kernel allocates and frees, and what is known there: as few places as tell all.

An allocation is seen where its tracepoint is, which knows all of it, also while tracing is off: one stop. Where there
is none, at the function that prepares new pages, or where a function returns what it has got. A call that gives or
takes many is one stop, or two where what it gives is known at its end only.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, Optional

from ..errors import MmError
from .tracelook import PAGES, SLAB, SMALLEST_POINTER, VMALLOC, Look, Thing

ALLOC, FREE, FAILED = "alloc", "free", "failed"
BEGIN, END, BOTH = "begin", "end", "both"

Given = dict[str, Optional[int]]        # arguments by name, those of BOTH as they were at the begin; "" is the result
Decode = Callable[[Look, Given], Iterable[Optional[Thing]]]


@dataclass(frozen=True)
class Place:
    """One. names: the function's spellings. A decoded None is an allocation that has failed."""

    kind: str
    event: str
    names: tuple[str, ...]
    arguments: tuple[str, ...]
    decode: Decode
    when: str = BEGIN
    inlined: bool = True        # copies of it inside others count, too


def _need(given: Given, *names: str) -> int:
    """The first argument of these that is known. Raises MmError."""
    value = next((given[name] for name in names if given.get(name) is not None), None)
    if value is None:
        raise MmError(f"{names[0]} is not kept where it is needed")
    return value


def _page(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    page = _need(given, "page")
    yield look.page(page, given["order"] if given.get("order") is not None else 0) if page else None


def _pages(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    """What alloc_pages_bulk() has put into an array, or in front of a list."""
    count, array = _need(given, ""), given.get("page_array")
    if array:
        for page in look.pointers(array, count):
            yield look.page(page, 0)
    elif given.get("page_list"):
        yield from list(look.listed(_need(given, "page_list")))[:count]
    if not count:
        yield None


def _object(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    addr = _need(given, "ptr", "")
    if addr > SMALLEST_POINTER:
        yield look.object(addr, given.get("s"), given.get("bytes_alloc"))
    elif not addr:
        yield None


def _freed(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    addr = _need(given, "x", "object", "obj", "objp", "block")
    if addr > SMALLEST_POINTER:
        yield look.object(addr, given.get("s"))


def _array(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    count = _need(given, "") if "" in given else _need(given, "size", "nr")
    if count:
        yield from look.objects(_need(given, "p"), count, given.get("s"))
    elif "" in given:
        yield None


def _area(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    vm = _need(given, "")
    yield look.area(vm) if vm else None


def _batch(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    return look.batch(_need(given, "folios"))


def _list(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    return look.listed(_need(given, "list"))


def _sheaf(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    return look.sheaf(_need(given, "sheaf"), given.get("s"))


def _area_at(look: Look, given: Given) -> Iterator[Optional[Thing]]:
    yield look.area_at(_need(given, "addr"))


# The first way of which the kernel has the first place is taken, with the others of it that there are.
WAYS: dict[tuple[str, str], tuple[tuple[Place, ...], ...]] = {
    (PAGES, ALLOC): (
        (Place(PAGES, ALLOC, ("trace_mm_page_alloc",), ("page", "order"), _page),
         Place(PAGES, ALLOC, ("alloc_pages_bulk_noprof", "__alloc_pages_bulk"), ("page_array", "page_list"), _pages,
               BOTH, False)),
        (Place(PAGES, ALLOC, ("prep_new_page",), ("page", "order"), _page),)),
    (PAGES, FREE): (
        (Place(PAGES, FREE, ("__free_frozen_pages", "free_frozen_pages", "free_unref_page"), ("page", "order"), _page),
         Place(PAGES, FREE, ("__free_pages_ok",), ("page", "order"), _page),
         Place(PAGES, FREE, ("free_unref_folios",), ("folios",), _batch),
         Place(PAGES, FREE, ("free_unref_page_list",), ("list",), _list)),
        (Place(PAGES, FREE, ("prepare_no_head",), ("page", "order"), _page),)),
    (SLAB, ALLOC): (
        (Place(SLAB, ALLOC, ("trace_kmem_cache_alloc",), ("ptr", "s", "bytes_alloc"), _object),
         Place(SLAB, ALLOC, ("trace_kmem_cache_alloc_node",), ("ptr", "bytes_alloc"), _object),
         Place(SLAB, ALLOC, ("trace_kmalloc",), ("ptr", "bytes_alloc"), _object),
         Place(SLAB, ALLOC, ("trace_kmalloc_node",), ("ptr", "bytes_alloc"), _object),
         Place(SLAB, ALLOC, ("kmem_cache_alloc_bulk_noprof", "kmem_cache_alloc_bulk"), ("s", "p"), _array, BOTH,
               False)),
        (Place(SLAB, ALLOC, ("kmem_cache_alloc",), (), _object, END, False),
         Place(SLAB, ALLOC, ("kmem_cache_zalloc",), (), _object, END, False),
         Place(SLAB, ALLOC, ("slab_alloc",), (), _object, END, False),
         Place(SLAB, ALLOC, ("kmalloc_large",), (), _object, END, False))),
    (SLAB, FREE): (
        (Place(SLAB, FREE, ("kmem_cache_free_bulk",), ("s", "size", "nr", "p"), _array, inlined=False),
         Place(SLAB, FREE, ("kmem_cache_free",), ("x", "objp", "s"), _freed, inlined=False),
         Place(SLAB, FREE, ("kfree",), ("object", "x", "objp", "block"), _freed, inlined=False),
         Place(SLAB, FREE, ("kfree_nolock",), ("object",), _freed, inlined=False),
         Place(SLAB, FREE, ("__rcu_free_sheaf_prepare",), ("s", "sheaf"), _sheaf)),
        (Place(SLAB, FREE, ("slab_free",), ("object",), _freed),       # of kfree() and krealloc()
         Place(SLAB, FREE, ("kfree_large",), ("obj",), _freed),
         Place(SLAB, FREE, ("kmem_cache_free",), ("obj", "s"), _freed))),
    (VMALLOC, ALLOC): ((Place(VMALLOC, ALLOC, ("__get_vm_area_node",), (), _area, END, False),),),
    (VMALLOC, FREE): ((Place(VMALLOC, FREE, ("remove_vm_area",), ("addr",), _area_at, inlined=False),),),
}


@dataclass(frozen=True)
class Stand:
    """A place in this kernel: where it is, under which name."""

    place: Place
    name: str
    begins: tuple[int, ...]
    ends: tuple[int, ...]


def find_places(kind: str, entries: Callable[[str], tuple[int, ...]], exits: Callable[[str], tuple[int, ...]],
                owns: Callable[[int, str], bool]) -> tuple[Stand, ...]:
    """All places of a kind. owns tells an address in a function from one in a copy. Raises MmError."""
    found = []
    for event in (ALLOC, FREE):
        for way in WAYS[kind, event]:
            stands = [stand for stand in (_stand(place, entries, exits, owns) for place in way) if stand is not None]
            if stands and stands[0].place is way[0]:
                found += stands
                break
        else:
            names = ", ".join(way[0].names[0] for way in WAYS[kind, event])
            raise MmError(f"this kernel has no place where {kind} are seen ({event}): none of {names}")
    return tuple(found)


def _stand(place: Place, entries: Callable[[str], tuple[int, ...]], exits: Callable[[str], tuple[int, ...]],
           owns: Callable[[int, str], bool]) -> Optional[Stand]:
    """Where a place is; None when the kernel has none of its functions."""
    for name in place.names:
        begins = tuple(addr for addr in entries(name) if place.inlined or owns(addr, name))
        ends = exits(name) if begins and place.when != BEGIN else ()
        if begins and (ends or place.when == BEGIN):
            return Stand(place, name, begins if place.when != END else (), ends)
    return None
