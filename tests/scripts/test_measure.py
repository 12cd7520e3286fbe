# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/bench counts what was executed, and says which calls it counted."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Sequence

import pytest

from lab.common import LabError
from measure import core, host, live, profile, report, rows
from measure.guest import Call, Counted, Run
from measure.image import Image
from measure.remote import MeasureError

ROOT = Path(__file__).resolve().parents[2]
BOARD = rows.SMALL
WORDS = ("nops", "cycle:4:4")
FUNCTIONS = ("bench_nops_0", "bench_nops_100", "alloc_pages", "__free_pages")


@pytest.fixture(scope="module")
def image() -> Image:
    """The release flavour."""
    return Image()


@pytest.fixture(scope="module")
def run(image: Image) -> Iterator[Run]:
    """One recording for all."""
    with Run(image, BOARD, WORDS) as recorded:
        yield recorded


@pytest.fixture(scope="module")
def counted(run: Run) -> Counted:
    """The first replay of it."""
    return run.count(rows.BOOT, FUNCTIONS)


def disassembled(image: Image, function: str) -> int:
    """Instructions of a function, counted in its listing."""
    done = subprocess.run(["arm-linux-gnueabihf-objdump", "-d", f"--disassemble={function}", image.elf],
                          capture_output=True, text=True, check=True)
    return len(re.findall(r"^c[0-9a-f]{7}:\t", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("function", ["bench_nops_0", "bench_nops_100"])
def test_a_straight_function_measures_its_length(image, counted, function):
    length = disassembled(image, function)
    assert length >= (100 if function.endswith("100") else 1)
    assert [call.instructions for call in counted.works[0][function]] == [length] * 5


def test_a_hundred_nops_measure_a_hundred(counted):
    counts = {name: counted.works[0][name][0].instructions for name in FUNCTIONS[:2]}
    assert counts["bench_nops_100"] - counts["bench_nops_0"] == 100


def test_two_replays_count_the_same(run, counted):
    assert run.count(rows.BOOT, FUNCTIONS) == counted


def test_a_call_is_known_by_the_pages_that_it_moves(counted):
    taken, given = (counted.works[1][name] for name in FUNCTIONS[2:])
    assert [call.moved_pages for call in taken] == [16] * 4
    assert [call.moved_pages for call in given] == [-16] * 4
    assert {call.arguments[1] for call in taken + given} == {4}


def test_the_hand_over_is_of_all_the_free_memory(run, counted):
    """The guest's own message, in KiB, is the other account."""
    available = int(re.search(r"Memory: (\d+)K/", run.console())[1])
    assert sum(pages for _, pages in counted.boot.values()) * 4 == available


def test_a_word_that_the_guest_cannot_run_is_a_failure(image):
    with pytest.raises(MeasureError, match="word 1 cannot be run: nonsense"):
        Run(image, BOARD, ("nops", "nonsense"))


def test_too_large_a_workload_is_a_failure(image):
    with pytest.raises(MeasureError, match="word 0 cannot be run"):
        Run(image, BOARD, ("cycle:10:64",))


def test_a_profile_has_every_instruction_at_its_function(image):
    found = profile.measure(image, "bench_nops_100", "nops")
    assert found.by_function == {"bench_nops_100": disassembled(image, "bench_nops_100")}
    assert max(found.by_line.values()) >= 100
    assert sum(found.by_line.values()) == found.instructions


def test_a_profile_of_a_call_names_what_was_inlined(image, counted):
    found = profile.measure(image, "alloc_pages", "cycle:4:4")
    assert found.instructions == counted.works[1]["alloc_pages"][0].instructions
    assert sum(found.by_function.values()) == found.instructions
    assert "alloc_pages" in found.by_function and set(found.by_function) - set(image.symbols)


def test_a_profile_of_what_is_not_called_says_so(image):
    with pytest.raises(MeasureError, match="arch_halt.. is not called"):
        profile.measure(image, "arch_halt")


# --- rows, from calls made up ---------------------------------------------------


def calls(*pairs: tuple[int, int]) -> list[Call]:
    """From (instructions, pages moved)."""
    return [Call(instructions, (0, 0, 0, 0), moved) for instructions, moved in pairs]


def made_up(single: Sequence[tuple[int, int]], of_63: Sequence[tuple[int, int]]) -> Counted:
    """What a large board gave; `single` are calls of order 0."""
    works = {}
    for index, word in enumerate(rows.WORKS):
        if word.startswith("cycle:0"):
            pairs = single if index == 0 else of_63
            works[index] = {"alloc_pages": calls(*pairs),
                            "__free_pages": calls(*((n + 1, -moved) for n, moved in pairs))}
        elif index == rows.BATCH_LIST:
            works[index] = {"alloc_pages": calls((6000, 63)), "__free_pages": []}
        elif word.startswith("cycle"):
            works[index] = {"alloc_pages": calls((1_000_000, 16)), "__free_pages": calls((2, -16))}
    works[len(rows.WORKS)] = {"kmalloc": calls((50, 0)), "kfree": calls((40, 0))}
    return Counted({"free_all_bootmem": (1601, 100), "free_highpages": (1600, 100),
                    "kmem_cache_init": (500_001, 0)}, works)


ON_LISTS = made_up([(100, 0), (110, 0), (120, 0), (4000, 31)], [(90, 0), (5000, 63), (9000, 64)])
BUDDY_ONLY = made_up([(200, 1), (210, 1)], [(200, 1)])


def table(counted: Counted) -> dict[str, rows.Result]:
    """Rows by their name."""
    return {row.work: row for row in rows.Table(counted).rows()}


def test_per_cpu_calls_are_told_apart_by_the_pages_they_move():
    found = table(ON_LISTS)
    assert found["alloc_pages order 0, per-CPU"].measured == 110
    assert found["__free_pages order 0, per-CPU"].measured == 111
    assert found["alloc_pages, refill of 63"].measured == 5000
    assert found["- of pages that are all single"].measured == 6000
    assert found["alloc_pages, refill of 31"].measured == 4000
    assert found["__free_pages, give back 31"].measured == 4001


def test_lists_that_no_call_uses_have_no_figure():
    found = table(BUDDY_ONLY)
    assert found["alloc_pages order 0, per-CPU"].verdict == "unseen"
    assert found["alloc_pages order 0, per-CPU"].missing == "no call was served by a per-CPU list"
    assert found["alloc_pages, refill of 63"].missing == "no call took 63 pages from the buddy"
    assert found["alloc_pages order 0, from buddy"].measured == 210


def test_an_aim_is_reached_when_it_is_met_exactly():
    found = table(ON_LISTS)
    assert found["hand-over of HighMem, a page"].verdict == "reached"
    assert found["hand-over of low memory, a page"].measured == 17        # rounded up
    assert found["hand-over of low memory, a page"].verdict == "missed"
    assert found["kmem_cache_init"].verdict == "missed"


def lists(by_word: dict[str, tuple[int, int]], words: Sequence[str]) -> Counted:
    """A counted run of the growth words alone."""
    works = {index: {name: calls(by_word[word]) for name in rows.CALLS}
             for index, word in enumerate(words) if word in by_word}
    for index in range(len(words), len(words) + len(rows.OBJECTS)):
        works[index] = {name: calls((50, 0), (90, 0)) for name in rows.OBJECT_CALLS}
    return Counted({"free_all_bootmem": (1600, 100), "free_highpages": (1600, 100)}, works)


def test_a_call_that_costs_more_beside_a_long_list_is_seen():
    same = {word: (100, 0 if ":0:" in word else 16) for word in rows.GROWTH_WORKS}
    longer = {**same, rows.LONG[1]: (101, 16)}
    flat = rows.growth(lists(same, rows.GROWTH_WORKS), lists(same, rows.WORKS))
    assert {row.verdict for row in flat} == {"same"}
    found = rows.growth(lists(same, rows.GROWTH_WORKS), lists(longer, rows.WORKS))
    assert [row.work for row in found if row.verdict == "differs"] == ["alloc_pages order 4, buddy",
                                                                      "__free_pages order 4, buddy"]


def test_a_call_that_costs_less_with_more_memory_has_a_note():
    same = {word: (100, 0 if ":0:" in word else 16) for word in rows.GROWTH_WORKS}
    more = {word: (110, moved) for word, (_, moved) in same.items()}
    for small, there in ((more, True), (same, False), ({**more, rows.SHORT[0]: (111, 0)}, True),
                         ({**same, rows.SHORT[0]: (111, 0)}, False)):
        growth = rows.growth(lists(small, rows.GROWTH_WORKS), lists(same, rows.WORKS))
        text = report.guest_text(rows.Guest([], growth, (1, 1)))
        assert (rows.LESS in text) == there


def test_the_tables_fit_eighty_columns():
    same = {word: (1_000_000, 0 if ":0:" in word else 16) for word in rows.GROWTH_WORKS}
    growth = rows.growth(lists(same, rows.GROWTH_WORKS), lists(same, rows.WORKS))
    for counted in (ON_LISTS, BUDDY_ONLY):
        text = report.guest_text(rows.Guest(rows.Table(counted).rows(), growth, (187_732, 114_688)))
        assert max(map(len, text.splitlines())) <= 80, text


def test_a_note_stands_below_the_rows_it_is_of_and_only_then():
    assert set(rows.NOTES) <= set(table(ON_LISTS))
    found = rows.Table(ON_LISTS).rows()
    for some, there in ((found, True), ([row for row in found if row.work != "kmem_cache_init"], False)):
        text = report.guest_text(rows.Guest(some, [], (1, 1)))
        assert (rows.NOTES["kmem_cache_init"] in text) == there


def counts(name: str, program: Path) -> host.Cost:
    """In the place of callgrind."""
    return host.Cost(name, 1000, 10, 32768)


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is built or run on the host."""
    monkeypatch.setattr(host, "build", lambda name: Path(name))
    monkeypatch.setattr(host, "cost", counts)


def test_the_host_stands_beside_what_could_be_fetched(uncounted, monkeypatch):
    monkeypatch.setattr(host.source_package, "fetch", lambda *args: "rdma-core_56.1.orig.tar.gz")
    found = host.measure()
    assert [cost.name for cost in found.costs] == ["mmscope", "rdma-core 56.1"]
    assert "1,010" in report.host_text(found)
    assert max(map(len, report.host_text(found).splitlines())) <= 80


def test_the_host_stands_alone_without_a_network_and_says_so(uncounted, monkeypatch):
    def fetch(*args: object) -> str:
        raise LabError("no network")
    monkeypatch.setattr(host.source_package, "fetch", fetch)
    found = host.measure()
    assert [cost.name for cost in found.costs] == ["mmscope"]
    assert "no rdma-core to compare with: no network" in report.host_text(found)


def test_no_image_is_one_line_that_says_what_to_do():
    done = subprocess.run([sys.executable, ROOT / "scripts/bench", "--image", "/nowhere/mm.elf"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, "bench: no image /nowhere/mm.elf: run `make guest`\n")


# --- a core -----------------------------------------------------------------------

def test_who_reads_a_core_is_told_as_a_ratio_or_why_not():
    answers = (core.Answer("mmdump", "account", 0.25), core.Answer("crash", "kmem -f", 5.0),
               core.Answer("drgn", "nr_free alone", None, "drgn is not installed"))
    text = report.core_text(core.Core("amd64-6.1", "2G", 9.5, 3, answers))
    assert "x 20.0" in text and "drgn: drgn is not installed" in text
    assert max(map(len, text.splitlines())) <= 80


def test_an_answer_that_fails_says_what_was_printed():
    assert core.answer("x", "y", ["sh", "-c", "echo oh; exit 3"]).missing == "status 3: oh"
    assert "not installed" in core.answer("x", "y", ["no-such-program-here"]).missing
    assert core.answer("x", "y", ["echo", "yes"]).seconds is not None


def test_passes_are_told_beside_the_plainest_way():
    text = report.live_text(live.Live(393216, 12582912, True, "QEMU's RAM file", 30.0, 0.002, 0.003, 0.02, 0.2, 1.0))
    assert "x 10,000.00" in text and "x 0.67" in text and "x 5.00" in text
    assert max(map(len, text.splitlines())) <= 80
