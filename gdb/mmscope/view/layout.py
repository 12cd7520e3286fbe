# SPDX-License-Identifier: GPL-2.0-or-later
"""mm layout as text."""
from __future__ import annotations

from ..model.found import Found
from .table import table
from .units import address, escape, size


def layout_text(found: Found) -> str:
    """Structs with their members, then variables; a dash where this kernel has no such thing. Or what was written."""
    if found.file is not None:
        structs = sum(1 for each in found.structs.values() if each is not None)
        return (f"layout written into {escape(found.file)}: {size(found.file_bytes or 0)}, {structs} structs\n"
                f"use it: mmdump --layout {escape(found.file)} CORE account\n")
    parts = []
    for tag, length in found.structs.items():
        rows = [(f"  {member.name.partition('.')[2]}", member.spelling or "-",
                 "-" if member.offset is None else str(member.offset),
                 "-" if member.size is None else str(member.size), member.since or "")
                for member in found.members if member.name.split(".")[0] == tag]
        head = f"struct {tag}: " + (f"{length} bytes" if length is not None else "not in these symbols")
        parts.append(head + "\n" + table(("  member", "spelling here", "offset", "size", "since"), rows, "ll  l"))
    if found.variables:
        rows = [(f"  {variable.name}", variable.spelling or "-", address(variable.addr) if variable.addr else "-",
                 variable.since or "") for variable in found.variables]
        parts.append("variables\n" + table(("  variable", "spelling here", "address", "since"), rows, "ll l"))
    return "\n\n".join(parts) + "\n"
