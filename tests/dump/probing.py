# SPDX-License-Identifier: GPL-2.0-or-later
"""What libmmdump says of a file: by probe.c, which is built with sanitizers."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build" / "dump-san"
SECONDS = 60


def probe(*steps: str) -> list[str]:
    """The lines that probe prints for these steps; it must end by itself, and well."""
    path = BUILD / "probe"
    assert path.is_file(), f"{path.relative_to(TOP)} is not there: run make dump-tests"
    done = subprocess.run([path, *steps], capture_output=True, text=True, timeout=SECONDS, check=False,
                          env={**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=1:max_allocation_size_mb=512"})
    assert done.returncode == 0 and not done.stderr, done.stderr[-4000:]
    return done.stdout.splitlines()


def opened(folder: Path, data: bytes, *steps: str) -> list[str]:
    """The same of a file that is opened first."""
    path = folder / "core"
    path.write_bytes(data)
    return probe(f"open={path}", *steps)


def refused(folder: Path, data: bytes) -> str:
    """The one line that says why a file was not opened; nothing of it was kept."""
    lines = opened(folder, data, "ranges", "segments", "notes", "format")
    assert len(lines) == 2 and lines[1] == "no memory", lines
    return lines[0].replace(f"{folder}/", "")
