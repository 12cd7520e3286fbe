# SPDX-License-Identifier: GPL-2.0-or-later
"""mm zoneinfo, mm pagetypeinfo and mm buddyinfo: the kernel's text, byte for
byte, at the entry of the function that prints it."""
from __future__ import annotations

import pytest

import proc_text
from lab_guest import LabGuest

CASES = (("zoneinfo_show", "mm zoneinfo", proc_text.zone_blocks),
         ("pagetypeinfo_show", "mm pagetypeinfo", proc_text.node_part),
         ("frag_show", "mm buddyinfo", proc_text.zone_blocks))


@pytest.mark.parametrize("function, command, part", CASES,
                         ids=[case[1] for case in CASES])
def test_our_text_is_the_kernels(booted_guest: LabGuest, function: str,
                                 command: str, part) -> None:
    for pair in proc_text.of_each_node(booted_guest, function, command,
                                       part).values():
        assert pair.ours == pair.kernels


def test_the_numbers_are_in_the_document_too(booted_guest: LabGuest) -> None:
    with booted_guest.held_in("zoneinfo_show") as gdb:
        text = gdb.run("mm zoneinfo")
        zones = gdb.json("mm zoneinfo --json")["zones"]
        types = gdb.json("mm pagetypeinfo --json")
        buddy = gdb.json("mm buddy --json")
    assert len(zones) == text.count("Node ")
    for zone in zones:
        assert None not in zone["pages"].values()
        assert None not in zone["last"].values()
    for area in buddy["free_areas"]:
        zone = next(each for each in types["zones"] if (
            each["node"], each["zone"]) == (area["node"], area["zone"]))
        assert {name: counts[area["order"]] for name, counts
                in zone["free"].items()} == area["by_migratetype"]
