# SPDX-License-Identifier: GPL-2.0-or-later
"""The build ID among a kernel's notes.

Source: the ELF specification (System V ABI, "Note Section"): three words, name and contents, each a multiple of 4.
"""
from __future__ import annotations

from typing import Optional

NOTES_BYTES = 1024
NT_GNU_BUILD_ID = 3


def build_id(notes: Optional[bytes], order: str) -> Optional[bytes]:
    """The contents of the first GNU build ID note; None when there is none."""
    at = 0
    while notes is not None and at + 12 <= len(notes):
        name_bytes, size, kind = (int.from_bytes(notes[at + word:at + word + 4], order) for word in (0, 4, 8))
        name_at = at + 12
        data_at = name_at + -(-name_bytes // 4) * 4
        if kind == NT_GNU_BUILD_ID and notes[name_at:name_at + name_bytes] == b"GNU\0":
            found = notes[data_at:data_at + size]
            return found if size and len(found) == size else None
        at = data_at + -(-size // 4) * 4
    return None
