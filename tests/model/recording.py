# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel out of a file: what commands once asked of it, and what they got.

tests/kernels/record.py writes these files. Layout, memory, registers and
symbols in them are a real kernel's; a question that was not asked then is an
error that says so, never an invention.

  layout  [question, arguments, answer] of the debug information: only the
          members that were asked for
  stops   by name: what the debugger was asked (host), addresses that could
          not be read (faults: address, size, first bad address), the memory
          (pieces: address and length, their bytes one after the other: both
          xz in base64), and what the kernel printed at that very stop (said)
"""
from __future__ import annotations

import base64
import json
import lzma
import struct
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from mmscope.errors import FaultError
from mmscope.layout.debuginfo import Member, Struct, Symbol, Type
from mmscope.layout.layout import Layout
from mmscope.model import context
from mmscope.target.cache import CachedMemory


PHYSICAL = "physical read"


class NotRecorded(Exception):
    """The recording does not have it: take it anew."""


def _unpacked(text: str) -> bytes:
    return lzma.decompress(base64.b64decode(text))


def type_from(found: Optional[list]) -> Optional[Type]:
    """A Type from its JSON."""
    if found is None:
        return None
    kind, size, *rest = found
    if kind == "struct" and isinstance(rest[0], list):
        return Type(kind, size, members=tuple(map(member_from, rest[0])))
    if kind == "struct":
        return Type(kind, size, tag=rest[0])
    if kind == "array":
        return Type(kind, size, element=type_from(rest[0]), count=rest[1])
    return Type(kind, size)


def member_from(found: list) -> Member:
    """A Member from its JSON."""
    name, offset, kind, *bits = found
    return Member(name, offset, type_from(kind), *bits)


class Members(dict):
    """Members that were asked for; `absent` were, but are not there."""

    def __init__(self, tag: str, found: list, absent: list[str]) -> None:
        super().__init__((member[0], member_from(member)) for member in found)
        self._tag, self._absent = tag, frozenset(absent)

    def get(self, name: str, default: Any = None) -> Any:
        """One of them."""
        if name not in self and name not in self._absent:
            raise NotRecorded(f"struct {self._tag}, member {name}")
        return super().get(name, default)


class RecordedDebug:
    """Debug information out of a recording."""

    def __init__(self, content: dict) -> None:
        self.arch, self.byte_order = content["arch"], content["byte_order"]
        self.pointer_bytes = content["pointer_bytes"]
        self._answers = {(what, *args): answer
                         for what, args, answer in content["layout"]}

    def _answer(self, *key: Any) -> Any:
        if key not in self._answers:
            raise NotRecorded(" ".join(map(str, key)))
        return self._answers[key]

    def struct(self, tag: str) -> Optional[Struct]:
        """struct TAG, or None."""
        found = self._answer("struct", tag)
        return found and Struct(tag, found[0],
                                Members(tag, found[2], found[1]))

    def symbol(self, name: str) -> Optional[Symbol]:
        """A variable or function, or None."""
        found = self._answer("symbol", name)
        return found and Symbol(name, found[0], type_from(found[1]))

    def __getattr__(self, what: str) -> Any:
        return lambda *args: self._answer(what, *args)


class RecordedMemory:
    """A transport over what was read."""

    line_bytes = 1      # nothing is read ahead: it may not be there
    detail = None

    def __init__(self, stop: dict) -> None:
        self.name = stop["transport"]
        data, at = _unpacked(stop["bytes"]), 0
        self._starts, self._pieces = [], []
        for start, size in struct.iter_unpack("<QI",
                                              _unpacked(stop["pieces"])):
            self._starts.append(start)
            self._pieces.append(data[at:at + size])
            at += size
        self._faults = {(a, s): first for a, s, first in stop["faults"]}

    def read(self, addr: int, size: int) -> bytes:
        """Bytes, or the fault that was met then."""
        at = bisect_right(self._starts, addr) - 1
        if at >= 0:
            data = self._pieces[at][addr - self._starts[at]:][:size]
            if len(data) == size:
                return data
        if (addr, size) in self._faults:
            raise FaultError(self._faults[addr, size], size)
        raise NotRecorded(f"{size} bytes at {addr:#x}")


class _Cache(CachedMemory):
    """As recorded: by the whole read, without lines."""

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes."""
        return self.transport.read(addr, size) if size else b""


def _joined(answers: dict[str, Any], addr: int, size: int) -> bytes:
    """Physical memory that was read in other pieces, each byte of it."""
    known: dict[int, int] = {}
    for key, answer in answers.items():
        name, *args = json.loads(key)
        if name == PHYSICAL and answer[0] == "hex":
            known.update(enumerate(bytes.fromhex(answer[1]), args[0]))
    if any(at not in known for at in range(addr, addr + size)):
        raise NotRecorded(f"{size} physical bytes at {addr:#x}")
    return bytes(known[at] for at in range(addr, addr + size))


@dataclass(frozen=True)
class Recording:
    """One kernel."""
    name: str
    content: dict

    def said(self, stop: str) -> dict[str, str]:
        """What the kernel printed of this stop, by the name of the file."""
        return self.content["stops"][stop]["said"]

    def context(self, stop: str) -> context.Context:
        """The kernel at a stop, for commands to decode."""
        found = self.content["stops"][stop]
        answers = {json.dumps(key): answer for *key, answer in found["host"]}

        def ask(name: str) -> Any:
            def answer(*args: Any) -> Any:
                key = json.dumps([name, *args])
                if key not in answers and name == PHYSICAL:
                    return _joined(answers, *args)
                if key not in answers:
                    raise NotRecorded(f"{name}{args}")
                kept = answers[key]
                if not isinstance(kept, list):
                    return kept
                if kept[0] == "way":
                    return ask(f"{name} read")
                if kept[0] == "hex":
                    return bytes.fromhex(kept[1])
                return getattr(context, kept[0])(**kept[1])
            return answer
        fields = context.Host.__dataclass_fields__
        host = context.Host(**{
            name: None if name in ("live", "symbol_file") else
            {} if name in ("kept", "memo") else ask(name)
            for name in fields if name != "progress"})
        return context.Context(_Cache(RecordedMemory(found)),
                               Layout(RecordedDebug(self.content)), host)


def load(path: Path) -> Recording:
    """A recording from its file."""
    return Recording(path.stem, json.loads(path.read_text("ascii")))
