# SPDX-License-Identifier: GPL-2.0-or-later
"""Per-CPU memory: what the kernel counts, points to and hands out."""
from __future__ import annotations

import re
from typing import Any

import pytest

import console
from harness.gdbmi import Gdb, GdbError
from lab_guest import FINISH_LIMIT_SECONDS, LabGuest

ALLOCATORS = ("pcpu_alloc_noprof", "pcpu_alloc")
SIZE, ALIGN, GFP_ATOMIC = 40, 16, 0     # not GFP_KERNEL: it must not sleep
ARGUMENTS = {"armhf": ("$r0", "$r1", "$r2", "$r3"),
             "arm64": ("$x0", "$x1", "$x2", "$x3"),
             "amd64": ("$rdi", "$rsi", "$rdx", "$rcx")}
RESULT = {"armhf": "$r0", "arm64": "$x0", "amd64": "$rax"}
KEPT = {"armhf": ("$r12", "$lr", "$sp", "$cpsr"),
        "arm64": tuple(f"$x{n}" for n in range(4, 19)) + ("$x30", "$sp"),
        "amd64": ("$r8", "$r9", "$r10", "$r11", "$rax", "$rsp")}
CACHES = 40


@pytest.fixture(scope="module")
def report(booted_guest: LabGuest) -> dict[str, Any]:
    """mm percpu where nobody allocates."""
    with booted_guest.held_in("frag_show") as gdb:
        return gdb.json("mm percpu --json")


def word(gdb: Gdb, expression: str) -> int:
    """An unsigned long."""
    return gdb.number(f"(unsigned long)({expression})") % 2 ** (
        8 * gdb.number("sizeof(long)"))


def put(gdb: Gdb, register: str, value: int) -> None:
    """Set a register, and stay at the newest frame.

    GDB selects the frame that has the function and the stack address of the
    one before. When the stack pointer was set this can be an outer one: where
    an earlier call of the function stood, by what it left below. To set $pc
    there writes to that stack, and the CPU goes on where it was.
    """
    gdb.run(f"set var {register} = {value}")
    gdb.run("frame 0")


def call(guest: LabGuest, gdb: Gdb, function: str, *args: int) -> int:
    """Let the kernel call one of its functions here, at another's entry.

    It returns to where GDB stands, at whose breakpoint it stops again; then
    the registers are what they were.
    """
    arch = guest.kernel.arch
    names = ARGUMENTS[arch]
    kept = {name: word(gdb, name) for name in names + KEPT[arch]}
    here = word(gdb, "$pc")
    for name, value in zip(names, args):
        put(gdb, name, value)
    if arch == "amd64":
        # Called, the stack is 8 off a multiple of 16.
        stack = (kept["$rsp"] & ~15) - 264
        put(gdb, "$rsp", stack)
        gdb.run(f"set var *(unsigned long *){stack} = {here}")
    else:
        put(gdb, "$lr" if arch == "armhf" else "$x30", here)
    put(gdb, "$pc", word(gdb, "&" + function))
    gdb.run("set scheduler-locking on")
    try:
        guest.go(FINISH_LIMIT_SECONDS)
    finally:
        gdb.run("set scheduler-locking off")
    assert word(gdb, "$pc") == here
    result = word(gdb, RESULT[arch])
    for name, value in kept.items():
        put(gdb, name, value)
    return result


def test_chunks_are_sound(report: dict[str, Any]) -> None:
    assert report["problems"] == []
    assert sum(len(chunk["areas"]) for chunk in report["chunks"]) > 100


def test_the_pages_are_those_of_meminfo(booted_guest: LabGuest,
                                        report: dict[str, Any]) -> None:
    text = console.section(booted_guest.console(), "/proc/meminfo")
    kib = int(re.search(r"^Percpu: +(\d+) kB", text, re.MULTILINE)[1])
    assert report["total_pages"] * report["page_bytes"] == kib << 10
    first = report["static_size"] + report["reserved_size"] \
        + report["dyn_size"]
    pages = first // report["page_bytes"] + sum(
        chunk["nr_populated"] for chunk in report["chunks"]
        if chunk["kind"] == "dynamic")
    assert pages == report["nr_populated"]


def test_every_cpu_has_its_copy_of_a_static_variable(
        booted_guest: LabGuest) -> None:
    with booted_guest.held_in("frag_show") as gdb:
        place = gdb.json("mm percpu runqueues --json")
        cpus = [gdb.number(f"((struct rq *){copy['base_addr']})->cpu")
                for copy in place["copies"]]
    assert (place["kind"], place["symbol"]) == ("static", "runqueues")
    assert cpus and cpus == [copy["cpu"] for copy in place["copies"]]


def test_what_caches_point_to_is_an_allocation(
        booted_guest: LabGuest) -> None:
    with booted_guest.held_in("frag_show") as gdb:
        least, pointers = of_caches(gdb)
        places = [gdb.json(f"mm percpu {pointer} --json")
                  for pointer in pointers]
        report = gdb.json("mm percpu --json")
        wrap = 2 ** (8 * gdb.number("sizeof(long)"))
    areas = {chunk["base_addr"] + area["offset"] for chunk in
             report["chunks"] for area in chunk["areas"]}
    assert len(pointers) > 10
    for pointer, place in zip(pointers, places):
        assert place["used"] and place["pointer"] == pointer
        assert least <= place["size"] < least + 64
        at = pointer - report["start"] + report["base_addr"]
        assert at % wrap in areas


def of_caches(gdb: Gdb) -> tuple[int, list[int]]:
    """The per-CPU pointers of slab caches, and the size of what is there."""
    member, size = "cpu_slab", "sizeof(struct kmem_cache_cpu)"
    try:
        least = gdb.number(size)
    except GdbError:        # from 7.0
        member = "cpu_sheaves"
        least = gdb.number("sizeof(struct slub_percpu_sheaves)")
    head = word(gdb, "&slab_caches")
    link = gdb.number("(unsigned long)&((struct kmem_cache *)0)->list")
    node, pointers = word(gdb, "slab_caches.next"), []
    while node != head and len(pointers) < CACHES:
        pointers.append(word(
            gdb, f"((struct kmem_cache *){node - link})->{member}"))
        node = word(gdb, f"((struct list_head *){node})->next")
    return least, [pointer for pointer in pointers if pointer]


def test_what_is_allocated_was_free_and_is_in_use(
        booted_guest: LabGuest) -> None:
    with booted_guest.held_in("frag_show") as gdb:
        before = gdb.json("mm percpu --json")
        pointer = call(booted_guest, gdb, booted_guest.first_of(ALLOCATORS),
                       SIZE, ALIGN, 0, GFP_ATOMIC)
        assert pointer
        after = gdb.json("mm percpu --json")
        place = gdb.json(f"mm percpu {pointer} --json")
        copies = [word(gdb, f"(unsigned long){copy['base_addr']}")
                  for copy in place["copies"]]
        call(booted_guest, gdb, "free_percpu", pointer)
        end = gdb.json("mm percpu --json")
    assert after["problems"] == end["problems"] == []
    assert place["used"] and place["size"] == SIZE
    assert place["pointer"] == pointer and len(copies) >= 1
    # An interrupt may free what waited for it: no more is said of others.
    area = place["chunk"], place["offset"], SIZE
    assert [area in areas_of(look) for look in (before, after, end)] \
        == [False, True, False]


def areas_of(report: dict[str, Any]) -> set[tuple[int, int, int]]:
    """Every allocation: its chunk, offset and size."""
    return {(chunk["chunk"], area["offset"], area["size"])
            for chunk in report["chunks"] for area in chunk["areas"]}
