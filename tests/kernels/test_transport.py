# SPDX-License-Identifier: GPL-2.0-or-later
"""Each way to a real kernel's memory gives the same answers at one stop.

Through the stub, through its physical reads, and out of QEMU's memory on this
machine: with the page tables of every stage of the boot, in the kernel and in
user space, where the stub may have no kernel mapped at all.
"""
from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pytest

from boot_stops import (DECOMPRESSOR, HANDED_OVER, MM_INIT, READY, RESET,
                        START_KERNEL, Boot, at)
from harness.gdbmi import Gdb, GdbError
from lab_guest import LabGuest

STUB = "remote stub"
NAMES = {"stub": STUB, "physical": "remote stub, physical",
         "host": "QEMU's RAM file", "auto": "QEMU's RAM file"}
MAPPED = (START_KERNEL, MM_INIT, HANDED_OVER, READY)
LINE_BYTES = 2048               # of memory, in an answer of this stub
FEW_REQUESTS = 400
HOST_REQUESTS = 40              # what is looked up before the way is known
OTHER_REQUESTS = 60             # zones, sections, what is around the lists
INTERRUPT_SECONDS = 0.5
BLOCKS = "mm buddy --blocks --json"


def by_each_way(gdb: Gdb, command: str,
                modes: tuple[str, ...] = tuple(NAMES)) -> dict[str, Any]:
    """A command's document by each way, with what it cost."""
    found = {}
    try:
        for mode in modes:
            gdb.run(f"set mm-transport {mode}")
            document = gdb.json(command)
            found[mode] = (document, document["target"].pop("transport"),
                           gdb.json("mm stats --json")["last"]["cost"])
    finally:
        gdb.run("set mm-transport auto")
    return found


def physical_mode(gdb: Gdb) -> str:
    """"0" when the stub reads virtual addresses."""
    return gdb.run("maintenance packet qqemu.PhyMemMode").split(
        'received: "')[1][0]


@at(*MAPPED)
def memblock(gdb: Gdb) -> dict[str, Any]:
    """At each stop with page tables, early ones and the final ones."""
    return by_each_way(gdb, "mm zones --json" if stage(gdb) else
                       "mm info --json")


def stage(gdb: Gdb) -> bool:
    """Whether there are zones to show."""
    return gdb.json("mm info --json")["stage"] not in ("early", "memblock")


@at(RESET, DECOMPRESSOR)
def before(gdb: Gdb) -> dict[str, Any]:
    """The MMU is off, or maps something else."""
    return by_each_way(gdb, "mm info --json")


@pytest.mark.parametrize("stop", MAPPED)
def test_each_stage_of_the_boot_is_the_same_by_each_way(
        boot: Boot, stop: str) -> None:
    found = boot[memblock, stop]
    assert {mode: name for mode, (_, name, _) in found.items()} == NAMES
    documents = [document for document, _, _ in found.values()]
    for document in documents:
        for key in ("transport", "transport_detail", "transport_notes"):
            document.pop(key, None)
    assert all(document == documents[0] for document in documents)


@pytest.mark.parametrize("stop", [RESET, DECOMPRESSOR])
def test_without_the_kernels_page_tables_it_is_the_stub(
        boot: Boot, stop: str) -> None:
    if boot.reached(stop):
        for document, name, _ in boot[before, stop].values():
            assert (name, document["stage"]) == (STUB, "reset")


@pytest.fixture(scope="session")
def held(booted_guest: LabGuest) -> dict[str, Any]:
    """Every free block by each way, while the kernel stands still."""
    with booted_guest.held_in("frag_show") as gdb:
        found = by_each_way(gdb, BLOCKS)
        found["size"] = gdb.number("sizeof(struct page)")
        found["info"] = gdb.json("mm info --json")
        found["mode"] = physical_mode(gdb)
        return found


def test_every_free_block_is_the_same_by_each_way(
        held: dict[str, Any]) -> None:
    expected = held["stub"][0]
    assert len(expected["blocks"]) > 3000 and expected["problems"] == []
    for mode, name in NAMES.items():
        document, used, _ = held[mode]
        assert used == name and document == expected
    assert held["mode"] == "0"


def test_host_memory_is_used_without_being_asked_and_asks_the_stub_little(
        held: dict[str, Any], booted_guest: LabGuest) -> None:
    _, _, cost = held["auto"]
    assert cost["requests"] < HOST_REQUESTS < FEW_REQUESTS
    assert cost["host_reads"] > len(held["stub"][0]["blocks"])
    detail = held["info"]["transport_detail"]
    assert str(booted_guest.run["pid"]) in detail
    assert booted_guest.run["ram"] in detail


def test_the_stub_is_asked_once_for_each_line_that_has_a_free_block(
        held: dict[str, Any]) -> None:
    document, _, cost = held["stub"]
    lines = {addr // LINE_BYTES for block in document["blocks"] for addr in
             (block["page"], block["page"] + held["size"] - 1)}
    assert cost["requests"] <= len(lines) + OTHER_REQUESTS
    assert cost["host_reads"] == 0


def test_a_cpu_in_user_space_does_not_matter(booted_guest: LabGuest) -> None:
    with booted_guest.held_in_user_space() as gdb:
        found = by_each_way(gdb, BLOCKS, ("host", "physical", "auto"))
        info = gdb.json("mm info --json")
        mode = physical_mode(gdb)
        try:
            gdb.run("set mm-transport stub")
            gdb.run("mm zones")
        except GdbError as error:
            assert str(error).startswith("mm zones: ")
            assert "\n" not in str(error)
        finally:
            gdb.run("set mm-transport auto")
    assert info["stage"] == "booted" and mode == "0"
    for way, (document, name, _) in found.items():
        assert name == NAMES[way] and document == found["host"][0]
        assert document["problems"] == []


@pytest.mark.parametrize("way", ["stub", "physical", "host"])
def test_interrupt_ends_a_command_and_leaves_the_stub(
        booted_guest: LabGuest, way: str) -> None:
    with booted_guest.held_in("frag_show") as gdb:
        expected = gdb.json(BLOCKS)["blocks"]
        gdb.run(f"set mm-transport {way}")
        try:
            ended = [interrupted(gdb, command, after)
                     for command in (BLOCKS, "mm layout")
                     for after in (0.02, 0.06, 0.15)]
            assert physical_mode(gdb) == "0"
            assert gdb.json(BLOCKS)["blocks"] == expected
        finally:
            gdb.run("set mm-transport auto")
    assert all(seconds is None or seconds < INTERRUPT_SECONDS
               for seconds in ended)
    assert any(seconds is not None for seconds in ended)


def interrupted(gdb: Gdb, command: str, after: float) -> float | None:
    """Press ^C; seconds until the command ended; None: it was too quick."""
    gdb.run("mm stats --flush")
    pressed = []

    def press() -> None:
        pressed.append(time.monotonic())
        os.kill(gdb.pid, signal.SIGINT)
    timer = threading.Timer(after, press)
    timer.start()
    try:
        gdb.run(command)
    except GdbError as error:
        assert "interrupted" in str(error) + error.messages
        return time.monotonic() - pressed[0]
    finally:
        timer.cancel()
    return None
