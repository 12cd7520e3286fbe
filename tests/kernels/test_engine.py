# SPDX-License-Identifier: GPL-2.0-or-later
"""What commands say of a real kernel with the dump engine, and without."""
from __future__ import annotations

from typing import Any

import pytest

from harness.gdbmi import Gdb, GdbError
from lab_guest import LabGuest

CURRENT = "__import__('mmscope.session.load').session.load._current"


def said(gdb: Gdb, command: str, engine: str) -> Any:
    """A command's answer or failure, with the engine that a setting gives."""
    gdb.run(f"python import os; os.environ['MMSCOPE_ENGINE'] = '{engine}'")
    gdb.run("set mm-transport stub")        # memory is looked at anew
    gdb.run("mm info")
    gdb.run("set mm-transport auto")
    try:
        found = gdb.json(command)
    except GdbError as error:       # amd64 has no memblock after its boot
        found = str(error)
    has = gdb.run(f"python print({CURRENT}.context().engine is not None)")
    assert has.strip() == str(not engine)
    return found


@pytest.mark.parametrize("command", [
    "account --pages --expect --all", "buddy --blocks", "check", "map",
    "memblock", "pcp", "slab", "why totalreserve_pages", "zones"])
def test_engine_and_python_say_the_same(booted_guest: LabGuest,
                                        command: str) -> None:
    with booted_guest.held_in("schedule") as gdb:
        try:
            by_engine, by_python = (
                said(gdb, f"mm {command} --json", engine)
                for engine in ("", "off"))
        finally:
            gdb.run("python import os; del os.environ['MMSCOPE_ENGINE']")
    assert by_engine == by_python
