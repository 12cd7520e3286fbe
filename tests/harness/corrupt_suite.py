# SPDX-License-Identifier: GPL-2.0-or-later
"""Breaks a machine, row by row, and looks at what every command makes of it.

    suite = Suite(gdb, folder)      # all is sound: what is normal is measured
    for row in BUDDY:
        suite.play(row)             # AssertionError, with all that was wrong

Of each corruption: the IDs of its row are named, at its place, and nothing
that is sound is called broken; mm check says something of every ID that it
says something of at other times; every other reading command answers or says
why not in one line; none reads more than twice what it reads normally, or
takes twice its time; and afterwards all bytes and mm check are as they were.
"""
from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from .corrupt import Edit, Machine
from .corruptions import Corruption
from .gdbmi import Gdb, GdbError

LIMIT_SECONDS = 60
TIMES = 2                   # what a corruption may make of a normal command
# So many reads more are never too many, 20 ms at most: a page that has lost
# its mark, for instance, is looked for on every CPU's lists.
FLOOR_READS = 1000
FLOOR_CPU_SECONDS = 0.7     # nor is so much more of a processor's time
# These set breakpoints or let the target run, or are about dumps.
NOT_READING = {"step", "owners", "watch", "when", "back", "trace", "open",
               "close"}
# What a command is called with, where that is not nothing.
ARGUMENTS = {
    "buddy": ("", "--blocks -o {folder}/blocks"), "page": ("{page}",),
    "pgtable": ("{page}",), "why": ("{page}",), "slab": ("", "{cache}"),
    "snapshot": ("sound",), "diff": ("sound",), "check": ("--strict",),
    "map": ("--ascii",)}
# These look at everything. They come last, and on a real kernel with some rows
# only: each is a second there.
DEAR = ("account", "buddy --blocks", "check", "pagetypeinfo", "snapshot",
        "diff", "map")
# A page that is not free is looked for where these look.
SEARCHING, SEARCHED = ("page", "why"), ("mm pcp", "mm vmalloc", "mm slab")


@dataclass(frozen=True)
class Cost:
    """What a command took."""
    reads: int
    cpu_seconds: float


@dataclass(frozen=True)
class Answer:
    """What came of a command line."""
    text: str               # GDB's message when it failed
    failed: bool
    cost: Cost


class Suite:
    """One stopped target, sound between rows."""

    def __init__(self, gdb: Gdb, folder: Path) -> None:
        self.gdb = gdb
        self.machine = Machine(gdb)
        self._folder = folder
        self.lines = sorted(self._lines(), key=is_dear)
        gdb.run("mm stats --flush")
        self.checks = self.check()
        assert self.checks["problems"] == [], self.checks["problems"][:3]
        assert "the stop is inside" not in str(self.checks["checks"])
        self.normal = {line: self.fresh(line) for line in self.lines}
        wrong = {line: answer.text for line, answer in self.normal.items()
                 if answer.failed and not early(answer.text)}
        assert not wrong, f"these need a row in ARGUMENTS: {wrong}"

    # --- commands -------------------------------------------------------------

    def _lines(self) -> Iterator[str]:
        """Every reading command that there is; diff wants a snapshot."""
        names = re.findall(r"^mm (\w+) ", self.gdb.run("mm"), re.MULTILINE)
        assert "check" in names and len(names) > 15
        words = self._words()
        for name in sorted(names, key=lambda each: (each == "diff", each)):
            if name not in NOT_READING:
                for text in ARGUMENTS.get(name, ("",)):
                    yield f"mm {name} {text.format(**words)}".strip()

    def _words(self) -> dict[str, str]:
        """Things to ask for."""
        rows: list[dict[str, Any]] = []
        if self.machine.lists:
            block = self.machine.a_list(3)[1]
            page = f"{block['page']:#x}"
        else:
            page = "&_text" if "_text" in self.machine.variables else "$pc"
        try:
            rows = self.gdb.json("mm slab --json")["caches"]
        except GdbError:
            pass
        return {"page": page, "folder": str(self._folder),
                "cache": rows[0]["name"] if rows else "none"}

    def check(self) -> dict[str, Any]:
        """What mm check says; by a file, which is faster than through GDB."""
        file = self._folder / "check"
        self.gdb.run(f"mm check --json -o {file}", LIMIT_SECONDS)
        return json.loads(file.read_text("ascii"))

    def fresh(self, line: str) -> Answer:
        """One command at a stop at which nothing was looked at before."""
        self.gdb.run("mm stats --flush")
        return self.run(line)

    def run(self, line: str) -> Answer:
        """One command, and what it took."""
        before = cpu_seconds(self.gdb.pid)
        failed, said = False, ""
        try:
            text = self.gdb.run(line, LIMIT_SECONDS)
        except GdbError as error:
            text, said, failed = str(error), error.messages, True
        spent = cpu_seconds(self.gdb.pid) - before
        last = self.gdb.json("mm stats --json")["last"]
        reads = last["cost"]["requests"] + last["cost"]["host_reads"]
        return Answer(text + said if "Traceback" in said else text, failed,
                      Cost(reads, spent))

    # --- one row --------------------------------------------------------------

    def play(self, row: Corruption, dear: bool = True) -> None:
        """Break, look, restore, look; with or without what is dear."""
        wrong: list[str] = []
        with Edit(self.machine) as edit:
            place = row.make(edit)
            found = self.check()
            wrong += self._named(row, place, found)
            wrong += self._goes_on(found)
            for line in self.lines:
                if dear or not is_dear(line):
                    wrong += self._works(line, self.run(line))
        if dear:
            wrong += self.is_sound()
        assert not wrong, row.name + ":\n" + "\n".join(wrong)

    def is_sound(self) -> Iterator[str]:
        """Whether mm check says what it said at first; every byte that was
        written is known to be back."""
        after = self.check()
        if after != self.checks:
            yield f"afterwards: {differences(self.checks, after)}"

    def survive(self) -> list[str]:
        """What is wrong with the commands on what an edit has left: each
        answers or says why not in one line, and in bearable time."""
        self.gdb.run("mm stats --flush")
        return [text for line in self.lines
                for text in self._works(line, self.run(line), False)]

    def _named(self, row: Corruption, place: str,
               found: dict[str, Any]) -> Iterator[str]:
        """The IDs of the row, at the place; nothing that is sound."""
        broken = {each["id"] for each in found["checks"]
                  if each["status"] == "broken"}
        for id_ in row.ids:
            told = [each for each in found["problems"] if each["id"] == id_]
            if id_ not in broken or not told:
                yield f"{id_} is not named, but {sorted(broken)}"
            elif not any(place in each["where"] + " " + each["text"]
                         for each in told):
                yield f"{id_} is not at {place}: {told[0]['text']}"
        for problem in found["problems"]:
            if problem["id"] not in row.ids \
                    and not problem["id"].startswith(row.beside or ("-",)):
                yield f"{problem['id']} is not broken: {problem['text']}"
            if not problem["cause"] or not problem["where"]:
                yield f"without cause or place: {problem}"

    def _goes_on(self, found: dict[str, Any]) -> Iterator[str]:
        """mm check has come to its end."""
        before, now = ({each["id"] for each in report["checks"]}
                       for report in (self.checks, found))
        if before != now:
            yield f"mm check is another one: {sorted(before ^ now)}"
        for each in found["checks"]:
            if each["status"] not in ("ok", "broken", "skipped") \
                    or not each["text"]:
                yield f"mm check says of {each['id']}: {each}"

    def normal_cost(self, line: str) -> Cost:
        """What a command line takes when all is sound."""
        lines = [line]
        if line.split()[1] in SEARCHING:
            lines += SEARCHED
        costs = [self.normal[each].cost for each in lines]
        return Cost(sum(cost.reads for cost in costs),
                    sum(cost.cpu_seconds for cost in costs))

    def _works(self, line: str, answer: Answer,
               costs: bool = True) -> Iterator[str]:
        """A command answers, or says why not in one line, at its price."""
        text, normal = answer.text, self.normal_cost(line)
        if not text.isascii() or re.search(r"[^\n\t -~]", text):
            yield f"{line} prints what is no text: {text[:300]!r}"
        if answer.failed and line != "mm check --strict":
            name = line.split()[1]
            if "\n" in text.strip() or "internal error" in text \
                    or "Traceback" in text \
                    or not text.startswith(f"mm {name}:"):
                yield f"{line} fails: {text}"
        elif not answer.failed and not text.strip():
            if self.normal[line].text.strip():
                yield f"{line} says nothing"
        if not costs:
            return
        if answer.cost.reads > TIMES * normal.reads + FLOOR_READS:
            yield f"{line} reads {answer.cost.reads} times, not {normal.reads}"
        if answer.cost.cpu_seconds > max(
                TIMES * normal.cpu_seconds,
                normal.cpu_seconds + FLOOR_CPU_SECONDS):
            yield (f"{line} takes {answer.cost.cpu_seconds:.2f} s, not "
                   f"{normal.cpu_seconds:.2f}")


def is_dear(line: str) -> bool:
    """Whether a command line is one that takes long."""
    return line[len("mm "):].startswith(DEAR)


def early(text: str) -> bool:
    """Whether a command says that what it shows is not there (yet)."""
    return "internal error" not in text and "\n" not in text.strip() and any(
        words in text for words in ("not set up", "there yet", "not yet",
                                    "has no", "discarded", "stage"))


def cpu_seconds(pid: int) -> float:
    """What a process has used of processors."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def differences(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What two reports of mm check say differently."""
    rows = [new for old, new in zip(before["checks"], after["checks"])
            if old != new]
    return str(rows[:5] or after["problems"][:3])
