# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernels in tests/data/kernels, taken anew: they are what kernels have.

With MMSCOPE_TAKE=1 the files are written. Whoever adds a command that asks a
kernel for something new takes them again.
"""
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import boot_stops
import console
from boot_stops import FREE_ALL, HANDED_OVER, Boot, at
from harness.gdbmi import Gdb
from harness.recordings import COMMANDS, FILES, PRINTED
from lab_guest import ROOT, Kernel, LabGuest

TAKE = bool(os.environ.get("MMSCOPE_TAKE"))
DEBUGFS = "/sys/kernel/debug/memblock/"


def python(gdb: Gdb, statement: str) -> None:
    """Run a line of Python inside GDB."""
    gdb.run(f"python {statement}")


def record(gdb: Gdb, stop: str) -> None:
    """Run the commands of one stop; GDB keeps what they ask for."""
    python(gdb, f"recorder.begin({stop!r})")
    try:
        for command in COMMANDS[stop]:
            gdb.run(f"mm {command} --json")
    finally:
        python(gdb, "recorder.end()")


@at(boot_stops.RESET)
def recorder(gdb: Gdb) -> None:
    """The recorder is made before anything is asked of the kernel."""
    gdb.run(f"source {ROOT / 'tests/kernels/record.py'}")
    python(gdb, "recorder = Recorder()")


@at(FREE_ALL)
def before(gdb: Gdb) -> None:
    """memblock, at its end."""
    record(gdb, FREE_ALL)


@at(HANDED_OVER)
def after(gdb: Gdb) -> None:
    """The free lists, when they are new."""
    record(gdb, HANDED_OVER)


@pytest.fixture(scope="session")
def taken(kernel: Kernel, boot: Boot, booted_guest: LabGuest,
          tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A recording of this boot."""
    for look in (recorder, before, after):
        boot[look]                      # raises what it raised
    said: dict[str, dict[str, str]] = {HANDED_OVER: {}, FREE_ALL: {
        "reserved": json.dumps(console.logged_reserved(boot.console))}}
    if f"BEGIN {DEBUGFS}memory\n" in boot.console:
        said[FREE_ALL]["memory"] = json.dumps(
            console.debugfs_regions(boot.console, "memory"))
    for stop, (functions, seq_file, wanted) in PRINTED.items():
        _, text = booted_guest.look_and_print(
            functions, lambda gdb, stop=stop: record(gdb, stop), seq_file,
            wanted)
        said[stop] = {stop: text}
    path = tmp_path_factory.mktemp("taken") / f"{kernel.name}.json"
    gdb = booted_guest.gdb
    python(gdb, f"recorder.write({str(path)!r}, {said!r}, "
                f"package={booted_guest.run['package']!r})")
    if TAKE:
        (FILES / path.name).write_bytes(path.read_bytes())
    return json.loads(path.read_text("ascii"))


def test_the_layout_is_that_of_the_file(kernel: Kernel,
                                        taken: dict[str, Any]) -> None:
    """To the letter for the kernel that it was taken of; of another update
    of it, everything that has no address."""
    path: Path = FILES / f"{kernel.name}.json"
    file = json.loads(path.read_text("ascii"))

    def comparable(content: dict[str, Any]) -> list[Any]:
        return [[what, args, answer if content["package"] == file["package"]
                 or what != "symbol" else answer and answer[1]]
                for what, args, answer in content["layout"]]
    assert comparable(taken) == comparable(file)


def test_it_is_recorded_at_every_stop(taken: dict[str, Any]) -> None:
    assert list(taken["stops"]) == list(COMMANDS)
