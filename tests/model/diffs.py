# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that changes between two looks, and what its commands say: what tests of mm diff share."""
import json
from pathlib import Path

from machine import LOW_START
from mmscope.command import load_commands
from mmscope.model.info import target
from mmscope.model.snapshotfile import read_snapshot
from mmscope.model.state import CacheState, Frames
from mmscope.view.json import document

COMMANDS = load_commands()
SNAPSHOTS = Path(__file__).resolve().parents[1] / "data" / "snapshots"
LOW = LOW_START + -LOW_START % 64       # a block of any order up to 6


def run(machine, line):
    """What a command gives, on a stop of its own."""
    name, *words = line.split()
    command = COMMANDS[name]
    return command.run(machine.context(), command.parser().parse_args(words))


def file_of(stop):
    """What the guest was on the article's board."""
    return read_snapshot(str(SNAPSHOTS / f"article-{stop}.json"))


def as_json(machine, line):
    return json.loads(document("diff", target(machine.context()),
                               run(machine, line)))


def empty(machine, zone, order, migratetype):
    """Take all blocks off a list that has them."""
    head = machine.head(zone, order, migratetype)
    machine.link(head)
    machine.put(machine.zone(zone), "zone", f"free_area[{order}].nr_free", 0)


def take_off(machine, zone, order, migratetype, *pfns):
    """And let their pages be in use."""
    empty(machine, zone, order, migratetype)
    for pfn in pfns:
        machine.put(machine.page(pfn), "page", "_mapcount.counter", -1)
        machine.put(machine.page(pfn), "page", "private", 0)
        machine.put(machine.page(pfn), "page", "_refcount.counter", 1)


def line_of(text, word):
    return next(line.strip() for line in text.splitlines()
                if line.strip().startswith(word))


def split(machine):
    """Snapshot a, an order-3 block; then its first page is taken."""
    machine.free(machine.low, 3, 1, LOW)
    run(machine, "snapshot a")
    take_off(machine, machine.low, 3, 1, LOW)
    for order in range(3):
        machine.free(machine.low, order, 1, LOW + (1 << order))


def frames_of(owners):
    """Frames by the owner of each page, as a snapshot has them."""
    found = {}
    for pfn, owner in enumerate(owners):
        found.setdefault(owner, []).extend((pfn, pfn + 1))
    return [Frames(*owner, tuple(ranges)) for owner, ranges in found.items()]


def cache(name, slabs=1, objects=16, used=3, addr=None):
    return CacheState(name, addr or hash(name) % 4096, 64, 0, slabs, objects,
                      used)
