# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of 64 GB that was made up: the account of it, with one thread and with two, and the memory that takes."""
from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .image import TOP
from .remote import MeasureError

BUILDER = TOP / "tests/bench/large.py"
THREADS, TIMES, SECONDS = (1, 2), 3, 120


@dataclass(frozen=True)
class Row:
    """With some threads: the least seconds from the open file to the account, and the most memory, of some times."""
    threads: int
    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Large:
    """What there is, as it was made, and what accounting for it takes."""
    pages: dict[str, int]
    rows: tuple[Row, ...]


def measure() -> Large:
    """Make the machine, and look at it. Raises MeasureError when the account is not what was made."""
    with tempfile.TemporaryDirectory(prefix="mmscope-bench-") as folder:
        ram = str(Path(folder) / "ram")
        pages = _run("build", ram)
        rows = []
        for threads in THREADS:
            done = [_run("account", ram, str(threads)) for _ in range(TIMES)]
            if any(each.get(kind) != count for each in done for kind, count in pages.items()):
                raise MeasureError(f"the account of what was made is another: {done[0]}, not {pages}")
            rows.append(Row(threads, min(each["seconds"] for each in done), max(each["megabytes"] for each in done)))
    return Large(pages, tuple(rows))


def _run(*words: str) -> dict[str, Any]:
    """The document that the builder prints."""
    done = subprocess.run([sys.executable, str(BUILDER), *words], capture_output=True, text=True, timeout=SECONDS,
                          check=False)
    if done.returncode:
        raise MeasureError(f"{BUILDER.name} {words[0]} failed: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def to_json(found: Large) -> dict[str, Any]:
    """As part of the one document."""
    return {"pages": found.pages, "rows": [vars(row) for row in found.rows]}


def to_text(found: Large) -> str:
    """For people."""
    pages = sum(found.pages.values())
    lines = [f"Account of {pages} made-up pages ({pages + 1 >> 18} GB), {pages - found.pages['free']} of them not free; "
             "to reach: 2 s, 200 MB"]
    lines += [f"  {row.threads} thread{'s' if row.threads > 1 else ' '}  {row.seconds:6.2f} s  {row.megabytes:5.0f} MB"
              for row in found.rows]
    return "\n".join(lines)
