# SPDX-License-Identifier: GPL-2.0-or-later
"""The host build beside a public C buddy allocator, on one random sequence."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from lab import source_package
from lab.common import LabError, cache_dir, say

from .image import TOP, run
from .remote import MeasureError

BUILD = TOP / "build/host-bench"
OTHER = "rdma-core"
SUITES = ("", "trixie", "sid")      # some mirrors lack a suite's tarball
FILES = ("providers/mlx5/dr_buddy.c", "util/bitmap.[ch]", "util/util.h", "ccan/*.h")
COLLECTED = re.compile(r"Collected : (\d+)")


@dataclass(frozen=True)
class Cost:
    """Instructions of one allocator's calls, the mean of each kind, rounded up."""
    name: str
    take: int
    give: int
    calls: int          # of both kinds


@dataclass(frozen=True)
class Host:
    """Ours first. `alone` says why nothing is beside it."""
    costs: list[Cost] = field(default_factory=list)
    alone: str = ""


def measure() -> Host:
    """Build and count; fetches the other allocator's source the first time."""
    costs, alone = [cost("mmscope", build("mmscope"))], ""
    try:
        tarball = source_package.fetch(OTHER, SUITES, FILES, cache_dir() / OTHER)
    except (LabError, OSError) as error:
        alone = f"no {OTHER} to compare with: {error}"
    else:
        costs.append(cost(tarball.partition(".orig")[0].replace("_", " "), build("rdma_core")))
    return Host(costs, alone)


def build(name: str) -> Path:
    """Make one of build/host-bench."""
    run("make", "--no-print-directory", "-C", str(TOP), f"build/host-bench/{name}")
    return BUILD / name


def cost(name: str, program: Path) -> Cost:
    """Count its takes and its gives."""
    say(f"counting {name} on the host ...")
    calls = json.loads(run(str(program)))
    take, give = (-(-collected(program, f"counted_{kind}") // calls[kind]) for kind in ("take", "give"))
    return Cost(name, take, give, sum(calls.values()))


def collected(program: Path, function: str) -> int:
    """Instructions executed inside a function of a program."""
    text = run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
               "--log-file=/dev/stdout", f"--toggle-collect={function}", str(program))
    found = COLLECTED.search(text)
    if not found or not int(found[1]):
        raise MeasureError(f"callgrind counted nothing in {function}() of {program}")
    return int(found[1])
