# SPDX-License-Identifier: GPL-2.0-or-later
"""Passes over struct pages: whatever is in them, the engine finds what Python finds, with any number of threads."""
from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies

from banks import library
from elfcore import Core, Segment
from mmscope.errors import FaultError, MmError
from mmscope.model.pagekeys import classify, runs_of
from mmscope.model.pagemap import PageMap, Run
from mmscope.model.paint import Strip
from mmscope.model.pagescan import _every, _joined
from mmscope.target.engine import Machine
from mmscope.target.engine_pass import EngineStrip, select
from mmscope.target.passes import (FIRST, FOREIGN, LATER, NAMED, NO_FIELD, ONE, OWN_RESERVED, POOL, SLABS, UNTOUCHED,
                                   Field, Rules, PageTest, TypeRow)

MAP, KEYS = 0xC0400000, 1 << 31
WORDS = {32: 4, 56: 8, 64: 8}       # bytes of a struct page, and of a pointer


class Memory:
    """Virtual memory in pieces."""

    def __init__(self, pieces: dict[int, bytes]) -> None:
        self.pieces = pieces

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes, of one piece."""
        for start, data in self.pieces.items():
            if start <= addr and addr + size <= start + len(data):
                return data[addr - start:addr - start + size]
        raise FaultError(addr, size)


class Pages:
    """Struct pages at random, most of them like the one before, some not there; and what is asked of them."""

    def __init__(self, seed: int, count: int) -> None:
        self.rng = rng = random.Random(seed)
        self.size = rng.choice(tuple(WORDS))
        self.word = WORDS[self.size]
        self.order = rng.choice(("little", "little", "big"))
        self.runs = self._runs(count)
        self.map = PageMap(self.runs, self.size)
        self.first, self.end = self.map.start_pfn, self.map.end_pfn
        self.rules = self._rules()
        data = b"".join(self._page(pfn) for pfn in range(self.first, self.end))
        self.pieces: dict[int, bytes] = {}
        for run in self.runs:
            addr = run.zero + run.start_pfn * self.size
            own = data[(run.start_pfn - self.first) * self.size:(run.end_pfn - self.first) * self.size]
            for start, part in self._cut(addr, own):
                self.pieces[start] = part
        self.ctx: Any = SimpleNamespace(pages=self.map, memory=Memory(self.pieces), engine=None,
                                        read=SimpleNamespace(order=self.order))

    def _runs(self, count: int) -> tuple[Run, ...]:
        """One array, or two with a hole between their page frames."""
        start = self.rng.choice((0, 3, 0x10000))
        if self.rng.random() < 0.5:
            return (Run(MAP - start * self.size, start, start + count),)
        half, second = count // 2, start + count // 2 + 40
        return (Run(MAP - start * self.size, start, start + half),
                Run(MAP + (1 << 28) - second * self.size, second, second + count - half))

    def _cut(self, addr: int, data: bytes) -> list[tuple[int, bytes]]:
        """Without some 4 KiB pages of memory, one in a row at least."""
        if self.rng.random() < 0.5 or len(data) < 0x4000:
            return [(addr, data)]
        low = self.rng.randrange(addr + 0x1000, addr + len(data) - 0x2000) & -0x1000
        high = low + 0x1000 * self.rng.choice((1, 1, 2))
        return [(addr, data[:low - addr]), (high, data[high - addr:])]

    def _rules(self) -> Rules:
        """Rules at random, for members in the order flags, link, mapping, cache, type, count."""
        rng, word = self.rng, self.word
        flags, link, mapping, cache = (Field(at * word, word) for at in range(4))
        held = {rng.randrange(self.first, self.end): rng.randrange(3) for _ in range(rng.choice((0, 5, 50)))}
        every = (OWN_RESERVED, FOREIGN, UNTOUCHED, NAMED, ONE)
        some = [sum(bit for bit in every if rng.random() < share) for share in rng.choice(((0, 0, 0), (0.2, 0.3, 0.3)))]
        rows = (TypeRow(0xFF000000, 0xF0000000, LATER), TypeRow(0xFF000000, 0xF2000000, FIRST),
                TypeRow(0xFF000000, 0xF4000000, POOL), TypeRow(0xFF000000, 0xF5000000, SLABS),
                TypeRow(0xF0000000, 0xF0000000, LATER))[:rng.choice((0, 4, 5))]
        dtor = rng.choice((NO_FIELD, Field(2 * word, 1)))
        return Rules(flags, link, mapping, Field(4 * word + 4 if word == 4 else 44, 4),
                     Field(4 * word if word == 4 else 40, 4), rng.choice((cache, NO_FIELD)), lambda: (dtor, 2),
                     rng.choice((0, 1)), 2, 4, 1, 0x1F, 3 << 28, 1 << 28, 3, rng.choice((word, 0)),
                     rng.random() < 0.3 and self.size != 56, rows, held, *some)

    def _page(self, pfn: int) -> bytes:
        """One struct page."""
        rng, word, rules = self.rng, self.word, self.rules
        covered = self.map.covers(pfn)
        own = self.map.page(pfn) if covered else 0
        flags = rng.choice((0, 0, 0, 0, 1, 2, 4, 8)) | rng.choice((1, 1, 1, 1, 2)) << 28
        head = self.map.page(rng.choice((max(pfn - rng.randrange(1, 9), self.first), rng.randrange(self.first,
                                                                                                      self.end))))
        link = rng.choice((0, 0x100, own + rules.untouched, head + 1, head + 1, ((-1 << rng.randrange(5, 12)) + 1),
                           rng.getrandbits(8 * word))) & (1 << 8 * word) - 1
        mapping = rng.choice((0, 0, 1, 0xC0801000 + rng.randrange(4), 0xC0802001))
        cache = rng.choice((0xC0900000, 0xC0900040, 0))
        kind = rng.choice((0xFFFFFFFF, 0xFFFFFFFF, 0, 3, *(0xF0000000 + (at << 24) for at in (0, 2, 4, 5, 9))))
        body = b"".join(value.to_bytes(word, self.order) for value in (flags, link, mapping, cache))
        body += bytes(8) * (word == 8)
        return (body + kind.to_bytes(4, self.order) + rng.choice((0, 0, 1, 2)).to_bytes(4, self.order)).ljust(
            self.size, b"\0")[:self.size]

    def machine(self, path: Path, threads: int) -> Machine:
        """The engine over the same memory."""
        core, phys = [], 0
        for addr, data in self.pieces.items():
            core.append(Segment(data, phys, addr))
            phys += len(data) + 0x1000
        path.write_bytes(Core(core).to_bytes())
        machine = Machine(library())
        machine.open(str(path))
        machine.set_threads(threads)
        return machine

    def ranges(self) -> list[tuple[int, int]]:
        """Some page frames that the map has."""
        cuts = sorted({self.first, self.end, *(self.rng.randrange(self.first, self.end) for _ in range(4))})
        return [(max(low, run.start_pfn), min(high, run.end_pfn)) for low, high in zip(cuts, cuts[1:])
                if self.rng.random() < 0.8 for run in self.runs if max(low, run.start_pfn) < min(high, run.end_pfn)]


def painted(strip: Any, pages: Pages, seed: int) -> tuple[list, list]:
    """A strip, some of which is painted before, classified; its keys and runs."""
    rng = random.Random(seed)
    strip.paint([(at, at + rng.randrange(1, 90), rng.randrange(1, 5)) for at in (
        rng.randrange(pages.first, pages.end) for _ in range(20))])
    keys = strip.classify(runs_of(pages.ctx), pages.rules, KEYS) if isinstance(strip, EngineStrip) else classify(
        pages.ctx, pages.rules, strip, KEYS)
    return keys, list(strip.runs())


@given(seed=strategies.integers(0, 1 << 32))
@example(seed=1)
@settings(max_examples=60)
def test_struct_pages_have_the_keys_that_python_finds(tmp_path_factory, seed: int) -> None:
    pages = Pages(seed, 600)
    ranges = pages.ranges()
    machine = pages.machine(tmp_path_factory.mktemp("core") / "core", 1 + seed % 2)
    strip, ours = Strip(ranges), EngineStrip(machine, ranges)
    assert painted(ours, pages, seed) == painted(strip, pages, seed)
    table = [at // 2 for at in range(100)]
    for one in (strip, ours):
        one.map([(pages.first + 50, pages.end - 70)], KEYS, table)
        one.map([(0, 1 << 63)], KEYS, [7] * 2000)
    assert list(ours.runs()) == list(strip.runs())
    assert ours.sums(60) == strip.sums(60)


@given(seed=strategies.integers(0, 1 << 32))
@settings(max_examples=60)
def test_struct_pages_match_where_python_says_they_do(tmp_path_factory, seed: int) -> None:
    pages = Pages(seed, 600)
    rng, rules = pages.rng, pages.rules
    fields = (rules.flags, rules.link, rules.mapping, rules.type, rules.count)
    tests = [PageTest(rng.choice(fields), rng.choice((1, 2, 3, 0xF0000000)), rng.choice((0, 1, 0xF0000000)),
                  rng.randrange(3), rng.random() < 0.4) for _ in range(rng.randrange(5))]
    ranges, value, mask = pages.ranges(), rng.choice((NO_FIELD, *fields)), rng.choice((3, (1 << 64) - 1))
    machine = pages.machine(tmp_path_factory.mktemp("core") / "core", 1 + seed % 2)
    assert list(_joined(select(machine, runs_of(pages.ctx), ranges, tests, value, mask))) == list(
        _joined(_every(pages.ctx, ranges, tests, value, mask)))


@pytest.fixture(scope="module")
def many() -> Pages:
    """As many as several threads share."""
    return Pages(7, 90_000)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing(tmp_path: Path, many: Pages, threads: int) -> None:
    ranges = [(many.first, many.first + 30_001), (many.first + 30_040, many.end)]
    ranges = [(low, high) for start, end in ranges for run in many.runs
              for low, high in [(max(start, run.start_pfn), min(end, run.end_pfn))] if low < high]
    machine = many.machine(tmp_path / "core", threads)
    assert painted(EngineStrip(machine, ranges), many, 7) == painted(Strip(ranges), many, 7)
    tests = [PageTest(many.rules.flags, 2, 2)]
    assert list(_joined(select(machine, runs_of(many.ctx), ranges, tests, many.rules.link, 0xFFFF))) == list(
        _joined(_every(many.ctx, ranges, tests, many.rules.link, 0xFFFF)))


def test_more_keys_than_are_kept_leave_the_strip_as_it_was(tmp_path: Path, many: Pages,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmscope.target.engine_pass.MOST_KEYS", 3)
    strip = EngineStrip(many.machine(tmp_path / "core", 2), [(many.first, many.first + 60_000)])
    strip.paint([(many.first + 5, many.first + 9, 3)])
    before = list(strip.runs())
    with pytest.raises(MmError, match="more than 3 different things"):
        strip.classify(runs_of(many.ctx), many.rules, KEYS)
    assert list(strip.runs()) == before


@pytest.mark.parametrize("change, why", [
    (dict(runs=((0, 5, 5),)), "not in order"), (dict(runs=((0, 5, 9), (0, 8, 12))), "not in order"),
    (dict(runs=((1 << 63, 0, 1 << 58),)), "beyond all addresses"), (dict(page_bytes=0), "a struct page has 0 bytes"),
    (dict(page_bytes=1 << 20), "a struct page has"), (dict(page_bytes=8), "no number of")])
def test_struct_pages_that_cannot_be_are_refused(tmp_path: Path, many: Pages, change: dict, why: str) -> None:
    runs = runs_of(many.ctx)
    told = SimpleNamespace(**{"runs": runs.runs, "page_bytes": runs.page_bytes, "big_endian": False, **change})
    strip = EngineStrip(many.machine(tmp_path / "core", 1), [(many.first, many.first + 9)])
    with pytest.raises(MmError, match=why):
        strip.classify(told, many.rules, KEYS)
