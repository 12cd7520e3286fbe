# SPDX-License-Identifier: GPL-2.0-or-later
"""How a free object holds the address of the next one.

Source: freelist_ptr_decode() in mm/slub.c. With SLAB_FREELIST_HARDENED, told by kmem_cache.random, what is stored is
the address ^ random ^ the address of where it is stored, that one with its bytes reversed (since v5.7). The end of a
freelist is NULL, stored in the same way. Heads of freelists are stored as they are.
"""
from __future__ import annotations

from typing import Optional


def stored_pointer(value: int, at: int, random: Optional[int], pointer_bytes: int) -> int:
    """The address that the word value, stored at address `at`, stands for; random is None where nothing is hidden."""
    if random is None:
        return value
    swapped = int.from_bytes(at.to_bytes(pointer_bytes, "little"), "big")
    return value ^ random ^ swapped
