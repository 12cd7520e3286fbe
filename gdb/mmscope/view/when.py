# SPDX-License-Identifier: GPL-2.0-or-later
"""mm when as text: the event as mm watch tells it, and where the target stands since."""
from __future__ import annotations

from ..model.when import WhenReport
from .event import event_text
from .units import cut


def when_text(report: WhenReport) -> str:
    """Lines of at most 80 columns."""
    if report.event is None:
        return (f"{cut(report.subject)}: nothing has changed it since there is anything to see of it.\n"
                f"The target is where it was, at instruction {report.before}.\n")
    return (event_text(report.event) +
            f"The target went back from instruction {report.before} to {report.instructions}: just before\n"
            "this. mm when goes on backwards from here, mm watch forwards.\n")
