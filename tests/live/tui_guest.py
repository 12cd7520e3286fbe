# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest, and a GDB with its TUI on a terminal: what a user types, and sees."""
from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from guest import ELF, MM_PY, ROOT, START_SECONDS
from harness.process import wait_for
from harness.terminal import Terminal

QUIET = ("set auto-load no", "set pagination off", "set confirm off", "set breakpoint pending off")


class TuiGuest:
    """QEMU before its first instruction, GDB not connected yet. close() ends both by their process ids."""

    def __init__(self, columns: int, lines: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mmscope-tui-")
        self.folder = Path(self._folder.name)
        self.socket = self.folder / "gdb"
        self._fences = 0
        self._qemu = subprocess.Popen(
            [str(ROOT / "scripts" / "qemu"), "--board", "article", "--stop", "--gdb", str(self.socket),
             "--serial", str(self.folder / "serial")], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        early = [word for line in QUIET for word in ("-iex", line)]
        self.terminal = Terminal(["gdb-multiarch", "-nx", "-q", *early, "-ex", f"source {MM_PY}", str(ELF)],
                                 columns, lines, cwd=ROOT)
        try:
            self.terminal.wait("GDB's prompt", lambda: "(gdb)" in self.terminal.text)
            wait_for("QEMU's GDB socket", self._listening, START_SECONDS)
        except BaseException:
            self.close()
            raise

    def _listening(self) -> bool:
        """Flags 00010000 of a unix socket: its file alone is there a moment before QEMU listens."""
        assert self._qemu.poll() is None, "QEMU ended"
        return any(line.split()[3] == "00010000" and line.endswith(f" {self.socket}")
                   for line in Path("/proc/net/unix").read_text().splitlines()[1:])

    def do(self, *commands: str) -> str:
        """Type commands, one after the other; Return: the screen when GDB takes the next one."""
        for command in commands:
            self._fences += 1
            fence = f"[{self._fences}]"
            self.terminal.type(f"{command}\necho {fence}\\n\n")

            def over() -> bool:
                lines = [line.rstrip() for line in self.terminal.lines]
                return any(one == fence and two.startswith("(gdb)") for one, two in zip(lines, lines[1:]))
            self.terminal.wait(f"{command!r} to end", over)
        return self.terminal.text

    def run_to(self, function: str) -> str:
        """Run to a function."""
        return self.do("delete", f"hbreak {function}", "continue", "delete")

    def json(self, command: str) -> Any:
        """What a command says at this stop."""
        file = self.folder / "json"
        self.do(f"{command} --json -o {file}")
        return json.loads(file.read_text())

    def table(self) -> dict[str, list[str]]:
        """The rows of the zones' window by their first word; "change" of a row is what stands below it."""
        found, name = {}, ""
        lines = self.terminal.lines
        top = next(at for at, line in enumerate(lines) if "managed" in line or "regions " in line)
        for line in lines[top:]:
            if not line.startswith("\u2502"):
                break
            text = line.strip("\u2502 ")
            words = text.split()
            if words and words[0][0] not in "+-.0123456789":
                name = words[0].rstrip("*")
                found[name] = words[1:]
                found[f"{name} change"] = []
            elif words:
                found[f"{name} change"] = words
        return found

    def _map(self) -> list[str]:
        """Lines of the map's window: the legend, then rows."""
        lines = [line.strip("\u2502 ") for line in self.terminal.lines]
        top = next(at for at, line in enumerate(lines) if " a cell" in line)
        rows = [line for line in lines[top:] if not line.startswith(("\u2514", "\u251c"))]
        return [line for line in rows[:next((at for at, line in enumerate(rows) if not line), len(rows))]]

    def legend(self) -> dict[str, int]:
        """Page frames by what they are, as the map's window says."""
        words = self._map()[0].partition(": ")[2]
        return {name.strip(): int(count) for name, count in re.findall(r"\S ([^\d]+) (\d+)", words)}

    def cells(self) -> str:
        """All signs of the map's window, one after the other."""
        return "".join(line.split()[1] for line in self._map()[1:])

    def bright(self, line: int) -> str:
        """What is reversed in a line of the screen."""
        cells = self.terminal.screen.buffer[line]
        return "".join(cells[at].data for at in range(self.terminal.screen.columns) if cells[at].reverse)

    def close(self) -> None:
        """End both."""
        self.terminal.close()
        self._qemu.kill()
        self._qemu.wait()
        self._folder.cleanup()
