# SPDX-License-Identifier: GPL-2.0-or-later
"""The functions that CPUs are in, by which a stop in the middle of a change is
known: beyond an interrupt, too.

Stopped in the tick of a CPU. What the tick interrupted is in the pt_regs that
it is handed, and GDB knows the function around an address.
"""
from __future__ import annotations

import json

from harness.gdbmi import Gdb
from lab_guest import HELD_LIMIT_SECONDS, Kernel, LabGuest

TICK, HANDED = "update_process_times", "tick_sched_handle"
USER_TICK = {"arm64": "$x0", "armhf": "$r0", "amd64": "$rdi"}
PC = {"arm64": "pc", "armhf": "uregs[15]", "amd64": "ip"}
TIMES, TRIES = 5, 60


def stacks(gdb: Gdb) -> list[list[str]]:
    """What mm check asks for."""
    return json.loads(gdb.run(
        "python import json, mmscope.session.backtrace as module; "
        "print(json.dumps(module.backtraces()))"))


def interrupted(gdb: Gdb, kernel: Kernel) -> str:
    """The function that the tick has interrupted."""
    gdb.run(f"frame function {HANDED}")
    pc = gdb.number(f"(unsigned long)regs->{PC[kernel.arch]}")
    gdb.run("frame 0")
    symbol = gdb.run(f"info symbol {pc}").split()[0]
    return symbol.partition(".")[0]         # without .constprop, .part


def test_what_a_tick_has_interrupted_is_among_them(
        booted_guest: LabGuest, kernel: Kernel) -> None:
    seen = 0
    with booted_guest.held_in(TICK) as gdb:
        address = gdb.number("(unsigned long)$pc")
        for _ in range(TRIES):
            if not gdb.number(USER_TICK[kernel.arch]):
                before = gdb.run("bt 6")
                cpu = gdb.number("$_thread") - 1
                wanted, found = interrupted(gdb, kernel), stacks(gdb)[cpu]
                assert wanted in found[found.index(HANDED):]
                assert gdb.run("bt 6") == before    # nothing of it is left
                seen += 1
                if seen == TIMES:
                    return
            booted_guest.next_hit(address, HELD_LIMIT_SECONDS)
    raise AssertionError(f"{seen} ticks of {TRIES} were in the kernel")
