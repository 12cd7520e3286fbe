# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken slabs."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .corrupt import Edit, Machine
from .corruption import SLAB, row


@dataclass(frozen=True)
class FreeObjects:
    """A slab on a node's list with free objects."""
    cache: dict[str, Any]
    slab: dict[str, Any]
    tag: str                    # the struct that has its fields

    def at(self, index: int) -> int:
        """Where a free object keeps the pointer to the next one."""
        return self.slab["free"][index] + self.cache["offset"]


def free_objects(machine: Machine, least: int = 3) -> FreeObjects:
    """A slab with that many free objects: on a node's list, else a CPU's."""
    tag = "slab" if machine.has("slab.freelist") else "page"
    rows = machine.gdb.json("mm slab --json")["caches"]
    for row in sorted(rows, key=lambda row: not row["nr_partial"]):
        found = machine.gdb.json(f"mm slab {row['name']} --json")["cache"]
        for slab in found["slabs"]:
            if "partial" in slab["where"] and len(slab["free"]) >= least:
                return FreeObjects(found["cache"], slab, tag)
    raise AssertionError(f"no slab on a list has {least} free objects")


def _leads(edit: Edit, found: FreeObjects, index: int, to: int) -> str:
    """A free object's pointer leads somewhere else. However pointers are
    hidden: the same key hides any that stands in the same place."""
    free = (*found.slab["free"], 0)
    at = found.at(index)
    edit.store(at, edit.load(at) ^ _stored(edit, free[index + 1])
               ^ _stored(edit, to))
    return f"{found.slab['addr']:#x}"


def _stored(edit: Edit, pointer: int) -> int:
    return pointer % (1 << 8 * edit.machine.word)


@row(SLAB, "SLUB-2")
def freelist_loops(edit: Edit) -> str:
    found = free_objects(edit.machine)
    return _leads(edit, found, -1 % len(found.slab["free"]),
                  found.slab["free"][0])


@row(SLAB, "SLUB-2", variant=True)
def freelist_loops_at_once(edit: Edit) -> str:
    """A double free."""
    found = free_objects(edit.machine)
    return _leads(edit, found, 0, found.slab["free"][0])


@row(SLAB, "SLUB-1")
def freelist_leaves_the_slab(edit: Edit) -> str:
    """To where the next object behind the slab would be."""
    found = free_objects(edit.machine)
    return _leads(edit, found, 1, found.slab["virt"]
                  + found.slab["objects"] * found.cache["size"])


@row(SLAB, "SLUB-1", variant=True)
def freelist_leads_nowhere(edit: Edit) -> str:
    return _leads(edit, free_objects(edit.machine), 0, -8)


@row(SLAB, "SLUB-1")
def freelist_is_misaligned(edit: Edit) -> str:
    found = free_objects(edit.machine)
    return _leads(edit, found, 0, found.slab["free"][1] + 1)


@row(SLAB, "SLUB-3", variant=True)
def freelist_is_cut_short(edit: Edit) -> str:
    return _leads(edit, free_objects(edit.machine), 0, 0)


@row(SLAB, "SLUB-3")
def inuse_is_wrong(edit: Edit) -> str:
    found = free_objects(edit.machine)
    edit.put_bits(f"{found.tag}.inuse", found.slab["addr"],
                  found.slab["inuse"] + 1)
    return f"{found.slab['addr']:#x}"


@row(SLAB, "SLUB-5", beside=("SLUB-", "SHEAF-2"))
def slab_of_another_cache(edit: Edit) -> str:
    found = free_objects(edit.machine)
    edit.put(f"{found.tag}.slab_cache", found.slab["addr"],
             found.cache["addr"] + edit.machine.word)
    return f"{found.slab['addr']:#x}"
