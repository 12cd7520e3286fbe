# SPDX-License-Identifier: GPL-2.0-or-later
"""mm owners record through a real kernel's boot, from start_kernel to its end.

Truth: what that same boot logs of memblock, with memblock=debug: the range of
each call and the function that it came from (%pS).
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterable, Iterator

import pytest

import console
from harness.process import wait_for
from lab_guest import Kernel, LabGuest

# The whole log stays in memory, and room for it is a reservation of its own.
APPEND = "memblock=debug log_buf_len=1M"
# arm64 maps memory by single pages: with its 4 GiB it allocates 2000 page
# tables, and the log loses the first of them before it has its own room.
MEMORY = "512M"
LOG_BYTES = 1 << 20
PAGE_BYTES = (4096, 16384)
CALL = re.compile(r"memblock_(reserve|add|remove|free|phys_free): "
                  r"\[(0x[0-9a-f]+)-(0x[0-9a-f]+)\][^\n]*? (\S+?)\+0x")
ALLOC = re.compile(r"memblock_\w*alloc\w*: \d+ bytes[^\n]* (\S+?)\+0x")
KINDS = {"reserve": {"reserved", "allocated"}, "add": {"added"},
         "remove": {"removed"}, "free": {"freed"}, "phys_free": {"freed"}}
ALL = 1 << 64
FIRST_PROGRAM = "Run /init as init process"
LIMIT_SECONDS = 120
MOST_BEFORE = 12        # calls before the command line is parsed
UNLOGGED = "free_reserved_area"
NAMED = "allocated by setup_log_buf"


@dataclass(frozen=True)
class Logged:
    """One line of the log, and whose allocation it is, when a line says."""
    kinds: set[str]
    start: int
    end: int
    functions: list[str]


@dataclass(frozen=True)
class Recorded:
    """The boot, recorded."""
    before: dict[str, Any]          # mm owners, right before the hand-over
    memblock: dict[str, Any]        # and mm memblock
    why: dict[str, Any]             # a page of the log, right after it
    account: dict[str, Any]
    end: dict[str, Any]             # mm owners at the end
    left: list[str]                 # breakpoints then
    text: str
    console: str


def plain(function: str) -> str:
    """Without what the compiler appends to a clone's name."""
    return function.partition(".")[0]


def names(report: dict[str, Any], call: dict[str, Any]) -> list[str]:
    """All functions of a call's chain."""
    stack = report["stacks"][call["stack"]]
    return [frame["function"] for frame in
            (*stack["wrappers"], stack["owner"], *stack["callers"])]


def logged(text: str) -> list[Logged]:
    """The log's calls of memblock, in their order."""
    found, pending = [], []
    for line in text.splitlines():
        call, alloc = CALL.search(line), ALLOC.search(line)
        if alloc:
            pending = [plain(alloc[1])]
        if not call:
            continue
        start, size = int(call[2], 16), int(call[3], 16) + 1 - int(call[2], 16)
        # Of nothing is no change, to the end of all wraps; what free_initmem
        # does is after the end of the recording.
        if size and plain(call[4]) != "free_initmem":
            end = start + size if size > 0 else ALL
            found.append(Logged(KINDS[call[1]], start, end,
                                [plain(call[4]), *pending]))
        pending = []
    return found


def joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, and one where they touch or overlap."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            start, end = found[-1][0], max(found.pop()[1], end)
        found.append((start, end))
    return found


@pytest.fixture(scope="module")
def recorded(kernel: Kernel) -> Iterator[Recorded]:
    """A guest of its own."""
    guest = LabGuest(kernel, "--append", APPEND, "--memory", MEMORY)
    gdb = guest.gdb
    try:
        guest.run_to("start_kernel")
        gdb.run("delete")
        assert gdb.json("mm owners record --json")["recording"]
        guest.run_to("memblock_free_all")
        before = gdb.json("mm owners --json")
        memblock = gdb.json("mm memblock --json")
        guest.run_to("kmem_cache_init")
        buffer = next(each["start"] for each in before["reserved"]
                      if each["end"] - each["start"] == LOG_BYTES
                      and each["function"] == "setup_log_buf")
        why = gdb.json(f"mm why phys:{buffer:#x} --json")
        account = gdb.json("mm account --json")
        with guest.running():
            wait_for("the first program",
                     lambda: FIRST_PROGRAM in guest.console(), LIMIT_SECONDS)
        end = gdb.json("mm owners --json")
        left = [gdb.run(f"{which}info breakpoints") for which in ("", "maint ")]
        yield Recorded(before, memblock, why, account, end, left,
                       gdb.run("mm owners"), guest.console())
    finally:
        guest.close()


def test_each_call_is_that_of_the_log(recorded: Recorded) -> None:
    truth, calls = logged(recorded.console), recorded.end["calls"]
    # What goes to the page allocator at once has no line of this form.
    calls = [call for call in calls if call["kind"] != "freed late"
             and UNLOGGED not in names(recorded.end, call)]
    early = len(calls) - len(truth)
    assert truth and 0 <= early <= MOST_BEFORE, (len(truth), len(calls))
    for call, line in zip(calls[early:], truth):
        assert call["kind"] in line.kinds, (call, line)
        assert call["start"] == line.start, (call, line)
        assert call["end"] == line.end or line.end == ALL
        assert set(line.functions) <= set(names(recorded.end, call)), line
    assert not recorded.end["unknown"] and not recorded.end["lost"]


def test_each_region_is_of_calls_that_the_log_has(recorded: Recorded) -> None:
    report = recorded.before
    assert report["recording"] and report["unseen_bytes"] == 0
    assert report["since"] == "start_kernel"
    # Regions of two nodes that touch are not one, so all of them are compared.
    assert joined((each["base"], each["base"] + each["size"])
                  for each in recorded.memblock["reserved"]) == joined(
        (each["start"], each["end"]) for each in report["reserved"])
    truth = [line for line in logged(recorded.console)
             if line.kinds & {"reserved", "allocated"}]
    early = len(report["calls"]) - len(logged(recorded.console))
    for each in report["reserved"]:
        assert each["call"] < max(early, MOST_BEFORE) or any(
            line.start <= each["start"] < each["end"] <= line.end
            and line.functions[0] in names(
                report, report["calls"][each["call"]])
            for line in truth), each


def test_owners_are_no_layers_over_memblock(recorded: Recorded) -> None:
    for call in recorded.end["calls"]:
        assert not re.match("_*memblock_(?!double|discard)", call["function"])
        assert call["file"] and call["line"]
        if call["kind"] in ("reserved", "allocated", "added"):
            assert names(recorded.end, call)[-1] == "start_kernel"
    assert "alloc_large_system_hash" not in {
        call["function"] for call in recorded.end["calls"]}
    lines = recorded.text.splitlines()
    assert max(map(len, lines)) <= 80 and recorded.text.isascii()


def test_commands_name_them_with_their_source(recorded: Recorded) -> None:
    sources = [each["owner_source"] for each in recorded.memblock["reserved"]
               if NAMED in (each["owner"] or "")]
    assert sources and all("mm owners record" in each for each in sources)
    assert recorded.why["detail"] == NAMED and NAMED in recorded.why["verdict"]
    told = [each["text"] for each in recorded.why["evidence"]
            if each["what"] == "recorded"]
    assert any(re.match(NAMED + r", \S+\.c:\d+ < .*start_kernel$", each)
               for each in told), told
    assert sum(bucket["pages"] for zone in recorded.account["zones"]
               for bucket in zone["buckets"] if bucket["detail"] == NAMED
               ) >= LOG_BYTES // max(PAGE_BYTES)
    known = {(each["base"], each["owner"]) for each in
             recorded.memblock["reserved"]}
    assert any("page table swapper_pg_dir" in owner or "kernel image" in owner
               for _, owner in known)


def test_it_ends_with_the_code_that_it_listens_to(recorded: Recorded) -> None:
    assert recorded.end["ended"] == "free_initmem"
    assert not recorded.end["recording"]
    assert recorded.left == ["No breakpoints or watchpoints.\n"] * 2
    assert len(recorded.end["calls"]) <= recorded.end["stops"]
