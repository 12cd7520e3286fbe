# SPDX-License-Identifier: GPL-2.0-or-later
"""Resolves the names of versions.py against the debug information at hand, once each."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import MissingError
from .debuginfo import ARRAY, POINTER, STRUCT, DebugInfo, Struct, Type
from .versions import FIELDS, VARIABLES, Spelling


@dataclass(frozen=True)
class Field:
    """A member found: where it is in its struct, and how it is spelled here."""

    path: str
    offset: int
    type: Type
    bit: int = 0                # of a bit field, as in debuginfo.Member
    bits: int = 0


@dataclass(frozen=True)
class Variable:
    """A variable found, dug down to the member that holds its value."""

    path: str
    addr: int
    type: Optional[Type]


class Layout:
    """Structs, members, enumerations and variables of one kernel, resolved lazily and remembered."""

    def __init__(self, debug: DebugInfo) -> None:
        self.debug = debug
        self._structs: dict[str, Optional[Struct]] = {}
        self._enums: dict[str, Optional[dict[str, int]]] = {}
        self._fields: dict[str, Optional[Field]] = {}
        self._variables: dict[str, Optional[Variable]] = {}

    def find_struct(self, tag: str) -> Optional[Struct]:
        """struct TAG, or None."""
        if tag not in self._structs:
            self._structs[tag] = self.debug.struct(tag)
        return self._structs[tag]

    def struct(self, tag: str) -> Struct:
        """struct TAG. Raises MissingError when the symbols do not have it."""
        found = self.find_struct(tag)
        if found is None:
            raise MissingError(f"the symbols have no struct {tag}")
        return found

    def enum(self, tag: str) -> dict[str, int]:
        """Enumerators of enum TAG as declared; empty when the symbols have no such enum."""
        if tag not in self._enums:
            self._enums[tag] = self.debug.enum(tag)
        return self._enums[tag] or {}

    def find_field(self, name: str) -> Optional[Field]:
        """STRUCT.MEMBER[.MEMBER...] by the table's names, or None when no spelling of it is there."""
        if name not in self._fields:
            self._fields[name] = self._resolve_field(name)
        return self._fields[name]

    def field(self, name: str) -> Field:
        """The same; raises MissingError instead of giving None."""
        found = self.find_field(name)
        if found is None:
            tag, _, member = name.partition(".")
            self.struct(tag)
            tried = ", ".join(s.path for s in FIELDS.get(name, ())) or member
            raise MissingError(f"struct {tag} has no member {member} (looked for {tried})")
        return found

    def find_variable(self, name: str) -> Optional[Variable]:
        """A variable by the table's name, or None when no spelling of it is there."""
        if name not in self._variables:
            self._variables[name] = self._resolve_variable(VARIABLES[name])
        return self._variables[name]

    def variable(self, name: str) -> Variable:
        """The same; raises MissingError instead of giving None."""
        found = self.find_variable(name)
        if found is None:
            tried = ", ".join(s.path for s in VARIABLES[name])
            raise MissingError(f"the symbols have no {tried}")
        return found

    def _resolve_field(self, name: str) -> Optional[Field]:
        tag, *parts = name.split(".")
        struct = self.find_struct(tag)
        if struct is None:
            return None
        for take in range(len(parts), 0, -1):
            spellings = FIELDS.get(".".join([tag] + parts[:take]))
            if spellings is None:
                continue
            for spelling in spellings:
                path = spelling.path.split(".") + parts[take:]
                found = self._dig(struct, path)
                if found is not None:
                    return Field(".".join(path), *found)
            return None
        raise KeyError(name)

    def _resolve_variable(self, spellings: tuple[Spelling, ...]) -> Optional[Variable]:
        for spelling in spellings:
            symbol_name, *path = spelling.path.split(".")
            symbol = self.debug.symbol(symbol_name)
            if symbol is None:
                continue
            if not path:
                return Variable(spelling.path, symbol.addr, symbol.type)
            found = self._dig(self._struct_of(symbol.type), path)
            if found is not None:
                return Variable(spelling.path, symbol.addr + found[0], found[1])
        return None

    def _struct_of(self, kind: Optional[Type]) -> Optional[Struct]:
        if kind is None or kind.kind != STRUCT:
            return None
        if kind.tag:
            return self.find_struct(kind.tag)
        return Struct("", kind.size, {member.name: member for member in kind.members})

    def _dig(self, struct: Optional[Struct], path: list[str]) -> Optional[tuple[int, Type, int, int]]:
        """Offset, type and bits of a member of a member; an array on the way stands for its first element."""
        offset = 0
        for at, name in enumerate(path):
            member = struct.members.get(name) if struct is not None else None
            if member is None:
                return None
            offset += member.offset
            if at == len(path) - 1:
                return offset, member.type, member.bit, member.bits
            inner = member.type.element if member.type.kind == ARRAY else member.type
            struct = self._struct_of(inner)
        return None


def is_pointer(kind: Optional[Type]) -> bool:
    """Whether a variable of this type holds an address."""
    return kind is not None and kind.kind == POINTER
