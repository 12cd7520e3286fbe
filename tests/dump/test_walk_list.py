# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of struct pages by the dump engine: the same nodes, page frames and problems as Python's walk has."""
from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import pytest
from banks import Banks
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmscope.errors import FaultError, MmError
from mmscope.model.pagelist import PageWalk, problems_of, walk_pages
from mmscope.model.pagemap import PageMap, Run
from mmscope.model.walk import ListProblems
from mmscope.target.engine import MMU_ARM_SHORT, Machine
from mmscope.target.engine_list import LOOP, Entries, Lists

ROOT, HEADS, HEAP = 0x4000_0000, 0xC000_8000, 0xC001_0000
BASE = 0xC000_0000              # where RAM is mapped, its pages in an order of their own
RAM = (ROOT, 0x40000)
TABLE = ROOT + 0x4000
PLACES = [*range(8), *random.Random(7).sample(range(8, RAM[1] >> 12), (RAM[1] >> 12) - 8)]


def phys(addr: int) -> int:
    """By the page tables. Raises FaultError."""
    if not BASE <= addr < BASE + RAM[1]:
        raise FaultError(addr)
    return ROOT + (PLACES[addr - BASE >> 12] << 12) + addr % 4096


class List_:
    """Memory with struct pages of step bytes in runs, and a context that reads it through the engine or without."""

    def __init__(self, step: int = 36, link: int = 20, word: int = 4, big: bool = False,
                 runs: Optional[tuple[Run, ...]] = None) -> None:
        self.ram, self.word, self.order, self.link = Banks(RAM), word, "big" if big else "little", link
        self.runs = runs or (Run(HEAP - 100 * step, 100, 100 + 2000),)
        self.pages = PageMap(self.runs, step)
        self.ram.put(ROOT + (BASE >> 20) * 4, TABLE | 1, 4)
        for index, place in enumerate(PLACES):
            self.ram.put(TABLE + 4 * index, ROOT + (place << 12) | 0x45E, 4)
        self.machine: Optional[Machine] = None

    def node(self, pfn: int) -> int:
        """Its list_head."""
        return self.pages.page(pfn) + self.link

    def put(self, addr: int, next_: int, prev: int) -> None:
        """Write a list_head."""
        mask = (1 << self.word * 8) - 1
        data = b"".join((value & mask).to_bytes(self.word, self.order) for value in (next_, prev))
        for at, byte in enumerate(data, addr):
            self.ram.put(phys(at), byte, 1)

    def ring(self, *nodes: int) -> None:
        """A sound list."""
        for at, node in enumerate(nodes):
            self.put(node, nodes[(at + 1) % len(nodes)], nodes[at - 1])

    def get(self, addr: int) -> dict[str, int]:
        """A list_head, by what the page tables say. Raises FaultError."""
        data = b"".join(self.ram.read(phys(at), 1) for at in range(addr, addr + 2 * self.word))
        return {"next": int.from_bytes(data[:self.word], self.order),
                "prev": int.from_bytes(data[self.word:], self.order)}

    def context(self, engine: Optional[Machine]) -> Any:
        """As much of one as a walk asks for."""
        kept: dict[str, Any] = {}

        def once(name: str, make: Any) -> Any:
            if name not in kept:
                kept[name] = make(ctx)
            return kept[name]

        pointer = SimpleNamespace(size=self.word)
        layout = SimpleNamespace(
            field=lambda path: SimpleNamespace(offset={"next": 0, "prev": self.word}[path.split(".")[1]], type=pointer),
            struct=lambda tag: SimpleNamespace(size=2 * self.word))
        ctx = SimpleNamespace(engine=engine, pages=self.pages, layout=layout, once=once, read=SimpleNamespace(
            word=self.word, order=self.order, record=lambda tag, addr: self.get(addr)))
        return ctx

    def load(self, path: Path) -> Machine:
        """The engine, which sees what is written now."""
        self.machine = self.ram.machine(path / "ram")
        self.machine.set_mmu(MMU_ARM_SHORT, 12, 32, ROOT)
        return self.machine

    def both(self, path: Path, head: int, limit: int) -> PageWalk:
        """What the walk gives, which is the same both ways."""
        machine = self.load(path)
        by_python = walk_pages(self.context(None), head, "a list", self.link, limit)
        assert walk_pages(self.context(machine), head, "a list", self.link, limit) == by_python
        entries = [Entries(run.zero + run.start_pfn * self.pages.page_bytes, self.pages.page_bytes,
                           run.end_pfn - run.start_pfn, run.start_pfn) for run in self.runs]
        walked = Lists(machine, entries, self.link, self.word, self.order == "big").walk(head, limit)
        problems = tuple(problems_of(walked, ListProblems(head, "a list"), limit))
        assert (walked.nodes, walked.numbers, problems) == (by_python.nodes, by_python.pfns, by_python.problems)
        machine.close()
        return by_python


def said(walk: PageWalk) -> list[str]:
    """Its problems."""
    return [problem.id for problem in walk.problems]


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 500])
@pytest.mark.parametrize("shape", [(36, 20, 4, False), (32, 8, 4, True), (64, 8, 8, False), (56, 8, 8, True)])
def test_a_sound_list_is_its_nodes(tmp_path: Path, count: int, shape: tuple) -> None:
    """Struct pages of 36 bytes lie across pages, now and then with their list_head."""
    made = List_(*shape)
    pfns = random.Random(count).sample(range(100, 1900), count)
    made.ring(HEADS, *map(made.node, pfns))
    walk = made.both(tmp_path, HEADS, 500)
    assert walk.pfns == tuple(pfns) and walk.nodes == tuple(map(made.node, pfns)) and not walk.problems


@pytest.mark.parametrize("limit, ids", [(0, ["LIST-2"]), (9, ["LIST-2"]), (10, []), (11, [])])
def test_a_list_has_as_many_entries_as_it_may(tmp_path: Path, limit: int, ids: list[str]) -> None:
    made = List_()
    made.ring(HEADS, *map(made.node, range(200, 210)))
    walk = made.both(tmp_path, HEADS, limit)
    assert said(walk) == ids and len(walk.nodes) == min(limit, 10)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 9, 16, 17, 63, 64, 65, 100])
@pytest.mark.parametrize("tail", [0, 1, 2, 3, 7, 8, 64])
def test_a_loop_ends_at_the_first_entry_that_comes_again(tmp_path: Path, length: int, tail: int) -> None:
    """However long what leads into it is, and where the limit is, from just in front of the end of the loop on."""
    made = List_()
    pfns = list(range(100, 100 + tail + length))
    made.ring(HEADS, *map(made.node, pfns))
    made.put(made.node(pfns[-1]), made.node(pfns[tail]), 0)
    for limit in (len(pfns) - 1, len(pfns), len(pfns) + 1, 2 * len(pfns), 5000):
        walk = made.both(tmp_path, HEADS, limit)
        broken = [problem for problem in walk.problems if problem.id == "LIST-2"]
        assert len(broken) == 1 and walk.pfns == tuple(pfns[:limit])
        assert ("loops back to" in broken[0].text) == (limit >= len(pfns))


def test_a_wrong_prev_is_named_and_does_not_end_the_walk(tmp_path: Path) -> None:
    made = List_()
    nodes = [made.node(pfn) for pfn in (300, 200, 250)]
    made.ring(HEADS, *nodes)
    made.put(nodes[1], nodes[2], 0x1234)
    made.put(HEADS, nodes[0], nodes[0])
    walk = made.both(tmp_path, HEADS, 100)
    assert walk.pfns == (300, 200, 250) and said(walk) == ["LIST-3", "LIST-3"]
    assert [problem.actual for problem in walk.problems] == [0x1234, nodes[0]]
    assert [problem.where for problem in walk.problems] == ["a list, entry 1", "a list, entry 3"]


@pytest.mark.parametrize("next_, text", [
    (0, "where no entry can be"), (0xFFFFFFFF, "where no entry can be"), (HEAP + 21, "where no entry can be"),
    (HEAP + 20 - 36, "where no entry can be"), (HEAP + 36 * 2000 + 20, "where no entry can be"),
    (HEAP + 36 * 3 + 20, ""), (4, "where no entry can be")])
def test_no_entry_can_be_anywhere_else(tmp_path: Path, next_: int, text: str) -> None:
    made = List_()
    made.ring(HEADS, made.node(150), made.node(103))
    made.put(made.node(150), next_, HEADS)
    walk = made.both(tmp_path, HEADS, 100)
    assert [text in problem.text for problem in walk.problems] == [True] * bool(text)


def test_where_memory_ends_the_walk_does(tmp_path: Path) -> None:
    """A list_head of which only next can be read is not there."""
    end = BASE + RAM[1]
    made = List_(runs=(Run(end - 4 - 20 - 36 * 200, 0, 4000),))
    assert made.node(200) + 4 == end
    for pfn, ids in ((199, []), (200, ["LIST-1"]), (201, ["LIST-1"])):
        made.ring(HEADS, made.node(150), made.node(199))
        made.put(made.node(199), made.node(pfn) if ids else HEADS, made.node(150))
        walk = made.both(tmp_path, HEADS, 100)
        assert said(walk) == ids and all("cannot be read" in problem.text for problem in walk.problems)


def test_a_head_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    made = List_()
    machine = made.load(tmp_path)
    for head in (0, BASE + RAM[1] - 4, 0xFFFFFFFC, 1 << 63, (1 << 64) - 8):
        with pytest.raises(FaultError):
            walk_pages(made.context(machine), head, "a list", made.link, 10)


def test_entries_may_be_in_several_places_of_which_the_first_counts(tmp_path: Path) -> None:
    runs = (Run(HEAP - 36 * 100, 100, 200), Run(HEAP - 36 * 900, 1000, 1200), Run(HEAP + 36 * 500 - 36 * 3000, 3000, 3300))
    made = List_(runs=runs)
    pfns = [150, 3007, 1250 - 100, 199, 3299]
    made.ring(HEADS, *[made.node(pfn) for pfn in pfns])
    assert made.both(tmp_path, HEADS, 100).pfns == tuple(pfns)
    made.ring(HEADS, HEAP + 36 * 150 + 20)
    assert made.both(tmp_path, HEADS, 100).pfns == (1050,)
    made.ring(HEADS, HEAP + 36 * 499 + 20)
    assert said(made.both(tmp_path, HEADS, 100)) == ["LIST-1"]


@settings(max_examples=150)
@example(seed=2, runs=1)
@given(seed=st.integers(0, 1 << 32), runs=st.integers(1, 3))
def test_however_it_is_broken_both_say_the_same(tmp_path_factory, seed: int, runs: int) -> None:
    """Links that were swapped, cut, bent and written over."""
    rng = random.Random(seed)
    step, link = rng.choice(((36, 20), (32, 8), (16, 8), (40, 0)))
    spans = [(HEAP + rng.randrange(0, 0x2F000), rng.randrange(1000), rng.randrange(1, 400)) for _ in range(runs)]
    start, made_of = 100, []
    for first, gap, count in spans:
        start += gap
        made_of.append(Run(first - start * step, start, start + count))
        start += count
    made = List_(step, link, 4, rng.random() < 0.5, tuple(made_of))
    pfns = [pfn for run in made_of for pfn in range(run.start_pfn, run.end_pfn)]
    nodes = [made.node(pfn) for pfn in rng.sample(pfns, rng.randrange(len(pfns) + 1))]
    nodes = [node for node in dict.fromkeys(nodes) if node + 8 <= BASE + RAM[1]]
    heads = [HEADS, HEADS + 8]
    cut = rng.randrange(len(nodes) + 1)
    made.ring(heads[0], *nodes[:cut])
    made.ring(heads[1], *nodes[cut:])
    places = heads + nodes
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        kind, at = rng.randrange(4), rng.choice(places)
        link_ = made.get(at)
        if kind == 0:
            made.put(at, rng.choice(places), link_["prev"])
        elif kind == 1:
            made.put(at, link_["next"], rng.choice(places))
        elif kind == 2:
            made.put(at, rng.choice((0, rng.getrandbits(32), BASE + rng.getrandbits(19), link_["next"] + 1)), 0)
        else:
            other = rng.choice(places)
            kept = made.get(other)
            made.put(other, **{"next_": link_["next"], "prev": link_["prev"]})
            made.put(at, kept["next"], kept["prev"])
    path = tmp_path_factory.mktemp("ram")
    for head in heads:
        made.both(path, head, rng.choice((len(nodes), len(nodes), 3000, rng.randrange(len(nodes) + 1))))


def test_what_is_behind_the_loop_is_taken_back(tmp_path: Path) -> None:
    """The engine itself, without Python's words: breaks of the second time round are not told again."""
    made = List_()
    nodes = [made.node(pfn) for pfn in range(100, 110)]
    made.ring(HEADS, *nodes)
    for node, next_ in zip(nodes, nodes[1:] + nodes[:1]):
        made.put(node, next_, 0)
    lists = Lists(made.load(tmp_path), [Entries(HEAP, 36, 2000, 7)], 20, 4, False)
    walked = lists.walk(HEADS, 1000)
    assert (walked.end, walked.here, walked.at) == (LOOP, nodes[-1], nodes[0])
    assert walked.numbers == tuple(range(7, 17)) and [each.entry for each in walked.breaks] == list(range(10))
    assert [each.here for each in walked.breaks] == [HEADS, *nodes[:-1]] and {each.prev for each in walked.breaks} == {0}


@pytest.mark.parametrize("entries, word", [((HEAP, 0, 1, 0), 4), ((HEAP, 36, 1 << 63, 0), 4), ((HEAP, 36, 1, 0), 5)])
def test_what_is_no_list_is_refused(tmp_path: Path, entries: tuple, word: int) -> None:
    machine = List_().load(tmp_path)
    with pytest.raises(MmError, match="list: "):
        Lists(machine, [Entries(*entries)], 20, word, False).walk(HEADS, 10)
    with pytest.raises(MmError):
        Lists(machine, [Entries(-1, 36, 10, 0)], 20, 4, False)


@pytest.mark.parametrize("overlap", [False, True])
def test_many_places_are_few_steps_unless_they_overlap(tmp_path: Path, overlap: bool) -> None:
    """Then Python, which can be interrupted, follows the list."""
    runs = tuple(Run(HEAP + 72 * number - 36 * 2 * number, 2 * number, 2 * number + 1 + overlap)
                 for number in random.Random(3).sample(range(1, 900), 400))
    if overlap:
        runs += (runs[0],)
    made = List_(runs=runs)
    pfns = [run.start_pfn for run in runs[:300:3]]
    made.ring(HEADS, *map(made.node, pfns))
    machine = made.load(tmp_path)
    entries = [Entries(run.zero + run.start_pfn * 36, 36, run.end_pfn - run.start_pfn, run.start_pfn) for run in runs]
    lists = Lists(machine, entries, made.link, 4, False)
    assert walk_pages(made.context(machine), HEADS, "a list", made.link, 200).pfns == tuple(pfns)
    if not overlap:
        assert lists.walk(HEADS, 200).numbers == tuple(pfns)
        return
    with pytest.raises(MmError, match="overlap"):
        lists.walk(HEADS, 200)
