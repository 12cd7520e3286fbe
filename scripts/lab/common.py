# SPDX-License-Identifier: GPL-2.0-or-later
"""The cache folder, locks with a bounded wait, messages and the one error."""
from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
from pathlib import Path
from typing import Callable, Iterator


class LabError(Exception):
    """Something the user has to know, in one line."""


def cache_dir() -> Path:
    """$MMSCOPE_CACHE, else ~/.cache/mmscope."""
    return Path(os.environ.get("MMSCOPE_CACHE")
                or Path.home() / ".cache" / "mmscope").absolute()


def say(text: str) -> None:
    """Tell what is going on, on a terminal; a pipe stays quiet."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """`text` without line breaks."""
    return " ".join(text.split())


def main(tool: str, run: Callable[[], int]) -> int:
    """Run a script's body; an expected failure is one line and status 1."""
    try:
        return run()
    except LabError as error:
        print(f"{tool}: {one_line(str(error))}", file=sys.stderr)
    except OSError as error:
        print(f"{tool}: {one_line(str(error))}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"{tool}: interrupted", file=sys.stderr)
        return 130
    return 1


@contextlib.contextmanager
def locked(path: Path, wait_seconds: float, what: str) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`, or raise after the wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    told = False
    with open(path, "a", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pass
            if time.monotonic() > deadline:
                raise LabError(f"waited {wait_seconds:.0f} s for another "
                               f"process {what} (lock file {path})")
            if not told:
                say(f"waiting for another process {what} ...")
                told = True
            time.sleep(0.2)
        yield
