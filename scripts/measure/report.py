# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of scripts/bench: 80 columns for people, JSON for programs."""
from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import Any, Optional, Sequence

from .core import Core
from .host import Host
from .live import Live
from .rows import LARGE, LESS, NOTES, SMALL, Guest, Result

SCHEMA = "mmscope/bench/1"
WIDTHS = (31, 9, 7, 9, 12, 7)
HOST_WIDTHS = (31, 9, 9, 9, 0)
GROWTH_WIDTHS = (31, 9, 9, 9, 9, 7)
CORE_WIDTHS = (10, 20, 10, 10, 0)
LIVE_WIDTHS = (48, 12, 10, 0)


def line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line: the first cell to the left, the last too, numbers to the right."""
    middle = [cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:-1])]
    return " ".join([cells[0].ljust(widths[0]), *middle, cells[-1]]).rstrip()


def figure(number: Optional[int]) -> str:
    """With thousands; "-" for none."""
    return "-" if number is None else f"{number:,}"


def spread(row: Result) -> str:
    """Least to most, where they differ."""
    if row.least is None or row.least == row.most:
        return ""
    return f"{row.least:,}-{row.most:,}"


def guest_text(guest: Guest) -> str:
    """Both tables of the guest."""
    low, high = guest.handed_over
    lines = ["Guest instructions, entry to return, exact: counted under record/replay.",
             f"Release flavour. Board {LARGE.name}, {LARGE.memory}, cma=320M: {low:,} low and {high:,}",
             "HighMem pages handed over. The median of many calls, from a warm state.",
             "",
             line(("work", "Linux 6.1", "reach", "measured", "min-max", "verdict"), WIDTHS)]
    lines += [line((row.work, row.linux, figure(row.reach) if row.reach else "", figure(row.measured), spread(row),
                    row.verdict), WIDTHS) for row in guest.rows]
    lines += [NOTES[row.work] for row in guest.rows if row.work in NOTES and not row.missing]
    reasons = dict.fromkeys(row.missing for row in guest.rows if row.missing)
    lines += [f"unseen: {reason}" for reason in reasons]
    lines += ["",
              "The same calls beside short and long free lists (order 0: 1024, 8192 blocks",
              f"that cannot merge; order 4: 48, 512), in {SMALL.memory} and {LARGE.memory}",
              "",
              line(("", *[SMALL.memory] * 2, *[LARGE.memory] * 2, ""), GROWTH_WIDTHS),
             line(("work", *["short", "long"] * 2, "verdict"), GROWTH_WIDTHS)]
    lines += [line((row.work, *map(figure, row.figures), row.verdict), GROWTH_WIDTHS) for row in guest.growth]
    lines += [LESS] if any(row.less for row in guest.growth) else []
    return "\n".join(lines)


def guest_json(guest: Guest) -> dict[str, Any]:
    """The same as a document."""
    low, high = guest.handed_over
    return {"board": asdict(LARGE), "small_board": asdict(SMALL), "low_pages": low, "highmem_pages": high,
            "notes": {**NOTES, "less": LESS},
            "rows": [{**asdict(row), "verdict": row.verdict} for row in guest.rows],
            "growth": [{**asdict(row), "verdict": row.verdict} for row in guest.growth]}


def host_text(host: Host) -> str:
    """The host's table."""
    first = host.costs[0]
    lines = ["Host instructions (64-bit, -O2), counted by callgrind: the mean of "
             f"{first.calls:,}", "calls in one random sequence, orders 0 to 9, each half as often as the last.",
             "", line(("allocator", "take", "give", "both", ""), HOST_WIDTHS)]
    lines += [line((cost.name, figure(cost.take), figure(cost.give), figure(cost.take + cost.give), ""),
                   HOST_WIDTHS) for cost in host.costs]
    if host.alone:
        return "\n".join([*lines, *textwrap.wrap(host.alone, 80)])
    return "\n".join([*lines,
                      "(rdma-core's, in its mlx5 provider, keeps bitmaps of numbers: no page structs to",
                      "check and fill in, no zones, no migratetypes, no counters.)"])


def host_json(host: Host) -> dict[str, Any]:
    """The same as a document."""
    return asdict(host)


def core_text(core: Core) -> str:
    """Who reads a core, from start to answer."""
    lines = [f"A core of {core.memory}, {core.kernel}: seconds from a program's start to its end, the",
             f"least of {core.times}. The layout was exported once, by GDB, in {core.export_seconds:.1f} s.",
             "", line(("program", "asked", "seconds", "as ours", ""), CORE_WIDTHS)]
    for each in core.answers:
        ratio = core.ratio(each)
        lines.append(line((each.name, each.asked, "-" if each.seconds is None else f"{each.seconds:.2f}",
                           "-" if ratio is None else f"x {ratio:.1f}", ""), CORE_WIDTHS))
    return "\n".join([*lines, *(part for each in core.answers if each.missing
                                for part in textwrap.wrap(f"{each.name}: {each.missing}", 80))])


def core_json(core: Core) -> dict[str, Any]:
    """The same as a document."""
    return {**asdict(core), "answers": [{**asdict(each), "ratio": core.ratio(each)} for each in core.answers]}


def live_text(live: Live) -> str:
    """Passes over all struct pages of the article's board."""
    by = "the dump engine" if live.engine else "Python, as no engine is built"
    rows = (("what each page is for", live.classify, 1.0),
            ("one gdb.Value a page, of a sample", live.values, live.classify),
            ("wmemchr() over their bytes", live.search, live.classify),
            (f"mm account, by {live.transport}", live.account, 1.0),
            ("mm account, by the stub alone", live.account_by_stub, 1.0),
            ("GDB reads their bytes by the stub", live.transfer, live.account_by_stub))
    lines = [f"Board article in GDB: {live.pages:,} struct pages of {live.map_bytes:,} bytes,",
             f"by {by}.", "The least of some times; a ratio is to the row of ours above it.", "",
             line(("", "ms", "ratio", ""), LIVE_WIDTHS)]
    return "\n".join([*lines, *(line((what, f"{seconds * 1000:,.2f}", "" if ours == 1.0 else f"x {seconds / ours:,.2f}",
                                      ""), LIVE_WIDTHS) for what, seconds, ours in rows)])


def live_json(live: Live) -> dict[str, Any]:
    """The same as a document."""
    return asdict(live)
