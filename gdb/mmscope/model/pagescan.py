# SPDX-License-Identifier: GPL-2.0-or-later
"""Struct pages that pass some tests, of all memory: what checks look at. The engine finds them where there is one.

A test says of a member, by its name, which bits are to be what. Pages in a row that pass the same with the same value
are one match; those whose struct page cannot be read are matches without a group.
"""
from __future__ import annotations

from typing import Iterator, NamedTuple, Optional, Sequence

from ..errors import MmError
from ..target import engine_pass
from ..target.passes import NO_FIELD, Field, Match, PageTest
from .columns import Columns, columns, field_of
from .context import Context
from .pagekeys import near, runs_of
from .paint import Ranges, cut

ALL = (1 << 64) - 1


class Wanted(NamedTuple):
    """member & mask == value, or not, where negated. A page is in a group that passes all tests of it."""

    name: str
    mask: int
    value: int
    group: int = 0
    negated: bool = False


def matches(ctx: Context, ranges: Ranges, wanted: Sequence[Wanted], told: Optional[str] = None,
            mask: int = ALL) -> Iterator[Match]:
    """Matches among sorted page frames, lowest first, each as long as it is. told: the member that is their value.

    Raises MissingError for a member that there is not.
    """
    tests = [PageTest(field_of(ctx, each.name), each.mask, each.value, each.group, each.negated) for each in wanted]
    value = field_of(ctx, told) if told is not None else NO_FIELD
    covered = [piece for run in ctx.pages.runs for piece in cut(ranges, run.start_pfn, run.end_pfn)]
    return _joined(_every(ctx, covered, tests, value, mask))


def _every(ctx: Context, ranges: Ranges, tests: list[PageTest], value: Field, mask: int) -> Iterator[Match]:
    """Matches, cut anywhere."""
    if ctx.engine is not None:
        last = 0
        try:
            for match in engine_pass.select(ctx.engine, runs_of(ctx), ranges, tests, value, mask):
                last = match.end_pfn
                yield match
            return
        except MmError:         # a layout that it does not take; else what is left is found here
            ranges = list(cut(ranges, last, 1 << 64))
    for parts in near(ranges):
        for start, end, found in columns(ctx, parts[0][0], parts[-1][1]):
            for first, last in cut(parts, start, end):
                if found is None:
                    yield Match(first, last, 0, 0)
                else:
                    yield from _in_piece(found, first, last, tests, value, mask)


def _in_piece(found: Columns, first: int, last: int, tests: list[PageTest], value: Field, mask: int) -> Iterator[Match]:
    """Matches among the frames [first, last) of a piece."""
    part = slice(first - found.start_pfn, last - found.start_pfn)
    groups: dict[int, int] = {}         # of frames that are in some, counted from first
    for group in {test.group for test in tests}:
        passed: Optional[list[int]] = None
        for test in tests:
            if test.group == group:
                passed = _passing(found.at(test.field, part), test, passed)
        for at in passed or ():
            groups[at] = groups.get(at, 0) | 1 << group
    values = found.at(value, part) if groups else []
    for at in sorted(groups):
        yield Match(first + at, first + at + 1, values[at] & mask, groups[at])


def _passing(values: list[int], test: PageTest, chosen: Optional[list[int]]) -> list[int]:
    """Which places pass a test, of those that are chosen: few values differ at all."""
    mask, wanted, negated = test.mask, test.value, test.negated
    passing = {value for value in set(values) if (value & mask == wanted) != negated}
    if not passing:
        return []
    if chosen is not None:
        return [at for at in chosen if values[at] in passing]
    return [at for at, value in enumerate(values) if value in passing]


def _joined(found: Iterator[Match]) -> Iterator[Match]:
    """Those that touch and are alike are one."""
    last: Optional[Match] = None
    for match in found:
        if last is not None and last.end_pfn == match.start_pfn and last[2:] == match[2:]:
            last = Match(last.start_pfn, match.end_pfn, *match[2:])
            continue
        if last is not None:
            yield last
        last = match
    if last is not None:
        yield last
