# SPDX-License-Identifier: GPL-2.0-or-later
"""All that can be broken: the tables of corruption.py, filled.

A corruption is a function in one of the files that are imported here.
"""
from . import (corrupt_areas, corrupt_blocks, corrupt_lists,    # noqa: F401
               corrupt_memblock, corrupt_slab, corrupt_zones)
from .corruption import (BUDDY, MEMBLOCK, PCP, PGTABLE, SLAB, VMALLOC,
                         Corruption)

__all__ = ["BUDDY", "MEMBLOCK", "PCP", "PGTABLE", "SLAB", "VMALLOC",
           "Corruption"]
