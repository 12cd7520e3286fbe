# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of mmdump: options, cores, then a command and its own arguments."""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional

from ..command import command_names
from ..errors import UsageError
from ..target.bank import Bank, parse_bank

LIVE = ("back", "close", "open", "owners", "stats", "step", "trace", "watch", "when")       # GDB's session alone
MAX_THREADS = 1024


@dataclass(frozen=True)
class Words:
    """A command line that was understood. command None: help is wanted."""

    layout: Optional[str]
    cores: tuple[str, ...]
    banks: tuple[Bank, ...]
    given_banks: tuple[str, ...]
    threads: int
    help: bool
    command: Optional[str]
    rest: tuple[str, ...]


def own_names() -> tuple[str, ...]:
    """The commands that work here; none of them is loaded."""
    return tuple(name for name in command_names() if name not in LIVE)


def parse(argv: list[str]) -> Words:
    """Raises UsageError."""
    names = own_names()
    layout, threads, cores, banks, wants_help = None, 0, [], [], False
    given = iter(argv)
    for word in given:
        if word in ("-h", "--help", "help"):
            wants_help = True
            continue
        option, equal, value = word.partition("=")
        if option in ("--layout", "--ram", "--threads"):
            if not equal:
                value = next(given, "")
            if not value:
                raise UsageError(f"{option} needs a value (see: mmdump --help)")
            if option == "--layout":
                layout = value
            elif option == "--ram":
                banks.append(value)
            else:
                threads = _threads(value)
        elif word.startswith("-") and word != "-":
            raise UsageError(f"no option {option} in front of the command (see: mmdump --help)")
        elif word in names:
            rest = tuple(given)
            wants_help = wants_help or any(each in ("-h", "--help") for each in rest)
            return Words(layout, tuple(cores), tuple(map(parse_bank, banks)), tuple(banks), threads, wants_help, word,
                         rest)
        else:
            cores.append(word)
    if not wants_help and argv:
        last = cores[-1] if cores else ""
        if last in LIVE:
            raise UsageError(f"{last} works in GDB only: it needs a target that runs, or GDB's session")
        told = f": {last} is no command and no file" if last and not os.path.exists(last) else ""
        raise UsageError(f"no command{told} (see: mmdump --help)")
    return Words(layout, tuple(cores), (), tuple(banks), threads, True, None, ())


def _threads(text: str) -> int:
    """A number of threads."""
    if not text.isascii() or not text.isdecimal() or len(text) > 4 or not 0 < int(text) <= MAX_THREADS:
        raise UsageError(f"--threads is 1 to {MAX_THREADS}")
    return int(text)
