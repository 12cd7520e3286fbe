# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of the bits of kmem_cache->flags, without SLAB_ in front."""
from __future__ import annotations

from .layout import Layout
from .versions import SLAB_FLAGS

PREFIX = "_SLAB_"
LAST = "_SLAB_FLAGS_LAST_BIT"


def slab_flags(layout: Layout) -> dict[str, int]:
    """Name to bit: from the target's enumeration where there is one (since v6.9), else those known from before."""
    bits = layout.enum("_slab_flag_bits")
    if not bits:
        return {flag.name: flag.bit for flag in SLAB_FLAGS}
    return {name[len(PREFIX):]: 1 << number for name, number in bits.items()
            if name.startswith(PREFIX) and name != LAST}
