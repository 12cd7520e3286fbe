# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/lab/runs.py with programs that stand in for QEMU."""
from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from lab import runs
from lab.common import LabError

LISTEN = "import sys, time; open(sys.argv[1], 'w').close(); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "


@pytest.fixture(autouse=True)
def own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary folder of our own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def start(code: str) -> dict:
    """Start Python code as if it were QEMU; its argument is the socket."""
    folder = runs.new_run("test")
    socket = folder / "gdb.sock"
    return runs.start([sys.executable, "-c", code, str(socket)], folder,
                      socket, {"name": "test", "run": str(folder)})


def test_a_guest_that_ends_at_once_says_why_in_one_line() -> None:
    with pytest.raises(LabError, match="ended at once with status 3: bad new"):
        start("import sys; print('bad\\nnews', file=sys.stderr); sys.exit(3)")
    assert not list(runs.runs_dir().iterdir())


def test_a_missing_program_is_named() -> None:
    folder = runs.new_run("test")
    with pytest.raises(LabError, match="no-such-qemu is not on this machine"):
        runs.start(["no-such-qemu"], folder, folder / "gdb.sock", {})


@pytest.mark.parametrize("code", [LISTEN, STUBBORN + LISTEN])
def test_stop_ends_the_process_and_removes_its_folder(
        code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "STOP_LIMIT_SECONDS", 0.5)
    run = start(code)
    assert runs.alive(run)
    assert [r["pid"] for r in runs.stop(str(run["pid"]))] == [run["pid"]]
    assert not runs.alive(run)
    assert not Path(run["run"]).exists()


def test_a_process_id_that_is_another_programs_now_is_left_alone() -> None:
    run = {"pid": os.getpid(), "run": "/nowhere/test-abc", "name": "test"}
    assert not runs.alive(run)


@pytest.mark.parametrize("state, there", [("S", True), ("Z", False)])
def test_what_has_no_command_line_yet_is_starting(
        state: str, there: bool, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """exec() takes the old one before the new one is there."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cmdline").write_bytes(b"")
    (tmp_path / "7" / "stat").write_text(f"7 (a ) b) {state} 1 7 7", "ascii")
    monkeypatch.setattr(runs, "PROC", tmp_path)
    assert runs.alive({"pid": 7, "run": "/run/x"}) == there


def test_stopping_what_does_not_run_is_an_error() -> None:
    with pytest.raises(LabError, match="no run '12345'"):
        runs.stop("12345")


def test_folders_of_guests_that_are_gone_go_at_the_next_boot() -> None:
    run = start(LISTEN)
    os.kill(run["pid"], 9)
    os.waitpid(run["pid"], 0)
    runs.new_run("next")
    assert not Path(run["run"]).exists()
