# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots made by hand, for pictures of memory."""
import random

from mmscope.model.state import Frames, Known, Reservation, Snapshot, ZoneState

KINDS = ("reserved", "memblock", "free", "pcp", "slab", "pagetable", "anon", "other")
DETAILS = {"free": ("Movable order 3", "Unmovable order 0", "CMA order 10"), "slab": ("kmalloc-64", "<b>&'\"\x1b[2J"),
           "reserved": ("kernel text", "mem_map")}


def made(zones=(), frames=None, memory=None, reserved=None, owners=None, name="now", shift=12, stage="booted",
         where="cpu_idle"):
    """A snapshot. zones: name, start, pages; frames: kind, detail, ranges; memory: start and end, in bytes."""
    return Snapshot(
        name, where, "guest", "4.9.0", None, None, "arm", stage, shift, {},
        _regions(memory), _regions(reserved), tuple(Known(*each) for each in owners) if owners is not None else None,
        tuple(ZoneState(0, zone, start, pages, pages, pages, None, (0,) * 11, False) for zone, start, pages in zones),
        (), (), (), (), tuple(Frames(*each) for each in frames) if frames is not None else None,
        {} if frames is not None else {"frames": "not there yet at stage memblock"}, ())


def _regions(found):
    return tuple(Reservation(each[0], each[1], each[2] if len(each) > 2 else 0, None)
                 for each in found) if found is not None else None


def scattered(seed, zones, most=200):
    """What each page frame is for, by chance: frames of a snapshot, and a dict of pfn to kind and detail."""
    chance = random.Random(seed)
    truth, ranges = {}, {}
    for _, start, pages in zones:
        at = start
        while at < start + pages:
            length = min(chance.choice((1, 1, 2, 3, 8, 40, most)), start + pages - at)
            kind = chance.choice((*KINDS, "hole", "hole"))
            detail = chance.choice(DETAILS.get(kind, ("",)))
            if kind == "hole":
                length = min(length * chance.choice((1, 1, 20)), start + pages - at)
            else:
                truth.update((pfn, (kind, detail)) for pfn in range(at, at + length))
            ranges.setdefault((kind, detail), []).extend((at, at + length))
            at += length
    return [(kind, detail, tuple(found)) for (kind, detail), found in ranges.items()], truth
