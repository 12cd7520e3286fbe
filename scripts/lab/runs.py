# SPDX-License-Identifier: GPL-2.0-or-later
"""Running guests: start QEMU, remember it in a run folder, end it.

A run folder holds run.json, QEMU's messages, the console, the RAM file and
the GDB socket. It is in the temporary folder, because the path of a socket
must be short. It goes away when the run is stopped, or at the next boot when
QEMU is gone.
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Sequence

from .common import LabError, one_line

PROC = Path("/proc")
START_LIMIT_SECONDS = 20
STOP_LIMIT_SECONDS = 5


def runs_dir() -> Path:
    """The folder of this user's run folders."""
    path = Path(tempfile.gettempdir()) / f"mmscope-lab-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise LabError(f"{path} belongs to someone else")
    return path


def new_run(name: str) -> Path:
    """A new run folder; those of guests that are gone are removed."""
    for run in all_runs():
        if not alive(run):
            shutil.rmtree(run["run"], ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=runs_dir()))


def all_runs() -> list[dict]:
    """What each run.json says, oldest first."""
    found = []
    for path in sorted(runs_dir().glob("*/run.json"),
                       key=lambda p: p.stat().st_mtime):
        try:
            found.append(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError):
            continue
    return found


def alive(run: dict) -> bool:
    """True when this run's QEMU runs: its process id may be another's now.

    In the middle of exec() it has no command line for a moment, as one that
    has ended and is not waited for.
    """
    process = PROC / str(run["pid"])
    try:
        command = (process / "cmdline").read_bytes()
        state = (process / "stat").read_text("ascii", "replace") \
            .rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return os.fsencode(run["run"]) in command or not command and state not in "ZX"


def start(command: Sequence[str], folder: Path, socket: Path,
          about: dict) -> dict:
    """Start QEMU so that it outlives us; return when it takes a debugger.

    command: QEMU's, naming `folder` somewhere and listening on `socket`.
    Return: `about` with the process id, as run.json has it.
    """
    log = folder / "qemu.log"
    try:
        with open(log, "wb") as out:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                     stdout=out, stderr=out,
                                     start_new_session=True)
    except FileNotFoundError:
        shutil.rmtree(folder, ignore_errors=True)
        raise LabError(f"{command[0]} is not on this machine") from None
    try:
        run = {"pid": child.pid, **about}
        (folder / "run.json").write_text(json.dumps(run, indent=1), "utf-8")
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while not socket.exists():
            if child.poll() is not None:
                raise LabError(f"{command[0]} ended at once with status "
                               f"{child.returncode}: "
                               + one_line(log.read_text("utf-8", "replace")))
            if time.monotonic() > deadline:
                raise LabError(f"waited {START_LIMIT_SECONDS} s for "
                               f"{command[0]} to open {socket}")
            time.sleep(0.02)
    except BaseException:
        child.kill()
        child.wait()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return run


def stop(which: str) -> list[dict]:
    """End the run with this process id, name or folder, or "all" of them."""
    ended = []
    for run in all_runs():
        if which not in ("all", str(run["pid"]), run["run"],
                         Path(run["run"]).name, run["name"]):
            continue
        _end(run)
        shutil.rmtree(run["run"], ignore_errors=True)
        ended.append(run)
    if not ended and which != "all":
        raise LabError(f"no run {which!r}; kernel-lab list shows them")
    return ended


def _end(run: dict) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + STOP_LIMIT_SECONDS
        while alive(run) and time.monotonic() < deadline:
            try:
                os.kill(run["pid"], number)
            except ProcessLookupError:
                return
            time.sleep(0.05)
    if alive(run):
        raise LabError(f"process {run['pid']} does not end")
