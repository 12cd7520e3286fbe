# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that is asked of debug information: the version table, and what is not in it. For mm layout --export.

Whoever asks a new question of an enumeration or a function adds it here: tests/model/test_export.py sees to it.
"""
from __future__ import annotations

from functools import lru_cache
from typing import Callable, Iterator, Optional

from .debuginfo import ARRAY, STRUCT, DebugInfo, Struct, Type
from .versions import FIELDS, VARIABLES

ENUMS = ("_slab_flag_bits", "cma_flags", "compound_dtor_id", "fixed_addresses", "memblock_flags", "migratetype",
         "node_stat_item", "node_states", "page_ext_flags", "pageblock_bits", "pageflags", "pagetype",
         "pcpu_chunk_type", "slab_flags", "slab_state", "system_states", "zone_stat_item", "zone_type",
         "zone_watermarks")
FUNCTIONS = ("get_pfnblock_flags_mask",)        # whose parameters are counted
BANNER, NOTES, CONSTANTS = "banner", "notes", "constants start"     # variables whose bytes in the symbol file are asked

Find = Callable[[str], Optional[Struct]]


def symbol_names() -> tuple[str, ...]:
    """Every variable or function, in each of its spellings."""
    return tuple(sorted({spelling.path.partition(".")[0] for each in VARIABLES.values() for spelling in each}))


def struct_tags(debug: DebugInfo) -> tuple[str, ...]:
    """Every struct: of the table, on the way to a member of it, and the type of what is found there."""
    found, struct = set(), lru_cache(maxsize=None)(debug.struct)
    for name, spellings in FIELDS.items():
        tag = name.partition(".")[0]
        found.add(tag)
        for spelling in spellings:
            found.update(_along(struct, struct(tag), spelling.path.split(".")))
    for spellings in VARIABLES.values():
        for spelling in spellings:
            first, *path = spelling.path.split(".")
            symbol = debug.symbol(first)
            if symbol is not None and symbol.type is not None:
                found.update(_tagged(symbol.type))
                found.update(_along(struct, _inner(struct, symbol.type), path))
    return tuple(sorted(found))


def _along(find: Find, struct: Optional[Struct], path: list[str]) -> Iterator[str]:
    """The structs that a path leads through, and that of its end."""
    for name in path:
        member = struct.members.get(name) if struct is not None else None
        if member is None:
            return
        yield from _tagged(member.type)
        struct = _inner(find, member.type)


def _inner(find: Find, kind: Type) -> Optional[Struct]:
    """The struct that a type is, or is an array of."""
    kind = kind.element if kind.kind == ARRAY and kind.element is not None else kind
    if kind.kind != STRUCT:
        return None
    return find(kind.tag) if kind.tag else Struct("", kind.size, {each.name: each for each in kind.members})


def _tagged(kind: Type) -> Iterator[str]:
    """The tag of a struct, or of an array's."""
    kind = kind.element if kind.kind == ARRAY and kind.element is not None else kind
    if kind.kind == STRUCT and kind.tag:
        yield kind.tag
