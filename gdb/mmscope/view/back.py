# SPDX-License-Identifier: GPL-2.0-or-later
"""mm back as text."""
from __future__ import annotations

from ..model.back import BackReport
from .event import place
from .table import LINE_WIDTH, wrap
from .units import cut


def back_text(report: BackReport) -> str:
    """Where the target stands."""
    lines = []
    if report.phase is not None:
        lines.append(f"{cut(report.phase)} begins here.")
        lines += [f"   {line}" for line in wrap(report.why or "", LINE_WIDTH - 3, "", whole=False)]
    if report.frame is not None:
        lines += wrap(f"in {place(report.frame)}", LINE_WIDTH, whole=False)
    way = "back" if report.instructions is not None and report.instructions < report.before else "on"
    lines.append(f"The target went {way} from instruction {report.before} to {report.instructions}.")
    return "\n".join(lines) + "\n"
