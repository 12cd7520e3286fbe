# SPDX-License-Identifier: GPL-2.0-or-later
"""Which bytes of a per-CPU chunk are taken: from bit maps, from v4.14 on, or from a map of areas.

Sources: mm/percpu.c. A bit of alloc_map is for 4 bytes of a unit that are in use; bound_map has a bit where an area
begins or ends. The older map, the guest's too, has where each area begins, its lowest bit set when it is in use.

  PERCPU-1  bit maps: an area in use begins and ends at a bound; map of areas: it ascends from 0 to the chunk's end
  PERCPU-2  map of areas: no two neighbours are both free
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import FaultError
from ..layout.reader import Record
from .context import Context
from .problem import Problem

BIT_BYTES = 4               # PCPU_MIN_ALLOC_SIZE
IN_USE = 1                  # of an entry of the older map
MAX_UNIT_BYTES = 1 << 24
MAX_ENTRIES = 1 << 20


@dataclass(frozen=True)
class Span:
    """Bytes [offset, offset + size) of each unit."""

    offset: int
    size: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + self.size


@dataclass(frozen=True)
class Spans:
    """A whole map."""

    used: tuple[Span, ...]
    free: tuple[Span, ...]
    problems: tuple[Problem, ...]


def bits_of(ctx: Context, data: bytes) -> str:
    """A bit map, which is of words, as characters 0 and 1 from its first bit on."""
    word = ctx.read.word
    words = (int.from_bytes(data[at:at + word], ctx.read.order) for at in range(0, len(data), word))
    return "".join(f"{each:0{word * 8}b}"[::-1] for each in words)


def read_bits(ctx: Context, addr: int, count: int) -> str:
    """The first count bits of a bit map. Raises FaultError."""
    word_bits = ctx.read.word * 8
    return bits_of(ctx, ctx.memory.read(addr, -(-count // word_bits) * ctx.read.word))[:count]


def chunk_spans(ctx: Context, chunk: Record, unit_bytes: int) -> Spans:
    """Decode a chunk's map. Raises FaultError, MissingError."""
    if chunk.has("alloc_map"):
        return _from_bits(ctx, chunk, min(unit_bytes, MAX_UNIT_BYTES))
    return _from_areas(ctx, chunk)


def _from_bits(ctx: Context, chunk: Record, unit_bytes: int) -> Spans:
    """From alloc_map and bound_map."""
    count = unit_bytes // BIT_BYTES
    alloc = read_bits(ctx, chunk.get("alloc_map"), count)
    bound = read_bits(ctx, chunk.get("bound_map"), count + 1)
    used, free, problems = [], [], []
    at = 0
    while at < count:
        taken = alloc[at] == "1"
        end = (bound if taken else alloc).find("1", at + 1)
        end = count if end < 0 else min(end, count)
        (used if taken else free).append(Span(at * BIT_BYTES, (end - at) * BIT_BYTES))
        if taken and (bound[at] == "0" or bound[end] == "0"):
            where = (at if bound[at] == "0" else end) * BIT_BYTES
            problems.append(_broken(chunk, at, "a bound", where, f"an area in use has no bound at {where:#x}"))
        hole = alloc.find("0", at, end) if taken else -1
        if hole >= 0:
            problems.append(_broken(chunk, at, "one piece", hole,
                                    f"the area in use at {at * BIT_BYTES:#x} has a hole at {hole * BIT_BYTES:#x}"))
        at = end
    return Spans(tuple(used), tuple(free), tuple(problems[:MAX_ENTRIES]))


def _from_areas(ctx: Context, chunk: Record) -> Spans:
    """From map[]: map_used areas, then the end of the last one."""
    count = chunk.get("map_used")
    if not 0 < count <= MAX_ENTRIES:
        return Spans((), (), (_broken(chunk, 0, "some areas", count, f"its map has {count} areas"),))
    try:
        data = ctx.memory.read(chunk.get("map"), (count + 1) * 4)
    except FaultError:
        return Spans((), (), (_broken(chunk, 0, "readable memory", chunk.get("map"), "its map cannot be read"),))
    entries = [int.from_bytes(data[at:at + 4], ctx.read.order) for at in range(0, len(data), 4)]
    used: list[Span] = []
    free: list[Span] = []
    problems = list(_check_entries(chunk, entries))
    for entry, next_ in zip(entries, entries[1:]):
        start, end = entry & ~IN_USE, next_ & ~IN_USE
        if start < end:
            (used if entry & IN_USE else free).append(Span(start, end - start))
    return Spans(tuple(used), tuple(free), tuple(problems))


def _check_entries(chunk: Record, entries: list[int]) -> Iterator[Problem]:
    """PERCPU-1 and PERCPU-2 of a map of areas."""
    if entries[0] & ~IN_USE:
        yield _broken(chunk, 0, "0", entries[0], f"its first area begins at {entries[0] & ~IN_USE:#x}")
    if not entries[-1] & IN_USE:
        yield _broken(chunk, len(entries) - 1, "in use", entries[-1], "the end of its map is not marked in use")
    for at, (entry, next_) in enumerate(zip(entries, entries[1:])):
        if entry & ~IN_USE >= next_ & ~IN_USE:
            yield _broken(chunk, at, f"above {entry & ~IN_USE:#x}", next_ & ~IN_USE,
                          f"area {at} begins at {entry & ~IN_USE:#x}, the next one at {next_ & ~IN_USE:#x}")
        elif not entry & IN_USE and not next_ & IN_USE:
            yield _broken(chunk, at, "in use", next_, f"areas {at} and {at + 1} are both free", "PERCPU-2")


def _broken(chunk: Record, at: int, expected: Optional[str], actual: int, text: str, id_: str = "PERCPU-1") -> Problem:
    return Problem(id_, f"chunk {chunk.addr:#x}, area {at}", expected, actual, f"chunk {chunk.addr:#x}: {text}")
