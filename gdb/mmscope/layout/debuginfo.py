# SPDX-License-Identifier: GPL-2.0-or-later
"""What debug information says, in plain objects: the only way in which types and symbols enter the package.

The session answers from DWARF through GDB; a model test answers from text.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Protocol

INT, UINT, POINTER, STRUCT, ARRAY, OTHER = "int", "uint", "pointer", "struct", "array", "other"


@dataclass(frozen=True)
class Type:
    """A C type, as far as decoding needs it. Enumerations are integers, unions are structs."""

    kind: str
    size: int                                   # bytes
    tag: str = ""                               # of a struct; empty when it has none
    members: tuple[Member, ...] = ()            # of a struct without a tag
    element: Optional[Type] = None              # of an array
    count: int = 0                              # elements of an array; 0 when the type does not say


@dataclass(frozen=True)
class Member:
    """A member of a struct. Members of anonymous structs and unions are members of the outer one."""

    name: str
    offset: int
    type: Type
    bit: int = 0                # of a bit field: its lowest bit, counted from that of the byte at offset
    bits: int = 0               # how many; 0: not a bit field


@dataclass(frozen=True)
class Struct:
    """A struct or union with a tag."""

    tag: str
    size: int
    members: dict[str, Member]


@dataclass(frozen=True)
class Symbol:
    """A variable or function; type is None when only the symbol table knows it (assembler, linker script)."""

    name: str
    addr: int
    type: Optional[Type] = None


class DebugInfo(Protocol):
    """Types and symbols of the kernel."""

    arch: str               # as GDB names it: "arm", "aarch64", "i386:x86-64"
    byte_order: str         # "little" or "big"
    pointer_bytes: int

    def struct(self, tag: str) -> Optional[Struct]:
        """struct TAG, or None."""

    def enum(self, tag: str) -> Optional[dict[str, int]]:
        """Enumerators of enum TAG in the order of their declaration, or None."""

    def symbol(self, name: str) -> Optional[Symbol]:
        """A global or file-scope variable or function, or None."""

    def parameter_count(self, function: str) -> Optional[int]:
        """How many parameters a function takes, or None when it is not known."""
