# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check on the guest: slabs, vmalloc, page tables, kmap, per-CPU memory; what the guest's own checks name, too."""
import contextlib

import pytest

GFP_KERNEL = 0x24000c0
OURS = ("SLUB-", "SHEAF-", "VMALLOC-", "VMAP-", "PERCPU-", "PGTABLE-", "KMAP-", "LIST-", "RB-", "TREE-")
# What SLUB of 4.9 and short descriptors have no form of.
ABSENT = ("SHEAF-1", "SHEAF-2", "SHEAF-3", "SHEAF-4", "PGTABLE-2")
STOPS = ("mm_init", "mem_init", "kmem_cache_init", "percpu_init_late", "vmalloc_init", "cpu_idle")


def ours(gdb):
    """Status of each of our IDs, and the problems."""
    report = gdb.json("mm check --json")
    return ({each["id"]: each for each in report["checks"] if each["id"].startswith(OURS)},
            [each for each in report["problems"] if each["id"].startswith(OURS)])


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("board", ["article", "virt"], scope="module")
def test_a_clean_boot_has_no_problem_at_any_stop(guests, board, stop):
    guest = guests(board)
    guest.run_to(stop)
    checks, problems = ours(guest.gdb)
    assert problems == []
    for each in checks.values():
        assert each["status"] != "broken" and each["text"]
        if stop == "cpu_idle":
            absent = each["id"] in ABSENT
            assert each["status"] == ("skipped" if absent else "ok"), each


@pytest.fixture(scope="module")
def guests(boot):
    """A guest a board, that goes on from stop to stop."""
    known = {}

    def find(board):
        if board not in known:
            known[board] = boot(board).load()
        return known[board]
    return find


@pytest.fixture(scope="module")
def guest(boot):
    """After the boot, with a cache of which some objects are free, an area of three pages, and a page mapped."""
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    gdb = guest.gdb
    gdb.run("print $cache = kmem_cache_create(kmalloc_caches[7]->name, 100, 0, 0, 0)")
    gdb.run("set var *(char *) $cache->name = 'K'")
    for number in range(100):
        gdb.run(f"print $object = kmem_cache_alloc($cache, {GFP_KERNEL})")
        gdb.run(f"print $given{number} = $object")
    for number in range(0, 100, 3):
        gdb.run(f"print kmem_cache_free($cache, (void *) $given{number})")
    slab = next(each for each in gdb.json("mm slab Kmalloc-128 --full --json")["cache"]["slabs"]
                if each["where"] != "cpu" and each["free"])
    gdb.run(f"print $slab = {slab['addr']}")
    gdb.run("print $area = vmalloc(3 * 4096)")
    gdb.run("print $high = alloc_pages(0x2, 0)")        # of HighMem
    gdb.run("print $mapped = kmap($high)")
    assert ours(gdb)[1] == []
    return guest


@contextlib.contextmanager
def changed(gdb, expression, value):
    """A word that is written to, and put back."""
    old = gdb.number(expression)
    gdb.run(f"set var {expression} = {value}")
    try:
        yield
    finally:
        gdb.run(f"set var {expression} = {old}")


SLAB = "((struct page *) $slab)"      # one that no CPU has, with free objects
CPU = "((struct kmem_cache_cpu *) ((char *) $cache->cpu_slab + __per_cpu_offset[0]))"
VM = "find_vm_area($area)"
PTE = "*(unsigned int *) ((char *) virt_to_kpte((unsigned long) $area + {}) + 2048)"


@pytest.mark.parametrize("expression, value, ids", [
    ("*(unsigned long *) ((char *) $given0 + $cache->offset)", 0x1001, {"SLUB-1"}),
    ("*(unsigned long *) ((char *) $given3 + $cache->offset)", "(unsigned long) $given3", {"SLUB-2"}),
    (f"{SLAB}->counters", f"{SLAB}->counters + 1", {"SLUB-3"}),
    (f"{SLAB}->slab_cache", "(struct kmem_cache *) 0xc0001000", {"SLUB-5"}),
    (f"{CPU}->page", "(struct page *) 0", {"SLUB-6"}),
    (f"{CPU}->tid", f"{CPU}->tid + 1", {"SLUB-8"}),
    ("$cache->node[0]->nr_partial", 77, {"SLUB-9"}),
    ("$cache->node[0]->nr_slabs.counter", 77, {"SLUB-10"}),
    ("$cache->inuse", 4000, {"SLUB-11"}),
    ("contig_page_data.node_zones[0].vm_stat[NR_SLAB_UNRECLAIMABLE].counter", 7, {"SLUB-12"}),
    ("$cache->refcount", 0, {"SLUB-13"}),
    ("vmap_lazy_nr", 100, {"VMALLOC-5"}),
    (f"{VM}->size", 0x2000, {"VMALLOC-3"}),
    (f"{VM}->pages[1]", "(struct page *) 0xc0001000", {"VMALLOC-4"}),
    (PTE.format(0x1000), 0, {"VMALLOC-4"}),
    (PTE.format(0x3000), 0x10000002, {"VMALLOC-4"}),
    ("pkmap_count[((unsigned long) $mapped - 0xbfe00000) / 4096]", 0, {"KMAP-1"}),
    ("page_address_maps[((unsigned long) $mapped - 0xbfe00000) / 4096].page", "(struct page *) 0", {"KMAP-2"}),
    ("swapper_pg_dir[0xe00].pmd", 0x7fffffff & 0xfffffc01, {"PGTABLE-1"}),
])
def test_what_is_broken_is_named_and_goes_away(guest, expression, value, ids):
    gdb = guest.gdb
    with changed(gdb, expression, value):
        checks, problems = ours(gdb)
        assert ids <= {each["id"] for each in problems}, problems
        assert all(each["cause"] for each in problems)
        assert {id_ for id_, each in checks.items() if each["status"] == "broken"} == {
            each["id"] for each in problems}
    assert ours(gdb)[1] == []


def test_a_table_on_a_free_page_is_pgtable_3(guest):
    gdb = guest.gdb
    blocks = gdb.json("mm buddy --order 3 --blocks --json")["blocks"]
    phys = next(each["phys"] for each in blocks if each["virt"])
    with changed(gdb, "swapper_pg_dir[0xe00].pmd", phys | 1):
        assert {each["id"] for each in ours(gdb)[1]} >= {"PGTABLE-3"}
    assert ours(gdb)[1] == []


@pytest.mark.parametrize("function", ["new_slab", "deactivate_slab"])
def test_inside_the_allocator_nothing_is_called_broken(boot, function):
    guest = boot("article").load()
    guest.run_to("kmem_cache_init")
    guest.gdb.run(f"hbreak {function}")
    guest.gdb.go()
    guest.gdb.run("delete")
    for _ in range(12):
        assert ours(guest.gdb)[1] == []
        guest.gdb.go("next")
