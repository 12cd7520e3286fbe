# SPDX-License-Identifier: GPL-2.0-or-later
"""vmalloc areas, held to what the kernel prints of the same moment.

Up to 6.8 s_show prints one area a call, with the list locked for a page of
text; from 6.9 vmalloc_info_show prints all. Addresses are hashed unless
kptr_restrict says otherwise: it does while this module runs.
"""
from __future__ import annotations

from typing import Any, Iterator

import pytest

from harness.gdbmi import GdbError
from lab_guest import HELD_LIMIT_SECONDS, LabGuest
from proc_text import batch

WHOLE, LINES = "vmalloc_info_show", "'mm/vmalloc.c'::s_show"
QUIET = "frag_show"         # where nothing is being done to areas
TRIES = 60
SOUND_TRIES = 5


@pytest.fixture(scope="module")
def guest(booted_guest: LabGuest) -> Iterator[LabGuest]:
    """The guest, which shows a privileged reader real addresses."""
    with booted_guest.held_in(QUIET) as gdb:
        before = gdb.number("kptr_restrict")
        gdb.run("set var kptr_restrict = 1")
    yield booted_guest
    with booted_guest.held_in(QUIET) as gdb:
        gdb.run(f"set var kptr_restrict = {before}")


@pytest.fixture(scope="module")
def printed(guest: LabGuest) -> tuple[str, str]:
    """All lines, ours and the kernel's of the same moment."""
    try:
        guest.gdb.number("sizeof(struct vmap_node)")
    except GdbError:
        return in_batches(guest)
    with guest.held_in(WHOLE) as gdb:
        address = gdb.number("(unsigned long)$pc")
        for _ in range(TRIES):
            ours, text = gdb.run("mm vmallocinfo"), printed_whole(guest)
            if text == ours:
                break
            guest.next_hit(address, HELD_LIMIT_SECONDS)
    return ours, text or ""


def printed_whole(guest: LabGuest) -> str | None:
    """The file; None when it did not fit, or the CPU that stands has a lock.

    The other one cannot print then: it is stopped where it waits.
    """
    try:
        return guest.kernel_text()
    except AssertionError:
        return None


def in_batches(guest: LabGuest) -> tuple[str, str]:
    """The same, where each page of text is a moment of its own.

    What one read of the file gives from the first line to the last one, page
    by page, while every page is a part of ours.
    """
    whole: list[str] = []
    with guest.held_in(LINES) as gdb:
        address = gdb.number("(unsigned long)$pc")
        for _ in range(TRIES):
            ours = gdb.run("mm vmallocinfo").splitlines(keepends=True)
            part = batch(guest, gdb).splitlines(keepends=True)
            at = ours.index(part[0]) if part and part[0] in ours else -1
            same = at >= 0 and ours[at:at + len(part)] == part
            if at == 0:
                whole = []
            if same and (whole or at == 0):
                whole += part
                if at + len(part) == len(ours):
                    break
            else:
                whole = []
            guest.next_hit(address, HELD_LIMIT_SECONDS)
    return "".join(ours), "".join(whole[-len(ours):])


@pytest.fixture(scope="module")
def report(guest: LabGuest) -> dict[str, Any]:
    """mm vmalloc at a stop that is in the middle of nothing."""
    with guest.held_in(QUIET) as gdb:
        address = gdb.number("(unsigned long)$pc")
        for _ in range(SOUND_TRIES):
            found = gdb.json("mm vmalloc --json")
            if not found["problems"]:
                break
            guest.next_hit(address, HELD_LIMIT_SECONDS)
    return found


def test_every_line_of_vmallocinfo_is_the_kernels(
        printed: tuple[str, str]) -> None:
    ours, kernels = printed
    assert len(kernels.splitlines()) > 40
    assert ours == kernels


def test_areas_are_sound(report: dict[str, Any]) -> None:
    assert report["problems"] == []
    assert report["ready"]
    spans = [(area["start"], area["end"]) for area in report["areas"]]
    assert spans == sorted(spans) and len(spans) > 40
    assert all(low[1] <= high[0] for low, high in zip(spans, spans[1:]))


def test_areas_and_free_ranges_fill_the_vmalloc_area(
        guest: LabGuest, report: dict[str, Any]) -> None:
    """Nothing is forgotten. Of arm64 the area's end is not known."""
    start, end = report["start"], report["end"]
    spans = sorted((max(each["start"], start), min(each["end"], end))
                   for each in report["areas"] + report["free"]
                   if start < each["end"] and each["start"] < end)
    assert all(low[1] == high[0] for low, high in zip(spans, spans[1:]))
    if guest.kernel.arch != "arm64":
        assert (spans[0][0], spans[-1][1]) == (start, end)


def test_an_address_is_found_with_its_page(guest: LabGuest) -> None:
    with guest.held_in(QUIET) as gdb:
        area = next(area for area in gdb.json("mm vmalloc --json")["areas"]
                    if area["kind"] == "vmalloc"
                    and (area["nr_pages"] or 0) > 1)
        page = (area["end"] - area["start"]) // (area["nr_pages"] + 1)
        place = gdb.json(f"mm vmalloc {area['start'] + page + 8} --json")
        shown = gdb.json(f"mm page {place['page']} --json")
        kernels = gdb.number(
            f"(unsigned long)((struct vm_struct *){area['vm']})->pages[1]"
        ) % 2 ** (8 * gdb.number("sizeof(long)"))
    assert place["area"]["vm"] == area["vm"] and place["offset"] == page + 8
    assert place["page"] == kernels and shown["pfn"] == place["pfn"]
