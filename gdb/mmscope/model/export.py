# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes what commands ask of the symbols into a file: for mm layout --export."""
from __future__ import annotations

import json
from typing import Iterator, Optional

from ..errors import MmError
from ..layout.buildid import NOTES_BYTES, build_id
from ..layout.export import export
from ..layout.questions import BANNER, CONSTANTS, NOTES
from ..target.elf import read_sections, read_symbols
from .context import BANNER_BYTES, Context
from .outfile import write_text
from .procformat import Formats
from .text import release_of


def export_layout(ctx: Context, path: str) -> int:
    """Write the layout of the kernel whose symbols are loaded; its bytes. Raises MmError."""
    file = ctx.host.symbol_file
    if file is None:
        raise MmError("there is no symbol file to export: load it with 'file vmlinux'")
    text = ctx.layout.find_variable("kernel text")
    moved = ctx.host.moved(text.addr) if text is not None else 0
    static = dict(_static(ctx))
    notes = static.get(_addr(ctx, NOTES), b"")
    found = build_id(notes, ctx.read.order)
    kernel = {"kind": ctx.kind, "release": release_of(ctx.symbol_banner) if ctx.symbol_banner else None,
              "banner": ctx.symbol_banner, "build_id": found.hex() if found is not None else None}
    start = _addr(ctx, CONSTANTS)
    constants = (start - moved, Formats(ctx).whole_lines()) if start is not None else None
    document = export(ctx.layout.debug, kernel, moved, ((addr - moved, data) for addr, data in static.items()),
                      constants, read_sections(file), read_symbols(file))
    content = _lines(document)
    write_text(path, content)
    return len(content)


def _static(ctx: Context) -> Iterator[tuple[int, bytes]]:
    """What the symbol file has at the banner and at the notes."""
    for name, size in ((BANNER, BANNER_BYTES), (NOTES, NOTES_BYTES)):
        addr = _addr(ctx, name)
        data = ctx.host.static(addr, size) if addr is not None else None
        if addr is not None and data:
            yield addr, data


def _addr(ctx: Context, name: str) -> Optional[int]:
    found = ctx.layout.find_variable(name)
    return found.addr if found is not None else None


def _lines(document: dict) -> str:
    """JSON with a line for each struct, variable ...: two layouts can be compared by diff."""
    parts = []
    for key, value in document.items():
        if isinstance(value, dict):
            rows = ",\n".join(f"{json.dumps(name)}: {_short(each)}" for name, each in value.items())
            parts.append(f"{json.dumps(key)}: {{\n{rows}\n}}")
        else:
            parts.append(f"{json.dumps(key)}: {_short(value)}")
    return "{" + ",\n".join(parts) + "}\n"


def _short(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
