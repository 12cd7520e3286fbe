# SPDX-License-Identifier: GPL-2.0-or-later
"""account, why, check, snapshot and diff, used wrongly, too early, and interrupted; and on what is noise."""
import json
import os
import random
import re
import signal
import threading
import time

import pytest

from guest import MM_PY, ROOT
from harness.corrupt import Edit
from harness.corrupt_noise import noise, places
from harness.corrupt_suite import Suite
from harness.gdbmi import Gdb, GdbError

BOOT = ("start_kernel", "setup_arch", "mm_init", "mem_init", "kmem_cache_init", "percpu_init_late", "vmalloc_init",
        "setup_per_cpu_pageset", "cpu_idle")
EARLY = ("mm check", "mm check --strict", "mm account", "mm why pfn:0x20000", "mm snapshot s", "mm diff s")
WRONG = (
    ("mm check --frob", "--frob"), ("mm check 1", "unrecognized"), ("mm check -o /no/such", "/no/such"),
    ("mm account 1", "unrecognized"), ("mm account --frob", "--frob"), ("mm account --zone x", ""),
    ("mm why", "X"), ("mm why 1 +", ""), ("mm why pfn:", ""), ("mm why pfn:1:2", ""), ("mm why 'x", "quote"),
    ("mm why pfn:99999999999999999999999", ""), ("mm why $nosuch", ""), ("mm why pfn:-1", ""), ("mm why \"a\"", ""),
    ("mm snapshot a b", "unrecognized"), ("mm snapshot ''", "named"), ("mm snapshot ../a", "named"),
    ("mm snapshot a --file /no/such", "/no/such"), ("mm snapshot --file x", "--file"), ("mm snapshot now", "now"),
    ("mm diff", "A"), ("mm diff nosuch", "nosuch"), ("mm diff a b c", "unrecognized"), ("mm diff a /tmp", "not a"))
NOISE_SEEDS = 25
FIRST_SEED = 20260000


@pytest.fixture(scope="module")
def idle(boot):
    """The article's board after a workload; whoever changes it puts it back."""
    guest = boot("article", "--append", "scenario=mixed,1,600").load()
    guest.run_to("cpu_idle")
    return guest


def test_at_every_stage_each_answers_or_says_what_is_not_there_yet(boot):
    guest = boot("article", connect=False).load()
    for command in EARLY:
        assert re.search("no target|no snapshot", guest.fails(command))
    guest.connect()
    for command in EARLY:
        assert re.search("stage reset|no snapshot", guest.fails(command))
    for function in BOOT:
        guest.run_to(function)
        for command in EARLY:
            try:
                text = guest.gdb.run(command)
            except Exception:
                assert "stage" in guest.fails(command), f"{command} at {function}"
            else:
                assert text.isascii() and max(map(len, text.splitlines())) <= 80
                assert json.loads(guest.gdb.run(f"{command} --json"))["problems"] == []


@pytest.mark.parametrize("command, says", WRONG)
def test_a_wrong_argument_is_one_line(idle, command, says):
    idle.gdb.run("mm snapshot a")
    message = idle.fails(command)
    assert message.startswith("mm ") and says in message and "internal error" not in message


@pytest.mark.parametrize("command", ["mm check", "mm account", "mm why pfn:0x20000", "mm snapshot slow", "mm diff a"])
def test_interrupt_ends_it_at_once_and_leaves_it_usable(idle, command):
    gdb = idle.gdb
    gdb.run("mm snapshot a")
    expected = gdb.run("mm check")
    gdb.run("set mm-transport stub")
    gdb.run("set remote memory-read-packet-size 64")
    gdb.run("set remote memory-read-packet-size fixed")
    try:
        gdb.run("mm stats --flush")
        pressed = []

        def press():
            pressed.append(time.monotonic())
            os.kill(gdb.pid, signal.SIGINT)
        timer = threading.Timer(0.1, press)
        timer.start()
        try:
            message = idle.fails(command)
        except AssertionError:
            pytest.fail(f"{command} was over before it could be interrupted")
        assert message == f"{' '.join(command.split()[:2])}: interrupted"
        assert time.monotonic() - pressed[0] < 1
        assert "slow" not in gdb.run("mm snapshot")
    finally:
        timer.join()
        gdb.run("set remote memory-read-packet-size 0")
        gdb.run("set mm-transport auto")
    assert gdb.run("mm check") == expected


def test_symbols_of_another_build_give_answers_or_one_line(idle):
    """Those of the release build: members lie elsewhere, and so do variables."""
    other = ROOT / "build" / "guest-release" / "mm.elf"
    with Gdb(other) as gdb:
        gdb.run(f"source {MM_PY}")
        idle.gdb.run("disconnect")
        try:
            gdb.run(f"target remote {idle.socket}")
            for command in EARLY:
                try:
                    assert gdb.run(command).isascii()
                except Exception as error:
                    assert "\n" not in str(error).strip() and "internal error" not in str(error), command
            gdb.run("disconnect")
        finally:
            idle.connect()


def test_a_snapshot_cut_short_or_spoilt_is_one_line(idle, tmp_path):
    gdb, whole, file = idle.gdb, tmp_path / "whole", tmp_path / "spoilt"
    gdb.run(f"mm snapshot whole --file {whole}")
    data = whole.read_bytes()
    for size in [*range(0, 100, 9), *(len(data) * part // 30 for part in range(30)), len(data.rstrip()) - 1]:
        file.write_bytes(data[:size])
        assert idle.fails(f"mm diff {file}").startswith("mm diff: ")
    for text in ("{}", "[]", "null", "1e999", "[" * 100000, "\ud7ff", '{"schema": "mmscope/snapshot/99"}'):
        file.write_text(text, "utf-8")
        assert idle.fails(f"mm diff {file} whole").startswith("mm diff: ")
    file.write_bytes(b"\xff\xfe\x00")
    assert "spoilt" in idle.fails(f"mm diff {file}")


def test_a_snapshot_with_other_things_in_it_is_one_line_or_an_answer(idle, tmp_path):
    gdb, whole, file = idle.gdb, tmp_path / "whole", tmp_path / "spoilt"
    gdb.run(f"mm snapshot whole --file {whole}")
    chance = random.Random(FIRST_SEED)
    for _ in range(100):
        document = json.loads(whole.read_text())
        place, key = spot(document, chance)
        place[key] = chance.choice((None, 0, -1, 1 << 70, 1.5, True, "", "\x1b[2J\n", [], {}, [None], {"pfn": None}))
        file.write_text(json.dumps(document))
        answers_or_says_why(idle, f"mm diff {file} whole")


def spot(document, chance):
    """Something in a JSON document: the container that holds it, and where."""
    here, key = document, chance.choice(list(document))
    while isinstance(here[key], (dict, list)) and here[key] and chance.random() < 0.8:
        here = here[key]
        key = chance.choice(list(here) if isinstance(here, dict) else range(len(here)))
    return here, key


def answers_or_says_why(guest, command):
    """A command does one of the two, in plain text."""
    try:
        text = guest.gdb.run(command)
    except Exception:
        text = guest.fails(command)
        assert "internal error" not in text
    assert text.isascii() and not re.search(r"[^\n -~]", text)


@pytest.fixture(scope="module")
def suite(idle):
    """Every command on it, and where noise is written."""
    found = Suite(idle.gdb, idle.folder)
    return found, places(found.machine)


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + NOISE_SEEDS))
def test_every_command_stands_noise(suite, seed):
    """What was written is in the message: it can be written by hand."""
    commands, where = suite
    with Edit(commands.machine) as edit:
        written = noise(edit, random.Random(seed), where)
        wrong = commands.survive()
    assert not wrong, "\n".join([written, *wrong])


def test_a_batch_ends_at_a_broken_invariant_with_strict(idle, tmp_path):
    """mm check --strict is a failed command; mm check is not."""
    gdb = idle.gdb
    gdb.run("set var contig_page_data.node_zones[0].free_area[10].nr_free += 1")
    try:
        (tmp_path / "check.gdb").write_text("mm check\necho on\\n\nmm check --strict\necho never\\n\n")
        with pytest.raises(GdbError, match="check.gdb:3.*\n.*BUDDY-1"):
            gdb.run(f"source {tmp_path / 'check.gdb'}")
    finally:
        gdb.run("set var contig_page_data.node_zones[0].free_area[10].nr_free -= 1")
    assert gdb.run("mm check --strict")
