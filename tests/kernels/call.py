# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls a function of the kernel that stands at the entry of another one.

The CPU is put at its first instruction, with its arguments, and is to return
to where it stood, where a breakpoint has to be: whatever lets the guest run
sees the call. Afterwards all is as before, but for what the function did.

    call = Call(gdb)
    call.begin("free_pages", addr, 3)
    gdb.json("mm watch ...")
    call.end(guest)         # Return: what the function returned
"""
from __future__ import annotations

from dataclasses import dataclass

from harness.gdbmi import Gdb
from lab_guest import FINISH_LIMIT_SECONDS, LabGuest


@dataclass(frozen=True)
class Machine:
    """How a function is called."""
    arguments: tuple[str, ...]
    result: str
    lost: tuple[str, ...]       # what a function need not keep
    link: str                   # the return address; "": on the stack


MACHINES = {
    "armhf": Machine(("r0", "r1", "r2"), "r0",
                     ("r0", "r1", "r2", "r3", "r12", "lr", "cpsr"), "lr"),
    "arm64": Machine(("x0", "x1", "x2"), "x0",
                     tuple(f"x{at}" for at in (*range(19), 30)), "x30"),
    "amd64": Machine(("rdi", "rsi", "rdx"), "rax",
                     ("rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
                      "r11", "rsp"), ""),
}


class Call:
    """One after the other, at one stop at a breakpoint."""

    def __init__(self, guest: LabGuest) -> None:
        self._gdb: Gdb = guest.gdb
        self._guest = guest
        self._machine = MACHINES[guest.kernel.arch]
        self._back = self._register("pc")
        self._saved = {name: self._register(name)
                       for name in self._machine.lost}

    def _register(self, name: str) -> int:
        return self._gdb.number(f"(unsigned long)${name}")

    def begin(self, function: str, *arguments: int) -> None:
        """The CPU is about to run it."""
        run, machine = self._gdb.run, self._machine
        for name, value in zip(machine.arguments, arguments):
            run(f"set ${name} = {value:#x}")
        if machine.link:
            run(f"set ${machine.link} = {self._back:#x}")
        else:
            run("set $rsp = $rsp - 8")
            run("set {unsigned long}$rsp = " + hex(self._back))
        run(f"set $pc = (unsigned long)&{function}")

    def end(self) -> int:
        """Let it return, if it has not yet; Return: its value."""
        if self._register("pc") != self._back:
            self._guest.next_hit(self._back, FINISH_LIMIT_SECONDS)
        result = self._register(self._machine.result)
        for name, value in self._saved.items():
            self._gdb.run(f"set ${name} = {value:#x}")
        return result

    def now(self, function: str, *arguments: int) -> int:
        """All of it."""
        self.begin(function, *arguments)
        return self.end()
