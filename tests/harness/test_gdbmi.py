# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/harness/gdbmi.py on a GDB without a target."""
from __future__ import annotations

import os
import time
from typing import Iterator

import pytest

from harness.gdbmi import Gdb, GdbError
from harness.process import WaitError


@pytest.fixture(scope="module")
def gdb() -> Iterator[Gdb]:
    """A GDB for all tests here."""
    with Gdb() as started:
        yield started


def test_run_returns_all_the_text_of_its_command_and_no_other(
        gdb: Gdb) -> None:
    assert gdb.run('echo one "two"\\n') == 'one "two"\n'
    assert gdb.run("python print('x' * 100000)") == "x" * 100000 + "\n"
    assert gdb.run("output 6*7") == "42"


def test_a_failed_command_raises_gdbs_own_message(gdb: Gdb) -> None:
    with pytest.raises(GdbError, match="^No symbol table is loaded"):
        gdb.run("print nosuch")
    with pytest.raises(GdbError) as failure:
        gdb.run("python raise ValueError('why')")
    assert "ValueError: why" in failure.value.messages
    assert gdb.number("2+2") == 4


def test_numbers_keep_their_types_sign(gdb: Gdb) -> None:
    assert gdb.number("(signed char)-3") == -3
    assert gdb.number("(unsigned int)0xc0000000") == 0xc0000000


def test_json_that_is_none_says_what_was_printed(gdb: Gdb) -> None:
    assert gdb.json('echo {"a": [1]}\\n') == {"a": [1]}
    with pytest.raises(GdbError, match="printed no JSON.*: oops"):
        gdb.json("echo oops")


def test_a_command_that_resumes_nothing_is_no_stop(gdb: Gdb) -> None:
    with pytest.raises(GdbError, match="did not let the target run"):
        gdb.go("echo")


def test_a_wait_ends_at_its_limit_and_says_for_what() -> None:
    with Gdb() as started:
        before = time.monotonic()
        with pytest.raises(WaitError, match="0.3 s for .*'shell sleep 5'"):
            started.run("shell sleep 5", limit_seconds=0.3)
        assert time.monotonic() - before < 3
        pid = started.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
