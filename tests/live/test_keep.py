# SPDX-License-Identifier: GPL-2.0-or-later
"""Points that a command keeps are hit while the user goes on, stop nothing, and are gone on every way out."""
import pytest

from guest import MM_PY
from harness.gdbmi import GdbError
from harness.process import wait_for
from test_control import assert_nothing_is_left, python, ready

KEEP = """
hits = []
def keep(name, *functions, on_hit=lambda point: hits.append(point.addr) and False):
    control.keep(name, [Point(addr) for each in functions for addr in control.entries(each)], on_hit)
def end(point): return hits.append(point.addr) or True
def interrupt_once(point):
    if not hits:
        hits.append(1)
        os.kill(os.getpid(), signal.SIGINT)
"""


def prepared(boot):
    """A board before its first instruction, that can keep points."""
    guest = ready(boot)
    file = guest.folder / "keep.py"
    file.write_text(KEEP)
    guest.gdb.run(f"source {file}")
    return guest


def hits(guest):
    """How many there were."""
    return int(python(guest, "print(len(hits))"))


def kept(guest):
    """Names."""
    return python(guest, "print(*control.kept)")


@pytest.fixture(scope="module")
def guest(boot):
    """One board that the tests below take along its boot, in their order."""
    return prepared(boot)


def test_they_are_hit_whatever_lets_the_target_run(guest):
    gdb = guest.gdb
    python(guest, "keep('regions', 'memblock_add_range')")
    assert kept(guest) == "regions" and gdb.run("info breakpoints") == "No breakpoints or watchpoints.\n"
    gdb.run("tbreak start_kernel")
    gdb.run("continue")
    assert hits(guest) == 0
    gdb.run("hbreak paging_init")
    assert gdb.go().function == "paging_init"       # none of ours has stopped it
    seen = hits(guest)
    assert seen > 10
    gdb.run("delete")                               # the user's, not ours
    gdb.run("finish")
    assert hits(guest) > seen and gdb.last_stop.reason == "function-finished"
    seen = hits(guest)
    gdb.run("next")
    gdb.run("stepi")
    assert python(guest, "run(at('setup_per_cpu_areas'))") == "0 reached" and hits(guest) > seen
    seen = hits(guest)
    gdb.run("mm step")
    assert hits(guest) > seen
    assert gdb.run("maint info breakpoints").count("hw breakpoint") == 1


def test_a_point_of_a_run_at_the_same_place_stops(guest):
    python(guest, "keep('other', 'kmem_cache_init')")
    seen = hits(guest)
    assert python(guest, "run(at('kmem_cache_init'))") == "0 reached" and hits(guest) == seen + 1
    python(guest, "control.drop('other'); control.drop('other'); control.drop('regions')")
    assert_nothing_is_left(guest)


def test_on_hit_ends_it_and_nobody_stops(guest):
    python(guest, "hits.clear(); keep('two', 'pgtable_init', 'vmalloc_init', on_hit=end)")
    assert python(guest, "run(at('kmem_cache_init_late'))") == "0 reached"
    assert hits(guest) == 1 and kept(guest) == ""
    assert_nothing_is_left(guest)


def test_an_error_in_on_hit_ends_it_in_one_line(guest):
    python(guest, "keep('bad', 'setup_per_cpu_pageset', on_hit=boom)")
    guest.gdb.run("tbreak init_per_zone_wmark_min")
    guest.gdb.run("continue")
    assert "mm: bad is over: boom\n" in guest.gdb._messages and "Traceback" not in str(guest.gdb._messages)
    assert guest.gdb.last_stop.function == "init_per_zone_wmark_min" and kept(guest) == ""
    assert_nothing_is_left(guest)


def test_ctrl_c_while_it_is_asked_stops_the_target(guest):
    python(guest, "hits.clear(); keep('slow', 'cma_init_reserved_areas', on_hit=interrupt_once)")
    guest.gdb.run("continue")
    assert guest.gdb.last_stop.function == "cma_init_reserved_areas" and kept(guest) == "slow"
    guest.gdb.run(f"source {MM_PY}")
    assert "mm: slow is over: mm.py is sourced again\n" in guest.gdb._messages
    assert_nothing_is_left(guest)
    guest.gdb.run("tbreak cpu_idle")
    guest.gdb.run("continue")
    assert guest.gdb.last_stop.function == "cpu_idle"


def test_a_run_ends_when_its_time_is_up_while_they_are_hit(boot):
    guest = prepared(boot)
    python(guest, "keep('regions', 'memblock_add_range', 'memblock_isolate_range')")
    for _ in range(4):      # QEMU throws an interrupt away that comes while the target stands at one of them
        assert guest.gdb.json("mm trace slab --seconds 0.1 --json")["ended"] == "the time is up"
    assert kept(guest) == "regions"


@pytest.mark.parametrize("leave", ["detach", "disconnect", "kill", "die"])
def test_they_leave_with_the_target(boot, leave):
    guest = prepared(boot)
    gdb = guest.gdb
    gdb.run("tbreak start_kernel")
    gdb.run("continue")
    python(guest, "keep('regions', 'memblock_add_range')")
    gdb.run("tbreak paging_init")
    gdb.run("continue")
    seen = hits(guest)
    if leave == "die":
        guest._qemu.kill()
    try:
        gdb.run("continue" if leave == "die" else leave)
    except GdbError as error:
        assert leave in ("die", "kill"), error      # QEMU ends before it answers
    assert seen and gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n" and kept(guest) == ""
    if leave == "detach":
        wait_for("the guest to go on alone", lambda: "mmscope: idle" in guest.console(), 20)
        assert hits(guest) == seen
