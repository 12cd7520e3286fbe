# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check as text."""
from __future__ import annotations

from itertools import groupby
from typing import Iterable, Iterator

from ..model.check import BROKEN, OK, SKIPPED, Checked, CheckReport
from .table import LINE_WIDTH, wrap
from .units import counted, escape

HEADINGS = {OK: "sound", SKIPPED: "not looked at, or in the middle of a change", BROKEN: "broken"}
INDENT = " " * 4


def check_text(report: CheckReport) -> str:
    """What is sound, what was left out and why, what is broken; neighbours of which the same is said in one row."""
    lines = [line for text in dict.fromkeys(change.text for change in report.inside)
             for line in wrap(_changing(report, text), LINE_WIDTH, INDENT)]
    for status, heading in HEADINGS.items():
        chosen = [each for each in report.checks if each.status == status]
        if chosen:
            lines += ["", f"{heading}:"] if lines else [f"{heading}:"]
            lines += [line for row in _rows(chosen) for line in row]
    counts = {status: sum(each.status == status for each in report.checks) for status in HEADINGS}
    lines += ["", f"{counted(len(report.checks), 'invariant')}: {counts[OK]} sound, {counts[SKIPPED]} skipped, "
                  f"{counts[BROKEN]} broken"]
    return "\n".join(lines) + "\n"


def _changing(report: CheckReport, text: str) -> str:
    """One change, and what it may leave half done."""
    what = ", ".join(change.subsystem for change in report.inside if change.text == text)
    return f"the stop is inside {escape(text)}: {what} may be half changed"


def _rows(checks: Iterable[Checked]) -> Iterator[list[str]]:
    """IDs, and below them what is said of them."""
    for text, group in groupby(checks, key=lambda each: each.text):
        ids = " ".join(_ranges([each.id for each in group]))
        yield wrap(f"  {ids}", LINE_WIDTH, "  ") + wrap(INDENT + escape(text), LINE_WIDTH, INDENT)


def _ranges(ids: list[str]) -> Iterator[str]:
    """BUDDY-1, BUDDY-2, BUDDY-3 as BUDDY-1..3."""
    runs: list[list[str]] = []
    for id_ in ids:
        if runs and _follows(runs[-1][-1], id_):
            runs[-1].append(id_)
        else:
            runs.append([id_])
    for run in runs:
        yield run[0] if len(run) == 1 else f"{run[0]}..{run[-1].rpartition('-')[2]}"


def _follows(before: str, after: str) -> bool:
    """Whether after is the ID behind before."""
    (name, _, number), (other, _, next_) = before.rpartition("-"), after.rpartition("-")
    return name == other and int(number) + 1 == int(next_)
