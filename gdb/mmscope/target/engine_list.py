# SPDX-License-Identifier: GPL-2.0-or-later
"""The dump engine's walks along lists: helper/dump/mmdump.h, "lists"."""
from __future__ import annotations

import ctypes
from array import array
from ctypes import POINTER, Structure, byref, c_size_t, c_uint32, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Sequence

from ..errors import MmError
from .engine import CALLS, Machine

AT_HEAD, INVALID, UNREADABLE, LOOP, LONG = range(5)     # enum mmdump_list_end


class _Entries(Structure):
    _fields_ = [("first", c_uint64), ("step", c_uint64), ("count", c_uint64), ("number", c_uint64)]


class _List(Structure):
    _fields_ = [("head", c_uint64), ("link", c_uint64), ("entries", POINTER(_Entries)), ("nr_entries", c_size_t),
                ("limit", c_uint64), ("word", c_uint32), ("big_endian", c_uint32)]


class _Walk(Structure):
    _fields_ = [("nodes", c_void_p), ("numbers", c_void_p), ("nr_nodes", c_size_t), ("breaks", c_void_p),
                ("nr_breaks", c_size_t), ("end", c_uint32), ("from_", c_uint64), ("at", c_uint64)]


CALLS["mmdump_walk_list"] = (POINTER(_List), POINTER(_Walk))


@dataclass(frozen=True)
class Entries:
    """Where entries may lie: count of them, step bytes apart; number is the first one's."""

    first: int
    step: int
    count: int
    number: int


@dataclass(frozen=True)
class Break:
    """prev of a node is not the node that it was reached from. entry: how many nodes are in front of it."""

    entry: int
    here: int
    node: int
    prev: int


@dataclass(frozen=True)
class Walked:
    """The entries of a list, as far as it could be followed."""

    nodes: tuple[int, ...]          # the list_heads, in order
    numbers: tuple[int, ...]        # of the entries that they are in
    breaks: tuple[Break, ...]
    end: int                        # AT_HEAD, ...
    here: int                       # the last node, or the head
    at: int                         # what its next says


class Lists:
    """Lists whose entries lie in the same places. Raises MmError for places that are no addresses."""

    def __init__(self, machine: Machine, entries: Sequence[Entries], link: int, word: int, big_endian: bool) -> None:
        if not all(0 <= number < 1 << 64 for each in entries
                   for number in (each.first, each.step, each.count, each.number, link)):
            raise MmError("entries of a list are not where addresses are")
        self._machine = machine
        self._entries = (_Entries * len(entries))(*[(each.first, each.step, each.count, each.number)
                                                    for each in entries])
        self._link = link
        self._word = word
        self._big_endian = big_endian

    def walk(self, head: int, limit: int) -> Walked:
        """Follow one from its head. Raises FaultError when that cannot be read, MmError, BrokenPath."""
        if not 0 <= head < 1 << 64 or not 0 <= limit < 1 << 64:
            raise MmError(f"no list has its head at {head:#x} and {limit} entries")
        asked = _List(head, self._link, self._entries, len(self._entries), limit, self._word, self._big_endian)
        found = _Walk()
        self._machine.call("mmdump_walk_list", byref(asked), byref(found))
        try:
            places = _words(found.breaks, 4 * found.nr_breaks)
            breaks = tuple(Break(*places[at:at + 4]) for at in range(0, len(places), 4))
            return Walked(tuple(_words(found.nodes, found.nr_nodes)), tuple(_words(found.numbers, found.nr_nodes)),
                          breaks, found.end, found.from_, found.at)
        finally:
            self._machine.library.function("mmdump_walk_free", None, POINTER(_Walk))(byref(found))


def _words(addr: int, count: int) -> list[int]:
    """64-bit numbers in this process."""
    words = array("Q")
    if count:
        words.frombytes(ctypes.string_at(addr, count * 8))
    return words.tolist()
