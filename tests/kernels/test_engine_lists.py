# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of struct pages on a real kernel: the dump engine's are Python's."""
from __future__ import annotations

from typing import Any

import pytest

from harness.gdbmi import Gdb
from lab_guest import LabGuest

CURRENT = "__import__('mmscope.session.load').session.load._current"


def document(gdb: Gdb, command: str, engine: str) -> Any:
    """A command's answer, with the engine that a setting gives."""
    gdb.run(f"python import os; os.environ['MMSCOPE_ENGINE'] = '{engine}'")
    gdb.run("set mm-transport stub")        # memory is looked at anew
    gdb.run("mm info")
    gdb.run("set mm-transport auto")
    found = gdb.json(command)
    has = gdb.run(f"python print({CURRENT}.context().engine is not None)")
    assert has.strip() == str(not engine)
    return found


@pytest.mark.parametrize("command", [
    "mm buddy --order 3 --blocks", "mm pcp", "mm slab"])
def test_lists_are_the_same_with_and_without_the_engine(
        booted_guest: LabGuest, command: str) -> None:
    with booted_guest.held_in("schedule") as gdb:
        try:
            by_engine = document(gdb, f"{command} --json", "")
            by_python = document(gdb, f"{command} --json", "off")
        finally:
            gdb.run("python import os; del os.environ['MMSCOPE_ENGINE']")
    assert by_engine == by_python
