# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that moved itself: found, and decoded after the one command."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import pytest

import console
from harness.gdbmi import Gdb, GdbError
from lab_guest import Kernel, LabGuest
from test_mmdump import Dumped, at_rest, ram_banks

COMMANDS = ("mm zones", "mm buddy", "mm memblock")
DECODED = ("zones", "buddy", "pcp", "slab", "vmalloc", "percpu")


@dataclass(frozen=True)
class Moved:
    """What was said before and after the symbols were loaded anew."""
    refusals: list[str]
    before: dict[str, Any]          # mm info
    after: dict[str, Any]
    offset: int                     # of the kernel's log, or None
    ours: str                       # mm buddyinfo
    kernels: str
    problems: dict[str, list]       # by command
    held: dict[str, Any]            # mm zones, at one more stop
    alone: Any                      # the same by mmdump, of its RAM file


def refusal(gdb: Gdb, command: str) -> str:
    """The line that a command fails with; empty when it does not."""
    try:
        gdb.run(command)
    except GdbError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def moved(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory
          ) -> Iterator[Moved | None]:
    """A guest of its own. 32-bit ARM has no KASLR: None."""
    if kernel.arch == "armhf":
        yield None
        return
    guest = LabGuest(kernel, "--kaslr")
    try:
        with guest.running():
            console.wait_ready(guest.serial)
        yield look(guest, tmp_path_factory.mktemp("moved") / "layout")
    finally:
        guest.close()


def look(guest: LabGuest, layout: Path) -> Moved:
    """Ask, load the symbols as told, ask again."""
    gdb = guest.gdb
    refusals = [refusal(gdb, command) for command in COMMANDS]
    before = gdb.json("mm info --json")
    gdb.run(re.search(r"'(symbol-file -o [^']*)'", refusals[0])[1], 180)
    after = gdb.json("mm info --json")
    ours, kernels = guest.look_and_print(
        ["frag_show"], lambda gdb: gdb.run("mm buddyinfo"))
    with guest.held_in("frag_show"):
        problems = {command: gdb.json(f"mm {command} --json")["problems"]
                    for command in DECODED}
        gdb.run(f"mm layout --export {layout}")
        held = gdb.json("mm zones --json")
        alone = Dumped(layout.parent, layout, None, ram_banks(guest),
                       {}).answer_of_ram("zones")
    return Moved(refusals, before, after, before["kaslr_offset"], ours,
                 kernels, problems, held, alone)


def test_the_offset_and_one_command_are_said_before_any_number(
        moved: Moved | None) -> None:
    if moved is not None:
        for line in moved.refusals:
            assert "KASLR has moved this kernel" in line
            assert "\n" not in line.strip()
        assert moved.before["stage"] is None
        assert moved.before["kaslr_offset"] % (1 << 16) == 0


def test_with_the_symbols_loaded_there_everything_is_decoded(
        moved: Moved | None) -> None:
    if moved is not None:
        assert moved.after["stage"] == "booted"
        assert moved.after["kaslr_offset"] == moved.offset != 0
        assert moved.after["zones"] and moved.after["problems"] == []


def test_every_structure_is_found_sound(moved: Moved | None) -> None:
    if moved is not None:
        assert moved.problems == {command: [] for command in DECODED}


def test_buddyinfo_is_the_kernels(moved: Moved | None) -> None:
    if moved is not None:
        assert moved.kernels in moved.ours


def test_mmdump_finds_where_it_is_with_a_layout_of_where_it_was(
        moved: Moved | None) -> None:
    """The layout that GDB wrote has the addresses of the vmlinux, though its
    symbols had been loaded elsewhere."""
    if moved is not None:
        assert at_rest(moved.alone) == at_rest(moved.held)
