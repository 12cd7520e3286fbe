# SPDX-License-Identifier: GPL-2.0-or-later
"""Which commands are recorded of a real kernel, and where.

tests/kernels takes the recordings, tests/model plays them.
"""
from __future__ import annotations

from pathlib import Path

FILES = Path(__file__).resolve().parents[1] / "data" / "kernels"

# What is asked at which stop: of the boot, and while a booted kernel prints.
COMMANDS = {
    "memblock_free_all": ("info", "memblock", "zones"),
    "handed_over": ("info", "zones", "buddy --blocks", "buddyinfo",
                    "pagetypeinfo", "pcp"),
    "buddyinfo": ("buddyinfo", "info", "zones", "page pfn:max_pfn-1",
                  "page slab_caches.next", "pgtable slab_caches.next",
                  "why pfn:max_pfn-1", "why slab_caches.next"),
    "zoneinfo": ("zoneinfo", "pcp"),
    "slabinfo": ("slabinfo", "slab", "slab task_struct"),
    "vmallocinfo": ("vmallocinfo", "vmalloc", "percpu"),
}
# Which functions of the booted kernel print that, the first there is.
PRINTED = {
    "buddyinfo": ("frag_show",),
    "zoneinfo": ("zoneinfo_show",),
    "slabinfo": ("slab_show",),
    "vmallocinfo": ("vmalloc_info_show", "'mm/vmalloc.c'::s_show"),
}
