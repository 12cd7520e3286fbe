# SPDX-License-Identifier: GPL-2.0-or-later
"""mm watch on the guest says what the guest did: its console, its lists before and after, arithmetic.

One board along its boot, the tests in their order; then the monitor's commands, each called from GDB, move known blocks.
"""
import os
import re
import signal
import threading

import pytest

from article import CMA_PAGES, EXPRESSIONS, FREE
from guest import ROOT
from harness.gdbmi import GdbError

LIMIT = "--seconds 30"
RESERVED = re.compile(r"memblock_(reserve|free|alloc): \[0x([0-9a-f]+)-0x([0-9a-f]+)\] (\w+)\+")
ORDERS = 11


@pytest.fixture(scope="module")
def guest(boot):
    """Before its first instruction."""
    return boot("article", "--append", "memblock=debug").load()


@pytest.fixture(autouse=True)
def nothing_left(request):
    """After each test: no breakpoint of anybody's, and the stub reads virtual addresses."""
    yield
    if "guest" in request.fixturenames and request.getfixturevalue("guest")._qemu.poll() is None:
        gdb = request.getfixturevalue("guest").gdb
        assert gdb.run("info breakpoints") == gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n"
        assert 'received: "0"' in gdb.run("maint packet qqemu.PhyMemMode")


def watch(guest, what, options=""):
    """The only event of a command."""
    report = guest.gdb.json(f"mm watch {what} {LIMIT} {options} --json")
    assert report["problems"] == [] and report["stopped"] is None
    event, = report["events"]
    return event


def blocks(guest, zone="HighMem"):
    """(pfn, order) of each free block, by the lists."""
    return {(each["pfn"], each["order"]) for each in guest.gdb.json(f"mm buddy --blocks --zone {zone} --json")["blocks"]}


def around(free, pfn):
    """The block of a set that has a page."""
    found, = [block for block in free if block[0] <= pfn < block[0] + (1 << block[1])]
    return found


def names(event):
    """Functions of the stack, the innermost first."""
    return [each["function"] for each in event["stack"]]


def asked(guest, line):
    """Let the guest be about to run a line of its monitor; it comes back to cpu_idle."""
    gdb = guest.gdb
    gdb.run("python gdb.selected_inferior().write_memory(int(gdb.parse_and_eval('(unsigned long)&monitor_poll::line')), "
            f"b'{line}\\0')")
    for register, value in (("r0", "monitor_poll::line"), ("lr", "cpu_idle"), ("pc", "monitor_command")):
        gdb.run(f"set ${register} = (unsigned long)&{value}")


def said(guest):
    """What the guest says of the line when it has run it: number, first pfn, pages."""
    guest.run_to("cpu_idle")
    found = re.findall(r"^(\d+): (?:pages|cma) pfn 0x([0-9a-f]+), (\d+) pages?$", guest.console(), re.MULTILINE)
    return int(found[-1][0]), int(found[-1][1], 16), int(found[-1][2])


# --- the boot ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("what, why", [
    ("pfn:0x20000", "no zones and mem_map yet"), ("list Normal", "no zones"), ("memblock.reserved", "no memblock yet"),
    ("totalram_pages", "no counters yet")])
def test_what_is_not_there_before_the_mmu_is_on_is_told(guest, what, why):
    assert why in guest.fails(f"mm watch {what}")


def test_reservations_are_those_that_the_guest_logs(guest):
    guest.run_to("start_kernel")
    assert "no zones and mem_map yet" in guest.fails("mm watch pfn:0x20000")
    report = guest.gdb.json(f"mm watch memblock.reserved --count 6 {LIMIT} --json")
    guest.run_to("mm_init")
    logged = [(kind, int(start, 16), int(end, 16), by) for kind, start, end, by in RESERVED.findall(guest.console())
              if kind != "alloc"]
    covered = []
    for event in report["events"]:
        while True:                 # what is logged, without what is reserved already
            kind, start, end, by = logged.pop(0)
            new = without((start, end + 1), covered)
            covered.append((start, end + 1))
            if new:
                break
        assert event["kind"] == "reserved" and kind == "reserve"
        assert [(change["start"], change["end"]) for change in event["ranges"]] == new
        assert event["caller"]["function"] == by and event["by"]["function"] in names(event)
        assert event["by"]["file"].endswith(("memblock.c", "memblock_type.c")) and event["by"]["line"] > 0
    assert logged


def without(piece, covered):
    """What of [start, end) no other range covers."""
    pieces = [piece]
    for start, end in covered:
        pieces = [(low, high) for one, other in pieces for low, high in ((one, min(other, start)), (max(one, end), other))
                  if low < high]
    return pieces


def test_a_page_that_is_handed_over_is_in_the_largest_block_that_fits(guest):
    guest.run_to("mem_init")
    start, end = next((-(-start >> 12), end >> 12) for start, end in FREE if start == 0x18017456)
    pfn = start + 5
    order = next(order for order in reversed(range(ORDERS)) if pfn >> order << order >= start
                 and (pfn >> order) + 1 << order <= end)
    event = watch(guest, f"pfn:{pfn}")
    assert event["kind"] == "returned" and event["before"]["kind"] == "used" and event["partial"] is False
    assert (event["after"]["kind"], event["after"]["block_pfn"], event["after"]["order"]) == (
        "free", pfn >> order << order, order)
    assert (event["after"]["block_pfn"], order) in blocks(guest, "Normal")
    assert {"__free_one_page", "free_low_memory_core_early", "mem_init", "start_kernel"} <= set(names(event))


def test_a_counter_is_told_with_what_it_was(guest):
    event = watch(guest, "totalram_pages")
    assert event["before"]["value"] == 0 and event["after"]["value"] == guest.gdb.number("totalram_pages") > 0
    assert event["caller"] is None and event["by"]["function"] == "free_all_bootmem"
    guest.run_to("kmem_cache_init")
    assert guest.gdb.number("totalram_pages") == int(EXPRESSIONS["totalram_pages"], 0)


def test_readme_shows_what_it_prints(guest):
    shown = (ROOT / "README.md").read_text().partition("(gdb) mm watch block pfn:0x3ec00\n")[2].partition("\n\n")[0]
    text = guest.gdb.run(f"mm watch block pfn:0x3ec00 {LIMIT}").replace(", 30 s at most", "")
    lines = [re.sub(r":\d+\)", "", line[4:]) for line in shown.splitlines() if line.strip() != "..."]
    assert len(lines) > 5 and set(lines) <= {re.sub(r":\d+\)", "", line) for line in text.splitlines()}
    assert max(map(len, text.splitlines())) <= 80


def test_a_counter_of_a_zone_is_the_zones(guest):
    guest.run_to("cma_init_reserved_areas")
    event = watch(guest, "HighMem.managed_pages")
    assert 0 < event["after"]["value"] - event["before"]["value"] <= CMA_PAGES
    assert event["after"]["value"] == guest.gdb.number("contig_page_data.node_zones[1].managed_pages")


# --- known blocks, moved by the monitor --------------------------------------------------------------------------------

def test_a_split_is_one_event_with_the_buddies_that_it_left(guest):
    guest.run_to("cpu_idle")
    before = blocks(guest)
    asked(guest, "alloc 3 high")
    event = watch(guest, "list HighMem")
    after = blocks(guest)
    _, pfn, pages = said(guest)
    head, order = around(before, pfn)
    assert event["kind"] == "taken" and pages == 8
    left = [(head ^ 1 << at, at) for at in range(order - 1, 2, -1)]
    assert pfn == head and after - before == set(left) and before - after == {(head, order)}
    assert [(step["shape"], step["buddy"], step["order"], step["kept"]) for step in event["steps"]] == [
        ("split", buddy, at, head) for buddy, at in left]
    assert [(each["event"], each["pfn"], each["order"]) for each in event["blocks"] if each["event"] != "moved"] == [
        ("split", head, order), ("taken", head, 3)]
    assert event["caller"]["function"] == "truth_alloc_pages" and event["stack"][0]["line"]


def test_a_merge_is_one_event_with_the_buddies_that_it_found(guest):
    before = blocks(guest)
    number, pfn, _ = said_last(guest)
    asked(guest, f"free {number}")
    event = watch(guest, f"pfn:{pfn + 5}")           # a page in the middle of what is freed
    after = blocks(guest)
    head, order = around(after, pfn)
    assert event["kind"] == "returned" and (event["after"]["block_pfn"], event["after"]["order"]) == (head, order)
    gone = sorted(before - after, key=lambda block: block[1])
    assert [(step["buddy"], step["order"]) for step in event["steps"]] == gone and gone
    own, low = pfn, 3
    for step in event["steps"]:
        assert (step["pfn"], step["order"], step["kept"], step["next_order"]) == (own, low, own & ~(1 << low), low + 1)
        own, low = step["kept"], step["next_order"]
    assert (own, low) == (head, order) and event["caller"]["function"] == "truth_free"
    guest.run_to("cpu_idle")


def said_last(guest):
    """As said(), of the line before."""
    found = re.findall(r"^(\d+): (?:pages|cma) pfn 0x([0-9a-f]+), (\d+) pages?$", guest.console(), re.MULTILINE)
    return int(found[-1][0]), int(found[-1][1], 16), int(found[-1][2])


def test_a_page_sees_its_block_split_and_merge_around_it(guest):
    _, pfn, _ = said_last(guest)
    tail = pfn + 0x2a
    head, order = around(blocks(guest), tail)
    asked(guest, "alloc 2 high")
    event = watch(guest, f"pfn:{tail}")
    now = around(blocks(guest), tail)
    assert event["kind"] == "split" and (event["before"]["block_pfn"], event["before"]["order"]) == (head, order)
    assert (event["after"]["block_pfn"], event["after"]["order"]) == now
    last = event["steps"][-1]
    assert (last["buddy"], last["order"]) == now and last["kept"] == last["pfn"]
    assert [step["order"] for step in event["steps"]] == list(range(order - 1, now[1] - 1, -1))
    number = said(guest)[0]
    asked(guest, f"free {number}")
    event = watch(guest, f"block pfn:{now[0]}")
    assert event["kind"] == "merge" and not event["after"]["listed"] and event["before"]["listed"]
    assert around(blocks(guest), tail) == (head, order)
    guest.run_to("cpu_idle")


def test_a_single_page_comes_by_the_list_of_a_cpu(guest):
    _, pfn, _ = said_last(guest)
    asked(guest, "alloc 0 high")
    report = guest.gdb.json(f"mm watch pfn:{pfn} --count 2 {LIMIT} --json")
    assert [(each["kind"], each["before"]["kind"], each["after"]["kind"]) for each in report["events"]] == [
        ("taken", "free", "pcp"), ("taken", "pcp", "used")]
    number, same, pages = said(guest)
    assert (same, pages) == (pfn, 1)
    asked(guest, f"free {number}")
    event = watch(guest, f"pfn:{pfn}")
    assert (event["kind"], event["after"]["kind"], event["after"]["cpu"]) == ("returned", "pcp", 0)
    listed = [each for own in guest.gdb.json("mm pcp --json")["pagesets"] for each in own["lists"] if pfn in each["pfns"]]
    assert len(listed) == 1
    guest.run_to("cpu_idle")
    asked(guest, "drain")
    event = watch(guest, f"pfn:{pfn}")
    assert (event["kind"], event["before"]["kind"], event["after"]["kind"]) == ("returned", "pcp", "free")
    assert (event["after"]["block_pfn"], event["after"]["order"]) == around(blocks(guest), pfn)
    guest.run_to("cpu_idle")


def test_a_counter_of_a_zone_agrees_with_its_lists(guest):
    counter = "contig_page_data.node_zones[1].vm_stat[NR_FREE_PAGES].counter"
    before, listed = guest.gdb.number(counter), sum(1 << order for _, order in blocks(guest))
    asked(guest, "alloc 7 high")                    # more than a CPU may keep for itself
    event = watch(guest, "HighMem.free_pages")
    assert (event["before"]["value"], event["after"]["value"]) == (before, guest.gdb.number(counter))
    assert listed - sum(1 << order for _, order in blocks(guest)) == 128 and event["by"]["line"] > 0
    number = said(guest)[0]
    asked(guest, f"free {number}")
    event = watch(guest, "list HighMem 10")
    assert event["kind"] == "added" and event["after"]["chosen"][0][1] == len(
        [order for _, order in blocks(guest) if order == 10])
    guest.run_to("cpu_idle")


def test_a_compound_page_is_told_with_its_order(guest):
    asked(guest, "alloc 2 compound")
    event = watch(guest, "list Normal")
    number, pfn, pages = said(guest)
    assert pages == 4 and event["kind"] == "taken" and [
        (each["pfn"], each["order"]) for each in event["blocks"] if each["event"] == "taken"] == [(pfn, 2)]
    asked(guest, f"free {number}")
    event = watch(guest, f"pfn:{pfn + 3}")
    assert event["kind"] == "returned" and event["before"]["kind"] == "compound" and event["before"]["order"] == 2
    assert (event["after"]["block_pfn"], event["after"]["order"]) == around(blocks(guest, "Normal"), pfn)
    guest.run_to("cpu_idle")


# --- what does not go well ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("what, why", [
    ("pfn:0x20", "is no memory"), ("pfn:0x10004 x", "syntax"), ("list Foo", "no zone Foo"), ("Foo.free_pages", "no zone"),
    ("list Normal 11", "orders 0 to 10"),
    ("list Normal 3x", "no order 3x"), ("block", "takes a page"), ("--node 0 pfn:0x20000", "with a zone's name"),
    ("list Normal 0 Foo", "no migratetype Foo"), ("Normal.foo", "no counter foo"),
    ("memblock.reserved x", "behind memblock.reserved"), ("block &init_task", ""), ("list", "takes a zone"),
    ("pfn:0x20000 --count 0", "1 or more"), ("pfn:0x20000 --seconds 0", "more than 0"), ("block pfn:0x10100", "now")])
def test_what_cannot_be_watched_is_told_in_one_line(guest, what, why):
    assert why in guest.fails(f"mm watch {what} {LIMIT if '--' not in what else ''}")


@pytest.mark.parametrize("setting, back", [
    ("remote hardware-watchpoint-limit 2", "remote hardware-watchpoint-limit unlimited"),
    ("can-use-hw-watchpoints 0", "can-use-hw-watchpoints 1")])
def test_a_target_with_too_few_watchpoints_is_told(guest, setting, back):
    guest.gdb.run(f"set {setting}")
    assert re.search(r"hardware watchpoint.*needs \d+", guest.fails("mm watch pfn:0x20000"))
    guest.gdb.run(f"set {back}")


def test_the_users_breakpoint_in_the_middle_stops_it_there(guest):
    _, pfn, _ = said_last(guest)
    asked(guest, "alloc 3 high")
    guest.gdb.run("break expand")
    text = guest.gdb.run(f"mm watch pfn:0x5bc00 {LIMIT}")
    assert "taken, not finished: stopped in the middle" in text and "Stopped after 1 of its changes: breakpoint" in text
    assert max(map(len, text.partition("\npage 0x5bc00")[2].splitlines())) <= 80
    assert guest.gdb.run("info breakpoints").count("keep y") == 1
    guest.gdb.run("delete")
    number = said(guest)[0]
    asked(guest, f"free {number}")
    guest.run_to("cpu_idle")


def test_what_never_changes_is_left_when_the_time_is_up_or_by_ctrl_c(guest):
    text = guest.gdb.run("mm watch Normal.present_pages --seconds 0.2")
    assert text.startswith("Watching Normal.present_pages, 0.2 s at most; Ctrl-C ends it.\n")
    assert "Stopped before it changed: the time is up\nNormal.present_pages: 196608\n" in text
    guest.gdb.resume("mm watch Normal.present_pages")
    threading.Timer(0.5, os.kill, (guest.gdb.pid, signal.SIGINT)).start()
    try:
        guest.gdb.wait_stop()
    except GdbError as error:
        assert "interrupted" in str(error)
    assert guest.gdb.json("mm info --json")["stage"] == "booted"


def test_words_complete(guest):
    assert {"HighMem.free_pages", "HighMem"} <= set(guest.gdb.run("complete mm watch High").replace(
        "mm watch ", "").split())
    assert "memblock.reserved" in guest.gdb.run("complete mm watch mem")


def test_a_target_that_ends_is_told(guest):
    threading.Timer(0.3, guest._qemu.kill).start()
    try:
        text = guest.gdb.run("mm watch Normal.present_pages")
        assert "the target is gone" in text
    except GdbError as error:
        assert "\n" not in str(error).strip()
    guest._qemu.wait()
