# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands of the package as commands of GDB: arguments in, text or JSON out, errors in one line."""
from __future__ import annotations

import argparse
import os
import re
import time
from typing import Any, Callable, Optional

import gdb

from ..command.registry import Arg, Command, COMMON
from ..errors import MmError, UsageError
from ..model.info import target
from ..view.json import document
from ..view.problems import problems_text
from ..view.units import escape
from .control import GdbControl
from .current import Current
from .tui import show

QUOTED = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""      # a C string or character, or a name with spaces
WRITE_SIZE = 4096       # characters; some front ends take long for each line
PREFIX_HELP = """Decode the memory management of a stopped Linux-style kernel.

Type "mm info" first: it says what the target is and how far it has booted.
All take --json and -o FILE. All only read, but for those whose help says that
they run the target: these set breakpoints of their own, and take them away."""


def failing_in_one_line(what: str, work: Callable[[], Any]) -> Any:
    """Run work; any exception becomes GDB's one-line error, unless full stacks are wanted."""
    try:
        return work()
    except KeyboardInterrupt:
        raise gdb.GdbError(f"{what}: interrupted") from None
    except MmError as error:
        raise gdb.GdbError(f"{what}: {escape(str(error))}") from None
    except gdb.GdbError:
        raise
    except Exception as error:
        if isinstance(error, gdb.error) and gdb.selected_thread() is None:
            raise gdb.GdbError(f"{what}: the target is gone: {escape(' '.join(str(error).split()))}") from None
        if gdb.parameter("python print-stack") == "full":
            raise
        raise gdb.GdbError(f"{what}: internal error, {type(error).__name__}: {escape(str(error))} "
                           "(for a traceback: set python print-stack full)") from None


class MmPrefix(gdb.Command):
    """The prefix command mm itself."""

    def __init__(self, commands: dict[str, Command]) -> None:
        self.__doc__ = PREFIX_HELP
        self._commands = commands
        super().__init__("mm", gdb.COMMAND_DATA, gdb.COMPLETE_COMMAND, True)

    def invoke(self, argument: str, from_tty: bool) -> None:
        """List the commands; GDB also comes here with a name that is none of them."""
        if argument:
            name = escape(argument.split()[0])
            raise gdb.GdbError(f'mm: no command "{name}", there are: {", ".join(self._commands)}')
        width = max(map(len, self._commands))
        for name, command in self._commands.items():
            gdb.write(f"mm {name:{width}} {command.help.splitlines()[0]}\n")
        gdb.write('Type "help mm NAME" for one of them.\n')


class MmCommand(gdb.Command):
    """One command under the prefix."""

    def __init__(self, command: Command, current: Current) -> None:
        self.__doc__ = command.help
        self._command = command
        self._current = current
        super().__init__(f"mm {command.name}", gdb.COMMAND_DATA)

    def invoke(self, argument: str, from_tty: bool) -> None:
        """Run it."""
        self.dont_repeat()
        self._current.typed = from_tty
        failing_in_one_line(f"mm {self._command.name}", lambda: self._run(argument))

    def complete(self, text: str, word: Optional[str]) -> Any:
        """Offer options, or the words of the option before."""
        try:
            last = text.rpartition(" ")[2]
            kept = len(last) - len(word or "")      # GDB breaks words at characters like '-'
            return [found[kept:] for found in self._complete(text)]
        except (MmError, gdb.error):
            return []

    def _run(self, argument: str) -> None:
        """Parse, check needs, run, show; then close the books."""
        command = self._command
        args = command.parser().parse_args(split(argument))
        ctx = self._current.context()
        said: list[str] = []
        begin = time.perf_counter()
        try:
            for need in command.needs:
                need(ctx)
            if command.opens:
                result = command.run(self._current.dumps, args)
                ctx = self._current.context()
            elif command.runs:
                if ctx.host.dump is not None:
                    raise MmError(f"it runs the target, and {ctx.host.dump} stands still: 'mm close' leaves it")
                if args.output is not None:
                    _can_write(args.output)
                result = command.run(GdbControl(self._current, _said(args, said)), args)
                ctx = self._current.context()
            else:
                result = command.run(ctx, args)
            text = document(command.name, target(ctx), result) if args.json else (
                command.text(result) + problems_text(result.problems))
        finally:
            ctx.memory.finish(command.name, (time.perf_counter() - begin) * 1000, command.name != "stats")
        if args.output is None:
            _write(text)
        else:
            _write_file(args.output, "".join(said) + text)
        failure = getattr(result, "failure", None)
        if failure is not None:
            raise MmError(failure)

    def _complete(self, text: str) -> list[str]:
        """Words that fit at the end of text."""
        before, _, last = text.rpartition(" ")
        given = before.split()
        option = self._takes_value(given[-1]) if given else None
        if option is not None:
            words = list(option.words(self._current.context())) if option.words is not None else []
        else:
            words = [name for each in self._command.args + COMMON for name in each.names if name.startswith("-")]
            words = [name for name in words if name not in given]
            for each in self._command.args:
                if not each.names[0].startswith("-") and each.words is not None:
                    words += each.words(self._current.context())
        return [word for word in words if word.lower().startswith(last.lower()) and word == escape(word)]

    def _takes_value(self, name: str) -> Optional[Arg]:
        """The option of that name, if a value must follow it."""
        for each in self._command.args + COMMON:
            if name in each.names and name.startswith("-") and "action" not in each.options:
                return each
        return None


def split(argument: str) -> list[str]:
    """Words of a command line. Quotes stay in expressions, and leave words that are quoted as a whole."""
    if re.fullmatch(rf"(?:{QUOTED}|[^'\"])*", argument) is None:
        raise UsageError("a quote is not closed")
    words = re.findall(rf"(?:{QUOTED}|[^'\"\s])+", argument)
    return [word[1:-1] if re.fullmatch(QUOTED, word) else word for word in words]


def _said(args: argparse.Namespace, kept: list[str]) -> Callable[[str], None]:
    """Where a command's words go while it runs: with -o into the file, too, and nowhere beside a JSON document."""
    if args.json:
        return lambda text: None
    if args.output is not None:
        return kept.append
    return _show


def _show(text: str) -> None:
    """On the terminal, at once."""
    _write(text)
    gdb.flush()
    show()


def _write(text: str) -> None:
    """Write on GDB's terminal, in pieces: GDB does not hear Ctrl-C while it writes one."""
    for at in range(0, len(text), WRITE_SIZE):
        gdb.write(text[at:at + WRITE_SIZE])


def _can_write(name: str) -> None:
    """Before the target runs, what would fail afterwards. Raises MmError."""
    path = os.path.expanduser(name)
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        reason = "it is a folder"
    elif not os.path.isdir(folder):
        reason = "there is no such folder"
    elif not os.access(path if os.path.exists(path) else folder, os.W_OK):
        reason = "that is not allowed"
    else:
        return
    raise MmError(f"cannot write '{name}': {reason}")


def _write_file(name: str, text: str) -> None:
    """Write the output. Raises MmError."""
    try:
        with open(os.path.expanduser(name), "w", encoding="ascii", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise MmError(f"cannot write '{name}': {error.strerror}") from None
