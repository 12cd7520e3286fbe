# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the instructions of one call go: by function and by source line."""
from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from .guest import Replay, Run
from .image import CROSS, Image, run
from .remote import MeasureError, Registers
from .rows import SMALL

PC = re.compile(r"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/")


@dataclass(frozen=True)
class Profile:
    """Instructions of one call. A function that was inlined counts for itself."""
    function: str
    instructions: int
    pages: int                      # handed over in it
    by_function: Counter
    by_line: Counter                # "page_alloc.c:123 check_pages"


def measure(image: Image, function: str, work: str = "") -> Profile:
    """Profile the first call of `function` in the small board's boot; with
    `work`, that in this workload of a bench= argument, once it is warm."""
    with Run(image, SMALL, [work] if work else []) as recorded, recorded.replay() as replay:
        if work:
            run_into(replay, "bench_begin")
        log = recorded.folder / "executed"
        instructions, pages = one_call(replay, function, log)
        counts = executed(log)
    if sum(counts.values()) != instructions:
        raise MeasureError(f"{sum(counts.values())} instructions of {function} were logged, "
                           f"{instructions} counted")
    by_function: Counter = Counter()
    by_line: Counter = Counter()
    for pc, (name, line) in places(image, list(counts)).items():
        by_function[name] += counts[pc]
        by_line[f"{line} {name}"] += counts[pc]
    return Profile(function, instructions, pages, by_function, by_line)


def run_into(replay: Replay, function: str) -> Registers:
    """Run to where a function was just entered."""
    entry, idle = replay.image.address(function), replay.image.address("cpu_idle")
    for addr in (entry, idle):
        replay.remote.set_break(addr)
    replay.remote.resume()
    at = replay.remote.registers()
    if at.pc != entry:
        raise MeasureError(f"{function}() is not called before the guest is idle")
    for addr in (entry, idle):
        replay.remote.clear_break(addr)
    return at


def one_call(replay: Replay, function: str, log: Path) -> tuple[int, int]:
    """Run to the function and through it, logging. Return: instructions, pages."""
    at = run_into(replay, function)
    for command in (f"logfile {log}", "singlestep on", "log exec,nochain"):
        said = replay.remote.monitor(command)
        if said:
            raise MeasureError(f"QEMU's monitor: {said.strip()}")
    counted = replay.through(at.lr)
    replay.remote.monitor("log none")
    return counted


def executed(log: Path) -> Counter:
    """How often each pc was executed. One that QEMU began twice is there twice
    in a row; no instruction of ours jumps to itself."""
    counts: Counter = Counter()
    last = ""
    with log.open() as lines:
        for line in lines:
            found = PC.match(line)
            if found and found[1] != last:
                last = found[1]
                counts[last] += 1
    return counts


def places(image: Image, pcs: list[str]) -> dict[str, tuple[str, str]]:
    """pc -> (innermost function, file:line)."""
    lines = iter(run(CROSS + "addr2line", "-f", "-s", "-e", str(image.elf), *pcs).splitlines())
    pairs: Iterator[tuple[str, str]] = zip(lines, lines)
    return {pc: (name, place.split(" (")[0]) for pc, (name, place) in zip(pcs, pairs)}


def text(profile: Profile) -> str:
    """Two lists, most first, down to one part in a hundred."""
    share = profile.pages or 1
    head = f"{profile.function}(): {profile.instructions:,} instructions"
    if profile.pages:
        head += f", {profile.instructions / profile.pages:.1f} for each of {profile.pages:,} pages"
    lines = [head]
    for title, counts in (("function, with what is inlined apart", profile.by_function),
                          ("line", profile.by_line)):
        lines += ["", f"{'count':>10} {'part':>6} {'a page' if profile.pages else '':>7}  {title}"]
        lines += [f"{count:10,} {count / profile.instructions:6.1%} "
                  + (f"{count / share:7.2f}" if profile.pages else " " * 7) + f"  {name}"
                  for name, count in counts.most_common()
                  if count >= profile.instructions / 100]
    return "\n".join(lines)
