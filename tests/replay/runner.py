# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs scripts/replay on maps, many in one process."""
from __future__ import annotations

import json
import select
import subprocess
from pathlib import Path
from typing import Any, Iterable

from .oracle import Map

TOP = Path(__file__).resolve().parents[2]
REPLAY = TOP / "scripts/replay"
SECONDS = 60

Document = dict[str, Any]


def run(text: str, *args: str) -> subprocess.CompletedProcess:
    """scripts/replay with `text` on standard input."""
    return subprocess.run([REPLAY, *args], input=text, capture_output=True, text=True, timeout=SECONDS, check=False)


def replay(maps: Iterable[Map], orders: int) -> list[Document]:
    """One document for each map."""
    maps = list(maps)
    done = run("---\n".join(m.text() for m in maps), "--max-order", str(orders))
    assert done.returncode == 0, done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(documents) == len(maps)
    return documents


class Replayer:
    """A process that is asked map after map."""

    def __init__(self, orders: int):
        """Starts it; building it first may take a while."""
        self.process = subprocess.Popen([REPLAY, "--max-order", str(orders)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(self, memory_map: Map) -> Document:
        """The document for one map."""
        self.process.stdin.write(memory_map.text() + "---\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], SECONDS)[0]:
            raise AssertionError(f"no answer in {SECONDS} s to:\n{memory_map.text()}")
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def close(self) -> None:
        """Ends the process; its exit status must be 0."""
        self.process.stdin.close()
        assert self.process.wait(SECONDS) == 0, self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
