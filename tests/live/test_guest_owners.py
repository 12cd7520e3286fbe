# SPDX-License-Identifier: GPL-2.0-or-later
"""mm owners record notes who changes memblock's lists; the guest's own log of them, memblock=debug, says the same."""
import os
import re
import signal
import time

import pytest

from guest import MM_PY, ROOT
from harness.gdbmi import GdbError
from harness.process import WaitError
from test_control import assert_nothing_is_left

LINE = re.compile(r"^memblock_(\w+): \[(0x[0-9a-f]+)-(0x[0-9a-f]+)\] (\w+)\+0x", re.MULTILINE)
KINDS = {"reserve": "reserved", "alloc": "allocated", "free": "freed", "add": "added", "remove": "removed"}
SOURCE = "mm owners record"


def logged(guest):
    """Kind, start, end and function of each line of the guest's log."""
    return [(KINDS[what], int(start, 16), int(end, 16) + 1, function)
            for what, start, end, function in LINE.findall(guest.console())]


def names(report, call):
    """Its chain of functions, the innermost first."""
    stack = report["stacks"][call["stack"]]
    assert stack["owner"]["function"] == call["function"]
    return [frame["function"] for frame in (*stack["wrappers"], stack["owner"], *stack["callers"])]


def assert_as_logged(guest, report):
    """Each call since the guest has read its command line is a line of the log."""
    lines, calls = logged(guest), report["calls"]
    early = len(calls) - len(lines)
    assert lines and 0 <= early <= 2, (early, calls[:early])        # RAM, and the tree that has the command line
    for call, (kind, start, end, function) in zip(calls[early:], lines):
        assert (call["kind"], call["start"], call["end"]) == (kind, start, end)
        assert function in names(report, call) and names(report, call)[-1] == "start_kernel"


@pytest.fixture(scope="module", params=["article", "virt"])
def recorded(request, boot):
    """A board from its first instruction to where memblock hands over, recorded."""
    guest = boot(request.param, "--append", "memblock=debug").load()
    said = guest.gdb.run("mm owners record")
    assert said.startswith("Recording from here on") and guest.gdb.run("info breakpoints").startswith("No breakpoints")
    guest.run_to("free_all_bootmem")
    return guest


def test_each_call_is_that_of_the_guests_log(recorded):
    report = recorded.gdb.json("mm owners --json")
    assert_as_logged(recorded, report)
    assert report["recording"] and report["unseen_bytes"] == 0 and not report["unknown"] and not report["lost"]
    assert len(report["calls"]) <= report["stops"] <= len(report["calls"]) + 6
    by = {call["function"] for call in report["calls"]}
    assert {"scan_memreserve", "alloc_node_mem_map", "setup_usemap"} & by and not {"take", "memblock_alloc"} & by


def test_every_reserved_byte_has_a_call(recorded):
    report, known = recorded.gdb.json("mm owners --json"), recorded.gdb.json("mm memblock --json")
    held = [(each["start"], each["end"]) for each in report["reserved"]]
    for region in known["reserved"]:
        edges = sorted({edge for pair in held for edge in pair if region["base"] < edge < region["base"] +
                        region["size"]} | {region["base"], region["base"] + region["size"]})
        assert all(any(start <= low < high <= end for start, end in held) for low, high in zip(edges, edges[1:]))
    freed = [each for each in report["freed"] if each["kind"] == "freed"]
    assert [each["function"] for each in freed] == ["pcpu_free_alloc_info"]
    assert not any(start < freed[0]["end"] and freed[0]["start"] < end for start, end in held
                   if (start, end) != (freed[0]["start"], freed[0]["end"]) and report["calls"][freed[0]["call"]]
                   ["list"] == "reserved")


def test_other_commands_name_what_nothing_else_knows(recorded):
    gdb, board = recorded.gdb, recorded.board
    known = gdb.json("mm memblock --json")["reserved"]
    owners = [each["owner"] for each in known]
    assert any("page table swapper_pg_dir" in owner for owner in owners)
    assert not any("other bytes" in (owner or "other bytes") for owner in owners)
    named = [each for each in known if "allocated by " in each["owner"]]
    assert bool(named) == (board == "virt")         # on the other one the device tree knows a name for all
    assert all(SOURCE in each["owner_source"] for each in named)
    kept = gdb.run(f"mm snapshot recorded-{board}")
    assert kept and any(each["source"] == SOURCE for each in gdb.json(
        "python import json; from mmscope.session.load import _current; "
        f"print(json.dumps(_current.kept['recorded-{board}']['state']['owners']))"))


def test_why_says_who_has_reserved_it(recorded):
    gdb = recorded.gdb
    recorded.run_to("kmem_cache_init")
    pgd = gdb.number("(unsigned long)&swapper_pg_dir")
    why = gdb.json(f"mm why {pgd} --json")
    assert why["detail"] == "page table swapper_pg_dir"     # the better name stays
    told, = [each["text"] for each in why["evidence"] if each["what"] == "recorded"]
    assert re.fullmatch(r"reserved by arch_memblock_reserve, helper/arch/arm/mmu\.c:\d+ < arm_memblock_init < "
                        r"setup_arch < start_kernel", told)
    text = gdb.run(f"mm why {pgd}")
    assert "recorded" in text and max(map(len, text.splitlines())) <= 80
    if recorded.board == "virt":
        table = gdb.json("mm owners --json")
        page = next(each["start"] for each in table["reserved"] if each["function"] == "early_pte_alloc")
        assert "page tables" in gdb.json(f"mm why phys:{page} --json")["detail"]
        details = {bucket["detail"] for zone in gdb.json("mm account --json")["zones"] for bucket in zone["buckets"]}
        assert any(detail.startswith("allocated by ") for detail in details)
        assert "early allocations" not in details


def test_it_goes_on_through_mm_step_and_stops_nothing(boot):
    guest = boot("article", "--append", "memblock=debug").load()
    gdb = guest.gdb
    gdb.run("mm owners record")
    first = gdb.json("mm step --to setup_per_cpu_areas --json")["steps"]
    text = gdb.run("mm owners")
    shown = (ROOT / "README.md").read_text().partition("(gdb) mm owners\n")[2].partition("\n\n")[0]
    shown = [line[4:] for line in shown.splitlines() if line.strip() != "..."]
    one, other = (re.sub(r"\.c:\d+", ".c:", each) for each in ("\n".join(shown) + "\n", text))
    assert len(shown) == 4 and one in other         # as README has it, but for the line's number
    guest.run_to("cma_init_reserved_areas")
    last = gdb.json("mm step --all --json")
    report = gdb.json("mm owners --json")
    assert last["over"] and report["recording"] and len(first) > 3 and last["steps"]
    assert_as_logged(guest, report)
    assert "the boot is over" in guest.fails("mm owners record")
    text = gdb.run("mm owners")
    assert re.match(r"Recording: \d+ calls that changed a list, \d+ stops, \d+ ms in them\.\n", text)
    assert max(map(len, text.splitlines())) <= 80 and text.isascii()
    assert gdb.run("mm owners record --stop").startswith("Recorded: ")
    assert_nothing_is_left(guest)
    assert gdb.json("mm owners --json")["calls"] == report["calls"]
    assert "nothing is being recorded" in guest.fails("mm owners record --stop")


def test_it_is_asked_for_and_fails_in_one_line(boot):
    guest = boot("virt").load()
    gdb = guest.gdb
    assert "'mm owners record' begins" in guest.fails("mm owners")
    assert "mm owners record --stop" in guest.fails("mm owners --stop")
    assert "nothing is being recorded" in guest.fails("mm owners record --stop")
    assert "invalid choice" in guest.fails("mm owners recrod") and "record" in guest.fails("mm owners recrod")
    assert gdb.run("complete mm owners rec") == "mm owners record\n"
    assert "breakpoints" in gdb.run("help mm owners") and "Example: mm owners record" in gdb.run("help mm owners")
    guest.run_to("zone_sizes_init")                 # late: what was reserved before is counted
    assert "Recording from here on in zone_sizes_init" in gdb.run("mm owners record")
    gdb.run("mm owners record")                     # once more: nothing is lost
    guest.run_to("build_all_zonelists")
    late = gdb.json("mm owners --json")
    assert late["since"] == "zone_sizes_init" and late["unseen_bytes"] > 0 and late["calls"]
    assert f"{late['unseen_bytes']:#x} bytes were reserved" in gdb.run("mm owners")
    gdb.run(f"source {MM_PY}")                      # what was recorded stays, the points do not
    assert_nothing_is_left(guest)
    again = gdb.json("mm owners --json")
    assert again["calls"] == late["calls"] and not again["recording"]
    assert f"is forgotten: {len(late['calls'])} calls.\n" in gdb.run("mm owners record")      # anew
    assert gdb.json("mm owners --json")["calls"] == []
    gdb.run("monitor system_reset")                 # the boot begins once more
    guest.run_to("free_area_init_node")
    report = gdb.json("mm owners --json")
    first = report["calls"][0]
    assert first["kind"] == "added" and names(report, first)[-1] == "start_kernel"
    gdb.run("detach")
    assert gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n"


def test_ctrl_c_leaves_it_recording(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    gdb.run("mm owners record")
    gdb.resume("mm step --all --quiet")
    time.sleep(0.3)                                 # in the middle of a question, or of a look
    for _ in range(8):      # GDB loses one that comes just when it lets the target go on: then it is pressed again
        os.kill(gdb.pid, signal.SIGINT)
        try:
            gdb.wait_stop(2)
        except WaitError:
            continue
        except GdbError as error:
            assert "\n" not in str(error).strip()
        break
    assert gdb.json("mm owners --json")["recording"]
    guest.run_to("free_all_bootmem")                # and it goes on
    report = gdb.json("mm owners --json")
    assert report["unseen_bytes"] == 0 and gdb.run("mm owners record --stop")
    assert_nothing_is_left(guest)
