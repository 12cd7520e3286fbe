# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests under QEMU for live tests, ended whatever happens."""
from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[2] / "gdb")]

from guest import Guest      # noqa: E402

BOARDS = ("article", "sabrelite", "virt")


@pytest.fixture(scope="module")
def boot() -> Iterator[Callable[..., Guest]]:
    """boot(board, ...): a guest before its first instruction; all are ended after the module."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(Guest(*args, **options))


@pytest.fixture(scope="module", params=BOARDS)
def each_board(request, boot) -> Guest:
    """A guest on each board in turn, before its first instruction, with our commands loaded."""
    return boot(request.param).load()
