# SPDX-License-Identifier: GPL-2.0-or-later
"""mm pcp on real kernels: counts are those of /proc/zoneinfo, and each page
that it lists is one that mm page finds there."""
from __future__ import annotations

from typing import Any

import pytest

from lab_guest import LabGuest

SAMPLES = 12


@pytest.fixture(scope="module")
def looked(booted_guest: LabGuest) -> dict[str, Any]:
    """One moment: the lists, zoneinfo, and some pages of the lists."""
    with booted_guest.held_in("zoneinfo_show") as gdb:
        pcp = gdb.json("mm pcp --json")
        blocks = [(pageset, each, pfn) for pageset in pcp["pagesets"]
                  for each in pageset["lists"] for pfn in each["pfns"][:1]]
        step = max(len(blocks) // SAMPLES, 1)
        return {
            "pcp": pcp,
            "zoneinfo": gdb.json("mm zoneinfo --json"),
            "text": gdb.run("mm pcp"),
            "pages": [(block, gdb.json(
                f"mm page pfn:{block[2] + (1 << block[1]['order']) - 1} "
                "--json")) for block in blocks[::step]]}


def test_count_is_what_the_lists_hold(looked: dict[str, Any]) -> None:
    """The kernel's own invariant, at a stop in another of its functions."""
    assert looked["pcp"]["problems"] == []
    held = [sum(len(each["pfns"]) << each["order"]
                for each in pageset["lists"])
            for pageset in looked["pcp"]["pagesets"]]
    assert held == [pageset["count"] for pageset in looked["pcp"]["pagesets"]]
    assert sum(held) > 0


def test_counts_are_those_of_zoneinfo(looked: dict[str, Any]) -> None:
    printed = {(zone["node"], zone["zone"], pageset["cpu"]): pageset["values"]
               for zone in looked["zoneinfo"]["zones"]
               for pageset in zone["pagesets"]}
    ours = {(each["node"], each["zone"], each["cpu"]): each
            for each in looked["pcp"]["pagesets"]}
    for key, values in printed.items():
        assert all(ours[key][name] == value for name, value in values.items())
    # A CPU that could come, but is not online, has lists and no page on them.
    assert not any(ours[key]["count"] for key in set(ours) - set(printed))


def test_pages_on_the_lists_say_so(looked: dict[str, Any]) -> None:
    assert looked["pages"]
    for (pageset, each, pfn), page in looked["pages"]:
        assert (page["kind"], page["cpu"], page["zone"], page["node"]) \
            == ("pcp", pageset["cpu"], pageset["zone"], pageset["node"])
        assert (page["order"], page["block_pfn"]) == (each["order"], pfn)
        assert page["pcp_migratetype"] == each["migratetype"]


def test_the_text_fits(looked: dict[str, Any]) -> None:
    assert max(map(len, looked["text"].splitlines())) <= 80
