# SPDX-License-Identifier: GPL-2.0-or-later
"""mmdump on what QEMU dumps of a kernel: what GDB says at that very stop.

The kernel stands in frag_show, with a zone's lock held. Its layout, its core
and its RAM file are all that mmdump gets.
"""
from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Sequence

import pytest

from harness.gdbmi import GdbError
from lab_guest import ROOT, LabGuest

MMDUMP = ROOT / "build" / "dump" / "mmdump"
COMMANDS = (
    "info", "account", "account --pages --expect --all", "buddy --blocks",
    "buddyinfo", "check", "map", "memblock", "page pfn:{pfn}",
    "pagetypeinfo", "pcp", "percpu", "pgtable slab_caches", "slab",
    "slab task_struct", "slabinfo", "snapshot now", "vmalloc",
    "vmallocinfo", "why pfn:{pfn}", "why slab_caches", "why init_task",
    "zoneinfo", "zones", "layout")
OF_RAM = ("account", "check", "zones")
WAY = ("transport", "transport_detail", "transport_notes")
RAM = re.compile(r"^ *([0-9a-f]+)-([0-9a-f]+) \(prio -?\d+, ram\): "
                 r"(\S+)(?: @([0-9a-f]+))?", re.MULTILINE)
LARGEST_CORE = 2 << 30      # of which one is written
DUMP_SECONDS = 60
SECONDS = 60


@dataclass(frozen=True)
class Dumped:
    """The files, and what GDB said."""
    folder: Path
    layout: Path
    core: Path | None
    banks: list[str]
    said: dict[str, Any]        # a document, or the line of a failure

    def mmdump(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it."""
        return subprocess.run(
            [MMDUMP, "--layout", self.layout, *words], text=True,
            capture_output=True, timeout=SECONDS, check=False)

    def answer(self, machine: Sequence[str], command: str) -> Any:
        """What it says of one machine: as in said."""
        done = self.mmdump(*machine, *command.split(), "--json")
        assert "Traceback" not in done.stderr
        if done.returncode == 2:
            return done.stderr.strip().rpartition(": ")[2]
        found = json.loads(done.stdout)
        del found["core"]
        return found

    def answer_of_ram(self, command: str) -> Any:
        """The same of the RAM file."""
        return self.answer([word for bank in self.banks
                            for word in ("--ram", bank)], command)


@pytest.fixture(scope="module")
def dumped(booted_guest: LabGuest,
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dumped]:
    """Everything of one stop; the files go with the module."""
    folder = tmp_path_factory.mktemp("mmdump")
    layout, core = folder / "layout", folder / "core"
    with booted_guest.held_in("frag_show") as gdb:
        pfn = gdb.number("max_pfn") - 5
        said: dict[str, Any] = {}
        for command in (each.format(pfn=pfn) for each in COMMANDS):
            try:
                said[command] = gdb.json(f"mm {command} --json")
            except GdbError as error:
                said[command] = str(error).strip().rpartition(": ")[2]
        banks = ram_banks(booted_guest)
        gdb.run(f"mm layout --export {layout}")
        whole = Path(booted_guest.run["ram"]).stat().st_size <= LARGEST_CORE
        if whole:
            gdb.run(f"monitor dump-guest-memory {core}", DUMP_SECONDS)
        yield Dumped(folder, layout, core if whole else None, banks, said)
    core.unlink(missing_ok=True)


def ram_banks(guest: LabGuest) -> list[str]:
    """The guest's RAM, of which QEMU says where it is in its file, for
    --ram."""
    tree = guest.gdb.run("python print(gdb.execute('monitor info mtree -f', "
                         "to_string=True))")
    whole: dict[str, dict[int, tuple[int, int]]] = {}
    for start, end, name, offset in RAM.findall(tree):
        at = int(start, 16)
        whole.setdefault(name, {})[at] = (int(end, 16) + 1 - at,
                                          int(offset or "0", 16))
    largest = max(whole.values(), key=lambda each: sum(
        size for size, _ in each.values()))
    return [f"{at:#x}:{guest.run['ram']}:{offset:#x}:{size:#x}"
            for at, (size, offset) in largest.items()]


def at_rest(document: Any) -> Any:
    """But for the way to memory, and what the selected CPU tells: a core has
    none that is selected, and of 32-bit ARM no register that says whether the
    MMU is on."""
    if isinstance(document, str):
        return document
    found = json.loads(json.dumps(document))
    del found["target"]["transport"]
    for name in (*WAY, "mmu") if "banner" in found else ():
        del found[name]
    for each in found.get("variables", ()):     # of a weak function and what
        del each["addr"]                        # replaces it GDB has either
    for part in (found, found.get("state"), *(found.get("snapshots") or ())):
        if isinstance(part, dict):
            part.pop("where", None)
    return found


def test_a_core_is_what_gdb_sees(dumped: Dumped) -> None:
    if dumped.core is None:
        return
    for command, said in dumped.said.items():
        found = dumped.answer([str(dumped.core)], command)
        assert at_rest(found) == at_rest(said), command


def test_its_ram_is_what_gdb_sees(dumped: Dumped) -> None:
    for command in OF_RAM if dumped.core else dumped.said:
        found = dumped.answer_of_ram(command)
        assert at_rest(found) == at_rest(dumped.said[command]), command
