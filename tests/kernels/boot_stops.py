# SPDX-License-Identifier: GPL-2.0-or-later
"""The stops on a kernel's way up, and what the test modules look at there.

A kernel boots once for all modules. What a module wants to know at a stop it
says beforehand, and each test finds the answer in the fixture `boot`:

    @at("memblock_free_all")
    def memblock(gdb: Gdb) -> dict[str, Any]:
        return gdb.json("mm memblock --json")

    def test_something(boot: Boot) -> None:
        assert boot[memblock]["problems"] == []

    @at("reset", "start_kernel")        # at more than one
    def info(gdb): ...
    boot[info, "reset"]

What a look raises is raised again by the tests that ask for it, and by no
other. Looks only look: they set no breakpoint and let nothing run.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Union

import console
from harness.gdbmi import Gdb
from harness.process import WaitError
from lab_guest import GDB_LIMIT_SECONDS, LabGuest

Look = Callable[[Gdb], Any]

RESET = "reset"                         # before the first instruction
DECOMPRESSOR = "decompressor"           # it writes the kernel's first page
START_KERNEL = "start_kernel"
MM_INIT = "mm_init"                     # memblock is all there is
FREE_ALL = "memblock_free_all"          # memblock is about to hand over
HANDED_OVER = "handed_over"             # mem_init is over
SLAB_UP = "slab_up"                     # kmem_cache_init is over
READY = "ready"                         # the first program reads /proc
STOPS = (RESET, DECOMPRESSOR, START_KERNEL, MM_INIT, FREE_ALL, HANDED_OVER,
         SLAB_UP, READY)
LOGS = (MM_INIT, FREE_ALL)              # where the log is taken
# init/main.c's mm_init is inlined or not. kernel/fork.c has another one, which
# is called later: GDB stops in the first that comes.
MM_INIT_PLACES = ("mm_core_init", "mm_init")
FUNCTIONS = {START_KERNEL: ("start_kernel",),
             FREE_ALL: ("memblock_free_all",),
             HANDED_OVER: ("kmem_cache_init",),
             SLAB_UP: ("vmalloc_init",),
             READY: ("frag_show",)}
# arm64's image is the kernel itself.
COMPRESSED = ("armhf", "amd64")

_looks: list[tuple[str, Look]] = []


def at(*stops: str) -> Callable[[Look], Look]:
    """Look with the function at these stops of every boot."""
    unknown = set(stops) - set(STOPS)
    assert stops and not unknown, f"no stop {unknown}; there are {STOPS}"

    def register(look: Look) -> Look:
        _looks.extend((stop, look) for stop in stops)
        return look
    return register


@dataclass(frozen=True)
class Boot:
    """What was seen on the way up, and the console from start to READY."""
    found: dict[tuple[Look, str], Any]      # an exception, when it was one
    console: str
    logs: dict[str, str]        # the kernel's log at the stops that have one

    def __getitem__(self, which: Union[Look, tuple[Look, str]]) -> Any:
        """What the look found, at its only stop or at the one named."""
        if not isinstance(which, tuple):
            stops = [stop for look, stop in self.found if look == which]
            assert len(stops) == 1, f"{which} was at the stops {stops}"
            which = which, stops[0]
        result = self.found[which]
        if isinstance(result, Exception):
            raise result
        return result

    def reached(self, stop: str) -> bool:
        """False where the kernel has no such stop: it has no decompressor."""
        return any(at_stop == stop for _, at_stop in self.found)


def walk(guest: LabGuest) -> Boot:
    """Let a guest that has not begun run to READY, from stop to stop."""
    found: dict[tuple[Look, str], Any] = {}
    logs: dict[str, str] = {}
    for stop in STOPS:
        if stop == DECOMPRESSOR and guest.kernel.arch not in COMPRESSED:
            continue
        go_to(guest, stop)
        if stop in LOGS:
            logs[stop] = guest.log_text()
        for at_stop, look in _looks:
            if at_stop == stop:
                found[look, stop] = answer(guest, look)
    return Boot(found, guest.console(), logs)


def answer(guest: LabGuest, look: Look) -> Any:
    """What `look` returns or raises; a GDB that hangs is replaced."""
    try:
        return look(guest.gdb)
    except WaitError as error:
        guest.replace_gdb()
        return error
    except Exception as error:      # a failure of the tests that ask for it
        return error


def go_to(guest: LabGuest, stop: str) -> None:
    """Let the guest run to one stop."""
    gdb = guest.gdb
    if stop == DECOMPRESSOR:
        gdb.run(f"watch *(char *){kernel_phys(guest)}")
        guest.go(GDB_LIMIT_SECONDS)
    elif stop == MM_INIT:
        gdb.run(f"hbreak {guest.first_of(MM_INIT_PLACES)}")
        guest.go(GDB_LIMIT_SECONDS)
    elif stop == READY:
        with guest.running():
            console.wait_ready(guest.serial)
        guest.run_to(*FUNCTIONS[stop])      # into the kernel, out of a program
    elif stop != RESET:
        guest.run_to(*FUNCTIONS[stop])
    gdb.run("delete")


def kernel_phys(guest: LabGuest) -> int:
    """Where the decompressor puts the kernel's code: at its link address'
    place in memory, which begins where QEMU's map has it."""
    gdb = guest.gdb
    text = gdb.number("(unsigned long)&_text")
    if guest.kernel.arch == "amd64":
        return text & 0x7fffffff
    ram = re.search(r"^ *([0-9a-f]{16})-[0-9a-f]{16} .*: ram\s*$", gdb.run(
        "python print(gdb.execute('monitor info mtree', to_string=True))"),
        re.MULTILINE)
    assert ram, "QEMU does not say where RAM begins"
    return int(ram[1], 16) + (text & 0x0fffffff)
