# SPDX-License-Identifier: GPL-2.0-or-later
"""What the version table found in the symbols at hand: for mm layout."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import MmError
from ..layout.versions import FIELDS, VARIABLES, Spelling
from .context import Context
from .problem import Problem


@dataclass(frozen=True)
class FoundMember:
    """A member of the table; spelling, offset and size are None when this kernel has none of its spellings."""

    name: str
    spelling: Optional[str]
    offset: Optional[int]
    size: Optional[int]
    since: Optional[str]


@dataclass(frozen=True)
class FoundVariable:
    """A variable of the table; spelling and address are None when this kernel has none of its spellings."""

    name: str
    spelling: Optional[str]
    addr: Optional[int]
    since: Optional[str]


@dataclass(frozen=True)
class Found:
    """Everything that is looked for, and where it is."""

    byte_order: str
    pointer_bytes: int
    structs: dict[str, Optional[int]]       # size in bytes
    members: tuple[FoundMember, ...]
    variables: tuple[FoundVariable, ...]
    file: Optional[str] = None              # that the layout was exported to
    file_bytes: Optional[int] = None
    problems: tuple[Problem, ...] = ()


def found(ctx: Context, struct: Optional[str]) -> Found:
    """Resolve the whole table, or the part of one struct. Raises MmError for a struct that is not in it."""
    tags = tuple(dict.fromkeys(name.split(".")[0] for name in FIELDS))
    if struct is not None and struct not in tags:
        raise MmError(f"nothing is read from struct {struct}: the table has {', '.join(tags)}")
    chosen = tags if struct is None else (struct,)
    sizes = {tag: ctx.layout.find_struct(tag) for tag in chosen}
    return Found(
        ctx.layout.debug.byte_order, ctx.layout.debug.pointer_bytes,
        {tag: found_.size if found_ is not None else None for tag, found_ in sizes.items()},
        tuple(_member(ctx, name) for name in FIELDS if name.split(".")[0] in chosen),
        tuple(_variable(ctx, name) for name in VARIABLES) if struct is None else ())


def _member(ctx: Context, name: str) -> FoundMember:
    field = ctx.layout.find_field(name)
    if field is None:
        return FoundMember(name, None, None, None, None)
    return FoundMember(name, field.path, field.offset, field.type.size, _since(FIELDS[name], field.path))


def _variable(ctx: Context, name: str) -> FoundVariable:
    variable = ctx.layout.find_variable(name)
    if variable is None:
        return FoundVariable(name, None, None, None)
    return FoundVariable(name, variable.path, variable.addr, _since(VARIABLES[name], variable.path))


def _since(spellings: tuple[Spelling, ...], path: str) -> str:
    """Since when mainline spells it so."""
    return next(spelling.since for spelling in spellings if spelling.path == path)
