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
from lab_guest import HELD_LIMIT_SECONDS, ROOT, Kernel, LabGuest
from proc_text import uninterrupted

TAKE = bool(os.environ.get("MMSCOPE_TAKE"))
TRIES = 40
# How a function's type is recorded. Some are defined twice, once weak: GDB
# says the one that it comes by first.
FUNCTION = ["other", 1]


def python(gdb: Gdb, statement: str) -> None:
    """Run a line of Python inside GDB."""
    gdb.run(f"python {statement}")


def record(gdb: Gdb, stop: str) -> str:
    """Run the commands of one stop; GDB keeps what they ask for.

    Return: what the first of them printed.
    """
    python(gdb, f"recorder.begin({stop!r})")
    try:
        return [gdb.run(f"mm {command}") for command in COMMANDS[stop]][0]
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


def of_one_moment(guest: LabGuest, stop: str,
                  functions: tuple[str, ...]) -> str:
    """Record while the kernel prints; what it printed of that moment.

    An interrupt or another CPU may change something in between: then the next
    call is taken.
    """
    with guest.held_in(*functions) as gdb:
        address = gdb.number("(unsigned long)$pc")
        for _ in range(TRIES):
            ours = record(gdb, stop)
            with uninterrupted(guest):
                text = guest.kernel_text()
            if text and text in ours:
                return text
            guest.next_hit(address, HELD_LIMIT_SECONDS)
    raise AssertionError(f"mm {stop} was never what the kernel printed; at "
                         f"last that was {text!r}")


@pytest.fixture(scope="session")
def taken(kernel: Kernel, boot: Boot, booted_guest: LabGuest,
          tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A recording of this boot."""
    for look in (recorder, before, after):
        boot[look]                      # raises what it raised
    logged = console.logged(boot.logs[FREE_ALL])
    said = {HANDED_OVER: {}, FREE_ALL: {
        "memory": json.dumps(logged.memory),
        "reserved": json.dumps(logged.reserved)} if logged else {}}
    gdb = booted_guest.gdb
    restrict = gdb.number("kptr_restrict")
    gdb.run("set var kptr_restrict = 1")    # addresses, not hashes of them
    for stop, functions in PRINTED.items():
        said[stop] = {stop: of_one_moment(booted_guest, stop, functions)}
    path = tmp_path_factory.mktemp("taken") / f"{kernel.name}.json"
    gdb.run(f"set var kptr_restrict = {restrict}")
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
        same = content["package"] == file["package"]
        return [[what, args, answer if what != "symbol" or not answer
                 or same and answer[1] != FUNCTION else answer[1]]
                for what, args, answer in content["layout"]]
    assert comparable(taken) == comparable(file)


def test_it_is_recorded_at_every_stop(taken: dict[str, Any]) -> None:
    assert list(taken["stops"]) == list(COMMANDS)
