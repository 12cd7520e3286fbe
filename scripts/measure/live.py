# SPDX-License-Identifier: GPL-2.0-or-later
"""The article's board under GDB: what whole-memory passes take there, beside the plainest ways to the same bytes."""
from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .image import TOP
from .remote import MeasureError, Remote

GUEST = TOP / "build/guest/mm.elf"
RAM_START = 0x10000000
MEASURE_SECONDS = 300


@dataclass(frozen=True)
class Live:
    """Seconds, each the least of some times."""
    pages: int                  # that have a struct page
    map_bytes: int              # of all struct pages
    engine: bool                # whether libmmdump.so is in use
    transport: str              # of account
    values: float               # one gdb.Value a page; out of a sample
    search: float               # wmemchr() over the bytes
    classify: float             # what each page is for
    account: float              # mm account, by the RAM file
    account_by_stub: float
    transfer: float             # GDB reads the bytes through the stub


def measure() -> Live:
    """Run the guest to its end under a GDB. Raises MeasureError."""
    with tempfile.TemporaryDirectory(prefix="mmscope-bench-") as name:
        folder = Path(name)
        socket, ram = folder / "gdb", folder / "ram"
        qemu = subprocess.Popen([str(TOP / "scripts/qemu"), "--board", "article", "--stop", "--gdb", str(socket),
                                 "--serial", str(folder / "serial"), "--ram", str(ram)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            return _asked(qemu, socket, ram)
        finally:
            qemu.terminate()
            qemu.wait()


def _asked(qemu: "subprocess.Popen[bytes]", socket: Path, ram: Path) -> Live:
    """GDB's answer."""
    command = ["gdb-multiarch", "-nx", "-batch", str(GUEST),
               "-ex", f"target remote {socket}", "-ex", f"source {TOP / 'gdb/mm.py'}", "-ex", "hbreak cpu_idle",
               "-ex", "continue", "-ex", f"python RAM_FILE, RAM_START = {str(ram)!r}, {RAM_START:#x}",
               "-ex", f"source {Path(__file__).with_name('in_gdb.py')}"]
    def alive() -> None:
        if qemu.poll() is not None:
            raise MeasureError("QEMU ended")
    Remote(socket, alive).close()           # it listens now
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=MEASURE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise MeasureError(f"GDB did not measure within {MEASURE_SECONDS} s") from None
    found = re.search(r"^MEASURED (\{.*\})$", done.stdout, re.MULTILINE)
    if found is None:
        raise MeasureError(f"GDB measured nothing: {(done.stderr or done.stdout).strip()[-300:]}")
    return Live(**json.loads(found[1]))
