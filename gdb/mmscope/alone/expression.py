# SPDX-License-Identifier: GPL-2.0-or-later
"""The C expressions that need no debugger: a number, a symbol, the address of one."""
from __future__ import annotations

import re
from typing import Optional

from ..errors import MmError
from ..layout.debuginfo import ARRAY, INT, OTHER, POINTER, STRUCT, UINT, Type
from ..layout.exported import ExportedDebug
from ..layout.questions import symbol_names
from ..layout.reader import Reader
from ..model.context import Expression

NUMBER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})[uU]?[lL]{0,2}[uU]?")
NAME = re.compile(r"(&?)\s*([A-Za-z_][A-Za-z0-9_.$]*)")


def evaluate(read: Reader, debug: ExportedDebug, given: str) -> Expression:
    """The value of an expression, as GDB has it. Raises MmError."""
    text = given.strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    number = NUMBER.fullmatch(text)
    if number is not None:
        digits = number[2]
        base = 16 if digits[:2] in ("0x", "0X") else 8 if digits.startswith("0") else 10
        value = int(digits, base)
        if value >> 64:
            raise MmError(f"'{given}': the number is too large")
        return Expression(-value if number[1] == "-" else value, False)
    name = NAME.fullmatch(text)
    if name is None:
        raise MmError(f"'{given}' needs GDB: here X is a number, a symbol or &symbol, or one of these behind pfn: "
                      "or phys:")
    return _symbol(read, debug, given, name[2], bool(name[1]))


def _symbol(read: Reader, debug: ExportedDebug, given: str, name: str, address: bool) -> Expression:
    """A variable's value, or its address: of a struct, an array and a function always that."""
    kind: Optional[Type] = None
    known = debug.symbol(name) if name in symbol_names() else None
    if known is not None:
        addr, kind = known.addr, known.type
    else:
        found = debug.find(name)
        if found is None:
            raise MmError(f"'{given}': the layout has no symbol {name}" + (
                "; a member of a struct needs GDB" if "." in name else ""))
        addr, kind = found.addr, Type(OTHER, 1) if found.code else None
    if address or kind is not None and kind.kind in (STRUCT, ARRAY, OTHER):
        element = kind.element if kind is not None and kind.kind == ARRAY else kind
        return Expression(addr, element is not None and element.kind == STRUCT and element.tag == "page")
    if kind is None:
        raise MmError(f"'{given}': the layout does not have the type of {name}: &{name} is its address, its value "
                      "needs GDB")
    assert kind.kind in (INT, UINT, POINTER)
    return Expression(read.decode(kind, read.memory.read(addr, kind.size)), False)
