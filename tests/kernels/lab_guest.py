# SPDX-License-Identifier: GPL-2.0-or-later
"""A real kernel under QEMU with our commands loaded in GDB.

One guest a kernel serves all test modules. It is stopped whenever no test
looks, and runs only inside these:

    with guest.held_in("frag_show") as gdb:         # at a function's entry
        zones = gdb.json("mm zones --json")
    with guest.held_in_user_space() as gdb: ...     # a CPU runs a program
    with guest.running(): ...                       # until the block ends
    ours, kernels = guest.look_and_print(           # of one moment
        ["frag_show"], lambda gdb: gdb.run("mm buddyinfo"))

A GDB that does not answer in time is replaced by a new one: the test that
waited fails, the others go on.
"""
from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Sequence, TypeVar

from harness.gdbmi import Gdb, GdbError, Stop
from harness.process import WaitError, read_console, wait_for

ROOT = Path(__file__).resolve().parents[2]
KERNEL_LAB = ROOT / "scripts" / "kernel-lab"
sys.path.insert(0, str(ROOT / "scripts"))

from lab.common import LabError, cache_dir      # noqa: E402
from lab.kernels import KERNELS, Kernel, kernel  # noqa: E402

FETCH_LIMIT_SECONDS = 3 * 3600
LAB_LIMIT_SECONDS = 60
GDB_LIMIT_SECONDS = 120     # also for the first index of a vmlinux
HELD_LIMIT_SECONDS = 60     # each function comes by every second or two
FINISH_LIMIT_SECONDS = 20
SAME_STOP = 4               # how often two CPUs may report one stop
SAME_MOMENT = 8             # tries of look_and_print
USER_TRIES = 200
USER_PAUSE_SECONDS = 0.05
CMA_RESERVED = re.compile(r"cma: Reserved (\d+) MiB at (0x[0-9a-f]+)")

T = TypeVar("T")


class Stuck(AssertionError):
    """The guest did not come to where it should stop."""


def chosen_kernels() -> list[Kernel]:
    """The rows that $KERNELS names, all when it is empty; LabError if none."""
    names = os.environ.get("KERNELS", "").split()
    return [kernel(name) for name in names] or list(KERNELS)


def kernel_lab(*args: str, limit_seconds: float = LAB_LIMIT_SECONDS) -> str:
    """Run scripts/kernel-lab; Return: its output. Its error is the failure."""
    try:
        done = subprocess.run([str(KERNEL_LAB), *args], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        raise LabError(f"waited {limit_seconds:.0f} s for kernel-lab "
                       + " ".join(args)) from None
    if done.returncode:
        raise LabError(done.stderr.strip())
    return done.stdout


class LabGuest:
    """One booted kernel and one GDB on it. close() ends both."""

    def __init__(self, row: Kernel, *options: str) -> None:
        """Boot; it waits before its first instruction.

        options: more for `kernel-lab boot`, like "--kaslr".
        """
        self.kernel = row
        kernel_lab("fetch", row.name, limit_seconds=FETCH_LIMIT_SECONDS)
        self.run = json.loads(kernel_lab("boot", row.name, "--stop", *options))
        self.serial = Path(self.run["serial"])
        try:
            self.gdb = self.new_gdb()
        except BaseException:
            self.end_qemu()
            raise

    # --- GDB ------------------------------------------------------------------

    def new_gdb(self) -> Gdb:
        """A GDB with our commands, connected; the guest is stopped."""
        index = cache_dir() / "gdb-index"   # 17 s without it, 1 s with it
        gdb = Gdb(self.run["vmlinux"], early=(
            f"set index-cache directory {index}",
            "set index-cache enabled on"), limit_seconds=GDB_LIMIT_SECONDS)
        try:
            gdb.run(f"source {ROOT / 'gdb' / 'mm.py'}")
            self.connect(gdb)
        except BaseException:
            gdb.close()
            raise
        return gdb

    def connect(self, gdb: Gdb) -> None:
        """Attach to QEMU, whose socket is there before it listens."""
        def attached() -> bool:
            try:
                gdb.run(f"target remote {self.run['gdb']}")
            except GdbError as error:
                if "refused" not in str(error):
                    raise
                return False
            return True
        wait_for("QEMU to take a GDB", attached, LAB_LIMIT_SECONDS)

    def replace_gdb(self) -> None:
        """End a GDB that hangs, with every breakpoint that QEMU has of it.

        The guest stays where it is: QEMU stops it for each GDB that comes.
        """
        self.gdb.close()
        self.gdb = self.new_gdb()

    @contextlib.contextmanager
    def _tidy(self) -> Iterator[None]:
        """Whatever happens inside: no breakpoint stays and the guest stands."""
        try:
            yield
        except WaitError:
            self.replace_gdb()
            raise
        finally:
            self.gdb.run("set scheduler-locking off")
            self.gdb.run("delete")

    # --- where to look --------------------------------------------------------

    def first_of(self, functions: Sequence[str]) -> str:
        """The first of `functions` that this kernel has as a function.

        What one release inlines another calls, and names change.
        """
        for name in functions:
            try:
                self.gdb.number(f"(unsigned long)&{name}")
            except GdbError:
                continue
            return name
        raise AssertionError(f"{self.kernel.name} has none of the functions "
                             + " ".join(functions))

    def run_to(self, *functions: str,
               limit_seconds: float = GDB_LIMIT_SECONDS) -> Stop:
        """Let the guest run to the first instruction of the first there is.

        By a hardware breakpoint: the code may not be where it will be yet.
        The breakpoint stays until _tidy() or the next run_to().
        """
        name = self.first_of(functions)
        address = self.gdb.number(f"(unsigned long)&{name}")
        self.gdb.run("delete")
        self.gdb.run(f"hbreak *{address}")
        return self.next_hit(address, limit_seconds)

    def next_hit(self, address: int, limit_seconds: float) -> Stop:
        """Continue until the breakpoint at `address` is hit again."""
        for _ in range(SAME_STOP):
            stop = self.go(limit_seconds)
            if stop.address == address:
                return stop
        raise AssertionError(f"{stop} is not at {address:#x}; the console "
                             f"ends with: {self.console()[-500:]}")

    def go(self, limit_seconds: float, command: str = "continue") -> Stop:
        """Resume; stop the guest when it does not stop in time, and raise."""
        try:
            return self.gdb.go(command, limit_seconds)
        except WaitError:
            self.gdb.interrupt(FINISH_LIMIT_SECONDS)
            raise Stuck(
                f"waited {limit_seconds:g} s for {command} to stop; the "
                f"console ends with: {self.console()[-500:]}") from None

    @contextlib.contextmanager
    def held_in(self, *functions: str) -> Iterator[Gdb]:
        """The booted guest at the entry of the first function there is."""
        with self._tidy():
            self.run_to(*functions, limit_seconds=HELD_LIMIT_SECONDS)
            yield self.gdb

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The guest runs inside; GDB takes no command there."""
        with self._tidy():
            self.gdb.resume()
            try:
                yield
            finally:
                self.gdb.interrupt(FINISH_LIMIT_SECONDS)

    @contextlib.contextmanager
    def held_in_user_space(self) -> Iterator[Gdb]:
        """Stopped while a CPU, GDB's current thread, runs a program."""
        with self._tidy():
            for _ in range(USER_TRIES):
                with self.running():
                    time.sleep(USER_PAUSE_SECONDS)
                if self._select_user_cpu():
                    break
            else:
                raise AssertionError(
                    f"no program ran at {USER_TRIES} stops of the guest")
            yield self.gdb

    def _select_user_cpu(self) -> bool:
        """Make a CPU that runs a program GDB's thread, if there is one."""
        for thread in re.findall(r"^[* ]+(\d+) +Thread",
                                 self.gdb.run("info threads"), re.MULTILINE):
            self.gdb.run(f"thread {thread}")
            if self.in_user_mode():
                return True
        return False

    def in_user_mode(self) -> bool:
        """True when the current CPU is not in the kernel."""
        if self.kernel.arch == "amd64":
            return self.gdb.number("$cs") & 3 == 3
        mode = self.gdb.number("$cpsr") & 0x1f
        return mode == (0 if self.kernel.arch == "arm64" else 0x10)

    # --- what the kernel says -------------------------------------------------

    def kernel_text(self, seq_file: str = "m") -> str | None:
        """Let the function that GDB stands at the entry of print; its text.

        seq_file: an expression for what it prints to. Only this CPU runs: the
        text is of the memory as it is now, but for an interrupt's work. None:
        the text did not fit, and the kernel will call the function once more.
        GDB stands behind the call then. Stuck: another CPU, which stands
        still, has a lock that this one waits for; take the next call.
        """
        seq = self.gdb.number(f"(unsigned long)({seq_file})")
        field = f"((struct seq_file *){seq})->"
        start = self.gdb.number(field + "count")
        self.gdb.run("disable")     # nothing else is to stop it
        self.gdb.run("set scheduler-locking on")
        try:
            self.go(FINISH_LIMIT_SECONDS, "finish")
        finally:
            self.gdb.run("set scheduler-locking off")
            self.gdb.run("enable")
        end = self.gdb.number(field + "count")
        if end >= self.gdb.number(field + "size"):
            return None
        return self.memory(self.gdb.number(f"(unsigned long){field}buf")
                           + start, end - start).decode()

    def memory(self, address: int, size: int) -> bytes:
        """Target memory, by GDB alone."""
        if not size:
            return b""
        return bytes.fromhex(self.gdb.run(
            f"python print(bytes(gdb.selected_inferior().read_memory("
            f"{address}, {size})).hex())"))

    def look_and_print(self, functions: Sequence[str],
                       look: Callable[[Gdb], T], seq_file: str = "m",
                       wanted: str = "") -> tuple[T, str]:
        """What `look` finds, and what the kernel prints of the same moment.

        Held at the entry of the first function there is, look, let the kernel
        print, look again: both looks have to be equal, else something moved
        in between (an interrupt) and the next call is taken. wanted: what the
        text has to match at its start, for a function that is called for
        each of several things.
        """
        with self.held_in(*functions):
            address = self.gdb.number("(unsigned long)$pc")
            for _ in range(SAME_MOMENT):
                found, text = look(self.gdb), None
                with contextlib.suppress(Stuck):
                    text = self.kernel_text(seq_file)
                if text is not None and re.match(wanted, text) \
                        and look(self.gdb) == found:
                    return found, text
                self.next_hit(address, HELD_LIMIT_SECONDS)
        raise AssertionError(f"{functions}: no moment stood still in "
                             f"{SAME_MOMENT} tries; the kernel's last text: "
                             f"{text!r}")

    def log_text(self) -> str:
        """The kernel's log so far, out of its ring of records.

        Between the texts stand the records' numbers, as characters. The ring
        of a kernel that logs much before it has a console has lost the start.
        """
        ring = "prb->text_data_ring."
        size = 1 << self.gdb.number(ring + "size_bits")
        tail, head = (self.gdb.number(f"{ring}{end}_lpos.counter") % 2**64
                      for end in ("tail", "head"))
        data = self.memory(self.gdb.number(f"(unsigned long){ring}data"), size)
        start, length = tail % size, (head - tail) % 2**32
        return (data[start:] + data[:start])[:length].decode("latin-1")

    def console(self) -> str:
        """What the kernel has printed so far."""
        return read_console(self.serial)

    # --- the end --------------------------------------------------------------

    def close(self) -> None:
        """End GDB and QEMU, by their process ids."""
        self.gdb.close()
        self.end_qemu()

    def end_qemu(self) -> None:
        """End the guest."""
        kernel_lab("stop", str(self.run["pid"]))


@dataclass(frozen=True)
class CmaPool:
    """The default CMA area, as the kernel's log has it."""
    base_phys: int
    size_bytes: int


def cma_pool(console: str) -> CmaPool | None:
    """The pool that the kernel says it reserved, if it did."""
    found = CMA_RESERVED.search(console)
    return CmaPool(int(found[2], 16), int(found[1]) << 20) if found else None
