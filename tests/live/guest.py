# SPDX-License-Identifier: GPL-2.0-or-later
"""One guest under QEMU and one GDB on it."""
from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from harness.gdbmi import Gdb, GdbError, Stop
from harness.process import read_console, wait_for

ROOT = Path(__file__).resolve().parents[2]
ELF = ROOT / "build" / "guest" / "mm.elf"
MM_PY = ROOT / "gdb" / "mm.py"
START_SECONDS = 20


class Guest:
    """Starts stopped before the first instruction. close() ends QEMU and GDB by their process ids."""

    def __init__(self, board: str, *options: str, connect: bool = True) -> None:
        self.board = board
        self._folder = tempfile.TemporaryDirectory(prefix="mmscope-live-")
        self.folder = Path(self._folder.name)
        self.socket, self.serial, self.errors = (self.folder / name for name in ("gdb", "serial", "errors"))
        self.gdb = Gdb(ELF)
        with self.errors.open("wb") as errors:
            self._qemu = subprocess.Popen(
                [str(ROOT / "scripts" / "qemu"), "--board", board, "--stop", "--gdb", str(self.socket),
                 "--serial", str(self.serial), *options],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        try:
            wait_for(f"QEMU's GDB socket for board {board}", self._listening, START_SECONDS)
            if connect:
                self.connect()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _listening(self) -> bool:
        assert self._qemu.poll() is None, f"QEMU ended: {self.errors.read_text()}"
        return self.socket.exists()

    def connect(self) -> None:
        """Attach GDB to QEMU."""
        wait_for(f"QEMU to listen on {self.socket}", self._attached, START_SECONDS)

    def _attached(self) -> bool:
        """The socket's file is there a moment before QEMU listens on it."""
        try:
            self.gdb.run(f"target remote {self.socket}")
        except GdbError as error:
            if "refused" not in str(error):
                raise
            return False
        return True

    def load(self) -> Guest:
        """Source the commands."""
        self.gdb.run(f"source {MM_PY}")
        return self

    def run_to(self, function: str) -> Stop:
        """Run to the entry of a function, by a hardware breakpoint: the MMU may still be off."""
        self.gdb.run("delete")
        self.gdb.run(f"hbreak {function}")
        stop = self.gdb.go()
        assert stop.function == function, f"{stop} is not {function}; console: {self.console()}"
        self.gdb.run("delete")
        return stop

    def fails(self, command: str) -> str:
        """Run a command that must fail; its message, which must be one line and no traceback."""
        try:
            text = self.gdb.run(command)
        except GdbError as error:
            assert "\n" not in str(error).strip() and "Traceback" not in str(error) + error.messages
            return str(error)
        raise AssertionError(f"{command!r} did not fail but printed {text[:300]!r}")

    def console(self) -> str:
        """What the guest has printed."""
        return read_console(self.serial) if self.serial.exists() else ""

    def close(self) -> None:
        """End both, whatever state they are in."""
        self.gdb.close()
        self._qemu.kill()
        self._qemu.wait()
        self._folder.cleanup()
