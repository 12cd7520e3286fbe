# SPDX-License-Identifier: GPL-2.0-or-later
"""mm owners as text: who, called by whom, and the ranges that are so by that."""
from __future__ import annotations

from typing import Any, Iterator, Optional, Sequence

from ..model.ownerreport import Frame, Held, OwnersReport
from ..model.paint import within
from .table import LINE_WIDTH, wrap
from .units import counted, cut, size

NAME = 60               # characters of a function, or of a file
INDENT = "   "


def owners_text(report: OwnersReport) -> str:
    """How it was recorded, then the lists."""
    if report.began:
        since = f" in {cut(report.since, NAME)}" if report.since is not None else ""
        return _joined([f"Recording from here on{since}: who changes memblock's lists is noted while the target runs. "
                        "mm owners shows it."])
    parts = [_joined([_state(report), *_doubts(report)])]
    for name, found in (("memory", report.memory), ("reserved", report.reserved), ("given back", report.freed)):
        if found:
            parts.append("".join(line + "\n" for line in (f"{name}: {_sum(found)}", *_owners(found, report))))
    return "\n".join(parts)


def _state(report: OwnersReport) -> str:
    since = f" since {cut(report.since, NAME)}" if report.since else ""
    state = "Recording" if report.recording else "Recorded"
    end = f", until {cut(report.ended, NAME)}" if report.ended else ""
    return (f"{state}{since}{end}: {counted(len(report.calls), 'call')} that changed a list, "
            f"{counted(report.stops, 'stop')}, {report.milliseconds:.0f} ms in them.")


def _doubts(report: OwnersReport) -> Iterator[str]:
    if report.unseen_bytes:
        yield f"{report.unseen_bytes:#x} bytes were reserved before the recording began, or are not seen to be so."
    if report.unknown:
        yield f"{counted(report.unknown, 'call')} more whose arguments could not be read."
    if report.lost:
        yield f"{counted(report.lost, 'call')} more came than are kept."


def _sum(found: Sequence[Held]) -> str:
    total = sum(end - start for start, end in within([(each.start, each.end) for each in found], 0, 1 << 64))
    return f"{counted(len(found), 'range')}, {total:#x} bytes ({size(total)})"


def _owners(found: Sequence[Held], report: OwnersReport) -> Iterator[str]:
    """Each owner once, in the order of its first range; then who called it, then its ranges."""
    by: dict[tuple[Any, ...], list[Held]] = {}
    for each in found:
        call = report.calls[each.call]
        callers = tuple(map(_name, report.stacks[call.stack].callers))
        owner = call.kind, call.function, call.file, call.line, callers
        by.setdefault(owner, []).append(each)
    for (kind, function, file, line, callers), group in by.items():
        place = f", {cut(file, NAME)}:{line}" if file is not None and line is not None else ""
        name = cut(function, NAME) if function is not None else "unknown code"
        yield from wrap(f"{kind} by {name}{place}", LINE_WIDTH, INDENT, whole=False)
        if callers:
            yield from _below("called by " + " < ".join(callers))
        yield from _below(", ".join(_range(each, report.calls[each.call].instructions) for each in group))


def _below(text: str) -> Iterator[str]:
    yield from (INDENT + line for line in wrap(text, LINE_WIDTH - len(INDENT), "  ", whole=False))


def _range(each: Held, instructions: Optional[int]) -> str:
    at = f" at {instructions}" if instructions is not None else ""
    return f"{each.start:#x}-{each.end:#x} ({size(each.end - each.start)}){at}"


def _name(frame: Frame) -> str:
    return cut(frame.function, NAME) if frame.function is not None else f"{frame.pc:#x}"


def _joined(texts: Sequence[str]) -> str:
    return "".join(line + "\n" for text in texts for line in wrap(text, LINE_WIDTH, INDENT, whole=False))
