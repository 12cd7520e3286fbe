# SPDX-License-Identifier: GPL-2.0-or-later
"""What /proc/kpageflags and /proc/kpagecount say of a page that mm page shows.

Source: include/uapi/linux/kernel-page-flags.h, an interface that programs
use; fs/proc/page.c for what is set when.
"""
from __future__ import annotations

from typing import Any

NOPAGE = 1 << 20

# Of a page that is no later one of a compound page: what the bit is called
# here, by any of its names.
FLAGS = {
    0: ("locked",), 1: ("error",), 2: ("referenced",),
    3: ("uptodate", "reported"), 4: ("dirty",), 5: ("lru",),
    6: ("active", "pfmemalloc"), 8: ("writeback",), 9: ("reclaim",),
    13: ("swapcache",), 14: ("swapbacked",), 18: ("unevictable",),
    19: ("hwpoison",), 32: ("reserved",), 33: ("mlocked",),
    34: ("owner_2", "mappedtodisk", "anon_exclusive"), 35: ("private",),
    36: ("private_2",), 37: ("owner_priv_1", "swapcache", "checked"),
    38: ("arch_1",), 39: ("uncached",), 41: ("arch_2",)}
SLAB, BUDDY, MMAP, ANON, HEAD, TAIL, KSM, ZERO, PGTABLE = (
    7, 10, 11, 12, 15, 16, 21, 24, 26)


def expected_flags(page: dict[str, Any]) -> dict[int, bool]:
    """Bits of kpageflags that are known, by what mm page --json shows."""
    first = page["block_pfn"] == page["pfn"]
    block = page["kind"] in ("slab", "compound") and page["order"] != 0
    known = {
        SLAB: page["kind"] == "slab",
        BUDDY: page["kind"] == "free",
        HEAD: block and first,
        TAIL: block and not first,
        ZERO: page["content"] == "zero",
        PGTABLE: page["type"] == "table"}
    if page["kind"] != "slab":      # the kernel takes a slab's counters for it
        known[ANON] = page["content"] in ("anon", "ksm")
        if page["content"] != "anon":   # 6.12 says it of all of these
            known[KSM] = page["content"] == "ksm"
    if not block:
        known[MMAP] = bool(page["mappings"])
    if not known[TAIL]:
        known.update({bit: any(name in page["flag_names"] for name in names)
                      for bit, names in FLAGS.items()})
    return known


def wrong_flags(page: dict[str, Any] | None, said: int) -> list[int]:
    """Bits in which the kernel says something else; None is no page."""
    if page is None:
        return [] if said in (0, NOPAGE) else [20]
    return [bit for bit, value in expected_flags(page).items()
            if bool(said >> bit & 1) != value]


def expected_count(page: dict[str, Any] | None) -> int | None:
    """kpagecount of a page; None where mm page does not say."""
    if page is None:
        return 0
    if page["kind"] == "compound" and page["mappings"] is None:
        return None
    return page["mappings"] or 0
