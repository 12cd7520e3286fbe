# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests booted two at a time, each ended by its process id."""
from __future__ import annotations

import json
import re
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Sequence

from harness.gdbmi import Gdb, GdbError
from harness.process import WaitError, read_console, wait_for

from .board import Board

ROOT = Path(__file__).resolve().parents[2]
QEMU = ROOT / "scripts" / "qemu"
READOUT = Path(__file__).with_name("readout.py")
AT_A_TIME = 2
BOOT_SECONDS = 60                   # a boot takes one, of a busy machine ten
ENDS = {"idle": "mmscope: idle\n", "panic": "panic: ", "halted": "\nhalted\n"}
REFUSED = re.compile("Connection refused|No such file", re.I)
# The console goes where nobody reads: its last line says so.
MOVED = re.compile(r"^console: .* at 0x(?!021e8000|09000000)[0-9a-f]+\n\Z", re.M)


@dataclass(frozen=True)
class Job:
    """One boot: scripts/qemu's arguments, and what to read at its end."""
    name: str
    arguments: Sequence[str]
    image: str = "guest"
    probes: Sequence[int] = ()
    read: bool = True               # at "idle", the state through GDB
    limit_seconds: float = BOOT_SECONDS


@dataclass(frozen=True)
class Outcome:
    """How a boot ended."""
    name: str
    end: str            # "idle", "panic", "halted", "moved"; "silent": not
    console: str        # in time; "error": never started, console says why
    seconds: float
    state: dict[str, Any] = field(default_factory=dict)

    def line(self, start: str) -> str:
        """The console's only line that starts so."""
        found = [text for text in self.console.splitlines()
                 if text.startswith(start)]
        assert len(found) == 1, f"{len(found)} lines {start!r}: {self.console}"
        return found[0]


def job_of(board: Board, folder: Path, probes: Sequence[int] = ()) -> Job:
    """The boot of a generated tree, or of a real board."""
    arguments = (["--board", board.real] if board.real else
                 ["--dts", str(board.write(folder))])
    if board.append:
        arguments += ["--append", board.append]
    return Job(board.name, arguments, board.image, probes)


def elf(image: str) -> Path:
    """A flavour's symbols."""
    return ROOT / "build" / image / "mm.elf"


def end_of(console: str) -> str:
    """Which of the ends is on the console, "" for none yet."""
    if MOVED.search(console):
        return "moved"
    for name, text in ENDS.items():
        at = console.find(text)
        if at >= 0 and "\n" in console[at + len(text) - 1:]:
            return name
    return ""


class Qemu:
    """One scripts/qemu. Its folder has `serial`, `gdb`, `errors`."""

    def __init__(self, *arguments: str, image: str = "guest") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mmscope-boot-")
        self.folder = Path(self._folder.name)
        self.serial, self.socket, self.errors = (
            self.folder / name for name in ("serial", "gdb", "errors"))
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [str(QEMU), "--image", str(elf(image)), "--serial",
                 str(self.serial), "--gdb", str(self.socket), *arguments],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    def __enter__(self) -> Qemu:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.wait()
        self._folder.cleanup()

    def alive(self) -> bool:
        """False is an error: QEMU must not end by itself."""
        assert self.process.poll() is None, (
            f"QEMU ended: {self.errors.read_text(errors='replace')}")
        return True

    def connected(self, gdb: Gdb) -> None:
        """Attach GDB, which stops the guest."""
        def attach() -> bool:
            self.alive()
            try:                # the socket is there before it is listened to
                gdb.run(f"target remote {self.socket}")
                return True
            except GdbError as error:
                if not REFUSED.search(str(error)):
                    raise
                return False
        wait_for("QEMU's GDB socket", attach, BOOT_SECONDS, 0.02)

    def wait_end(self, limit_seconds: float) -> str:
        """Wait for an end; Return: its name, "silent" when none came."""
        def poll() -> str:
            self.alive()
            return end_of(read_console(self.serial))
        try:
            return wait_for("the boot to end", poll, limit_seconds, 0.01)
        except WaitError:
            return "silent"


class Farm:
    """Boots jobs in parallel; one GDB per flavour and worker reads them."""

    def __init__(self) -> None:
        self._gdbs: list[Gdb] = []
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(AT_A_TIME)      # a thread keeps its GDBs from one boot() to the next

    def close(self) -> None:
        """End the GDBs."""
        self._pool.shutdown()
        for gdb in self._gdbs:
            gdb.close()

    def boot(self, jobs: Iterable[Job]) -> dict[str, Outcome]:
        """Boot them all; Return: how each ended, by its name."""
        outcomes = list(self._pool.map(self._try, jobs))
        return {outcome.name: outcome for outcome in outcomes}

    def boards(self, boards: Iterable[Board], folder: Path,
               probes: dict[str, Sequence[int]] | None = None,
               ) -> dict[str, Outcome]:
        """The same for generated trees."""
        probes = probes or {}
        return self.boot([job_of(board, folder, probes.get(board.name, ()))
                          for board in boards])

    def _try(self, job: Job) -> Outcome:
        """One bad boot must not take the others' results with it."""
        try:
            return self._boot(job)
        except (AssertionError, GdbError, WaitError, OSError) as error:
            return Outcome(job.name, "error", repr(error), 0)

    def _boot(self, job: Job) -> Outcome:
        started = time.monotonic()
        stop = ["--stop"] if job.read else []
        state: dict[str, Any] = {}
        with Qemu(*job.arguments, *stop, image=job.image) as qemu:
            if job.read:
                state = self._read(qemu, job)
            end = "idle" if state else qemu.wait_end(
                0.1 if job.read else job.limit_seconds)
            return Outcome(job.name, end, read_console(qemu.serial),
                           time.monotonic() - started, state)

    def _read(self, qemu: Qemu, job: Job) -> dict[str, Any]:
        """The state at cpu_idle(), which is before the first wfi: a CPU that
        waits runs no function that GDB calls. {} when it never comes there."""
        gdb = self._gdb(job.image)
        qemu.connected(gdb)
        try:
            for function in ("cpu_idle", "arch_halt"):
                gdb.run(f"hbreak {function}")
            try:
                stop = gdb.go(limit_seconds=job.limit_seconds)
            except WaitError:
                gdb.interrupt()
                return {}
            gdb.run("delete")
            if stop.function != "cpu_idle":
                return {}
            return json.loads(gdb.run(f"python read_state({list(job.probes)})"))
        finally:
            gdb.run("delete")
            gdb.run("disconnect")

    def _gdb(self, image: str) -> Gdb:
        own = self._own.__dict__
        if image not in own:
            gdb = Gdb(elf(image), limit_seconds=BOOT_SECONDS)
            self._gdbs.append(gdb)
            gdb.run(f"source {READOUT}")
            own[image] = gdb
        return own[image]
