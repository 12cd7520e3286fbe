# SPDX-License-Identifier: GPL-2.0-or-later
"""Names resolve by what is there; what is not there is said."""
import pytest

from machine import LOW_PAGES, LOW_START
from mmscope.errors import FaultError, MissingError, MmError
from mmscope.layout import reader
from mmscope.layout.buddymark import buddy_mark
from mmscope.layout.layout import Layout
from mmscope.layout.pageflags import page_flags
from mmscope.layout.versions import FIELDS
from mmscope.model.found import found
from mmscope.view.layout import layout_text
from shapes import LINUX_4_9, LINUX_6_1, Shapes


def layout(text):
    return Layout(Shapes(text, 0))


def test_the_newest_spelling_that_is_there_is_taken():
    assert layout(LINUX_4_9).field("zone.managed_pages").path == "managed_pages"
    assert layout(LINUX_6_1).field("zone.managed_pages").path == "managed_pages.counter"
    assert layout(LINUX_6_1).field("page.buddy_list.next").path == "buddy_list.next"
    assert layout(LINUX_4_9).variable("totalram_pages").path == "totalram_pages"
    assert layout(LINUX_6_1).variable("totalram_pages").path == "_totalram_pages.counter"


def test_flags_in_a_struct_of_their_own():
    text = LINUX_6_1.replace("struct page\n    u32 flags",
                             "struct memdesc_flags_t\n    u32 f\nstruct page\n    memdesc_flags_t flags")
    assert layout(text).field("page.flags").path == "flags.f"


def test_missing_member_names_what_was_looked_for():
    text = LINUX_4_9.replace("    u32 watermark[3]\n", "")
    with pytest.raises(MissingError, match="_watermark, watermark"):
        layout(text).field("zone.watermark")


def test_missing_struct_is_said():
    with pytest.raises(MissingError, match="no struct zone"):
        layout("struct page\n    u32 flags\n").field("zone.name")


@pytest.mark.parametrize("text, since", [
    (LINUX_4_9, "v2.6.38"), (LINUX_6_1, "v4.18"), (LINUX_6_1 + "enum pagetype PGTY_buddy=240 PGTY_offline\n", "v6.12")])
def test_mark_of_a_free_block(text, since):
    assert buddy_mark(layout(text)).since == since


def test_marks_match_the_values_that_kernels_store():
    for text, value in ((LINUX_4_9, -128), (LINUX_6_1, 0xFFFFFF7F),
                        (LINUX_6_1 + "enum pagetype PGTY_buddy=240\n", 0xF0000000)):
        mark = buddy_mark(layout(text))
        assert value & mark.mask == mark.value
        assert 0xFFFFFFFF & mark.mask != mark.value


@pytest.mark.parametrize("zones, bits", [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_zone_bits_by_number_of_zones(zones, bits):
    text = LINUX_4_9.replace("enum zone_type ZONE_NORMAL ZONE_HIGHMEM ZONE_MOVABLE __MAX_NR_ZONES",
                             f"enum zone_type ZONE_NORMAL __MAX_NR_ZONES={zones}")
    division = page_flags(layout(text))
    assert (division.zone_bits, division.zone_shift) == (bits, 32 - bits)


def test_nodes_take_bits_above_the_zone():
    division = page_flags(layout(LINUX_6_1 + "var ptr node_data[16]\n"))
    assert (division.node_shift, division.zone_shift) == (28, 26)
    assert division.node(0xF0000000) == 15


def test_every_row_of_the_table_is_shown(machine):
    report = found(machine.context(), None)
    assert {member.name for member in report.members} == set(FIELDS)
    assert max(map(len, layout_text(report).splitlines())) <= 80


def test_one_struct_can_be_asked_for(machine):
    assert set(found(machine.context(), "page").structs) == {"page"}
    with pytest.raises(MmError, match="nonsense"):
        found(machine.context(), "nonsense")


def test_a_large_struct_is_read_only_where_it_is_looked_at(machine_4_9, monkeypatch):
    monkeypatch.setattr(reader, "LARGE_BYTES", 1024)
    read = machine_4_9.context().read
    node = read.record("pglist_data", machine_4_9.addr("contig_page_data"))
    assert read.memory.cost.requests == 0
    assert node.get("node_start_pfn") == LOW_START and read.memory.cost.requests == 1
    zone = node.inner("node_zones", "zone", 0)
    assert zone.get("present_pages") == LOW_PAGES
    with pytest.raises(FaultError):
        read.record("pglist_data", 0x1000).get("node_start_pfn")
