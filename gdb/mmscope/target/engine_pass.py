# SPDX-License-Identifier: GPL-2.0-or-later
"""Passes over all struct pages by the dump engine: strips of page frames, their keys, and those that match."""
from __future__ import annotations

import ctypes
from array import array
from ctypes import POINTER, Structure, byref, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any, Iterable, Iterator, Optional, Sequence
from weakref import finalize

from ..errors import MmError
from .engine import CALLS, Machine
from .passes import Field, Key, Match, Ranges, Rules, Runs, PageTest

BATCH = 1 << 14             # runs and matches that are fetched at once
MOST_KEYS = 1 << 20         # kept at once: where there are more, Python does it


class _Range(Structure):
    _fields_ = [("start", c_uint64), ("end", c_uint64)]


class _Field(Structure):
    _fields_ = [("offset", c_uint32), ("size", c_uint32)]


class _PageRun(Structure):
    _fields_ = [("zero", c_uint64), ("start_pfn", c_uint64), ("end_pfn", c_uint64)]


class _PageMap(Structure):
    _fields_ = [("runs", POINTER(_PageRun)), ("nr_runs", c_size_t), ("page_bytes", c_uint32), ("big_endian", c_uint32)]


class _Type(Structure):
    _fields_ = [("mask", c_uint32), ("value", c_uint32), ("rank", c_uint32)]


class _Rules(Structure):
    _fields_ = [*((name, _Field) for name in ("flags", "link", "mapping", "count", "type", "cache", "dtor")),
                *((name, c_uint64) for name in ("reserved", "slab", "head", "own_reserved", "named", "zone_mask",
                                                "zone_value", "mapping_bits", "dtor_value", "untouched")),
                ("types", POINTER(_Type)), ("nr_types", c_size_t), ("held", c_void_p), ("nr_held", c_size_t),
                *((name, c_uint32) for name in ("link_masks", "bits", "plain_bits", "reserved_bits"))]


class _Key(Structure):
    _fields_ = [("value", c_uint64), ("pfn", c_uint64), ("kind", c_uint32), ("bits", c_uint32)]


class _Test(Structure):
    _fields_ = [("field", _Field), ("mask", c_uint64), ("value", c_uint64), ("negated", c_uint32), ("group", c_uint32)]


class _Query(Structure):
    _fields_ = [("tests", POINTER(_Test)), ("nr_tests", c_size_t), ("value", _Field), ("value_mask", c_uint64)]


CALLS.update({
    "mmdump_strip_create": (c_void_p, c_size_t, POINTER(c_void_p)),
    "mmdump_strip_paint": (c_void_p, c_void_p, c_size_t),
    "mmdump_strip_map": (c_void_p, c_void_p, c_size_t, c_uint32, c_void_p, c_size_t),
    "mmdump_strip_sums": (c_void_p, c_void_p, c_size_t),
    "mmdump_strip_runs": (c_void_p, c_uint64, c_void_p, c_size_t, POINTER(c_size_t)),
    "mmdump_classify": (POINTER(_PageMap), POINTER(_Rules), c_void_p, c_uint32, c_size_t, POINTER(POINTER(_Key)),
                        POINTER(c_size_t)),
    "mmdump_select": (POINTER(_PageMap), POINTER(_Query), c_void_p, c_size_t, c_uint64, c_void_p, c_size_t,
                      POINTER(c_size_t), POINTER(c_uint64)),
})


class EngineStrip:
    """A strip of page frames as model/paint.py has it, kept by the engine."""

    def __init__(self, machine: Machine, ranges: Iterable[tuple[int, int]]) -> None:
        self.machine = machine
        self._pointer = c_void_p()
        data = _numbers(ranges)
        machine.call("mmdump_strip_create", _address(data), len(data) // 2, byref(self._pointer))
        finalize(self, machine.library.function("mmdump_strip_destroy", None, c_void_p), self._pointer)

    def paint(self, runs: Iterable[tuple[int, int, int]]) -> None:
        """Give the frames [start, end) of each a number; later ones win."""
        data = _numbers(runs)
        self.machine.call("mmdump_strip_paint", self._pointer, _address(data), len(data) // 3)

    def map(self, ranges: Iterable[tuple[int, int]], first: int, table: Sequence[int]) -> None:
        """In some ranges, what has a number from first on gets that of the table."""
        data, numbers = _numbers(ranges), array("I", table)
        self.machine.call("mmdump_strip_map", self._pointer, _address(data), len(data) // 2, first,
                          _address(numbers), len(numbers))

    def sums(self, count: int) -> list[int]:
        """How many frames there are of each number; all are below count."""
        found = (c_uint64 * count)()
        self.machine.call("mmdump_strip_sums", self._pointer, found, count)
        return list(found)

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Start, end and number of each run of frames that are alike, lowest first."""
        buffer, count, start = (c_uint64 * (3 * BATCH))(), c_size_t(), 0
        while True:
            self.machine.call("mmdump_strip_runs", self._pointer, start, buffer, BATCH, byref(count))
            if not count.value:
                return
            found = buffer[:3 * count.value]
            yield from zip(found[::3], found[1::3], found[2::3])
            start = found[-2]

    def classify(self, runs: Runs, rules: Rules, first: int) -> list[Key]:
        """The keys of all frames that have number 0: they get first and so on. Raises MmError when it cannot be."""
        keys, count = POINTER(_Key)(), c_size_t()
        with_runs = _page_map(runs)
        self.machine.call("mmdump_classify", byref(with_runs), byref(_rules(rules)), self._pointer, first, MOST_KEYS,
                          byref(keys), byref(count))
        return [Key(each.kind, each.value, each.bits) for each in keys[:count.value]]


def select(machine: Machine, runs: Runs, ranges: Ranges, tests: Sequence[PageTest], value: Field,
           value_mask: int) -> Iterator[Match]:
    """The page frames that match, or are unreadable, lowest first; alike ones may touch. Raises MmError."""
    rows = (_Test * len(tests))(*(_Test(_Field(*each.field), each.mask, each.value, each.negated, each.group)
                                  for each in tests))
    query, data, page_map = _Query(rows, len(tests), _Field(*value), value_mask), _numbers(ranges), _page_map(runs)
    buffer, count, start = (c_uint64 * (4 * BATCH))(), c_size_t(), c_uint64(0)
    while start.value != (1 << 64) - 1:
        machine.call("mmdump_select", byref(page_map), byref(query), _address(data), len(data) // 2, start.value,
                     buffer, BATCH, byref(count), byref(start))
        found = buffer[:4 * count.value]
        yield from map(Match, found[::4], found[1::4], found[2::4], found[3::4])


def _numbers(rows: Iterable[Sequence[int]]) -> "array[int]":
    """Rows of numbers, one behind the other. Raises MmError for those that C has no room for."""
    try:
        return array("Q", [number for row in rows for number in row])
    except OverflowError:
        raise MmError("a number is no page frame") from None


def _address(data: "array[Any]") -> Optional[int]:
    return data.buffer_info()[0] if data else None


def _page_map(runs: Runs) -> _PageMap:
    rows = (_PageRun * len(runs.runs))(*((zero & (1 << 64) - 1, start, end) for zero, start, end in runs.runs))
    return _PageMap(rows, len(rows), runs.page_bytes, runs.big_endian)


def _rules(rules: Rules) -> _Rules:
    """They keep what they point to."""
    found, held = _Rules(), _numbers(sorted(rules.held.items()))
    for name, kind in _Rules._fields_:
        if name in ("dtor", "dtor_value", "types", "nr_types", "held", "nr_held"):
            continue
        if kind is _Field:
            setattr(found, name, _Field(*getattr(rules, name)))
        else:
            setattr(found, name, getattr(rules, name))
    dtor, found.dtor_value = rules.dtor()
    found.dtor = _Field(*dtor)
    found.types, found.nr_types = (_Type * len(rules.types))(*rules.types), len(rules.types)
    found.held, found.nr_held = _address(held), len(rules.held)
    found.kept = held
    return found
