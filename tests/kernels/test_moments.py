# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command at every moment of the boot: an answer, or one clear line."""
from __future__ import annotations

from typing import Any

import pytest

from boot_stops import (DECOMPRESSOR, FREE_ALL, HANDED_OVER, MM_INIT, READY,
                        RESET, SLAB_UP, START_KERNEL, STOPS, Boot, at)
from harness.gdbmi import Gdb, GdbError
from lab_guest import Kernel, LabGuest

STAGES = {RESET: ("reset",), DECOMPRESSOR: ("reset",),
          START_KERNEL: ("early",), MM_INIT: ("memblock", "zones"),
          FREE_ALL: ("zones",), HANDED_OVER: ("buddy",), SLAB_UP: ("slab",),
          READY: ("booted",)}
# With arguments where a command needs them.
COMMANDS = ("info", "memblock", "zones", "buddy", "buddyinfo", "pcp",
            "zoneinfo", "pagetypeinfo", "page &init_task",
            "page phys:0x41000000", "pgtable &init_task", "pgtable $pc",
            "layout page", "stats")
NEEDS_ZONES = ("zones", "buddy", "buddyinfo", "page &init_task")


@at(*STOPS)
def answers(gdb: Gdb) -> dict[str, Any]:
    """What each command says: its document, or GDB's message."""
    found: dict[str, Any] = {}
    for command in COMMANDS:
        try:
            found[command] = gdb.json(f"mm {command} --json")
        except GdbError as error:
            found[command] = str(error)
            assert "Traceback" not in error.messages
    return found


def held(boot: Boot, stop: str) -> dict[str, Any]:
    """The answers at a stop."""
    if stop == DECOMPRESSOR and not boot.reached(stop):
        return {}       # arm64's image has none
    return boot[answers, stop]


@pytest.mark.parametrize("stop", STOPS)
def test_each_command_answers_or_says_why_in_one_line(boot: Boot,
                                                      stop: str) -> None:
    for command, answer in held(boot, stop).items():
        if isinstance(answer, str):
            assert "\n" not in answer.strip(), command
            assert "internal error" not in answer, command
            assert answer.startswith(f"mm {command.split()[0]}: ")
        else:
            assert answer["problems"] == [], command


@pytest.mark.parametrize("stop", STOPS)
def test_info_knows_the_stage(boot: Boot, stop: str) -> None:
    found = held(boot, stop)
    if found:
        assert found["info"]["stage"] in STAGES[stop]
        assert found["info"]["target"]["kind"] == "linux"


@pytest.mark.parametrize("stop", STOPS)
def test_what_needs_zones_waits_for_them(boot: Boot, stop: str) -> None:
    found = held(boot, stop)
    early = bool(found) and found["info"]["stage"] in ("reset", "early",
                                                       "memblock")
    for command in NEEDS_ZONES if found else ():
        assert isinstance(found[command], str) == early


def test_nothing_is_claimed_before_the_kernel_has_it(boot: Boot) -> None:
    for stop in (RESET, START_KERNEL):
        info = boot[answers, stop]["info"]
        assert info["lowmem_end"] is None and info["zones"] == []
        assert not info["nodes"] or info["memory_model"] == "FLATMEM"


def test_the_machine_is_described(boot: Boot, kernel: Kernel) -> None:
    info = boot[answers, READY]["info"]
    assert info["mmu"] is True and info["kaslr_offset"] == 0
    assert info["memory_model"] == (
        "FLATMEM" if kernel.arch == "armhf" else "SPARSEMEM_VMEMMAP")
    assert info["page_size"] == (16384 if "16k" in kernel.name else 4096)
    assert info["va_bits"] == (32 if kernel.arch == "armhf" else
                               52 if "16k" in kernel.name else 48)


def test_discarded_memblock_is_said(boot: Boot, kernel: Kernel) -> None:
    answer = boot[answers, READY]["memblock"]
    if isinstance(answer, str):
        assert "discarded" in answer and kernel.arch == "amd64"
    else:
        assert answer["memory"]


def test_in_user_space_the_answers_are_the_same(booted_guest: LabGuest,
                                                kernel: Kernel) -> None:
    with booted_guest.held_in_user_space() as gdb:
        found = answers(gdb)
        gdb.run("set mm-transport stub")
        try:
            unmapped = answers(gdb)
        finally:
            gdb.run("set mm-transport auto")
    assert found["info"]["stage"] == "booted"
    assert found["zones"]["totalram_pages"]
    for command in NEEDS_ZONES:     # through the stub: right, or one line
        if isinstance(unmapped[command], str):
            assert "user space" in unmapped[command]
        else:
            assert unmapped[command]["problems"] == []
