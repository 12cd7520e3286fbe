# SPDX-License-Identifier: GPL-2.0-or-later
"""The farm that boots maps, and what a module's maps became."""
from __future__ import annotations

from typing import Iterator

import pytest

from .claims import Booted
from .machine import Farm


@pytest.fixture(scope="session")
def farm() -> Iterator[Farm]:
    """Boots jobs two at a time."""
    farm = Farm()
    yield farm
    farm.close()


@pytest.fixture(scope="module")
def booted(request, farm, tmp_path_factory) -> dict[str, Booted]:
    """The module's BOARDS, booted and read out, by name; its function
    probes(board), if there is one, says which addresses to access."""
    folder = tmp_path_factory.mktemp("boards")
    boards = request.module.BOARDS
    probes = getattr(request.module, "probes", lambda board: ())
    outcomes = farm.boards(boards, folder,
                           {board.name: probes(board) for board in boards})
    return {board.name: Booted(board, outcomes[board.name])
            for board in boards}
