# SPDX-License-Identifier: GPL-2.0-or-later
"""The states in tests/data/fidelity, taken anew: they are what kernels do."""
from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from lab_guest import FETCH_LIMIT_SECONDS, chosen_kernels, kernel_lab
from replay.fixture import FILES, read, replayed

STATE_LIMIT_SECONDS = 600


def field(text: str, name: str) -> str:
    """What the head of a file says behind NAME: ."""
    return re.search(rf"^# {name}: *(.*)$", text, re.MULTILINE)[1]


def command(path: Path) -> list[str]:
    """The arguments of kernel-lab that took it."""
    return shlex.split(field(path.read_text("utf-8"), "Taken by"))[1:]


def chosen_files() -> list[Path]:
    """The files of the kernels that are asked for."""
    names = [row.name for row in chosen_kernels()]
    return [path for path in FILES if command(path)[1] in names]


def machine(text: str) -> list[str]:
    """What no update of kernel or emulator changes: memory and its zones."""
    return [re.sub(" managed .*", "", line) for line in text.splitlines()
            if line.startswith(("memory ", "lowmem-limit ", "#= zone ",
                                "#= orders "))]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem)
                                  for path in chosen_files()])
def test_a_state_taken_anew_is_the_file(path: Path) -> None:
    """To the letter, when kernel and emulator are those that took it.

    With others reservations are elsewhere, but the machine is the same; and
    replay makes of the new state what this kernel made of it.
    """
    old, args = path.read_text("utf-8"), command(path)
    kernel_lab("fetch", args[1], limit_seconds=FETCH_LIMIT_SECONDS)
    new = kernel_lab(*args, limit_seconds=STATE_LIMIT_SECONDS)
    if all(field(new, name) == field(old, name)
           for name in ("Package", "Emulator")):
        assert new == old
    assert machine(new) == machine(old)
    kernels, ours = read(new), replayed(read(new))
    assert Counter(((b["zone"], b["order"], b["pfn"]), b["migratetype"])
                   for b in ours["blocks"]) == Counter(kernels.blocks)
    assert {zone["name"]: zone["managed_pages"] for zone in ours["zones"]
            if zone["spanned_pages"]} \
        == {name: numbers[3] for name, numbers in kernels.zones.items()}
