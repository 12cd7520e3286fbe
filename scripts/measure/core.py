# SPDX-License-Identifier: GPL-2.0-or-later
"""One core of a real kernel, and how long who reads it takes from start to answer."""
from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional, Sequence

from lab import kernel_files, runs
from lab.boot import Options, boot
from lab.common import LabError, say
from lab.kernels import kernel
from lab.vmcore import make_vmcore

from .image import TOP, run
from .remote import MeasureError, Remote

KERNEL, MEMORY = "amd64-6.1", "2G"      # Debian 12's own: what its crash and drgn are made for
LINEAR = 0xFFFF888000000000             # nokaslr, as kernel-lab boots
BOOTED = b"mmscope: END /proc/buddyinfo"
BOOT_SECONDS, ANSWER_SECONDS = 120, 120
TIMES = 3
MMDUMP = TOP / "build/dump/mmdump"
CRASH = "kmem -f\nquit\n"
COUNTERS = """
node = prog["node_data"][0]
print(sum(area.nr_free.value_() << order for zone in node.node_zones
          for order, area in enumerate(zone.free_area)))
"""
PAGES = """
from collections import Counter
from drgn.helpers.linux.mm import for_each_page
bit = prog.constant("PG_slab")
print(Counter(bool(page.flags.value_() >> bit & 1) for page in for_each_page(prog)))
"""


@dataclass(frozen=True)
class Answer:
    """Who, asked what, and the least of some times; where seconds is None, missing says why."""
    name: str
    asked: str
    seconds: Optional[float] = None
    missing: str = ""


@dataclass(frozen=True)
class Core:
    """What was read, and the answers; ours first."""
    kernel: str
    memory: str
    export_seconds: float       # mm layout --export, once a vmlinux
    times: int
    answers: tuple[Answer, ...]

    def ratio(self, answer: Answer) -> Optional[float]:
        """How many times as long as ours another took."""
        ours = self.answers[0].seconds
        return answer.seconds / ours if ours and answer.seconds is not None else None


def measure() -> Core:
    """Boot, write the core, let each read it. Raises MeasureError, LabError."""
    with tempfile.TemporaryDirectory(prefix="mmscope-bench-") as name:
        folder = Path(name)
        core, layout, asked = folder / "core", folder / "layout", folder / "asked"
        vmlinux = write_core(core)
        begin = time.perf_counter()
        run("gdb-multiarch", "-nx", "-batch", "-x", str(TOP / "gdb/mm.py"), "-ex", f"mm layout --export {layout}",
            str(vmlinux))
        exported = time.perf_counter() - begin
        asked.write_text(CRASH)
        answers = [answer("mmdump", "account", [str(MMDUMP), "--layout", str(layout), str(core), "account"]),
                   answer("crash", "kmem -f", ["crash", "-s", "-i", str(asked), str(vmlinux), str(core)])]
        for name, text in (("a flag of each page", PAGES), ("nr_free alone", COUNTERS)):
            script = folder / "drgn.py"
            script.write_text(text)
            answers.append(answer("drgn", name, ["drgn", "-q", "-c", str(core), "-s", str(vmlinux), str(script)]))
        return Core(KERNEL, MEMORY, exported, TIMES, tuple(answers))


def write_core(path: Path) -> Path:
    """A core of a booted kernel, as kdump would have written it. Return: its vmlinux."""
    row = kernel(KERNEL)
    files = kernel_files.cached(row) or kernel_files.fetch(row)
    say(f"booting {KERNEL} ...")
    guest = boot(row, files, Options(None, None, None, False, "", MEMORY, ()))
    try:
        _wait_booted(Path(guest["serial"]))
        with _remote(guest) as remote:
            said = remote.monitor(f"dump-guest-memory {path}")
        if not path.exists():
            raise MeasureError(f"QEMU wrote no core: {said.strip()}")
    finally:
        runs.stop(str(guest["pid"]))
    path.chmod(0o600)
    make_vmcore(path, LINEAR)
    return files.vmlinux


def _wait_booted(serial: Path) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while BOOTED not in serial.read_bytes():
        if time.monotonic() > deadline:
            raise MeasureError(f"{KERNEL} did not come to its init within {BOOT_SECONDS} s")
        time.sleep(0.2)


@contextlib.contextmanager
def _remote(guest: dict) -> Iterator[Remote]:
    def alive() -> None:
        if not runs.alive(guest):
            raise MeasureError("QEMU ended")
    remote = Remote(Path(guest["gdb"]), alive)
    try:
        yield remote
    finally:
        remote.close()


def answer(name: str, asked: str, command: Sequence[str]) -> Answer:
    """The least of some times from a program's start to its end."""
    if shutil.which(command[0]) is None:
        return Answer(name, asked, None, f"{command[0]} is not installed")
    least = None
    # As it is for people: Python keeps what it has compiled, as packages bring it for drgn.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(TIMES):
        begin = time.perf_counter()
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=ANSWER_SECONDS, check=False, env=environment)
        except subprocess.TimeoutExpired:
            return Answer(name, asked, None, f"no answer within {ANSWER_SECONDS} s")
        seconds = time.perf_counter() - begin
        if done.returncode or not done.stdout.strip():
            return Answer(name, asked, None, f"status {done.returncode}: {(done.stderr or done.stdout).strip()[-200:]}")
        least = seconds if least is None else min(least, seconds)
    return Answer(name, asked, least)
