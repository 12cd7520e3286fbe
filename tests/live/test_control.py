# SPDX-License-Identifier: GPL-2.0-or-later
"""A command can let the target run to its points, and leaves none of them behind on any way out."""
import os
import re
import signal
import threading
import time

import pytest

from harness.gdbmi import GdbError

SETUP = """
import gdb, os, signal
from mmscope.session.control import GdbControl
from mmscope.session.load import _current
from mmscope.target.control import Point
control = GdbControl(_current, lambda text: gdb.write(text))
def at(name): return Point(control.entries(name)[0])
def of(name, kind, size=4): return Point(int(gdb.parse_and_eval("(unsigned long)&" + name)), kind, size)
def run(*points, **options):
    try:
        stop = control.run(points, **options)
    except BaseException as error:
        print("raised", type(error).__name__, error)
    else:
        print(points.index(stop.point) if stop.point else None, stop.reason)
def boom(point): raise RuntimeError("boom")
def interrupt(point):
    os.kill(os.getpid(), signal.SIGINT)
    return False
"""


def python(guest, text):
    """What a statement prints."""
    return guest.gdb.run("python " + text).strip()


def ready(boot, *options):
    """The article's board before its first instruction, with a control."""
    guest = boot("article", *options).load()
    file = guest.folder / "setup.py"
    file.write_text(SETUP)
    guest.gdb.run(f"source {file}")
    return guest


def assert_nothing_is_left(guest):
    """No breakpoint that a user sees or does not see, and the stub reads virtual addresses."""
    assert guest.gdb.run("info breakpoints") == "No breakpoints or watchpoints.\n"
    assert guest.gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n"
    assert 'received: "0"' in guest.gdb.run("maint packet qqemu.PhyMemMode")
    assert "_mm_hit" not in guest.gdb.run("info breakpoints")


@pytest.fixture(scope="module")
def guest(boot):
    """One board that the tests below take along its boot, in their order."""
    return ready(boot)


@pytest.fixture(autouse=True)
def nothing_left(request):
    """After each test."""
    yield
    if "guest" in request.fixturenames:
        assert_nothing_is_left(request.getfixturevalue("guest"))


def test_runs_to_a_function_before_the_mmu_is_on(guest):
    assert guest.gdb.json("mm info --json")["mmu"] is False
    text = python(guest, "run(at('start_kernel'), at('mm_init'))")
    assert text == "0 reached"      # and GDB's own notice of the stop is not printed
    assert guest.gdb.number("$pc") == guest.gdb.number("(unsigned long)&start_kernel")
    assert python(guest, "print(control.context().stage.name)") == "EARLY"


def test_on_hit_chooses_a_call_by_its_argument(guest):
    python(guest, "run(at('__free_memory_core'))")
    regions = guest.gdb.json("mm memblock --json")["free"]
    third = regions[2]["start"]
    assert python(guest, f"run(at('__free_memory_core'), on_hit=lambda _: control.argument('start') == {third})"
                  ) == "0 reached"
    assert guest.gdb.number("$r0") == third
    names = python(guest, "print([frame.function for frame in control.stack(3)])")
    assert names == "['__free_memory_core', 'free_low_memory_core_early', 'free_all_bootmem']"
    assert python(guest, "print(control.argument('no_such'))") == "None"
    back = int(python(guest, "print(control.return_address())"))
    assert python(guest, f"run(Point({back}))") == "0 reached" and guest.gdb.number("$pc") == back


def test_a_function_that_is_inlined_has_entries_where_it_is(guest):
    found = python(guest, "print(control.entries('clear_reserved'))")
    assert found != "()"
    assert python(guest, "print(control.entries('no_such_function'))") == "()"
    assert python(guest, "print(control.entries('helper/mm/init.c:mm_init') == control.entries('mm_init'))") == "True"
    assert python(guest, "print(control.entries('helper/mm/memblock.c:mm_init'))") == "()"


def test_a_write_watchpoint_stops_when_the_value_changes(guest):
    text = python(guest, "run(of('totalram_pages', 'write'))")
    assert text == "0 reached" and guest.gdb.number("totalram_pages") > 0
    assert "free_all_bootmem" in guest.gdb.run("info symbol $pc")


def test_an_exit_has_what_is_returned(guest):
    assert python(guest, "print(control.exits('no_such_function'))") == "()"
    text = python(guest, "run(*map(Point, control.exits('kmem_cache_alloc') + control.exits('slab_alloc')), "
                  "seconds=20); print(control.result(), control.return_address(), control.call())")
    result, back, call = map(int, text.splitlines()[-1].split())
    guest.gdb.run("stepi")
    assert guest.gdb.number("$pc") == back and guest.gdb.number("(unsigned long)$sp") == call
    assert guest.gdb.number("(unsigned long)$r0") == result


def test_the_stack_is_followed_as_far_as_wanted(guest):
    whole = python(guest, "print([each.function for each in control.stack()])")
    one = python(guest, "print([each.function for each in control.stack(last=lambda each: True)])")
    assert one.strip("[]") == whole.strip("[]").split(",")[0] and one != whole
    assert python(guest, "print(control.cpu)") == "0"


@pytest.mark.parametrize("hardware", [True, False])
def test_the_users_own_breakpoint_comes_first(guest, hardware):
    function = "pgtable_init" if hardware else "vmalloc_init"
    guest.gdb.run(f"{'h' if hardware else ''}break {function}")
    text = python(guest, "run(at('init_per_zone_wmark_min'))")
    number = re.findall(r"breakpoint (\d+)$", text)[-1]
    assert text.endswith(f"None breakpoint {number}")
    assert guest.gdb.run("info breakpoints").count("keep y") == 1
    guest.gdb.run("delete")


def test_a_users_breakpoint_at_the_same_place_is_told(guest):
    guest.gdb.run("break *kmem_cache_init_late")
    assert re.search(r"^0 and breakpoint \d+$", python(guest, "run(at('kmem_cache_init_late'))"), re.MULTILINE)
    guest.gdb.run("delete")


def test_an_error_in_on_hit_stops_and_is_raised(guest):
    assert python(guest, "run(at('setup_per_cpu_pageset'), on_hit=boom)") == "raised RuntimeError boom"
    assert guest.gdb.number("$pc") == guest.gdb.number("(unsigned long)&setup_per_cpu_pageset")


def test_ctrl_c_in_on_hit_stops(guest):
    text = python(guest, "run(at('init_per_zone_wmark_min'), on_hit=interrupt)")
    assert text.splitlines()[-1].startswith(("raised KeyboardInterrupt", "None interrupted"))   # at once, or soon


def test_gdb_10_has_hardware_breakpoints_by_their_command(guest):
    python(guest, "kept = gdb.BP_HARDWARE_BREAKPOINT; del gdb.BP_HARDWARE_BREAKPOINT")
    asked = "seen = []; run(at('cma_init_reserved_areas'), of('system_state', 'write'), on_hit=lambda point: " \
            "seen.append(point.kind) or point.kind == 'write'); print(seen)"
    assert python(guest, asked) == "1 reached\n['code', 'write']"
    assert_nothing_is_left(guest)
    text = python(guest, "run(at('cpu_idle'))")
    assert text == "0 reached", text
    python(guest, "gdb.BP_HARDWARE_BREAKPOINT = kept")


def test_the_time_is_up_where_nothing_happens(guest):
    begin = time.monotonic()
    assert python(guest, "run(at('mm_init'), seconds=0.4)") == "None the time is up"
    assert time.monotonic() - begin >= 0.4
    assert python(guest, "run(seconds=0.2, on_hit=boom)") == "None the time is up"
    assert python(guest, "run(at('cpu_idle'), seconds=0)") == "None the time is up"


def test_ctrl_c_while_it_runs_stops_it(guest):
    guest.gdb.resume("python run(at('mm_init'), of('mem_map', 'access'))")
    time.sleep(0.3)
    guest.gdb.interrupt()
    assert "None interrupted" in "".join(guest.gdb._text)
    assert guest.gdb.json("mm info --json")["stage"] == "booted"


def test_a_killed_target_is_a_stop_that_says_so(boot):
    guest = ready(boot)
    text = python(guest, "run(at('cpu_idle'))")
    assert text == "0 reached", text
    pid = guest._qemu.pid
    threading.Timer(0.5, os.kill, (pid, signal.SIGKILL)).start()
    try:
        text = python(guest, "run(at('mm_init'))")
    except GdbError as error:       # MI's own record of the lost connection
        text = str(error)
    assert "the target is gone" in text or "closed" in text
    assert guest.gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n"
    assert "no target" in guest.fails("mm zones")
