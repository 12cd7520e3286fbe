# SPDX-License-Identifier: GPL-2.0-or-later
"""A command beside what the kernel prints of the same moment, node by node."""
from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from harness.gdbmi import Gdb
from lab_guest import HELD_LIMIT_SECONDS, LabGuest

READERS = ("seq_read_iter", "seq_read")     # above what prints a record
ALONE_LIMIT_SECONDS = 5
TRIES = 60      # most calls are for a buffer that is too small, or other nodes


@dataclass(frozen=True)
class Pair:
    """What ours is, and what the kernel printed."""
    ours: str
    kernels: str


def online_nodes(gdb: Gdb) -> list[int]:
    """Nodes that have memory, by mm zones."""
    zones = gdb.json("mm zones --json")["zones"]
    return sorted({zone["node"] for zone in zones if zone["present_pages"]})


def of_each_node(guest: LabGuest, function: str, command: str,
                 part: Callable[[str, int], str]) -> dict[int, Pair]:
    """The text of `command` and of `function`, which prints one node a call.

    part: what of our text is a node's. Where the kernel lets interrupts in
    while it prints, one may change a number: then the next call is taken; the
    last one counts.
    """
    found: dict[int, Pair] = {}
    with guest.held_in(function) as gdb:
        address = gdb.number("(unsigned long)$pc")
        nodes = online_nodes(gdb)
        for _ in range(TRIES):
            node = gdb.number("((struct pglist_data *)arg)->node_id")
            # A CPU that stands still must not have what this one waits for.
            if not same(found.get(node)) and not locked(gdb):
                ours = gdb.run(command)
                with uninterrupted(guest):
                    text = guest.kernel_text()
                if text is not None:
                    found[node] = Pair(part(ours, node), text)
            if all(same(found.get(node)) for node in nodes):
                break
            guest.next_hit(address, HELD_LIMIT_SECONDS)
    assert set(nodes) <= set(found), f"{function} was called for {set(found)}"
    return found


@contextlib.contextmanager
def uninterrupted(guest: LabGuest) -> Iterator[None]:
    """The CPU takes no interrupt inside, unless the kernel itself wants it."""
    name, bit, masked = (("$eflags", 1 << 9, 0) if guest.kernel.arch == "amd64"
                         else ("$cpsr", 1 << 7, 1 << 7))
    before = guest.gdb.number(name) & bit
    guest.gdb.run(f"set {name} = {name} & ~{bit} | {masked}")
    try:
        yield
    finally:
        guest.gdb.run(f"set {name} = {name} & ~{bit} | {before}")


def same(pair: Pair | None) -> bool:
    """Whether there is a pair, and both are equal."""
    return pair is not None and pair.ours == pair.kernels


def locked(gdb: Gdb) -> list[dict[str, Any]]:
    """The zones whose lock a CPU holds."""
    return [zone for zone in gdb.json("mm zones --json")["zones"]
            if zone["locked"] is not False]


def zone_blocks(text: str, node: int) -> str:
    """Of /proc/zoneinfo or /proc/buddyinfo, what is one node's."""
    blocks = re.split(r"^(?=Node )", text, flags=re.MULTILINE)
    return "".join(block for block in blocks
                   if block.startswith(f"Node {node}, "))


def node_part(text: str, node: int) -> str:
    """Of /proc/pagetypeinfo, what is one node's."""
    parts = re.split(r"^(?=Page block order)", text, flags=re.MULTILINE)
    return next(part for part in parts if f"\nNode {node:4}, zone" in part)


def batch(guest: LabGuest, gdb: Gdb) -> str:
    """What the kernel prints into the buffer of a file that has a record a
    call, from the entry of that call on; nothing if it cannot go on."""
    seq = gdb.number("(unsigned long)m")
    start = gdb.number(f"((struct seq_file *){seq})->count")
    for _ in range(10):
        gdb.run("up")
        if re.search("|".join(READERS), gdb.run("frame")):
            break
    if not finish(guest, gdb):
        return ""
    count = gdb.number("(long)$")       # what the reader returned
    return guest.memory(
        gdb.number(f"(unsigned long)((struct seq_file *){seq})->buf") + start,
        max(count - start, 0)).decode("latin-1")


def finish(guest: LabGuest, gdb: Gdb) -> bool:
    """Finish the selected frame, this CPU alone; False when it cannot.

    Then it, or an interrupt, waits for what the other CPU holds.
    """
    gdb.run("disable")
    gdb.run("set scheduler-locking on")
    try:
        guest.go(ALONE_LIMIT_SECONDS, "finish")
    except AssertionError:
        return False
    finally:
        gdb.run("set scheduler-locking off")
        gdb.run("enable")
    return True
