# SPDX-License-Identifier: GPL-2.0-or-later
"""Chunks of per-CPU memory: a unit for each CPU, all alike. Mirrors helper/mm/percpu_internal.h.

  PERCPU-1, PERCPU-2  see percpu_map.py
  PERCPU-3  the free bytes a chunk counts are the sum of its free areas
  PERCPU-4  map of areas: no free area is larger than the chunk's hint; bit maps: one is as large at least, as the
            hint is not raised by every free
  PERCPU-5  a chunk is on the slot of what it has free; the reserved one is on none
  PERCPU-6  nr_populated is the bits set in populated[]
  PERCPU-7  every page of an area in use is populated
  PERCPU-8  the empty populated pages that are counted are those that no area in use touches
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator, Optional

from ..errors import FaultError, MmError
from ..layout.debuginfo import ARRAY
from ..layout.reader import Record
from .context import Context
from .percpu_map import MAX_UNIT_BYTES, Span, Spans, chunk_spans, read_bits
from .problem import Problem, Value
from .walk import walk_list

FIRST, RESERVED, DYNAMIC = "first", "reserved", "dynamic"
SLOT_SHIFT = 5              # below 32 bytes all share a slot
LEAST_BYTES = 4
MAX_CHUNKS, MAX_SLOTS, MAX_LISTS = 1 << 16, 64, 8


@dataclass(frozen=True)
class Slots:
    """The lists that chunks are on."""

    heads: int
    count: int
    lists: int              # sets of slots: from v5.9 to v5.13 another one for what is accounted to a memory cgroup
    free: int               # the slot of chunks that are wholly free
    special: tuple[int, ...]    # of isolated ones


@dataclass(frozen=True)
class Chunk:
    """One chunk (struct pcpu_chunk)."""

    chunk: int                      # address of the struct
    kind: str                       # first (its dynamic part), reserved or dynamic
    slot: Optional[int]             # None: on none
    accounted: bool                 # of the second set of slots
    base_addr: int                  # of offset 0, in the first unit
    unit_bytes: int                 # that one unit has here
    start: int                      # offsets [start, end) can be given out
    end: int
    free_bytes: int
    contig_hint_bytes: int          # the largest free area that the kernel knows of
    nr_populated: int               # pages of one unit
    nr_empty_pop_pages: Optional[int]
    immutable: bool
    isolated: bool
    areas: tuple[Span, ...]         # allocations
    free: tuple[Span, ...]
    populated: tuple[Span, ...] = field(metadata={"json": False})
    problems: tuple[Problem, ...] = field(metadata={"json": False})


def slots(ctx: Context) -> Slots:
    """Raises MissingError, FaultError."""
    count = min(max(ctx.read.value("percpu slot count"), 0), MAX_SLOTS)
    lists = min(ctx.layout.enum("pcpu_chunk_type").get("PCPU_NR_CHUNK_TYPES", 1), MAX_LISTS)
    free = ctx.read.find("percpu free slot")
    special = tuple(value for value in map(ctx.read.find, ("percpu sidelined slot", "percpu depopulate slot"))
                    if value is not None)
    return Slots(ctx.read.value("percpu slots"), count, lists, count - 1 if free is None else free, special)


class _TooLarge(MmError):
    """A chunk that claims to be more than there can be."""


def chunks(ctx: Context) -> tuple[tuple[Chunk, ...], tuple[Problem, ...]]:
    """The reserved chunk, then every slot from the fullest chunks on. Raises MissingError, FaultError."""
    where, found, problems, listed = slots(ctx), [], [], set()
    reserved, first = ctx.read.find("percpu reserved chunk"), ctx.read.value("percpu first chunk")

    def add(name: str, addr: int, kind: str, slot: Optional[int], accounted: bool) -> None:
        """Decode one; what cannot be is a problem, and the others go on."""
        try:
            found.append(_chunk(ctx, addr, kind, slot, accounted, where))
        except (FaultError, _TooLarge) as error:
            problems.append(Problem("LIST-1", name, "a chunk", addr, f"chunk {addr:#x}: {error}"))

    if reserved:
        add("the reserved per-CPU chunk", reserved, RESERVED, None, False)
    step = ctx.layout.struct("list_head").size
    offset = ctx.layout.field("pcpu_chunk.list").offset
    for number in range(where.count * where.lists):
        kind, slot = divmod(number, where.count)
        name = f"per-CPU chunks, slot {slot}" + (", accounted" if kind else "")
        walk = walk_list(ctx, where.heads + number * step, name, lambda addr: _valid(ctx, addr), MAX_CHUNKS)
        problems += walk.problems
        for node in walk.nodes:
            addr = node - offset
            listed.add(addr)
            add(name, addr, FIRST if addr == first else DYNAMIC, slot, bool(kind))
            if addr == reserved:
                problems.append(_broken("PERCPU-5", addr, "no slot", slot, f"is the reserved one, and on slot {slot}"))
    if first and first not in listed and first != reserved:
        problems.append(_broken("PERCPU-5", first, "a slot", None, "is the first one, and on no slot"))
        add("the first per-CPU chunk", first, FIRST, None, False)
    problems += (problem for chunk in found for problem in chunk.problems)
    problems += _check_empty(ctx, found)
    return tuple(found), tuple(problems)


def _valid(ctx: Context, addr: int) -> bool:
    """Whether a list_head of a chunk or a slot can be there."""
    return addr % ctx.read.word == 0 and addr >= ctx.arch.page_offset


def _chunk(ctx: Context, addr: int, kind: str, slot: Optional[int], accounted: bool, where: Slots) -> Chunk:
    """Decode and check one."""
    record = ctx.read.record("pcpu_chunk", addr)
    page = 1 << ctx.arch.page_shift
    unit_bytes = record.get("nr_pages") * page if record.has("nr_pages") else ctx.read.value("percpu unit size")
    most = min(ctx.read.value("percpu unit size"), MAX_UNIT_BYTES)
    if not 0 <= unit_bytes <= most:
        raise _TooLarge(f"its part of a unit has {unit_bytes:#x} bytes, a unit has {most:#x}")
    spans = chunk_spans(ctx, record, unit_bytes)
    start, end = _bounds(record, kind, spans, unit_bytes)
    used = tuple(span for span in spans.used if start <= span.offset and span.end <= end)
    hint = record.get("contig_bits") * LEAST_BYTES if record.has("contig_bits") else record.get("contig_bytes")
    pages = max(unit_bytes // page, 0)
    bits = read_bits(ctx, record.addr_of("populated"), pages)
    isolated = bool(record.find("isolated"))
    found = Chunk(addr, kind, slot, accounted, record.get("base_addr"), unit_bytes, start, end,
                  record.get("free_bytes"), hint, record.get("nr_populated"), record.find("nr_empty_pop_pages"),
                  bool(record.get("immutable")), isolated, used, spans.free, tuple(_runs(bits, page)),
                  spans.problems)
    checked = (*_check_free(found, record.has("alloc_map")), *_check_slot(ctx, found, where),
               *_check_pages(found, bits, page))
    return Chunk(**{**found.__dict__, "problems": spans.problems + checked})


def _bounds(record: Record, kind: str, spans: Spans, unit_bytes: int) -> tuple[int, int]:
    """What of a unit this chunk may give out: the first ones share their units with the static variables."""
    if record.has("start_offset"):
        return record.get("start_offset"), unit_bytes - record.get("end_offset")
    end = max((span.end for span in spans.used + spans.free), default=0)
    if kind == DYNAMIC:
        return 0, end
    return (spans.used[0].end if spans.used and spans.used[0].offset == 0 else 0), end


def _runs(bits: str, page: int) -> Iterator[Span]:
    """Where a bit map of pages has ones."""
    at = bits.find("1")
    while at >= 0:
        end = bits.find("0", at)
        end = len(bits) if end < 0 else end
        yield Span(at * page, (end - at) * page)
        at = bits.find("1", end)


def _check_free(chunk: Chunk, bit_maps: bool) -> Iterator[Problem]:
    """PERCPU-3, PERCPU-4."""
    total, largest = sum(span.size for span in chunk.free), max((span.size for span in chunk.free), default=0)
    if total != chunk.free_bytes:
        yield _broken("PERCPU-3", chunk.chunk, total, chunk.free_bytes,
                      f"counts {chunk.free_bytes} free bytes, its free areas have {total}")
    if chunk.contig_hint_bytes > largest if bit_maps else chunk.contig_hint_bytes < largest:
        yield _broken("PERCPU-4", chunk.chunk, largest, chunk.contig_hint_bytes,
                      f"has {largest} bytes free in one piece at most, its hint is {chunk.contig_hint_bytes}")


def _check_slot(ctx: Context, chunk: Chunk, where: Slots) -> Iterator[Problem]:
    """PERCPU-5."""
    if chunk.slot is None:
        return
    if chunk.isolated:
        if chunk.slot not in where.special:
            yield _broken("PERCPU-5", chunk.chunk, str(where.special), chunk.slot,
                          f"is isolated, and on slot {chunk.slot}")
        return
    size = chunk.contig_hint_bytes if ctx.layout.find_field("pcpu_chunk.contig_bits") is not None else chunk.free_bytes
    slot = max(size.bit_length() - SLOT_SHIFT + 2, 1)
    if size == ctx.read.value("percpu unit size"):
        slot = where.free
    if min(chunk.free_bytes, chunk.contig_hint_bytes) < LEAST_BYTES:
        slot = 0
    if slot != chunk.slot:
        yield _broken("PERCPU-5", chunk.chunk, slot, chunk.slot, f"is on slot {chunk.slot}, but has {size} bytes free "
                      f"and belongs on slot {slot}")


def _check_pages(chunk: Chunk, bits: str, page: int) -> Iterator[Problem]:
    """PERCPU-6, PERCPU-7, and the chunk's part of PERCPU-8."""
    if bits.count("1") != chunk.nr_populated:
        yield _broken("PERCPU-6", chunk.chunk, bits.count("1"), chunk.nr_populated,
                      f"counts {chunk.nr_populated} populated pages, populated[] has {bits.count('1')}")
    for span in chunk.areas:
        first, last = span.offset // page, (span.end - 1) // page
        if "0" in bits[first:last + 1]:
            yield _broken("PERCPU-7", chunk.chunk, "populated", span.offset,
                          f"the area at {span.offset:#x} has a page that is not populated")
    empty = empty_pages(chunk, page)
    if chunk.nr_empty_pop_pages is not None and empty != chunk.nr_empty_pop_pages:
        yield _broken("PERCPU-8", chunk.chunk, empty, chunk.nr_empty_pop_pages,
                      f"counts {chunk.nr_empty_pop_pages} empty populated pages, it has {empty}")


def empty_pages(chunk: Chunk, page: int) -> int:
    """Populated pages that are free from end to end."""
    free = sum(max(span.end // page - -(-span.offset // page), 0) for span in chunk.free)
    if sum(span.size for span in chunk.populated) >= chunk.unit_bytes:
        return free
    populated = {at for span in chunk.populated for at in range(span.offset // page, span.end // page)}
    return sum(at in populated for span in chunk.free
               for at in range(-(-span.offset // page), span.end // page))


def _check_empty(ctx: Context, found: list[Chunk]) -> Iterator[Problem]:
    """PERCPU-8, for each set of slots."""
    variable = ctx.layout.find_variable("percpu empty pages")
    if variable is None or variable.type is None:
        return
    page = 1 << ctx.arch.page_shift
    several = variable.type.kind == ARRAY
    for accounted in (False, True) if several else (False,):
        counted = ctx.read.unsigned(variable.addr + 4 * accounted, 4)
        pages = sum(empty_pages(chunk, page) for chunk in found if chunk.kind != RESERVED and not chunk.isolated
                    and (not several or chunk.accounted == accounted))
        if pages != counted:
            yield Problem("PERCPU-8", "pcpu_nr_empty_pop_pages", pages, counted,
                          f"{counted} empty populated pages are counted, the chunks have {pages}")


def _broken(id_: str, chunk: int, expected: Value, actual: Value, text: str) -> Problem:
    return Problem(id_, f"chunk {chunk:#x}", expected, actual, f"chunk {chunk:#x} {text}")
