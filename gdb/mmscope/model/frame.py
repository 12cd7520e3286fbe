# SPDX-License-Identifier: GPL-2.0-or-later
"""What page frames are for: each in exactly one kind, with a name for what holds it where that is known.

Kinds, in the order in which mm account sums them up:

  hole       in the zone's span, but no memory of this zone
  reserved   never given to the page allocator, or not since; detail: the owner
  memblock   not handed over to the page allocator yet: free in memblock
  deferred   not handed over yet: its struct page is set up late in the boot
  free       in a block of a free list; detail: migratetype and order, "Movable order 10"
  pcp        on a CPU's list; detail: "CPU 0"
  slab       detail: the cache
  pagetable  page tables
  stack      a kernel stack
  percpu     of a per-CPU chunk
  vmalloc    of a vmalloc area; detail: who asked for it, where that is known
  hugetlb    of the pool of huge pages
  file       page cache; shared memory and tmpfs, too
  anon       anonymous memory of programs; detail: "" or "ksm"
  compound   of a block that was allocated as one page, and nothing says what for
  other      taken with alloc_pages(), and nothing says what for

Everything from free on was managed by the buddy allocator at some time; everything from slab on is in use.
"""
from __future__ import annotations

from dataclasses import dataclass

HOLE, RESERVED, MEMBLOCK, DEFERRED = "hole", "reserved", "memblock", "deferred"
FREE, PCP = "free", "pcp"
SLAB, PAGETABLE, STACK, PERCPU, VMALLOC = "slab", "pagetable", "stack", "percpu", "vmalloc"
HUGETLB, FILE, ANON, COMPOUND, OTHER = "hugetlb", "file", "anon", "compound", "other"
USED = (SLAB, PAGETABLE, STACK, PERCPU, VMALLOC, HUGETLB, FILE, ANON, COMPOUND, OTHER)
KINDS = (HOLE, RESERVED, MEMBLOCK, DEFERRED, FREE, PCP, *USED)
UNKNOWN = (COMPOUND, OTHER)


@dataclass(frozen=True)
class Bucket:
    """Frames of a zone that are for the same thing."""

    kind: str           # of KINDS
    pages: int
    detail: str


@dataclass(frozen=True)
class Span:
    """Page frames [start_pfn, end_pfn) that are for the same thing."""

    start_pfn: int
    end_pfn: int
    kind: str
    detail: str         # who or what; "" where the kind says all that is known

    @property
    def pages(self) -> int:
        """How many."""
        return self.end_pfn - self.start_pfn
