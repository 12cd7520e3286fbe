# SPDX-License-Identifier: GPL-2.0-or-later
"""mm stats as text."""
from __future__ import annotations

from ..model.stats import Stats
from ..target.transport import Cost
from .table import pairs


def stats_text(stats: Stats) -> str:
    """The last command, then all of them."""
    last = stats.last
    rows = []
    if last is not None:
        rows.append(("last command", f"mm {last.command}: {_cost(last.cost)}, {last.milliseconds:.1f} ms in all"))
    rows += [("all commands", _cost(stats.total)),
             ("kept", f"{stats.cached_lines} lines of {stats.line_bytes} bytes" if stats.line_bytes else
              "nothing: reading again costs no request")]
    return pairs(rows) + "\n"


def _cost(cost: Cost) -> str:
    host = f", {cost.host_reads} host reads, {cost.host_bytes} bytes" if cost.host_reads else ""
    return f"{cost.requests} requests, {cost.bytes} bytes{host}, {cost.milliseconds:.1f} ms"
