# SPDX-License-Identifier: GPL-2.0-or-later
"""mm open on a real kernel: its RAM file and what QEMU dumps of it say what
it said live at the same stop; live, the dump engine maps what Python does.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import pytest

from harness.gdbmi import Gdb, GdbError
from lab_guest import GDB_LIMIT_SECONDS, ROOT, LabGuest, cache_dir

HELD = "frag_show"
COMMANDS = (
    "info", "memblock", "zones", "buddy --blocks", "buddyinfo",
    "pagetypeinfo", "zoneinfo", "slabinfo", "vmallocinfo", "pcp", "account",
    "check", "slab", "vmalloc", "percpu", "map", "pgtable &init_task",
    "pgtable mem_map", "why &init_task", "page pfn:0x41000",
    "why pfn:0x41000")
WAYS = ("transport", "transport_detail", "transport_notes")     # of mm info
BY_REGISTERS = ("mmu", "where")     # of which a RAM file has none
CURRENT = "__import__('sys').modules['mmscope.session.load']._current"
FILES = (f"python print(__import__('json').dumps([(s.start, s.path, s.offset, "
         f"s.end - s.start) for s in {CURRENT}._connection.host().segments]))")


@dataclass(frozen=True)
class Dumped:
    """What was said live, and where the same memory is in files."""
    live: dict[str, Any]
    banks: str                  # for mm open: of the RAM file
    kdump: Path
    thread: str                 # the one that was selected
    plain: str                  # what GDB printed itself
    engine: str                 # page tables of the live engine


def said(gdb: Gdb) -> dict[str, Any]:
    """Each command's document, or the line that it failed with."""
    found: dict[str, Any] = {}
    for command in COMMANDS:
        try:
            found[command] = gdb.json(f"mm {command} --json")
        except GdbError as error:
            found[command] = str(error)
    return found


def at_rest(document: Any, but: tuple[str, ...] = ()) -> Any:
    """Without the way to memory."""
    if isinstance(document, str):
        return document
    found = {**document, "target": {**document["target"], "transport": ""}}
    for name in (*WAYS, *but) if "banner" in found else but:
        found.pop(name, None)
    return found


@pytest.fixture(scope="module")
def dumped(booted_guest: LabGuest,
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dumped]:
    """The guest stands as long as its RAM file is looked at."""
    folder = tmp_path_factory.mktemp("open")
    with booted_guest.held_in(HELD) as gdb:
        live = said(gdb)
        banks = " ".join(
            f"--ram {start:#x}:{path}:{offset:#x}:{size:#x}"
            for start, path, offset, size in json.loads(gdb.run(FILES))
            if path)
        gdb.run(f"monitor dump-guest-memory -z {folder / 'kdump'}")
        yield Dumped(live, banks, folder / "kdump",
                     gdb.run("thread").split()[3],
                     gdb.run("print linux_banner"),
                     gdb.run(f"python print({CURRENT}.context().engine.mmu)"))


@pytest.fixture(scope="module")
def gdb(booted_guest: LabGuest) -> Iterator[Gdb]:
    """Another GDB, with the symbols alone."""
    index = cache_dir() / "gdb-index"
    with Gdb(booted_guest.run["vmlinux"], early=(
            f"set index-cache directory {index}",
            "set index-cache enabled on"),
            limit_seconds=GDB_LIMIT_SECONDS) as gdb:
        gdb.run(f"source {ROOT / 'gdb' / 'mm.py'}")
        yield gdb


@pytest.mark.parametrize("source", ["ram", "kdump"])
def test_the_dump_says_what_the_kernel_said_live(
        dumped: Dumped, gdb: Gdb, source: str) -> None:
    gdb.run(f"mm open {dumped.banks if source == 'ram' else dumped.kdump}")
    but = BY_REGISTERS if source == "ram" else ()
    if source == "kdump":
        gdb.run(f"thread {dumped.thread}")
    assert gdb.json("mm info --json")["transport"] == (
        "RAM file" if source == "ram" else "kdump file")
    found = said(gdb)
    for command in COMMANDS:
        assert at_rest(found[command], but) == at_rest(
            dumped.live[command], but), command
    assert gdb.run("print linux_banner").partition("=")[2] == \
        dumped.plain.partition("=")[2]
    assert gdb.run(f"python print({CURRENT}.context().engine.mmu)") == \
        dumped.engine
    gdb.run("mm close")


def test_another_kernel_is_named(dumped: Dumped) -> None:
    with Gdb(ROOT / "build" / "guest" / "mm.elf") as gdb:
        gdb.run(f"source {ROOT / 'gdb' / 'mm.py'}")
        with pytest.raises(GdbError) as error:
            gdb.run(f"mm open {dumped.banks}")
    assert f"it is of {dumped.live['info']['release']}, the symbols are " \
        "of 4.9.0" in str(error.value)
