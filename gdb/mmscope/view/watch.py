# SPDX-License-Identifier: GPL-2.0-or-later
"""mm watch as text: what is said behind the last change."""
from __future__ import annotations

from typing import Optional

from ..model.watch import WatchReport
from .event import look_text
from .table import LINE_WIDTH, wrap
from .units import cut


def begin_text(subject: str, seconds: Optional[float]) -> str:
    """What is waited for, and how to end that."""
    limit = f", {seconds:g} s at most" if seconds is not None else ""
    return "\n".join(wrap(f"Watching {cut(subject)}{limit}; Ctrl-C ends it.", LINE_WIDTH, whole=False)) + "\n"


def watch_text(report: WatchReport) -> str:
    """Nothing, when all changes came that were asked for."""
    lines: list[str] = []
    if report.stopped is not None:
        changes = f"after {len(report.events)} of its changes" if report.events else "before it changed"
        lines += wrap(f"Stopped {changes}: {cut(report.stopped)}", LINE_WIDTH, whole=False)
        if not report.events:
            lines += wrap(f"{cut(report.subject)}: {look_text(report.last)}", LINE_WIDTH, "  ", whole=False)
    return "".join(f"{line}\n" for line in lines)
