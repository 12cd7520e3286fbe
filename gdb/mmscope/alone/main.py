# SPDX-License-Identifier: GPL-2.0-or-later
"""mmdump: one command on one core after the other."""
from __future__ import annotations

import json
import os
import signal
import sys
from argparse import Namespace
from typing import Any, Optional

from ..errors import MmError, UsageError
from .words import Words, parse

SOUND, PROBLEMS, UNREADABLE = range(3)


class Unwritable(MmError):
    """What was found cannot be written: nothing else can, then."""


def main(argv: list[str]) -> int:
    """Run it; the exit status."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    _keep_numbers()
    try:
        words = parse(argv)
        if words.help or not argv:
            from .usage import command_usage, usage
            _print(command_usage(words.command) if words.command is not None else usage())
            return SOUND if argv else UNREADABLE
        return _Run(words).all()
    except MmError as error:
        _say(str(error))
        return UNREADABLE


class _Run:
    """One command line."""

    def __init__(self, words: Words) -> None:
        """Understand the command. Raises MmError."""
        from ..command import load_command
        from .bar import Bar
        from .terminal import terminal
        if words.layout is None:
            raise UsageError("--layout is needed: GDB's 'mm layout --export FILE' writes one (see: mmdump --help)")
        if words.banks and words.cores:
            raise UsageError("--ram and a core: which of them is the machine?")
        self._bar = Bar()
        self._words = words
        self._command = load_command(words.command or "")
        self._args: Namespace = self._command.parser("mmdump", f"mmdump {words.command} --help").parse_args(
            list(words.rest))
        from ..layout.exported import read_layout
        self._debug = read_layout(words.layout)
        self._terminal = terminal()
        self._out: Optional[Any] = None

    def all(self) -> int:
        """Every core; the worst of their statuses."""
        if self._args.output is not None:
            self._spare(self._args.output)
            try:
                self._out = open(self._args.output, "w", encoding="ascii", errors="backslashreplace")
            except OSError as error:
                raise self._unwritable(error) from None
        machines: list[tuple[str, ...]] = [(core,) for core in self._words.cores] or [()]
        status = SOUND
        for at, cores in enumerate(machines):
            name = cores[0] if cores else " ".join(self._words.given_banks)
            self._bar.begin(f"{self._command.name} {name}".strip(), at, len(machines))
            try:
                status = max(status, self._one(cores, name, at, len(machines)))
            except Unwritable:
                raise
            except MmError as error:
                files = (name, *(bank.path for bank in self._words.banks))
                self._error("" if any(file in str(error) for file in files) else f"{name}: ", error)
                status = UNREADABLE
        self._bar.end()
        if self._out is not None:
            self._out.close()
        return status

    def _spare(self, output: str) -> None:
        """What is read is not written over. Raises UsageError."""
        for path in (self._words.layout or "", *self._words.cores, *(bank.path for bank in self._words.banks)):
            if os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
                raise UsageError(f"-o {output}: that is what is read")

    def _one(self, cores: tuple[str, ...], name: str, at: int, of: int) -> int:
        """The command on one machine; its status. Raises MmError."""
        from ..view.problems import problems_text
        opened, ctx = None, None
        if cores or self._words.banks:
            from .machine import Opened
            opened = Opened(self._debug, cores, self._words.banks, self._words.threads, self._terminal,
                            self._bar.part)
            ctx = opened.context
        else:
            from .machine import without_memory
            ctx = without_memory(self._debug, self._terminal)
        try:
            for need in self._command.needs:
                need(ctx)
            result = self._command.run(ctx, self._args)
            if self._args.json:
                text = self._document(ctx, name, result)
            else:
                head = f"==> {_shown(name)} <==\n" if of > 1 else ""
                text = ("\n" if at else "") + head + self._command.text(result) + problems_text(result.problems)
        finally:
            if opened is not None:
                opened.close()
        self._bar.clear()
        for note in ctx.notes:
            self._error(f"{name}: " if name not in note else "", MmError(note))
        self._write(text)
        failure = getattr(result, "failure", None)
        if failure is not None:
            self._error(f"{name}: " if of > 1 else "", MmError(failure))
        if opened is not None and opened.cut:
            return UNREADABLE
        return PROBLEMS if failure is not None or result.problems else SOUND

    def _document(self, ctx: Any, name: str, result: Any) -> str:
        """One line of JSON: as GDB's session has it, and the name of the core."""
        from ..model.info import target
        from ..view.json import contents
        found = contents(self._command.name, target(ctx), result)
        head = {"schema": found.pop("schema"), "core": name or None}
        return json.dumps({**head, **found}, separators=(",", ":")) + "\n"

    def _write(self, text: str) -> None:
        if self._out is None:
            return _print(text)
        try:
            self._out.write(text)
            self._out.flush()
        except OSError as error:
            _forget(self._out)
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> Unwritable:
        return Unwritable(f"cannot write '{self._args.output}': {error.strerror}")

    def _error(self, where: str, error: MmError) -> None:
        self._bar.clear()
        _say(where + str(error))


def _keep_numbers() -> None:
    """No file that is opened takes the number of a standard one that is closed: what is said would go into it."""
    try:
        while os.open(os.devnull, os.O_RDONLY) <= 2:
            pass
    except OSError:
        pass


def _print(text: str) -> None:
    """On standard output, which may show less than there is. Raises Unwritable."""
    if sys.stdout is None:
        raise Unwritable("standard output is closed")
    try:
        sys.stdout.reconfigure(errors="backslashreplace")
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _forget(sys.stdout)
        raise Unwritable(f"cannot write to standard output: {error.strerror}") from None


def _say(text: str) -> None:
    """One line on standard error, if there is one."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"mmdump: {_shown(text)}\n")
        sys.stderr.flush()
    except OSError:
        _forget(sys.stderr)


def _forget(stream: Any) -> None:
    """What is left in the buffer of a file that cannot be written goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _shown(text: str) -> str:
    """Safe on a terminal."""
    return "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in text)
