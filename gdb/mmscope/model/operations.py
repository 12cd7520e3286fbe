# SPDX-License-Identifier: GPL-2.0-or-later
"""Which functions are the allocators' own: who is behind them is the one who wanted something.

By the file that they are in, so that a release may name them as it likes; by name where the file has others, too, or
where the debug information has no files. inside.py has those in whose middle a structure is half changed.
"""
from __future__ import annotations

import re

from ..target.control import StackFrame
from .inside import FUNCTIONS

SUFFIXES = ("_noprof",)         # since v6.10, of a function that a macro stands in front of
# The guest's files, and Linux's: of headers what is inlined from them.
_PAGE_FILES = re.compile(r"(^|/)mm/(page_(alloc|buddy|boot|pcp|compound|fallback|slowpath|isolation|frag_cache|owner)"
                         r"|mm_init|nobootmem|internal|bad_page|watermark)(_internal)?\.[ch]$"
                         r"|(^|/)(linux|mm)/(gfp|page_ref|page-flags|mmzone|list|vmstat|page-isolation|spinlock)\.h$")
_MEMBLOCK_FILES = re.compile(r"(^|/)(mm|linux)/memblock[a-z_]*\.[ch]$")
# Ways in to the page allocator that are in other files.
_PAGES = frozenset((
    "alloc_pages", "alloc_pages_current", "alloc_pages_vma", "alloc_pages_mpol", "alloc_pages_pol",
    "alloc_page_interleave", "alloc_pages_preferred_many", "folio_alloc", "vma_alloc_folio", "folio_alloc_mpol",
    "alloc_frozen_pages", "put_page", "__put_page", "folio_put", "__folio_put", "__put_single_page",
    "__folio_put_small", "__put_compound_page", "put_page_testzero", "folio_put_testzero", "release_pages",
    "folios_put_refs", "folios_put", "free_pages_and_swap_cache", "set_page_count", "init_page_count",
    "memblock_free_pages", "zone_page_state_add", "mod_zone_page_state", "__mod_zone_page_state",
    "__mod_zone_freepage_state",
)) | FUNCTIONS["pages"]
# Small ones that are not what somebody means who asks for a function.
HELPERS = frozenset((
    "add_to_free_list", "add_to_free_list_tail", "__add_to_free_list", "del_page_from_free_list",
    "__del_page_from_free_list", "account_freepages", "set_buddy_order", "set_page_count", "init_page_count",
    "__add_to_free_area", "__del_from_free_area", "put_page_testzero", "folio_put_testzero",
    "set_pageblock_migratetype", "set_pfnblock_migratetype", "set_pfnblock_flags_mask", "set_pfnblock_bit",
    "change_pageblock_range", "__mod_zone_freepage_state",
    "__mod_zone_page_state", "insert_region", "remove_region", "memblock_insert_region", "memblock_remove_region",
    "zone_page_state_add", "mod_zone_page_state", "set_page_refcounted", "insert_regions",
))


def plain(function: str) -> str:
    """A function's name without what compilers and macros append."""
    name = function.partition(".")[0]
    for suffix in SUFFIXES:
        name = name[:-len(suffix)] if name.endswith(suffix) else name
    return name


def of_pages(found: StackFrame) -> bool:
    """Whether a function is part of the page allocator."""
    if found.function is not None and plain(found.function) in _PAGES:
        return True
    return found.file is not None and _PAGE_FILES.search(found.file) is not None


def of_memblock(found: StackFrame) -> bool:
    """Whether a function is part of memblock."""
    if found.function is not None and plain(found.function).lstrip("_").startswith("memblock_"):
        return True
    return found.file is not None and _MEMBLOCK_FILES.search(found.file) is not None


def is_helper(found: StackFrame) -> bool:
    """Whether it is one of the small ones: those, and what is inlined from a header."""
    return found.function is None or plain(found.function) in HELPERS or found.file is not None and \
        found.file.endswith(".h")
