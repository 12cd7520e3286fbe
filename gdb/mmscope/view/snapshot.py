# SPDX-License-Identifier: GPL-2.0-or-later
"""mm snapshot as text."""
from __future__ import annotations

from ..model.snapshots import SnapshotReport, Summary
from ..model.state import PARTS
from .table import LINE_WIDTH, table, wrap
from .units import cut, escape, number

NONE = "no snapshot is kept: take one with 'mm snapshot NAME'\n"
NAME_WIDTH, WHERE_WIDTH = 18, 20


def snapshot_text(report: SnapshotReport) -> str:
    """A line for each, and where the one that was taken is, or which is gone."""
    text = f"snapshot {escape(report.deleted)} is deleted\n" if report.deleted is not None else ""
    if not report.snapshots:
        return text + NONE
    text += table(("name", "stage", "in", "free", "blocks", "reserved", "slabs", "areas"),
                 [_row(each) for each in report.snapshots], "lll") + "\n"
    if report.replaced:
        text += "the one of this name that was kept before is gone\n"
    if report.file is not None:
        text += f"also written into {escape(report.file)}\n"
    if report.state is not None:
        missing = {PARTS[name]: why for name, why in report.state.missing.items() if name in PARTS}
        for reason in dict.fromkeys(missing.values()):
            parts = ", ".join(name for name, why in missing.items() if why == reason)
            text += "\n".join(wrap(f"without {parts}: {escape(reason)}", LINE_WIDTH, "  ")) + "\n"
    return text


def _row(each: Summary) -> tuple[str, ...]:
    counts = (each.free_pages, each.free_blocks, each.reserved, each.slabs, each.areas)
    return (cut(each.name, NAME_WIDTH), each.stage, cut(each.where or "", WHERE_WIDTH),
            *(number(count) if count is not None else "-" for count in counts))
