# SPDX-License-Identifier: GPL-2.0-or-later
"""Debug information as one JSON document, mmscope/layout/1: docs/layout.md says what is in it. exported.py reads it."""
from __future__ import annotations

import base64
import zlib
from typing import Any, Iterable, Mapping, Optional

from .debuginfo import ARRAY, OTHER, STRUCT, DebugInfo, Member, Symbol, Type
from .questions import ENUMS, FUNCTIONS, struct_tags, symbol_names

SCHEMA = "mmscope/layout/1"
ZLIB_LEVEL = 9


def export(debug: DebugInfo, kernel: Mapping[str, Optional[str]], moved: int, static: Iterable[tuple[int, bytes]],
           constants: Optional[tuple[int, tuple[str, ...]]], sections: Iterable[tuple[int, int]],
           symbols: Iterable[tuple[int, int, bool, str]]) -> dict[str, Any]:
    """The document. moved: how far debug's addresses are from the file's; the others are the file's.

    symbols: address, size, whether it is code, name; of any order. constants: where they begin, and format strings
    among them. A function's address is the symbol table's: where a weak one was replaced, debug may have either.
    """
    symbols = list(symbols)
    linked = {name: addr for addr, _, code, name in symbols if code}
    mask = (1 << debug.pointer_bytes * 8) - 1
    return {
        "schema": SCHEMA, "kernel": dict(kernel), "arch": debug.arch, "byte_order": debug.byte_order,
        "pointer_bytes": debug.pointer_bytes,
        "structs": {tag: _struct(debug, tag) for tag in struct_tags(debug)},
        "enums": {tag: debug.enum(tag) for tag in ENUMS},
        "parameters": {name: debug.parameter_count(name) for name in FUNCTIONS},
        "variables": {name: _variable(debug.symbol(name), moved, mask, linked) for name in symbol_names()},
        "static": [[addr, data.hex()] for addr, data in static],
        "constants": [constants[0], list(constants[1])] if constants is not None else None,
        "sections": sorted([start, end] for start, end in sections),
        "symbols": packed(symbols, debug.pointer_bytes),
    }


def _struct(debug: DebugInfo, tag: str) -> Optional[list]:
    found = debug.struct(tag)
    return [found.size, [_member(each) for each in found.members.values()]] if found is not None else None


def _member(member: Member) -> list:
    found = [member.name, member.offset, type_json(member.type)]
    return found + [member.bit, member.bits] if member.bits else found


def type_json(kind: Optional[Type]) -> Optional[list]:
    """A type: its kind and size; a struct's tag or members; an array's element and count."""
    if kind is None:
        return None
    found: list = [kind.kind, kind.size]
    if kind.kind == STRUCT:
        found.append(kind.tag or [_member(each) for each in kind.members])
    elif kind.kind == ARRAY:
        found += [type_json(kind.element), kind.count]
    return found


def _variable(symbol: Optional[Symbol], moved: int, mask: int, linked: Mapping[str, int]) -> Optional[list]:
    if symbol is None:
        return None
    addr = symbol.addr - moved & mask
    function = symbol.type is not None and symbol.type.kind == OTHER
    return [linked.get(symbol.name, addr) if function else addr, type_json(symbol.type)]


def packed(symbols: Iterable[tuple[int, int, bool, str]], pointer_bytes: int) -> list:
    """How many symbols, and their lines: address, in as many digits as it can have, size, t or d, name."""
    lines = [f"{addr:0{pointer_bytes * 2}x} {size:x} {'t' if code else 'd'} {name}\n"
             for addr, size, code, name in sorted(symbols)]
    data = zlib.compress("".join(lines).encode("ascii", "backslashreplace"), ZLIB_LEVEL)
    return [len(lines), base64.b64encode(data).decode("ascii")]
