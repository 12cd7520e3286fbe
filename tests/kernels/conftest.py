# SPDX-License-Identifier: GPL-2.0-or-later
"""Real kernels: which ones, and one guest each for all test modules.

KERNELS="armmp-6.1 ..." chooses; without it all of scripts/kernel-lab's are
booted. What is not in the cache is fetched; nothing is left out quietly: what
a test needs of a kernel (a CMA pool, debugfs' view of memblock, two nodes) it
learns from the kernel's console and says what is expected without it.

  kernel        the row of scripts/lab/kernels.py
  boot          what was seen on the way up: boot_stops.py
  booted_guest  the same guest, up and stopped: lab_guest.py; boot.console has
                all that it printed until then, console.py takes it apart
"""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import boot_stops                                       # noqa: E402
from lab_guest import (Kernel, LabError, LabGuest,      # noqa: E402
                       chosen_kernels)


def pytest_configure() -> None:
    """Refuse an unknown name before anything is booted."""
    try:
        chosen_kernels()
    except LabError as error:
        raise pytest.UsageError(f"KERNELS: {error}") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a kernel on every chosen one, kernel by
    kernel: a worker of pytest-xdist has all of a kernel's tests, and so only
    one guest at a time."""
    if "kernel" in metafunc.fixturenames:
        # Indirect: else pytest 7 mixes the kernels of a test that has other
        # parameters too, and boots each again and again.
        rows = [pytest.param(row, id=row.name,
                             marks=pytest.mark.xdist_group(row.name))
                for row in chosen_kernels()]
        metafunc.parametrize("kernel", rows, scope="session", indirect=True)


@pytest.fixture(scope="session")
def kernel(request: pytest.FixtureRequest) -> Kernel:
    """The row of the kernel that the test is run on."""
    return request.param


@pytest.fixture(scope="session")
def lab_guest(kernel: Kernel) -> Iterator[LabGuest]:
    """The kernel's only guest, ended whatever happens."""
    guest = LabGuest(kernel)
    try:
        yield guest
    finally:
        guest.close()


@pytest.fixture(scope="session")
def boot(lab_guest: LabGuest) -> boot_stops.Boot:
    """What the modules saw at the stops of the boot."""
    return boot_stops.walk(lab_guest)


@pytest.fixture(scope="session")
def booted_guest(lab_guest: LabGuest,
                 boot: boot_stops.Boot) -> LabGuest:
    """The guest behind READY, stopped: it runs inside its own methods."""
    return lab_guest
