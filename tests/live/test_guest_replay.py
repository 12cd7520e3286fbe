# SPDX-License-Identifier: GPL-2.0-or-later
"""In a replay mm when finds, backwards, what the guest wrote down forwards; mm back goes from phase to phase."""
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter

import pytest

from guest import ELF, ROOT
from harness.gdbmi import Gdb, GdbError
from replayed import BOARD, events, last_of, record
from test_guest_step import nothing_left

PAGES = 100
FIRST_PFN, ALL_PFNS = 0x10000, 0x1000           # of 16 MiB
PHASES = ("cma_init_reserved_areas", "init_per_zone_wmark_min", "setup_per_cpu_pageset", "kmem_cache_init_late")
DEMO_SECONDS = 240


def digest(log):
    """Of a recording's files."""
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in (log, log.with_name(log.name + ".qcow2"))]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A recording, which no replay writes to."""
    made = tmp_path_factory.mktemp("recorded") / "run.rr"
    record(made)
    before = digest(made)
    yield made
    assert digest(made) == before


@pytest.fixture(scope="module")
def replay(boot, log):
    """A replay that stands where the guest is idle; where that is, and what the guest wrote down up to there."""
    guest = boot(*BOARD, "--replay", str(log)).load()
    guest.run_to("cpu_idle")
    return guest, instructions(guest), events(guest)


def instructions(guest):
    """By QEMU's own monitor."""
    text = guest.gdb.run("python print(gdb.execute('monitor info replay', to_string=True))")
    return int(re.search(r"instruction count = (\d+)", text)[1])


def back(guest, *arguments):
    """mm back."""
    return guest.gdb.json(f"mm back {' '.join(arguments)} --json")


def test_when_finds_what_the_guest_wrote_down_last_of_a_hundred_random_pages(replay):
    guest, end, written = replay
    pfns = random.Random(20261123).sample(range(FIRST_PFN, FIRST_PFN + ALL_PFNS), PAGES)
    truths = {pfn: last_of(written, pfn) for pfn in pfns}
    kinds, here, after, seq = Counter(), end, end, None
    # The latest first: each one's last change is before that of the one before, and nothing is gone through twice.
    for pfn, truth in sorted(truths.items(), key=lambda each: -each[1].first if each[1] is not None else -len(written)):
        first = truth.first if truth is not None else None
        here = here if first == seq else after      # pages of one operation are changed in any order
        seq = first
        back(guest, f"--at {here}")
        report = guest.gdb.json(f"mm when pfn:{pfn} --json")
        event = report["event"]
        if truth is None:
            assert event is None and report["instructions"] == here, hex(pfn)
            continue
        assert event is not None and event["kind"] == truth.kind, (hex(pfn), event, truth)
        assert truth.first <= guest.gdb.number("truth_nr_events") < truth.end, hex(pfn)
        assert report["instructions"] == instructions(guest) < event["instructions"] <= here
        for look, state in ((event["before"], truth.before), (event["after"], truth.after)):
            if state.where[0] == "free":
                assert (look["kind"], look["block_pfn"], look["order"]) == state.where, hex(pfn)
            else:
                assert look["kind"] in {"held": ("used", "compound"), "boot": ("used", "reserved")}.get(
                    state.where[0], state.where[:1]), hex(pfn)
        kinds[event["kind"]] += 1
        after = event["instructions"]
    assert {"returned", "split", "taken", "reserved"} <= set(kinds) and sum(kinds.values()) > PAGES // 2, kinds
    nothing_left(guest.gdb)
    back(guest, f"--at {end}")


def test_it_stands_before_the_change_and_forwards_is_the_same(replay):
    guest, end, written = replay
    block = next(each for each in guest.gdb.json("mm buddy --blocks --json")["blocks"] if 0 < each["order"] < 10)
    report = guest.gdb.json(f"mm when block pfn:{block['pfn']} --json")
    event = report["event"]
    look = guest.gdb.json(f"mm page pfn:{block['pfn']} --json")
    assert event["before"]["listed"] != event["after"]["listed"] and look["pfn"] == block["pfn"]
    assert event["caller"]["function"] in guest.gdb.run("bt")
    again = guest.gdb.json(f"mm watch pfn:{block['pfn']} --json")["events"][0]
    assert (again["began"], again["instructions"]) == (event["began"], event["instructions"])
    back(guest, f"--at {end}")


def test_when_goes_back_to_what_changed_a_counter(replay):
    guest, end, written = replay
    value = guest.gdb.json("mm zones --json")["zones"][0]["free_pages"]
    event = guest.gdb.json("mm when Normal.free_pages --json")["event"]
    assert event["after"]["value"] == value != event["before"]["value"]
    now = guest.gdb.json("mm zones --json")["zones"][0]["free_pages"]
    assert now == event["before"]["value"]
    reserved = guest.gdb.json("mm when memblock.reserved --json")["event"]
    assert reserved["kind"] == "freed" and reserved["ranges"] and not reserved["partial"]
    assert "pcpu_free_alloc_info" in json.dumps(reserved["caller"])
    back(guest, f"--at {end}")


def test_back_goes_from_phase_to_phase_and_step_goes_on_from_there(replay):
    guest, end, _ = replay
    gdb = guest.gdb
    before = end
    for phase in PHASES:
        report = back(guest)
        assert report["phase"] == phase and report["instructions"] == instructions(guest) < before
        assert report["before"] == before and guest.gdb.number("$pc") == guest.gdb.number(f"&'{phase}'")
        before = report["instructions"]
    assert back(guest, "--to mem_init")["phase"] == "mem_init"
    gdb.run("delete")
    steps = gdb.json("mm step --to mem_init --json")["steps"]
    names = [step["snapshot"] for step in steps]
    assert back(guest)["phase"] == "free_highpages" and back(guest)["phase"] == "free_range"
    once_more = gdb.json("mm step --to mem_init --json")["steps"]
    assert [step["snapshot"] for step in once_more] == names[-len(once_more):] and len(once_more) > 2
    assert [step["instructions"] for step in once_more] == [step["instructions"] for step in steps[-len(once_more):]]
    assert "this kernel has no phase 'frob'" in guest.fails("mm back --to frob")
    assert "goes without --to" in guest.fails("mm back --to mem_init --at 3")
    assert "has begun before instruction 0" in (back(guest, "--at 0") and guest.fails("mm back"))
    nothing_left(gdb)
    assert max(map(len, gdb.run(f"mm back --at {end}").splitlines())) <= 80


def test_counts_are_the_same_in_another_replay(boot, log, replay):
    guest, end, _ = replay
    other = boot(*BOARD, "--replay", str(log)).load()
    found = [[step["instructions"] for step in each.gdb.json("mm step --to free_highpages --json")["steps"]]
             for each in (other, guest) if each is other or back(guest, "--at 0")]
    assert found[0] == found[1] and len(found[0]) > 10 and None not in found[0]
    assert back(other, f"--at {end}")["frame"] == back(guest, f"--at {end}")["frame"]
    other.gdb.run("hbreak free_highpages")          # a user's own, which the past does not stop at
    assert [each.gdb.json("mm when totalram_pages --json")["event"]["began"] for each in (other, guest)
            if back(each, f"--at {end}")] == [instructions(guest) + 1] * 2
    assert other.gdb.run("info breakpoints").count("keep y") == 1
    assert re.search(r"the recording ends (before|at) instruction \d+",       # as QEMU's recorder was ended
                     other.fails("mm back --at 99999999999"))


def test_ctrl_c_on_the_way_back_says_where_the_target_stands(replay):
    guest, end, _ = replay
    back(guest, f"--at {end}")
    guest.gdb.resume("mm when memblock.memory")
    time.sleep(0.3)
    os.kill(guest.gdb.pid, signal.SIGINT)
    try:
        guest.gdb.wait_stop()
    except GdbError as error:
        assert re.search(r"interrupted.*: the target stands at instruction \d+", str(error)), error
        assert "\n" not in str(error).strip()
    nothing_left(guest.gdb)
    assert back(guest, f"--at {end}")["instructions"] == end


@pytest.mark.parametrize("seconds", (0.1, 0.3))
def test_a_gdb_that_is_killed_or_leaves_on_the_way_back_leaves_a_replay_to_go_on_with(boot, log, replay, seconds):
    _, end, _ = replay
    guest = boot(*BOARD, "--replay", str(log)).load()
    guest.run_to("cpu_idle")
    guest.gdb.resume("mm when memblock.memory")
    time.sleep(seconds)
    guest.gdb.close()
    guest.gdb = Gdb(ELF)
    guest.connect()
    nothing_left(guest.gdb)
    guest.load()
    assert back(guest, f"--at {end}")["instructions"] == end
    event = guest.gdb.json("mm when memblock.memory --json")["event"]
    assert event["kind"] == "added" and instructions(guest) < end
    guest.run_to("cpu_idle")            # stopped by no count that the first one has set
    assert instructions(guest) >= end   # GDB takes less for the function's begin before its code can be read
    guest.gdb.run("disconnect")         # detach would run on to the end of the recording, where QEMU ends
    guest.connect()
    nothing_left(guest.gdb)


def test_a_target_that_cannot_go_back_says_what_to_do(boot):
    guest = boot("sabrelite", "--memory", "32M", "--append", "cma=0").load()
    guest.run_to("cpu_idle")
    for command in ("mm when pfn:0x10100", "mm back", "mm when Normal.free_pages --json"):
        message = guest.fails(command)
        assert "scripts/qemu --record FILE" in message and "--replay FILE" in message


def test_demo_finds_merge_and_reservation_backwards():
    done = subprocess.run([str(ROOT / "scripts" / "replay-demo")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=DEMO_SECONDS, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stdout[-1000:] + done.stderr
    merged = done.stdout.partition("(gdb) mm when ")[2].partition("(gdb)")[0]
    pfn = int(re.match(r"pfn:(0x[0-9a-f]+)", merged)[1], 16)
    sums = re.findall(r"order (\d+): (0x\w+) \^ \(1 << \d+\) = (0x\w+), free, too: (0x\w+) of order", merged)
    assert sums and all(int(one, 16) ^ 1 << int(order) == int(other, 16) for order, one, other, _ in sums)
    assert int(sums[-1][3], 16) == pfn >> int(sums[-1][0]) + 1 << int(sums[-1][0]) + 1
    told = done.stdout.partition("(gdb) mm when memblock.reserved")[2]
    start, end = (int(each, 16) for each in re.search(r"\+ (0x\w+) to (0x\w+)", told).groups())
    assert start <= pfn << 12 < end and "dma_contiguous_reserve" in told
    assert "reserve_bootmem_region" in done.stdout
    shown = (ROOT / "README.md").read_text().partition("(gdb) mm when pfn:")[2].partition("\n\n")[0].splitlines()[1:]
    shown = [line[4:] for line in shown if line.strip() != "..."]
    assert len(shown) > 5 and set(shown) <= set(done.stdout.splitlines())
    assert max(map(len, merged.splitlines())) <= 80
