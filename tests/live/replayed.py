# SPDX-License-Identifier: GPL-2.0-or-later
"""A recorded guest, and what it wrote down itself of what happened to its pages (truth_events)."""
from __future__ import annotations

import os
import re
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

from guest import ROOT, Guest
from harness.process import wait_for

BOARD = ("sabrelite", "--memory", "16M", "--append", "cma=0 scenario=orders,7,120")
RECORD_SECONDS = 60
TAKEN, RETURNED, FROM_PCP, TO_PCP, RESERVED, TYPE, SLAB_BEGINS, SLAB_ENDS = range(8)


class Event(NamedTuple):
    """struct truth_event."""
    operation: int
    kind: int
    pfn: int
    pages: int
    order: int


class State(NamedTuple):
    """A page between two operations."""
    where: tuple            # free with its block and order; pcp; reserved; held since an operation
    migratetype: Optional[int]


def record(log: Path) -> None:
    """Let it run until it is idle."""
    board, *options = BOARD
    serial = log.with_suffix(".console")
    with open(os.devnull, "wb") as nowhere:
        qemu = subprocess.Popen([str(ROOT / "scripts" / "qemu"), "--board", board, *options, "--record", str(log),
                                 "--serial", str(serial)], stdin=subprocess.DEVNULL, stdout=nowhere, stderr=nowhere)
    try:
        wait_for("the recorded guest to be idle",
                 lambda: serial.exists() and "mmscope: idle" in serial.read_text(errors="replace"), RECORD_SECONDS)
        qemu.terminate()
        qemu.wait(RECORD_SECONDS)
    finally:
        qemu.kill()
        qemu.wait()


def events(guest: Guest) -> list[Event]:
    """All that the guest has written down by now."""
    count, size = guest.gdb.number("truth_nr_events"), guest.gdb.number("sizeof(truth_events[0])")
    assert count <= guest.gdb.number("sizeof(truth_events) / sizeof(truth_events[0])")
    text = guest.gdb.run(f"python print(bytes(gdb.selected_inferior().read_memory("
                         f"int(gdb.parse_and_eval('(unsigned long)&truth_events')), {count * size})).hex())")
    data = bytes.fromhex(re.search(r"^[0-9a-f]+$", text, re.MULTILINE)[0])
    return [Event(*struct.unpack_from("<5I", data, size * index)) for index in range(count)]


def rest_of(pfn: int, block: int, order: int, taken: int) -> tuple:
    """The free block that has a page, when so many pages of a block of that order were taken from its beginning."""
    at = taken
    while True:
        low = (at & -at).bit_length() - 1
        if block + at <= pfn < block + at + (1 << low):
            return "free", block + at, low
        at += 1 << low
        assert at < 1 << order


def after(state: State, event: Event, pfn: int) -> State:
    """What an event makes of a page."""
    inside, block = event.pfn <= pfn < event.pfn + event.pages, event.pfn >> event.order << event.order
    if event.kind == TYPE:
        return State(state.where, event.order) if inside else state
    if event.kind == RETURNED and block <= pfn < block + (1 << event.order):
        return State(("free", block, event.order), state.migratetype)
    if event.kind == TAKEN and not inside and block <= pfn < block + (1 << event.order):
        return State(rest_of(pfn, block, event.order, event.pages), state.migratetype)
    if not inside or event.kind in (RETURNED, SLAB_BEGINS, SLAB_ENDS) and pfn != event.pfn:
        return state
    return State({TO_PCP: ("pcp",), RESERVED: ("reserved",), SLAB_BEGINS: ("slab",)}.get(
        event.kind, ("held", event.operation)), state.migratetype)


class Last(NamedTuple):
    """The last operation that changed a page."""
    first: int          # seq of its events
    end: int
    before: State
    after: State

    @property
    def kind(self) -> str:
        """As mm when calls it."""
        was, is_ = self.before.where, self.after.where
        if was[0] == is_[0] == "free":
            return "merge" if was[2] < is_[2] else "split" if was[2] > is_[2] else "moved"
        if is_[0] in ("free", "pcp"):
            return "returned"
        return "taken" if was[0] in ("free", "pcp") else "reserved" if is_[0] == "reserved" else "changed"


def last_of(found: list[Event], pfn: int) -> Optional[Last]:
    """What the record has last for a page."""
    state, last, index = State(("boot",), None), None, 0
    while index < len(found):
        end, new = index, state
        while end < len(found) and found[end].operation == found[index].operation:
            new = after(new, found[end], pfn)
            end += 1
        if new != state:
            last = Last(index, end, state, new)
        state, index = new, end
    return last
