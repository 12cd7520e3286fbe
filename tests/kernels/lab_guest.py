# SPDX-License-Identifier: GPL-2.0-or-later
"""A real kernel under QEMU with our commands loaded in GDB."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.gdbmi import Gdb, Stop
from harness.process import read_console

ROOT = Path(__file__).resolve().parents[2]
KERNEL_LAB = ROOT / "scripts" / "kernel-lab"
sys.path.insert(0, str(ROOT / "scripts"))

from lab.common import LabError, cache_dir      # noqa: E402
from lab.kernels import KERNELS, Kernel, kernel  # noqa: E402

FETCH_LIMIT_SECONDS = 3 * 3600
LAB_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 120
CMA_RESERVED = re.compile(r"cma: Reserved (\d+) MiB at (0x[0-9a-f]+)")


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

    def __init__(self, row: Kernel, stop: bool) -> None:
        """Boot; with `stop` it waits before its first instruction."""
        self.kernel = row
        kernel_lab("fetch", row.name, limit_seconds=FETCH_LIMIT_SECONDS)
        self.run = json.loads(kernel_lab("boot", row.name,
                                         *(["--stop"] if stop else [])))
        self.serial = Path(self.run["serial"])
        self._gdb: Gdb | None = None

    def attach(self) -> Gdb:
        """Start GDB on the kernel's vmlinux and stop the guest with it."""
        index = cache_dir() / "gdb-index"   # 17 s without it, 1 s with it
        self._gdb = Gdb(self.run["vmlinux"], early=(
            f"set index-cache directory {index}",
            "set index-cache enabled on"), limit_seconds=STOP_LIMIT_SECONDS)
        self._gdb.run(f"source {ROOT / 'gdb' / 'mm.py'}")
        self._gdb.run(f"target remote {self.run['gdb']}")
        return self._gdb

    def console(self) -> str:
        """What the kernel has printed so far."""
        return read_console(self.serial)

    def run_to(self, gdb: Gdb, function: str) -> Stop:
        """Let the guest run to the entry of `function`.

        By a hardware breakpoint: the code may not be where it will be yet.
        """
        gdb.run("delete")
        gdb.run(f"hbreak {function}")
        stop = gdb.go()
        assert stop.function == function, f"{stop} is not {function}"
        gdb.run("delete")
        return stop

    def close(self) -> None:
        """End GDB and QEMU, by their process ids."""
        if self._gdb:
            self._gdb.close()
        kernel_lab("stop", str(self.run["pid"]))


@dataclass(frozen=True)
class CmaPool:
    """The default CMA area, as the kernel's log has it."""
    base_phys: int
    size_bytes: int


def cma_pool(console: str) -> CmaPool:
    """The pool that the kernel says it reserved."""
    found = CMA_RESERVED.search(console)
    assert found, "the kernel reserved no CMA pool"
    return CmaPool(int(found[2], 16), int(found[1]) << 20)
