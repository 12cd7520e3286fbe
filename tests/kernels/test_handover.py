# SPDX-License-Identifier: GPL-2.0-or-later
"""A real kernel from its first instruction to the end of mem_init.

Truths: what memblock=debug had logged at the same stop, what debugfs prints
later, /proc/iomem, /proc/zoneinfo, and brute force on ranges.
"""
from __future__ import annotations

import re
from typing import Any

import console
from boot_stops import (DECOMPRESSOR, FREE_ALL, HANDED_OVER, MM_INIT, READY,
                        RESET, SLAB_UP, START_KERNEL, Boot, at)
from console import Range
from harness.gdbmi import Gdb
from lab_guest import Kernel, cma_pool

# The article's board: where the pool is, and what HighMem is left with.
ARTICLE = "armmp-6.1-sabrelite"
ARTICLE_POOL = (0x5c000000, 0x14000000)
ARTICLE_HIGHMEM_MANAGED = 0x1c000
ARCH = {"armhf": "arm", "arm64": "arm64", "amd64": "x86_64"}
SLAB_IS_UP = "SLUB: HWalign"        # the log's line: memblock is over


@at(RESET, DECOMPRESSOR, START_KERNEL, MM_INIT, FREE_ALL, HANDED_OVER, SLAB_UP,
    READY)
def info(gdb: Gdb) -> dict[str, Any]:
    return gdb.json("mm info --json")


@at(RESET)
def layout(gdb: Gdb) -> dict[str, Any]:
    return gdb.json("mm layout --json")


@at(MM_INIT, FREE_ALL, HANDED_OVER)
def memblock(gdb: Gdb) -> dict[str, Any]:
    return gdb.json("mm memblock --json")


@at(FREE_ALL, HANDED_OVER)
def buddy(gdb: Gdb) -> dict[str, Any]:
    return gdb.json("mm buddy --blocks --json")


@at(HANDED_OVER)
def zones(gdb: Gdb) -> dict[str, Any]:
    return gdb.json("mm zones --json")


@at(HANDED_OVER)
def pages(gdb: Gdb) -> list[dict[str, Any]]:
    """mm page of each reserved region's first page."""
    return [gdb.json(f"mm page phys:{region['base']:#x} --json")
            for region in gdb.json("mm memblock --json")["reserved"]]


def ranges(regions: list[dict[str, int]]) -> list[Range]:
    """base and size as [start, end)."""
    return [(r["base"], r["base"] + r["size"]) for r in regions]


def pages_in(memory: list[Range], page_bytes: int) -> list[Range]:
    """The whole pages of byte ranges, as pfn ranges."""
    whole = [(-(-start // page_bytes), end // page_bytes)
             for start, end in memory]
    return [(start, end) for start, end in whole if start < end]


def free_pages(boot: Boot) -> list[Range]:
    """What memblock hands over, as pfn ranges."""
    state = boot[memblock, FREE_ALL]
    return pages_in(console.subtract(ranges(state["memory"]),
                                     ranges(state["reserved"])),
                    console.page_bytes(boot.console))


def filled_later(boot: Boot) -> set[tuple[int, str]]:
    """The zones whose struct pages are deferred: the last of their node."""
    last = {zone.node: zone.name for zone in console.zoneinfo(boot.console)
            if zone.spanned}
    return {(node, last[node])
            for node in console.deferred_nodes(boot.console)}


def test_info_answers_at_every_stop(boot: Boot, kernel: Kernel) -> None:
    release = re.search(r"Linux version (\S+)",
                        console.section(boot.console, "/proc/version"))[1]
    stages = {}
    for (look, stop), answer in boot.found.items():
        if look is info:
            target = boot[info, stop]["target"]
            assert (target["kind"], target["arch"]) \
                == ("linux", ARCH[kernel.arch]), stop
            stages[stop] = target["stage"]
            if stop not in (RESET, DECOMPRESSOR):
                assert target["release"] == release, stop
    assert stages[START_KERNEL] == "early"
    assert stages[MM_INIT] == stages[FREE_ALL] == "zones"
    assert stages[HANDED_OVER] == "buddy"
    assert stages[SLAB_UP] == "slab"
    assert stages[READY] == "booted"


def test_layout_answers_before_the_first_instruction(boot: Boot) -> None:
    assert boot[layout]["problems"] == []


def test_memblock_equals_what_memblock_debug_logged(boot: Boot) -> None:
    for stop in (MM_INIT, FREE_ALL):
        log, state = boot.logs[stop], boot[memblock, stop]
        # What x86 trims off its memory is not taken off memblock's total:
        # the kernel's own log has the same wrong sum.
        assert all(p["id"] == "MEMBLOCK-3"
                   and f"memory size = {p['actual']:#018x} " in log
                   for p in state["problems"]), state["problems"]
        reserved = console.union(ranges(state["reserved"]))
        memory = console.union(ranges(state["memory"]))
        truth = console.logged(log)
        if truth:
            assert memory == truth.memory, stop
            assert reserved == truth.reserved, stop
        else:       # it logged more than its buffer holds: what is left of it
            tail = console.Logged([], [])
            tail.apply(log)
            assert tail.reserved
            assert console.subtract(tail.reserved, reserved) == [], stop


def test_memblock_equals_debugfs_region_for_region(boot: Boot) -> None:
    if "mmscope: BEGIN /sys/kernel/debug/memblock/" not in boot.console:
        # This kernel discards memblock. Then nothing is there to be printed.
        assert boot[info, READY]["target"]["arch"] == "x86_64"
        return
    # The hand-over gives nodes to reserved regions, and merges them then.
    for which in ("memory", "reserved"):
        before, after = (console.union(ranges(boot[memblock, stop][which]))
                         for stop in (FREE_ALL, HANDED_OVER))
        assert before == after
    later = console.Logged(*(ranges(boot[memblock, HANDED_OVER][which])
                             for which in ("memory", "reserved")))
    after = boot.console[boot.console.index(SLAB_IS_UP):]
    # union() would merge regions that memblock keeps apart: only take away.
    assert "memblock_reserve: [" not in after
    later.apply(after)
    # From 7.2 on the pages of the initrd and of the init section leave it too,
    # and no line of memblock's says so.
    printed = console.debugfs_regions(boot.console, "reserved")
    gone = console.subtract(later.reserved, printed)
    page_kb = console.page_bytes(boot.console) // 1024
    freed_kb = [int(kb) for kb in
                re.findall(r"\] Freeing .* memory: (\d+)K", after)]
    for start, end in gone:
        freed_kb.remove((end - start) // (page_kb * 1024) * page_kb)
    later.reserved = console.subtract(later.reserved, gone)
    assert later.memory == console.debugfs_regions(boot.console, "memory")
    assert later.reserved == printed


def test_memory_is_what_iomem_calls_system_ram(boot: Boot) -> None:
    page_bytes = console.page_bytes(boot.console)
    memory = console.union(pages_in(ranges(boot[memblock, FREE_ALL]["memory"]),
                                    page_bytes))
    ram = console.union(pages_in(console.system_ram(boot.console),
                                 page_bytes))
    # What firmware keeps of it (no-map) is not called so.
    assert console.subtract(memory, ram) == []


def test_free_is_memory_without_reserved(boot: Boot) -> None:
    for stop in (MM_INIT, FREE_ALL):
        state = boot[memblock, stop]
        assert [(r["start"], r["end"]) for r in state["free"]] \
            == console.subtract(console.union(ranges(state["memory"])),
                                ranges(state["reserved"]))


def test_the_cma_pool_is_reserved(boot: Boot, kernel: Kernel) -> None:
    pool = cma_pool(boot.console)
    if not pool:
        assert all(not zone["cma_pages"] for zone in boot[zones]["zones"])
        return
    regions = boot[memblock, FREE_ALL]["reserved"]
    span = (pool.base_phys, pool.base_phys + pool.size_bytes)
    assert console.subtract([span], ranges(regions)) == []
    if kernel.name == ARTICLE:
        assert (pool.base_phys, pool.size_bytes) == ARTICLE_POOL
        assert (regions[-1]["base"], regions[-1]["size"]) == ARTICLE_POOL


def test_buddy_lists_are_empty_before_the_handover(boot: Boot) -> None:
    assert boot[buddy, FREE_ALL]["blocks"] == []
    assert boot[buddy, FREE_ALL]["problems"] == []


def test_blocks_after_mem_init_are_the_canonical_ones(boot: Boot) -> None:
    found = boot[buddy, HANDED_OVER]
    assert found["problems"] == []
    later = filled_later(boot)
    expected, free = set(), free_pages(boot)
    for zone in console.zoneinfo(boot.console):
        span = (zone.start_pfn, zone.start_pfn + zone.spanned)
        inside = [(max(start, span[0]), min(end, span[1]))
                  for start, end in free]
        expected |= {(zone.node, zone.name, pfn, order) for pfn, order in
                     console.canonical_blocks(
                         [c for c in inside if c[0] < c[1]], found["orders"])}
    blocks = [(b["node"], b["zone"], b["pfn"], b["order"])
              for b in found["blocks"]]
    assert len(blocks) == len(set(blocks))
    # Of a zone that is filled later some is there: enough to boot with.
    assert {b for b in blocks if b[:2] not in later} \
        == {b for b in expected if b[:2] not in later}
    assert console.subtract([(pfn, pfn + (1 << order))
                             for _, _, pfn, order in blocks], free) == []


def test_pages_that_are_reserved_carry_the_flag(boot: Boot) -> None:
    memory = ranges(boot[memblock, FREE_ALL]["memory"])
    for page in boot[pages]:
        # x86 reserves its first page, which is no memory.
        is_memory = console.subtract([(page["phys"], page["phys"] + 1)],
                                     memory) == []
        assert page["kind"] == ("reserved" if is_memory else "hole")
        assert "reserved" in page["flag_names"]


def test_managed_pages_are_the_pages_handed_over(boot: Boot,
                                                 kernel: Kernel) -> None:
    later = filled_later(boot)
    handed = {(zone["node"], zone["name"]): 0
              for zone in boot[zones]["zones"]}
    for block in boot[buddy, HANDED_OVER]["blocks"]:
        handed[block["node"], block["zone"]] += 1 << block["order"]
    managed = {(zone["node"], zone["name"]): zone["managed_pages"]
               for zone in boot[zones]["zones"]}
    assert {zone: count for zone, count in managed.items()
            if zone not in later} \
        == {zone: count for zone, count in handed.items()
            if zone not in later}
    # The total counts what is filled later from the start.
    total = boot[zones]["totalram_pages"]
    assert total == sum(end - start for start, end in free_pages(boot))
    if not later:
        assert total == sum(handed.values())
    # Not what is called available: 6.12 prints it when some is allocated,
    # and when some of the kernel's own is free already.
    line = re.search(r"\] Memory: \d+K/(\d+)K available \(.*, (\d+)K reserved,"
                     r" (\d+)K cma-reserved", boot.console)
    present_kb, reserved_kb, cma_kb = map(int, line.groups())
    freed_kb = map(int, re.findall(r"\] Freeing .* memory: (\d+)K",
                                   boot.console[:line.start()]))
    assert total * console.page_bytes(boot.console) \
        == (present_kb - reserved_kb - cma_kb - sum(freed_kb)) * 1024
    if kernel.name == ARTICLE:
        assert managed[0, "HighMem"] == ARTICLE_HIGHMEM_MANAGED
