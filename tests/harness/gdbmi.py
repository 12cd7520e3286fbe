# SPDX-License-Identifier: GPL-2.0-or-later
"""GDB as a child, driven over GDB/MI: each command answered or failed, in time.

    with Gdb("build/guest/mm.elf") as gdb:
        gdb.run("target remote /tmp/gdb.sock")
        gdb.run("break mm_init")
        assert gdb.go("continue").function == "mm_init"
        zones = gdb.json("mm zones --json")
"""
from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

from . import mi
from .process import WaitError

QUIET = ("set confirm off", "set pagination off", "set width 0",
         "set height 0", "set breakpoint pending off",
         "set print thread-events off",
         "maint set internal-error corefile no")


class GdbError(Exception):
    """A command that GDB says has failed; the text is GDB's message."""

    def __init__(self, message: str, messages: str = "") -> None:
        super().__init__(message)
        self.messages = messages        # all it wrote, also a traceback


@dataclass(frozen=True)
class Stop:
    """Why and where the target stopped."""
    reason: str         # "breakpoint-hit", "end-stepping-range", "" if untold
    function: str       # "" without symbols
    line: int           # 0 without line numbers
    address: int


class Gdb:
    """One GDB process. Every wait has a limit and says what it waited for."""

    def __init__(self, *files: str | Path, program: str = "gdb-multiarch",
                 early: Sequence[str] = (), limit_seconds: float = 60,
                 cwd: str | Path | None = None) -> None:
        """Start GDB on `files`; `early` are commands before it reads them."""
        self.limit_seconds = limit_seconds
        self.log: list[str] = []        # every line both ways, for a failure
        self.last_stop: Stop | None = None
        self._text: list[str] = []      # console text since the last command
        self._messages: list[str] = []  # GDB's log stream since then
        self._fence = ""                # token sent behind a resumed target
        self._pending = b""
        self._token = 0
        command = [program, "-nx", "-q", "--interpreter=mi2"]
        for line in early:
            command += ["-iex", line]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=cwd, start_new_session=True)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        try:
            for line in QUIET:
                self.run(line)
            for file in files:
                self.run(f"file {file}", limit_seconds=180)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """GDB's process id."""
        return self._process.pid

    def __enter__(self) -> "Gdb":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def run(self, command: str, limit_seconds: float | None = None) -> str:
        """Run one command as if typed; Return: all the text it printed.

        One that lets the target run returns when GDB takes commands again:
        after the stop. Raises GdbError when it fails, WaitError in time.
        """
        limit = limit_seconds or self.limit_seconds
        if self.resume(command, limit):
            self._wait_fence(limit, f"GDB command {command!r} to end")
        return "".join(self._text)

    def go(self, command: str = "continue",
           limit_seconds: float | None = None) -> Stop:
        """Run a command that resumes the target; Return: where it stopped."""
        self.last_stop = None
        self.run(command, limit_seconds)
        if self.last_stop is None:
            raise GdbError(f"{command!r} did not let the target run")
        return self.last_stop

    def resume(self, command: str = "continue",
               limit_seconds: float | None = None) -> bool:
        """Run one command, but do not wait for the target to stop.

        Return: True when it runs: then only interrupt() or wait_stop() next.
        """
        self._text, self._messages = [], []
        quoted = command.replace("\\", "\\\\").replace('"', '\\"')
        token = self._send(f'-interpreter-exec console "{quoted}"')
        result = self._result(token, limit_seconds or self.limit_seconds,
                              f"GDB command {command!r}")
        if result != "running":
            return False
        # GDB reads on only when the target has stopped, and the command that
        # resumed it is over: what it answers next comes behind all of that.
        self._fence = self._send("-list-features")
        return True

    def wait_stop(self, limit_seconds: float | None = None) -> Stop:
        """Wait for the target to stop after resume()."""
        self._wait_fence(limit_seconds or self.limit_seconds,
                         "the target to stop")
        if self.last_stop is None:
            raise GdbError("the target did not run")
        return self.last_stop

    def interrupt(self, limit_seconds: float | None = None) -> Stop:
        """Ctrl-C: stop the target that resume() let run."""
        os.kill(self.pid, signal.SIGINT)
        return self.wait_stop(limit_seconds)

    def json(self, command: str, limit_seconds: float | None = None) -> Any:
        """Run a command that prints one JSON document; Return: it decoded."""
        text = self.run(command, limit_seconds)
        try:
            return json.loads(text)
        except ValueError as error:
            raise GdbError(f"{command!r} printed no JSON ({error}): "
                           f"{text[:500]}") from None

    def number(self, expression: str) -> int:
        """The value of an integer, enum or pointer, with its type's sign."""
        return int(self.run(
            f"python print(int(gdb.parse_and_eval({expression!r})))"))

    def close(self) -> None:
        """End GDB. The target stays as it is: detach first to let it run.

        Killed, not asked: a GDB that quits takes its target with it.
        """
        self._process.kill()
        self._process.wait()
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                pipe.close()
            except OSError:
                pass

    def _wait_fence(self, limit_seconds: float, what: str) -> None:
        if not self._fence:
            return
        try:
            self._result(self._fence, limit_seconds, what)
        except GdbError:        # not WaitError: then it is still to come
            self._fence = ""
            raise
        self._fence = ""

    def _send(self, command: str) -> str:
        """Write one MI command; Return: its token."""
        self._token += 1
        line = f"{self._token}{command}"
        self.log.append(f"-> {line}")
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise GdbError(f"GDB is gone: {self._tail()}") from None
        return str(self._token)

    def _result(self, token: str, limit_seconds: float, what: str) -> str:
        """Read up to the result of `token`; text and stops are kept.

        Return: "done" or "running". An error raises, also the second result
        of a command that let the target run and failed afterwards.
        """
        deadline = time.monotonic() + limit_seconds
        failure = ""
        while True:
            record = self._next(deadline, limit_seconds, what)
            if record.kind == "~":
                self._text.append(record.name)
            elif record.kind == "&":
                self._messages.append(record.name)
            elif record.kind == "*" and record.name == "stopped":
                self.last_stop = stop_of(record.values)
            elif record.kind == "^":
                if record.name == "error":
                    failure = record.values.get("msg", "") or "unknown error"
                if record.token == token:
                    break
        if failure:
            raise GdbError(failure, "".join(self._messages))
        return record.name

    def _next(self, deadline: float, limit: float, what: str) -> mi.Record:
        """The next record that GDB wrote."""
        while True:
            line, newline, rest = self._pending.partition(b"\n")
            if not newline:
                self._fill(deadline, limit, what)
                continue
            self._pending = rest
            text = line.decode("utf-8", "replace").rstrip("\r")
            self.log.append(text)
            record = mi.parse(text)
            if record:
                return record

    def _fill(self, deadline: float, limit: float, what: str) -> None:
        if not self._selector.select(max(0, deadline - time.monotonic())):
            raise WaitError(f"waited {limit:g} s for {what}; GDB's last "
                            f"lines:\n{self._tail()}")
        data = os.read(self._process.stdout.fileno(), 1 << 20)
        if not data:
            raise GdbError(f"GDB ended during {what}: {self._tail()}")
        self._pending += data

    def _tail(self) -> str:
        return "\n".join(line[:300] for line in self.log[-15:])


def stop_of(values: dict[str, Any]) -> Stop:
    """A Stop from the fields of a *stopped record."""
    frame = values.get("frame", {})
    return Stop(values.get("reason", ""), frame.get("func", ""),
                int(frame.get("line", 0)), int(frame.get("addr", "0"), 16))
