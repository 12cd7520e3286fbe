# SPDX-License-Identifier: GPL-2.0-or-later
"""Zones are decoded in both spellings of their counters."""
import pytest

from machine import HIGH_PAGES, HIGH_START, LOW_PAGES, LOW_START
from mmscope.model.zone import zone_names, zone_report
from mmscope.view.zones import zones_text


def test_counts_names_and_totals(machine):
    report = zone_report(machine.context())
    low, high = report.zones[machine.low], report.zones[machine.high]
    assert (low.start_pfn, low.spanned_pages, low.managed_pages) == (LOW_START, LOW_PAGES, LOW_PAGES)
    assert (high.start_pfn, high.present_pages, high.name) == (HIGH_START, HIGH_PAGES, "Highmem")
    assert (report.totalram_pages, report.totalhigh_pages) == (LOW_PAGES + HIGH_PAGES, HIGH_PAGES)
    assert report.max_low_pfn == HIGH_START


def test_only_zones_with_memory_are_offered(machine):
    assert len(zone_names(machine.context())) == 2


def test_watermarks_have_the_kernels_names(machine):
    name = "_watermark[1]" if machine.new_style else "watermark[1]"
    machine.put(machine.zone(machine.low), "zone", name, 77)
    mark = zone_report(machine.context()).zones[machine.low].watermark
    assert list(mark) == ["min", "low", "high"] + (["promo"] if machine.new_style else [])
    assert mark["low"] == 77


def test_cma_pages_are_unknown_where_the_kernel_does_not_count_them(machine):
    assert zone_report(machine.context()).zones[0].cma_pages == (0 if machine.new_style else None)


def test_free_counter_may_be_negative(machine):
    machine.put(machine.zone(machine.low), "zone", "vm_stat[0].counter", -3)
    assert zone_report(machine.context()).zones[machine.low].free_pages == -3


def test_text_has_hex_decimal_and_bytes(machine):
    text = zones_text(zone_report(machine.context()))
    line = next(line for line in text.splitlines() if "managed" in line)
    assert line.split()[-4:] == ["0x1000", "4096", "16", "MiB"]
    assert max(map(len, text.splitlines())) <= 80


def test_name_that_cannot_be_read_does_not_stop_the_rest(machine):
    machine.put(machine.zone(machine.low), "zone", "name", 4)
    assert zone_report(machine.context()).zones[machine.low].name == f"zone{machine.low}"


@pytest.mark.parametrize("name, value", [
    ("spanned_pages", 0), ("spanned_pages", LOW_PAGES - 1), ("present_pages", 0xFFFFFFFF),
    ("present_pages", LOW_PAGES - 1)])
def test_zone_1_counts_out_of_order(machine, name, value):
    machine.put(machine.zone(machine.low), "zone", name, value)
    assert [problem.id for problem in zone_report(machine.context()).problems] == ["ZONE-1"]


def test_counts_in_order_are_sound(machine):
    assert zone_report(machine.context()).problems == ()


def test_a_held_lock_is_seen_in_both_forms(machine):
    def locked():
        return zone_report(machine.context()).zones[machine.low].locked
    assert locked() is False
    machine.take_lock(machine.low)
    assert locked() is True


def test_a_lock_of_another_form_is_unknown(machine):
    del machine.shapes.struct("zone").members["lock"]
    assert zone_report(machine.context()).zones[machine.low].locked is None
