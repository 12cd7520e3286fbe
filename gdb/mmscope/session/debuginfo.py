# SPDX-License-Identifier: GPL-2.0-or-later
"""Types and symbols out of GDB, as the plain objects of layout/debuginfo.py."""
from __future__ import annotations

import contextlib
from typing import Iterator, Optional

import gdb

from ..layout.debuginfo import ARRAY, INT, OTHER, POINTER, STRUCT, UINT, Member, Struct, Symbol, Type

INTEGERS = (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR, gdb.TYPE_CODE_ENUM)


class GdbDebugInfo:
    """The symbols that are loaded in GDB."""

    def __init__(self) -> None:
        self.arch = gdb.selected_inferior().architecture().name()
        self.byte_order = "big" if "big endian" in gdb.execute("show endian", to_string=True) else "little"
        self.pointer_bytes = gdb.Value(0).type.pointer().sizeof     # knows no language, unlike lookup_type("void")

    def struct(self, tag: str) -> Optional[Struct]:
        """struct TAG, or None."""
        kind = _lookup(f"struct {tag}")
        if kind is None or not kind.fields():
            return None
        return Struct(tag, kind.sizeof, {member.name: member for member in _members(kind, 0)})

    def enum(self, tag: str) -> Optional[dict[str, int]]:
        """Enumerators of enum TAG as declared, or None."""
        kind = _lookup(f"enum {tag}")
        return {field.name: int(field.enumval) for field in kind.fields()} if kind is not None else None

    def symbol(self, name: str) -> Optional[Symbol]:
        """A global, else a file-scope variable or function, else a name of the symbol table, or None."""
        symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
        if symbol is not None and symbol.type is not None:
            try:
                address = symbol.value().address
            except gdb.error:       # declared in the DWARF, and not linked
                address = None
            if address is not None:
                return Symbol(name, int(address), describe(symbol.type))
        with in_c():
            try:
                return Symbol(name, int(gdb.parse_and_eval(f"(unsigned long)&{name}")))
            except gdb.error:
                return None

    def parameter_count(self, function: str) -> Optional[int]:
        """How many parameters a function takes, or None."""
        symbol = gdb.lookup_global_symbol(function) or gdb.lookup_static_symbol(function)
        if symbol is None or symbol.type is None or symbol.type.code != gdb.TYPE_CODE_FUNC:
            return None
        return len(symbol.type.fields())


def describe(kind: gdb.Type) -> Type:
    """A GDB type as far as decoding needs it."""
    kind = kind.strip_typedefs()
    if kind.code in INTEGERS:
        if kind.sizeof > 8:         # GDB cannot compute with these
            return Type(OTHER, kind.sizeof)
        return Type(INT if gdb.Value(-1).cast(kind) < 0 else UINT, kind.sizeof)
    if kind.code == gdb.TYPE_CODE_BOOL:
        return Type(UINT, kind.sizeof)
    if kind.code == gdb.TYPE_CODE_PTR:
        return Type(POINTER, kind.sizeof)
    if kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        members = () if kind.tag else tuple(_members(kind, 0))
        return Type(STRUCT, kind.sizeof, tag=kind.tag or "", members=members)
    if kind.code == gdb.TYPE_CODE_ARRAY:
        element = describe(kind.target())       # an array without a length has a range all the same, and size 0
        return Type(ARRAY, kind.sizeof, element=element, count=kind.sizeof // element.size if element.size else 0)
    return Type(OTHER, kind.sizeof)


def _members(kind: gdb.Type, base: int) -> Iterator[Member]:
    """Members with a name; those of anonymous structs and unions as if they were this one's."""
    for field in kind.fields():
        if not hasattr(field, "bitpos"):
            continue
        offset = base + field.bitpos // 8
        if field.name:
            yield Member(field.name, offset, describe(field.type), field.bitpos % 8 if field.bitsize else 0,
                         field.bitsize)
        elif field.type.strip_typedefs().code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            yield from _members(field.type.strip_typedefs(), offset)


@contextlib.contextmanager
def in_c() -> Iterator[None]:
    """Read expressions as C, where GDB is set to, or stopped in a frame of, a language that cannot.

    No command that may fail: in a breakpoint's condition that would end the user's continue.
    """
    before = None
    try:
        gdb.parse_and_eval("(unsigned long)0")
    except gdb.error:
        before = gdb.parameter("language")
        gdb.execute("set language c", to_string=True)
    try:
        yield
    finally:
        if before is not None:
            gdb.execute(f"set language {before}", to_string=True)


def _lookup(name: str) -> Optional[gdb.Type]:
    """A type by name, or None."""
    try:
        return gdb.lookup_type(name).strip_typedefs()
    except gdb.error:
        return None
