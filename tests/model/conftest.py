# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the package importable, and builds machines for tests."""
import pathlib
import sys

import pytest
from hypothesis import settings

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "gdb"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from machine import Machine  # noqa: E402
from shapes import LINUX_4_9, LINUX_6_1  # noqa: E402


@pytest.fixture(params=[LINUX_4_9, LINUX_6_1], ids=["4.9", "6.1"])
def machine(request):
    """A booted machine with two zones and nothing on its free lists, in the shape of both kernels."""
    return Machine(request.param)


@pytest.fixture
def machine_4_9():
    """The same, where the kernel's shape does not matter."""
    return Machine(LINUX_4_9)


settings.register_profile("mmscope", database=None, deadline=None)      # leaves no files behind
settings.load_profile("mmscope")
