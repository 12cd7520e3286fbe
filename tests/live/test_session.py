# SPDX-License-Identifier: GPL-2.0-or-later
"""The extension behaves in GDB: loading, cache, printers, functions, errors; and it only reads."""
import hashlib
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from guest import ELF, MM_PY, ROOT
from harness.gdbmi import GdbError

COMMANDS = ("info", "memblock", "zones", "buddy", "buddy --blocks", "buddyinfo", "page pfn:0x10004", "stats", "layout")


@pytest.fixture(scope="module")
def idle(boot):
    """The article's board in its idle loop; tests leave it as it is."""
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    return guest


@pytest.fixture
def batch(tmp_path):
    """batch(commands...): GDB's exit status and output for a file of commands."""
    def run(*commands):
        file = tmp_path / "commands.gdb"
        file.write_text("\n".join(commands) + "\n")
        done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-x", str(file), str(ELF)], text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout
    return run


def settings(text):
    """What 'show' prints, without what changes by itself and without our own setting."""
    return [line for line in text.splitlines()
            if "<internal function" not in line and "history" not in line and not line.startswith("mm-transport:")]


def test_sourcing_before_and_after_connecting_and_twice(boot):
    guest = boot("article", connect=False).load()
    assert "connect" in guest.fails("mm zones")
    guest.connect()
    assert guest.gdb.json("mm info --json")["stage"] == "reset"
    guest.load()
    guest.run_to("cpu_idle")
    guest.load()
    assert guest.gdb.json("mm zones --json")["totalram_pages"]
    assert guest.gdb.run("print contig_page_data.node_zones[0].free_area[3]").count("free_area") == 1


def test_sourcing_changes_no_setting_and_no_prompt(batch):
    status, text = batch("show", "echo ----\\n", f"source {MM_PY}", "show")
    before, _, after = text.partition("----\n")
    assert status == 0 and settings(before) == settings(after)


@pytest.mark.parametrize("command, says", [
    ("mm buddy --order x", "--order"), ("mm zones --frob", "--frob"), ("mm page", "X"), ("mm nonsense", "nonsense"),
    ("mm zones", "no target"), ("mm page 'a", "quote")])
def test_a_bad_command_stops_a_batch_with_one_line(batch, command, says):
    status, text = batch(f"source {MM_PY}", command, "echo not reached")
    assert status == 1 and "not reached" not in text and "Traceback" not in text
    assert says in text.splitlines()[-1]


def test_no_symbols_is_one_line():
    done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-ex", f"source {MM_PY}", "-ex", "mm info"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.strip() == ("mm info: no kernel symbols: load them with 'file vmlinux', or "
                                   "'file build/guest/mm.elf'")


def test_symbols_of_another_build_are_said_before_any_number(boot, tmp_path):
    other = tmp_path / "other.elf"
    other.write_bytes(ELF.read_bytes().replace(b"mmscope 4.9.0 (", b"mmscope 4.9.1 ("))
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    guest.gdb.run(f"file {other}")
    said = "the target runs 4.9.0, the symbols are of 4.9.1"
    assert said in guest.fails("mm zones") and said in guest.fails("mm buddy")
    info = guest.gdb.json("mm info --json")     # always answers: of the symbols what they say, of the target nothing
    assert said in info["stage_text"] and info["stage"] is info["phys_offset"] is None and info["zones"] == []


def test_symbols_without_types_are_said_before_any_number(boot, tmp_path):
    bare = tmp_path / "bare.elf"
    subprocess.run(["arm-linux-gnueabihf-strip", "-g", "-o", str(bare), str(ELF)], check=True, timeout=60)
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    guest.gdb.run(f"file {bare}")
    for command in ("mm info", "mm zones", "mm layout", "print $mm_pfn(0xc0000000)"):
        assert "DWARF" in guest.fails(command)


@pytest.mark.parametrize("setting", [
    "language rust", "language ada", "language pascal", "language fortran", "language minimal", "language c++",
    "output-radix 16", "width 40", "print elements 1", "print repeats 1", "print pretty on", "print address off",
    "print max-depth 0", "print array on", "print symbol off", "case-sensitive off", "max-value-size 100",
    "style enabled on", "target-charset UTF-32"])
def test_answers_do_not_depend_on_settings(idle, setting):
    commands = [f"mm {command}{form}" for command in COMMANDS if command != "stats" for form in ("", " --json")]
    expected = [idle.gdb.run(command) for command in commands]
    before = idle.gdb.run("show language")
    idle.load()         # symbols are looked up anew, by the first command
    found = [idle.gdb.run(f"with {setting} -- {command}") for command in commands]
    assert [re.sub(r"(?m)^Output radix now .*\n", "", text) for text in found] == expected
    assert idle.gdb.run("show language") == before


def test_files_in_the_users_folder_do_not_get_in_the_way(tmp_path):
    for name in ("json", "argparse", "dataclasses", "inspect", "mmscope", "gdb"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong file')\n")
    done = subprocess.run(["gdb-multiarch", "-nx", "-batch", str(ELF), "-ex", f"source {MM_PY}", "-ex",
                           "mm layout list_head"], cwd=tmp_path, text=True, timeout=60, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.stdout.startswith("struct list_head: 8 bytes")


def test_sourced_through_a_link_from_a_path_with_spaces(tmp_path, batch):
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "gdb").symlink_to(MM_PY.parent)
    (tmp_path / "link.py").symlink_to(tmp_path / "a b" / "gdb" / "mm.py")
    for path in (tmp_path / "link.py", tmp_path / "a b" / "gdb" / "mm.py"):
        status, text = batch(f"source {path}", "mm layout list_head")
        assert status == 0 and text.startswith("struct list_head: 8 bytes")


def test_names_from_the_target_are_escaped_in_errors_and_not_offered(boot):
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    guest.gdb.run("set var *(unsigned *) contig_page_data.node_zones[0].name = 0x6d325b1b")
    assert "\\x1b[2mal on node 0" in guest.fails("mm buddy --zone x")
    assert "\x1b" not in guest.fails("print $mm_zone(\"x\")")
    assert guest.gdb.run("complete mm buddy --zone ") == "mm buddy --zone HighMem\n"


def test_a_stop_in_the_middle_of_a_change_is_said(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    guest.run_to("mm_init")
    guest.run_to("__add_to_free_area")
    while not gdb.json("mm buddy --json")["problems"]:
        gdb.go("stepi")
    assert gdb.json("mm buddy --json")["locked"] == ["Normal"]
    assert "zone Normal is locked" in gdb.run("mm buddy")
    gdb.run("delete")
    while gdb.go("finish").function != "free_boot_block":
        pass
    buddy = gdb.json("mm buddy --json")
    assert buddy["locked"] == buddy["problems"] == []


@pytest.mark.parametrize("command", ["mm buddy --blocks", "mm buddy --blocks --json"])
def test_interrupt_while_reading_ends_the_command_at_once(boot, command):
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    gdb = guest.gdb
    gdb.run(f"source {ROOT / 'tests' / 'live' / 'fragment.py'}")
    gdb.run("set mm-transport stub")
    gdb.run("set remote memory-read-packet-size 64")
    gdb.run("set remote memory-read-packet-size fixed")
    gdb.run("mm stats --flush")
    pressed = []

    def press():
        pressed.append(time.monotonic())
        os.kill(gdb.pid, signal.SIGINT)
    timer = threading.Timer(0.2, press)
    timer.start()
    assert guest.fails(command) == "mm buddy: interrupted"
    assert time.monotonic() - pressed[0] < 0.5
    assert gdb.json("mm zones --json")["totalram_pages"] == gdb.number("totalram_pages")
    assert len(gdb.json("mm buddy --zone Normal --order 0 --blocks --json")["blocks"]) == 3000


def test_reading_commands_change_nothing(boot, tmp_path):
    ram = tmp_path / "ram"
    guest = boot("article", "--ram", str(ram)).load()
    guest.run_to("cpu_idle")
    registers = guest.gdb.run("info registers")
    before = hashlib.sha256(ram.read_bytes()).digest()
    for command in COMMANDS:
        assert guest.gdb.run(f"mm {command}")
        assert guest.gdb.json(f"mm {command} --json")["problems"] == []
    assert hashlib.sha256(ram.read_bytes()).digest() == before
    assert guest.gdb.run("info registers") == registers


@pytest.mark.parametrize("command", COMMANDS)
def test_output_goes_into_a_file_as_it_would_be_shown(idle, tmp_path, command):
    file = tmp_path / "out"
    assert idle.gdb.run(f"mm {command} -o {file}") == ""
    if command != "stats":
        assert file.read_text() == idle.gdb.run(f"mm {command}")
    assert "cannot write" in idle.fails(f"mm {command} -o {tmp_path}/none/such")


def test_output_goes_into_the_home_folder(batch, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert batch(f"source {MM_PY}", "mm layout list_head -o ~/out") == (0, "")
    assert (tmp_path / "out").read_text().startswith("struct list_head")


def test_cache_is_kept_at_a_stop_and_emptied_by_write_and_step(boot):
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    gdb = guest.gdb

    def requests():
        gdb.run("mm buddyinfo")
        return gdb.json("mm stats --json")["last"]["cost"]["requests"]

    assert requests() > 0
    assert requests() == 0
    gdb.run("set var contig_page_data.node_zones[0].free_area[0].nr_free = 77")
    assert gdb.run("mm buddyinfo").split()[4] == "77"
    gdb.run("set var contig_page_data.node_zones[0].free_area[0].nr_free = 4")
    assert requests() > 0
    gdb.go("stepi")
    assert requests() > 0
    gdb.run("mm stats --flush")
    assert requests() > 0


def test_damage_is_reported_and_the_rest_still_shown(boot):
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    gdb = guest.gdb
    head = "contig_page_data.node_zones[0].free_area[0].free_list[1]"
    gdb.run(f"set var {head}.next = (struct list_head *) 4")
    gdb.run("set var contig_page_data.node_zones[0].free_area[3].nr_free = 99")
    gdb.run("set var memblock.reserved.cnt = 0x80000000")
    gdb.run("set var contig_page_data.node_zones[1].managed_pages = 0xffffffff")
    gdb.run("set var mem_map[0x11].flags = 0x80000000")
    buddy = gdb.json("mm buddy --json")
    assert {problem["id"] for problem in buddy["problems"]} == {"LIST-1", "BUDDY-1"}
    assert "LIST-1" in gdb.run("mm buddy")
    assert "MEMBLOCK-4" in {problem["id"] for problem in gdb.json("mm memblock --json")["problems"]}
    assert ["ZONE-1"] == [problem["id"] for problem in gdb.json("mm zones --json")["problems"]]
    assert ["PAGE-1"] == [problem["id"] for problem in gdb.json("mm page pfn:0x10011 --json")["problems"]]
    assert "no lowmem address" in gdb.run(f"print {head}")


def test_convenience_functions_agree_with_plain_arithmetic(idle):
    gdb = idle.gdb
    assert gdb.number("(unsigned long) $mm_page(0x10005)") == gdb.number("(unsigned long) (mem_map + 5)")
    assert gdb.number("$mm_pfn(mem_map + 5)") == 0x10005
    assert gdb.number("$mm_pfn(\"phys:0x10005123\")") == 0x10005
    assert gdb.number("$mm_phys(mem_map + 5)") == 0x10005000
    assert gdb.number("$mm_phys(&contig_page_data)") == gdb.number("(unsigned long) &contig_page_data") - 0xb0000000
    assert gdb.number("(unsigned long) $mm_virt(mem_map + 5)") == 0xc0005000
    assert gdb.number("$mm_buddy(0x40000, 4)") == 0x40010
    assert gdb.number("$mm_zone(\"HighMem\") == &contig_page_data.node_zones[1]") == 1
    assert gdb.run("print $mm_zone(\"HighMem\")->managed_pages == 0x30000").endswith("= 1\n")


@pytest.mark.parametrize("call, says", [
    ("$mm_virt(\"pfn:0x50000\")", "highmem"), ("$mm_page(1)", "0x70000"), ("$mm_zone(\"x\")", "Normal"),
    ("$mm_zone(3)", "quotes"), ("$mm_zone(mem_map)", "quotes"), ("$mm_zone((char *) 4)", "quotes"),
    ("$mm_buddy(1, 99)", "0 to 10"), ("$mm_buddy(1, -1)", "-1"), ("$mm_pfn(5)", "pfn:0x5"), ("$mm_page()", "PFN"),
    ("$mm_pfn(1, 2)", "wrong number of arguments"), ("$mm_pfn(1.5)", "type double")])
def test_convenience_functions_fail_in_one_line(idle, call, says):
    message = idle.fails(f"print {call}")
    assert says in message and "internal error" not in message


def test_convenience_functions_in_the_condition_of_a_breakpoint(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    guest.run_to("mm_init")
    for condition, holds in (("$mm_pfn(page) == 0x20000", "pfn == 0x20000"),
                             ("$mm_zone(\"Normal\")->free_area[10].nr_free == 100",
                              "contig_page_data.node_zones[0].free_area[10].nr_free == 100")):
        gdb.run(f"tbreak __free_one_page if {condition}")
        assert gdb.go().function == "__free_one_page"
        assert gdb.number(holds) == 1
    assert sum(zone["managed_pages"] for zone in gdb.json("mm zones --json")["zones"]) == gdb.number(
        "contig_page_data.node_zones[0].managed_pages")


STOP_METHOD = """
import gdb
class Look(gdb.Breakpoint):
    seen = []
    def stop(self):
        said = int(gdb.execute("mm buddyinfo", to_string=True).splitlines()[0].split()[-1])
        self.seen.append((said, int(gdb.parse_and_eval("contig_page_data.node_zones[0].free_area[10].nr_free"))))
        return len(self.seen) == 60
Look("__free_one_page")
"""


def test_nothing_is_kept_from_one_condition_to_the_next(boot, tmp_path):
    (tmp_path / "look.py").write_text(STOP_METHOD)
    guest = boot("article").load()
    guest.run_to("mm_init")
    guest.gdb.run(f"source {tmp_path / 'look.py'}")
    guest.gdb.go()
    seen = eval(guest.gdb.run("python print(Look.seen)"))
    assert all(said == there for said, there in seen) and len(seen) == 60 and seen[-1][0] > seen[0][0]


@pytest.mark.parametrize("x, pfn", [
    ("mm_init", "(unsigned) mm_init"), ("$lr", "(unsigned) $lr"), ("$sp", "(unsigned) $sp"),
    ("memblock.memory", "(unsigned) &memblock"),
    ("'helper/mm/page_alloc.c'::expand", "(unsigned) expand"),
    ("phys: 0x10000000 + 4 * 4096", "0xc0004000"), ("mem_map[4]", "0xc0004000"), ("*mem_map@3", "0xc0000000")])
def test_a_page_by_any_kind_of_expression(idle, x, pfn):
    expected = (idle.gdb.number(pfn) - 0xb0000000) >> 12
    assert idle.gdb.json(f"mm page {x} --json")["pfn"] == expected


def test_printers_show_one_line_and_raw_values_stay_reachable(idle):
    run = idle.gdb.run
    assert run("print contig_page_data.node_zones[0]").endswith(
        "zone {Normal, pfn 0x10000 to 0x40000, present 0x30000, managed 0x2e2c8}\n")
    assert "reserved" in run("print mem_map[4]") and "pfn 0x10004" in run("print mem_map[4]")
    assert "free block of order 10" in run("print *$mm_page(0x5c000)")
    assert "on lists: Movable, CMA" in run("print contig_page_data.node_zones[1].free_area[10]")
    assert "[0x10004000, 0x10008000) 16 KiB" in run("print memblock.reserved.regions[0]")
    assert "empty" in run("print contig_page_data.node_zones[2].free_area[0].free_list[0]")
    assert "_refcount = {" in run("print/r mem_map[4]")
    assert "_refcount" in run("ptype/o struct page") and "struct list_head lru;" in run("ptype struct page")
    assert run("print/x contig_page_data.node_zones[0].managed_pages").endswith("= 0x2e2c8\n")
    assert len(run("print contig_page_data")) < 2000


def test_a_broken_pointer_prints_as_such(idle):
    with pytest.raises(GdbError, match="Cannot access memory"):
        idle.gdb.run("print *(struct page *) 4")
    with pytest.raises(GdbError, match="Cannot access memory"):
        idle.gdb.run("print *(struct list_head *) 4")


def test_tab_completes_options_and_names(idle):
    complete = idle.gdb.run
    assert complete("complete mm bu").split("\n")[:-1] == ["mm buddy", "mm buddyinfo"]
    assert complete("complete mm buddy --z") == "mm buddy --zone\n"
    assert complete("complete mm buddy --zone ").splitlines() == [
        "mm buddy --zone HighMem", "mm buddy --zone Normal"]
    assert complete("complete mm buddy --type M") == "mm buddy --type Movable\n"
    assert "mm buddy --order 10\n" in complete("complete mm buddy --order ")
    assert complete("complete mm layout pg") == "mm layout pglist_data\n"


def test_help_is_readable(idle):
    text = idle.gdb.run("help mm")
    assert "mm buddy -- Show free blocks by zone, migratetype and order." in text
    assert max(map(len, text.splitlines())) <= 80
    assert "usage: mm buddy [--zone ZONE]" in idle.gdb.run("help mm buddy")
    assert "mm zones" in idle.gdb.run("mm")


@pytest.mark.parametrize("raised, message", [
    ("KeyboardInterrupt", "mm zones: interrupted"), ("ValueError('x')", "mm zones: internal error, ValueError: x")])
def test_interrupt_and_internal_errors_are_one_line(idle, raised, message):
    run = idle.gdb.run
    run("python from mmscope.command.registry import COMMANDS")
    run(f"python object.__setattr__(COMMANDS['zones'], 'run', lambda *_: (_ for _ in ()).throw({raised}))")
    try:
        assert idle.fails("mm zones").startswith(message)
        assert run("mm buddyinfo")
    finally:
        idle.load()
    assert run("mm zones")


def test_many_blocks_cost_few_requests(boot):
    """Every second page of 6000 is put on a list by hand: 3000 blocks of order 0."""
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    guest.gdb.run(f"source {ROOT / 'tests' / 'live' / 'fragment.py'}")
    assert len(guest.gdb.json("mm buddy --zone Normal --order 0 --blocks --json")["blocks"]) == 3000
    last = guest.gdb.json("mm stats --json")["last"]
    assert last["command"] == "buddy" and last["cost"]["requests"] < 400
