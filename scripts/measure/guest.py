# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a guest once under record, then count calls in replays of that run."""
from __future__ import annotations

import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Sequence

from .image import TOP, Image
from .remote import MeasureError, Remote

RECORD_SECONDS = 60
END_SECONDS = 20
IDLE = "mmscope: idle\n"
FAILED = ("warning: bench:", "panic: ", "BUG: ")


@dataclass(frozen=True)
class Board:
    """What scripts/qemu is asked for."""
    name: str
    memory: str
    append: str = ""


@dataclass(frozen=True)
class Call:
    """One call of a function, from its first instruction to its return's."""
    instructions: int
    arguments: tuple[int, ...]      # r0 to r3 at its entry
    moved_pages: int                # that left zone Normal's free lists meanwhile; below 0: came


@dataclass
class Counted:
    """What one replay counted."""
    boot: dict[str, tuple[int, int]] = field(default_factory=dict)  # instructions, pages handed over
    works: dict[int, dict[str, list[Call]]] = field(default_factory=dict)    # by the word's index


class Run:
    """A recording of one boot, with the workloads of a bench= argument."""

    def __init__(self, image: Image, board: Board, works: Sequence[str]) -> None:
        """Record it; takes as long as the guest's run. close() removes it."""
        self.image, self.board, self.works = image, board, works
        self._folder = tempfile.TemporaryDirectory(prefix="mmscope-bench-")
        self.folder = Path(self._folder.name)
        try:
            self._record()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the recording."""
        self._folder.cleanup()

    def console(self) -> str:
        """What the recorded guest printed."""
        path = self.folder / "console"
        return path.read_text(errors="replace").replace("\r", "") if path.exists() else ""

    def command(self, mode: str, *more: str) -> list[str]:
        """QEMU for this run, recording or replaying."""
        append = " ".join(filter(None, (
            self.board.append, self.works and "bench=" + ",".join(self.works))))
        return [str(TOP / "scripts/qemu"), "--image", str(self.image.elf),
                "--board", self.board.name, "--memory", self.board.memory,
                *(["--append", append] if append else []),
                f"--{mode}", str(self.folder / "log"), *more]

    def _record(self) -> None:
        console = str(self.folder / "console")
        with Qemu(self.command("record", "--serial", console), self.folder / "errors") as qemu:
            deadline = time.monotonic() + RECORD_SECONDS
            while not self._idle():
                qemu.alive()
                if time.monotonic() > deadline:
                    raise MeasureError(f"the guest was not idle after {RECORD_SECONDS} s; it said: "
                                       + self.console()[-300:])
                time.sleep(0.02)
            qemu.end()

    def _idle(self) -> bool:
        """Has it done all? Raises when it says that something went wrong."""
        lines = self.console().splitlines(True)
        for line in lines:
            if line.startswith(FAILED) and line.endswith("\n"):
                raise MeasureError(f"the guest says: {line.strip()}")
        return IDLE in lines

    def replay(self) -> Replay:
        """A replay that stands before the first instruction."""
        return Replay(self)

    def count(self, boot: Iterable[str], functions: Iterable[str]) -> Counted:
        """Count `boot` functions, each called once, and all calls of `functions` in workloads."""
        with self.replay() as replay:
            return replay.count(list(boot), list(functions))


class Qemu:
    """One QEMU, ended by its process id."""

    def __init__(self, command: Sequence[str], errors: Path) -> None:
        self._errors = errors
        with errors.open("wb") as file:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file,
                                             stderr=file)

    def __enter__(self) -> Qemu:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()

    def alive(self) -> None:
        """Raise when it has ended."""
        if self._process.poll() is not None:
            raise MeasureError("QEMU ended: " + self._errors.read_text(errors="replace").strip())

    def end(self) -> None:
        """Ask it to end, so that it writes its recording."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            raise MeasureError(f"QEMU did not end within {END_SECONDS} s") from None


class Replay:
    """One replay, driven from stop to stop."""

    def __init__(self, run: Run, *more: str) -> None:
        self.image = run.image
        self._qemu = Qemu(run.command("replay", "--serial", str(run.folder / "replayed"), "--stop",
                                      "--gdb", str(run.folder / "gdb"), *more),
                          run.folder / "errors")
        try:
            self.remote = Remote(run.folder / "gdb", self._qemu.alive)
        except BaseException:
            self._qemu.__exit__()
            raise

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remote.close()
        self._qemu.__exit__()

    def count(self, boot: Sequence[str], functions: Sequence[str]) -> Counted:
        """As Run.count(); ends where the guest is idle."""
        counted = Counted()
        markers = {self.image.address(name): name for name in (*boot, "bench_begin", "cpu_idle")}
        for addr in markers:
            self.remote.set_break(addr)
        while True:
            self.remote.resume()
            at = self.remote.registers()
            name = markers.pop(at.pc, "")
            if name == "cpu_idle":
                return counted
            self.remote.clear_break(at.pc)
            if name == "bench_begin":
                counted.works[at.r[0]] = self._count_work(functions)
                self.remote.set_break(at.pc)
                markers[at.pc] = name
            elif name:
                counted.boot[name] = self.through(at.lr)
            else:
                raise MeasureError(f"stopped at {at.pc:#x}, where no breakpoint is")

    def through(self, return_to: int) -> tuple[int, int]:
        """Run a function that was just entered; its instructions, and pages handed over."""
        pages, start = self._totalram_pages(), self.remote.instructions()
        self._run_to(return_to)
        return self.remote.instructions() - start, self._totalram_pages() - pages

    def _totalram_pages(self) -> int:
        return int.from_bytes(self.remote.read(self.image.address("totalram_pages"), 4), "little")

    def _run_to(self, addr: int) -> None:
        self.remote.set_break(addr)
        self.remote.resume()
        self.remote.clear_break(addr)
        if self.remote.registers().pc != addr:
            raise MeasureError(f"did not come to {addr:#x}")

    def _count_work(self, functions: Sequence[str]) -> dict[str, list[Call]]:
        """All calls from bench_begin(), where it stands, to bench_end()."""
        calls: dict[str, list[Call]] = {name: [] for name in functions}
        entries = {self.image.address(name): name for name in functions}
        end = self.image.address("bench_end")
        while True:
            for addr in (*entries, end):
                self.remote.set_break(addr)
            self.remote.resume()
            at = self.remote.registers()
            for addr in (*entries, end):        # a call may make others: those are part of it
                self.remote.clear_break(addr)
            if at.pc == end:
                return calls
            free, start = self._free_pages(), self.remote.instructions()
            self._run_to(at.lr)
            calls[entries[at.pc]].append(Call(
                self.remote.instructions() - start, at.r[:4], free - self._free_pages()))

    def _free_pages(self) -> int:
        """Pages on zone Normal's free lists, by the counters of its orders."""
        addrs: Sequence[int] = self.image.nr_free
        data = self.remote.read(addrs[0], addrs[-1] + 4 - addrs[0])
        return sum(struct.unpack_from("<I", data, addr - addrs[0])[0] << order
                   for order, addr in enumerate(addrs))

