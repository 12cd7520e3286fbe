# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check of what SLUB, vmalloc, per-CPU memory and page tables of a real
kernel have: nothing is wrong with them, and what is made wrong is named.

A word is written, all is checked, the word is put back: the kernel never runs
with it.
"""
from __future__ import annotations

import contextlib
import time
from typing import Any, Callable, Iterator

import pytest

from boot_stops import FREE_ALL, HANDED_OVER, READY, SLAB_UP, Boot, at
from harness.gdbmi import Gdb, GdbError
from lab_guest import Kernel, LabGuest

OURS = ("SLUB-", "SHEAF-", "VMALLOC-", "VMAP-", "PERCPU-", "PGTABLE-",
        "KMAP-", "LIST-", "RB-", "TREE-")
RANDOM_STOPS = 10
RUN_SECONDS = 0.37
INSIDE = {"free": ("__slab_free",), "new": ("allocate_slab", "new_slab"),
          "vmalloc": ("free_vmap_area_noflush", "__vunmap")}
FREE_TO_SHEAF = ("kmem_cache_free",)    # with sheaves, __slab_free is rare
CACHES = 3          # so many are tried
STEPS = (1, 3, 9, 27, 81, 243)


@at(FREE_ALL, HANDED_OVER, SLAB_UP, READY)
def checked(gdb: Gdb) -> dict[str, Any]:
    """The whole report."""
    return gdb.json("mm check --json")


def problems(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What is wrong by our IDs."""
    return [each for each in report["problems"]
            if each["id"].startswith(OURS)]


@pytest.mark.parametrize("stop", [FREE_ALL, HANDED_OVER, SLAB_UP, READY])
def test_a_clean_boot_has_no_problem(boot: Boot, stop: str) -> None:
    assert problems(boot[checked, stop]) == []


def test_what_the_kernel_has_is_looked_at(boot: Boot,
                                          kernel: Kernel) -> None:
    rows = {each["id"]: each for each in boot[checked, READY]["checks"]}
    for id_ in ("SLUB-1", "SLUB-3", "SLUB-5", "SLUB-9", "SLUB-10", "SLUB-11",
                "SLUB-12", "SLUB-13", "VMALLOC-1", "VMALLOC-3", "VMALLOC-4",
                "VMALLOC-5", "VMAP-1", "VMAP-4", "PERCPU-3", "PERCPU-8",
                "PGTABLE-1", "PGTABLE-3"):
        assert rows[id_]["status"] == "ok", rows[id_]
    short = kernel.arch == "armhf" and "lpae" not in kernel.name
    assert rows["PGTABLE-2"]["status"] == ("skipped" if short else "ok")


def test_no_problem_wherever_it_stops(booted_guest: LabGuest) -> None:
    for _ in range(RANDOM_STOPS):
        with booted_guest.running():
            time.sleep(RUN_SECONDS)
        assert problems(checked(booted_guest.gdb)) == []


@pytest.mark.parametrize("change", INSIDE)
def test_in_the_middle_of_a_change_nothing_is_called_broken(
        boot: Boot, booted_guest: LabGuest, change: str) -> None:
    functions = INSIDE[change]
    if change == "free" and any(
            each["id"] == "SHEAF-1" and each["status"] == "ok"
            for each in boot[checked, READY]["checks"]):
        functions = FREE_TO_SHEAF
    with booted_guest.held_in(*functions) as gdb:
        gdb.run("delete")
        for steps in STEPS:
            assert problems(checked(gdb)) == []
            gdb.go(f"stepi {steps}")


# --- what is made wrong --------------------------------------------------------

class Words:
    """Words of target memory, written and put back."""

    def __init__(self, gdb: Gdb) -> None:
        self.gdb = gdb
        self.word = gdb.number("sizeof(long)")

    def read(self, addr: int, size: int) -> int:
        """An unsigned number."""
        kind = {1: "char", 2: "short", 4: "int", 8: "long"}[size]
        return self.gdb.number(f"*(unsigned {kind} *){addr}")

    def write(self, addr: int, size: int, value: int) -> None:
        """The same."""
        kind = {1: "char", 2: "short", 4: "int", 8: "long"}[size]
        self.gdb.run(f"set var *(unsigned {kind} *){addr} = "
                     f"{value & (1 << size * 8) - 1}")

    @contextlib.contextmanager
    def changed(self, addr: int, size: int, value: int) -> Iterator[None]:
        """Written inside."""
        old = self.read(addr, size)
        self.write(addr, size, value)
        try:
            yield
        finally:
            self.write(addr, size, old)

    def member(self, tag: str, addr: int, *paths: str) -> tuple[int, int]:
        """Address and size of the first member that there is."""
        for path in paths:
            with contextlib.suppress(GdbError):
                at_ = f"((struct {tag} *){addr})->{path}"
                return (self.gdb.number(f"(unsigned long)&{at_}"),
                        self.gdb.number(f"sizeof({at_})"))
        raise AssertionError(f"struct {tag} has none of {paths}")


@pytest.fixture(scope="module")
def words(booted_guest: LabGuest) -> Iterator[Words]:
    """At a stop in the kernel where nothing is changed."""
    for _ in range(RANDOM_STOPS):
        with booted_guest.held_in("frag_show") as gdb:
            if not checked(gdb)["inside"]:
                yield Words(gdb)
                return
    raise AssertionError(f"always inside: {checked(booted_guest.gdb)}")


@pytest.fixture(scope="module")
def cache(words: Words) -> dict[str, Any]:
    """A cache with a slab on a node's list that has two free objects."""
    for row in words.gdb.json("mm slab --json")["caches"]:
        if row["nr_partial"]:
            found = words.gdb.json(f"mm slab {row['name']} --json")["cache"]
            for slab in found["slabs"]:
                if slab["where"] == "partial" and len(slab["free"]) > 1:
                    return {**found, "slab": slab}
    raise AssertionError("no cache has such a slab")


def named(words: Words) -> set[str]:
    """IDs of ours that are broken; every problem is a full one."""
    report = checked(words.gdb)
    found = problems(report)
    assert all(each["text"] and each["cause"] for each in found)
    assert words.gdb.run("mm check").isascii()
    return {each["id"] for each in found}


def slab_tag(words: Words) -> str:
    """The struct with a slab's members."""
    try:
        words.gdb.number("sizeof(((struct slab *)0)->freelist)")
        return "slab"
    except GdbError:
        return "page"


Place = Callable[[Words, dict[str, Any]], tuple[int, int, int]]


def slab_member(value: Callable[[int], int], *paths: str) -> Place:
    """A member of the slab."""
    def find(words: Words, cache: dict[str, Any]) -> tuple[int, int, int]:
        place, size = words.member(slab_tag(words), cache["slab"]["addr"],
                                   *paths)
        return place, size, value(words.read(place, size))
    return find


def cache_member(value: Callable[[int], int], *paths: str) -> Place:
    """A member of the cache."""
    def find(words: Words, cache: dict[str, Any]) -> tuple[int, int, int]:
        place, size = words.member("kmem_cache", cache["cache"]["addr"],
                                   *paths)
        return place, size, value(words.read(place, size))
    return find


def node_member(value: Callable[[int], int], *paths: str) -> Place:
    """A member of the cache's node."""
    def find(words: Words, cache: dict[str, Any]) -> tuple[int, int, int]:
        node = next(each for each in cache["nodes"]
                    if each["node"] == cache["slab"]["node"])
        place, size = words.member("kmem_cache_node", node["addr"], *paths)
        return place, size, value(words.read(place, size))
    return find


def free_pointer(value: Callable[[int], int]) -> Place:
    """What the first free object has for the second, as it is stored."""
    def find(words: Words, cache: dict[str, Any]) -> tuple[int, int, int]:
        place = cache["slab"]["free"][0] + cache["cache"]["offset"]
        return place, words.word, value(words.read(place, words.word))
    return find


@pytest.mark.parametrize("place, ids", [
    (free_pointer(lambda old: old ^ 1), {"SLUB-1"}),
    (free_pointer(lambda old: old ^ 1 << 30), {"SLUB-1"}),
    (slab_member(lambda old: old ^ 1, "freelist"), {"SLUB-1"}),
    (slab_member(lambda old: 0, "freelist"), {"SLUB-3"}),
    (slab_member(lambda old: old ^ 1, "counters"), {"SLUB-3"}),
    (slab_member(lambda old: old + 8, "slab_cache"), {"SLUB-5"}),
    (slab_member(lambda old: 0, "slab_list.next", "lru.next"), {"LIST-1"}),
    (slab_member(lambda old: old + 3, "slab_list.next", "lru.next"),
     {"LIST-1"}),
    (slab_member(lambda old: old + 8, "slab_list.prev", "lru.prev"),
     {"LIST-3"}),
    (node_member(lambda old: old + 1, "nr_partial"), {"SLUB-9"}),
    (node_member(lambda old: old + 1, "nr_slabs.counter"), {"SLUB-10"}),
    (cache_member(lambda old: 0, "refcount"), {"SLUB-13"}),
    (cache_member(lambda old: old + (1 << 20), "inuse"), {"SLUB-11"}),
    (cache_member(lambda old: 0, "list.next"), {"LIST-1"}),
    (cache_member(lambda old: 0x123, "name"), {"SLUB-13"}),
], ids=lambda value: "-".join(sorted(value)) if isinstance(value, set)
    else "")
def test_a_slab_that_is_made_wrong_is_named(
        words: Words, cache: dict[str, Any], place: Place,
        ids: set[str]) -> None:
    addr, size, value = place(words, cache)
    with words.changed(addr, size, value):
        assert ids <= named(words)


def test_a_slab_counter_that_is_made_wrong_is_slub_12(words: Words) -> None:
    try:
        item = words.gdb.number("(int)NR_SLAB_RECLAIMABLE_B")
    except GdbError:
        item = words.gdb.number("(int)NR_SLAB_RECLAIMABLE")
    try:
        addr = words.gdb.number(
            f"(unsigned long)&node_data[0]->vm_stat[{item}]")
    except GdbError:
        addr = words.gdb.number(
            f"(unsigned long)&contig_page_data.vm_stat[{item}]")
    with words.changed(addr, words.word, words.read(addr, words.word) + 1):
        assert named(words) == {"SLUB-12"}


@pytest.fixture(scope="module")
def area(words: Words) -> dict[str, Any]:
    """A vmalloc area of some pages."""
    return next(each for each in words.gdb.json("mm vmalloc --json")["areas"]
                if each["kind"] == "vmalloc" and (each["nr_pages"] or 0) > 1)


@pytest.mark.parametrize("member, change, ids", [
    ("addr", lambda old: old + 0x10000, {"VMALLOC-3"}),
    ("size", lambda old: old * 2, {"VMALLOC-3"}),
    ("pages", lambda old: old + 4, {"VMALLOC-4"}),
    ("pages", lambda old: 0x1000, {"VMALLOC-4"}),
    ("nr_pages", lambda old: old - 1, {"VMALLOC-4"}),
    ("nr_pages", lambda old: 0x7fffffff, {"VMALLOC-4"}),
    ("flags", lambda old: 0xffffffff, set()),
    ("caller", lambda old: 3, set()),
    ("phys_addr", lambda old: 3, set()),
])
def test_a_vm_struct_that_is_made_wrong_is_named(
        words: Words, area: dict[str, Any], member: str,
        change: Callable[[int], int], ids: set[str]) -> None:
    addr, size = words.member("vm_struct", area["vm"], member)
    with words.changed(addr, size, change(words.read(addr, size))):
        assert ids <= named(words)


@pytest.mark.parametrize("member, ids", [
    ("va_start", {"VMALLOC-3"}), ("va_end", {"VMALLOC-3"}),
    ("list.next", {"LIST-1"}), ("rb_node.__rb_parent_color", {"RB-1"}),
    ("vm", {"LIST-1"})])
def test_a_vmap_area_that_is_made_wrong_is_named(
        words: Words, area: dict[str, Any], member: str,
        ids: set[str]) -> None:
    addr, size = words.member("vmap_area", area["vmap_area"], member)
    value = words.read(addr, size)
    with words.changed(addr, size, value - 0x1000 if member == "va_start" else
                       value + 0x1000 if member == "va_end" else -0x2000
                       if member == "vm" else value + 0x40
                       if "color" in member else 0):
        assert ids <= named(words)


def queue_head(words: Words) -> int:
    """The queue of vmap blocks of CPU 0."""
    return words.gdb.number(
        "(unsigned long)&((struct vmap_block_queue *)((unsigned long)"
        "&vmap_block_queue + __per_cpu_offset[0]))->free")


@pytest.mark.parametrize("value", [0x3, 0x1000, -8])
def test_a_queue_of_vmap_blocks_that_leads_astray_is_named(
        words: Words, value: int) -> None:
    with words.changed(queue_head(words), words.word, value):
        assert "LIST-1" in named(words)


def test_a_pages_entry_in_a_page_table_that_is_made_wrong_is_vmalloc_4(
        words: Words, area: dict[str, Any]) -> None:
    walk = words.gdb.json(f"mm pgtable {area['start']} --json")["steps"][-1]
    size = 4 if walk["entry"] < 1 << 32 and words.word == 4 else 8
    other = 2 * words.gdb.json("mm info --json")["page_size"]
    for addr in linear(words, walk["entry_phys"]):
        with words.changed(addr, size, walk["entry"] ^ other):
            assert "VMALLOC-4" in named(words)


def linear(words: Words, phys: int) -> list[int]:
    """Where a physical address is in the linear map."""
    found = words.gdb.json(f"mm page phys:{phys} --json")
    return [found["virt"]] if found["virt"] is not None else []


def test_sheaves_that_are_made_wrong_are_named(words: Words) -> None:
    for row in words.gdb.json("mm slab --json")["caches"]:
        found = words.gdb.json(f"mm slab {row['name']} --json")["cache"]
        sheaf = next((each for each in found["sheaves"] if each["objects"]),
                     None)
        if sheaf:
            break
    else:
        assert not found["sheaves"]     # this kernel has none
        return
    addr, size = words.member("slab_sheaf", sheaf["addr"], "size")
    with words.changed(addr, size, 0x7fffffff):
        assert "SHEAF-1" in named(words)
    addr = words.gdb.number("(unsigned long)&((struct slab_sheaf *)"
                            f"{sheaf['addr']})->objects[0]")
    for wrong in (0, 3, words.read(addr, words.word) + 1):
        with words.changed(addr, words.word, wrong):
            assert named(words) == {"SHEAF-2"}


def test_an_object_that_is_free_twice_is_named(words: Words) -> None:
    """In another sheaf of its cache, and on a slab's freelist."""
    tried = 0
    for row in words.gdb.json("mm slab --json")["caches"]:
        found = words.gdb.json(f"mm slab {row['name']} --json")["cache"]
        sheaves = [each for each in found["sheaves"] if each["objects"]]
        free = [addr for slab in found["slabs"] for addr in slab["free"]]
        if len(sheaves) < 2 or not free:
            continue
        addr = words.gdb.number("(unsigned long)&((struct slab_sheaf *)"
                                f"{sheaves[0]['addr']})->objects[0]")
        for again in (sheaves[1]["objects"][0], free[0]):
            with words.changed(addr, words.word, again):
                assert named(words) == {"SHEAF-4"}
        tried += 1
        if tried == CACHES:
            return
    assert tried or not found["sheaves"]


def test_lists_of_cpus_that_are_made_wrong_are_named(words: Words) -> None:
    zone = next(each for each in words.gdb.json("mm pcp --json")["pagesets"]
                if each["count"])
    pfn = next(each["pfns"] for each in zone["lists"] if each["pfns"])[0]
    page = words.gdb.json(f"mm page pfn:{pfn} --json")["page"]
    place, size = words.member("page", page, "pcp_list.next", "lru.next")
    for wrong in (0, 3, place, 0x1000):
        with words.changed(place, size, wrong):
            assert {"LIST-1", "LIST-2"} & named(words)


def test_afterwards_all_is_as_it_was(words: Words) -> None:
    assert named(words) == set()
