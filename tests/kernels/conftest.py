# SPDX-License-Identifier: GPL-2.0-or-later
"""Real kernels: which ones, and a guest that is ended whatever happens.

KERNELS="armmp-6.1 ..." chooses; without it all of scripts/kernel-lab's are
booted. What is not in the cache is fetched; nothing is left out quietly.
"""
from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lab_guest import (Kernel, LabError, LabGuest,      # noqa: E402
                       chosen_kernels)


def pytest_configure() -> None:
    """Refuse an unknown name before anything is booted."""
    try:
        chosen_kernels()
    except LabError as error:
        raise pytest.UsageError(f"KERNELS: {error}") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a kernel on every chosen one."""
    if "kernel" in metafunc.fixturenames:
        metafunc.parametrize("kernel", chosen_kernels(), scope="module",
                             ids=lambda row: row.name)


@contextlib.contextmanager
def guest(kernel: Kernel, stop: bool) -> Iterator[LabGuest]:
    """A guest for the time of a fixture."""
    booted = LabGuest(kernel, stop)
    try:
        yield booted
    finally:
        booted.close()


@pytest.fixture(scope="module")
def stopped_guest(kernel: Kernel) -> Iterator[LabGuest]:
    """A guest before its first instruction."""
    with guest(kernel, stop=True) as booted:
        yield booted


@pytest.fixture(scope="module")
def running_guest(kernel: Kernel) -> Iterator[LabGuest]:
    """A guest that boots by itself."""
    with guest(kernel, stop=False) as booted:
        yield booted
