# SPDX-License-Identifier: GPL-2.0-or-later
"""How a command is declared: its arguments, what it needs, how its result looks as text."""
from __future__ import annotations

import argparse
import inspect
from dataclasses import dataclass
from typing import Any, Callable, Iterable, NoReturn, Optional

from ..errors import UsageError
from ..model.context import Context

Need = Callable[[Context], None]
Words = Callable[[Context], Iterable[str]]


@dataclass(frozen=True)
class Arg:
    """An argument, as argparse takes it, and the words that TAB offers for its value."""

    names: tuple[str, ...]
    options: dict[str, Any]
    words: Optional[Words] = None


def arg(*names: str, words: Optional[Words] = None, **options: Any) -> Arg:
    """Declare an argument."""
    return Arg(names, options, words)


COMMON = (
    arg("--json", action="store_true", help="print one JSON document instead of text"),
    arg("-o", dest="output", metavar="FILE", help="write into FILE instead of on the terminal"),
)


class Parser(argparse.ArgumentParser):
    """argparse that reports instead of printing and leaving GDB."""

    more = ""       # what shows the help, where that is not GDB's

    def error(self, message: str) -> NoReturn:
        """One line, as an exception."""
        raise UsageError(f"{message} (see: {self.more or f'help {self.prog}'})")


@dataclass(frozen=True)
class Command:
    """A command: run makes a result (a dataclass), text shows it.

    A result with a failure, one line, is shown, and then the command fails with that line.
    """

    name: str
    run: Callable[[Any, argparse.Namespace], Any]       # of a Context; of a Control or Dumps where the flags say so
    text: Callable[[Any], str]
    needs: tuple[Need, ...]
    args: tuple[Arg, ...]
    runs: bool = False          # the target: run gets a target.control.Control
    opens: bool = False         # or closes dumps: run gets a target.dumps.Dumps

    def parser(self, program: str = "mm", more: str = "") -> Parser:
        """The parser of its arguments, in GDB or in another program; more: what shows the help there."""
        parser = Parser(prog=f"{program} {self.name}", add_help=False, allow_abbrev=False)
        parser.more = more
        for each in self.args + COMMON:
            parser.add_argument(*each.names, **each.options)
        return parser

    @property
    def help(self) -> str:
        """What GDB's help prints: summary first, as help mm shows only that line; then usage and arguments."""
        summary, rest = self.about
        return "\n\n".join(part for part in (summary, rest, self.usage(f"mm {self.name}")) if part)

    @property
    def about(self) -> tuple[str, str]:
        """What it does, in one line, and the rest of it."""
        summary, _, rest = inspect.cleandoc(self.run.__doc__ or "").partition("\n")
        return summary, rest.strip()

    def usage(self, program: str) -> str:
        """Its arguments, behind the words that run it."""
        formatter = argparse.HelpFormatter(program, max_help_position=24, width=78)
        formatter.add_usage(None, self.parser()._actions, [])
        formatter.start_section("arguments")
        formatter.add_arguments(self.parser()._actions)
        formatter.end_section()
        return formatter.format_help().strip()


COMMANDS: dict[str, Command] = {}


def command(text: Callable[[Any], str], needs: tuple[Need, ...] = (), args: tuple[Arg, ...] = (),
            runs: bool = False, opens: bool = False) -> Callable:
    """Declare the function under it as the command named like its module.

    One that runs gets a target.control.Control in place of the context: it may let the target run. One that opens gets
    a target.dumps.Dumps.
    """
    def declare(run: Callable) -> Callable:
        name = run.__module__.rpartition(".")[2]
        COMMANDS[name] = Command(name, run, text, needs, args, runs, opens)
        return run
    return declare
