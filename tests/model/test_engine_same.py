# SPDX-License-Identifier: GPL-2.0-or-later
"""With the dump engine everything is as without it: these tests of Python's passes, once more with the engine.

`MMSCOPE_TEST_ENGINE=1 pytest tests/model` gives it to all tests.
"""
import engined
import pytest
from test_deferred import *  # noqa: F401,F403
from test_frames import *  # noqa: F401,F403


@pytest.fixture(autouse=True)
def with_the_engine(monkeypatch):
    """Every context of the machines has it."""
    monkeypatch.setattr(engined, "GIVEN", [True])
