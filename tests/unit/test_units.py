# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the C unit tests: one binary for each test_*.c and each MAX_ORDER, built by `make host-tests`."""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
SOURCES = sorted(HERE.glob("test_*.c"))
ORDERS = (11, 12, 14)                   # MAX_ORDERS of the Makefile
SECONDS = 60


def binary(source: Path, orders: int) -> Path:
    """Where make puts the test of a source."""
    return TOP / f"build/host-o{orders}/tests" / source.stem


def counts(tap: str) -> tuple[int, int, int]:
    """Cases that a TAP text announces, that passed, that did anything else."""
    planned = sum(int(n) for n in re.findall(r"^\s*1\.\.(\d+)", tap, re.M))
    lines = re.findall(r"^\s*(ok|not ok) \d+(.*)$", tap, re.M)
    passed = sum(verdict == "ok" and "# SKIP" not in rest.upper() for verdict, rest in lines)
    return planned, passed, len(lines) - passed


@pytest.mark.parametrize("orders", ORDERS)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_case_passes(source: Path, orders: int) -> None:
    """All cases of the source run and pass, in time, and nothing is on stderr (sanitizers write there)."""
    path = binary(source, orders)
    if not path.is_file():
        pytest.fail(f"{path.relative_to(TOP)} is not there: run make host-tests")
    if path.stat().st_mtime < source.stat().st_mtime:
        pytest.fail(f"{path.relative_to(TOP)} is older than its source: run make host-tests")
    try:
        done = subprocess.run([path], env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"}, capture_output=True,
                              text=True, errors="replace", timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as expired:
        pytest.fail(f"still running after {SECONDS} s; it printed:\n{expired.stdout}\n{expired.stderr}")
    planned, passed, other = counts(done.stdout)
    assert done.returncode == 0 and not done.stderr and not other, f"{done.stdout}\n{done.stderr}"
    assert passed == planned > 0, f"{passed} of {planned} cases ran and passed:\n{done.stdout}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_case_is_in_the_list_of_main(source: Path) -> None:
    """A case that is called from elsewhere only would compile, and never be counted."""
    text = source.read_text()
    cases = re.findall(r"^static void (test_\w+)\(", text, re.M)
    assert len(cases) == len(set(cases)) > 0
    main = text[text.index("int main("):]
    assert re.findall(r"\b(test_\w+)\b", main) == cases


def test_there_are_tests() -> None:
    """An empty folder must not pass."""
    assert SOURCES


def test_counting_sees_what_tap_says() -> None:
    """Passed, failed, skipped, and none."""
    assert counts("1..3\nok 1 - a\nnot ok 2 - b\n# b failed\nok 3 - c # SKIP\n") == (3, 1, 2)
    assert counts("ok - testing\n") == (0, 0, 0)
