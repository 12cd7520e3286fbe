# SPDX-License-Identifier: GPL-2.0-or-later
"""mm zoneinfo is what the kernel would print: its names, its formats, its numbers."""
import pytest

from machine64 import Machine64
from mmscope.model.procformat import Formats, fill, labels
from mmscope.model.zoneinfo import zoneinfo
from mmscope.view.zoneinfo import zoneinfo_text
from shapes64 import EARLY, LATE

PAGES = (b"\n  pages free     %lu\n        boost    %lu\n        min      %lu"
         b"\n        promo    %lu\n        cma      %lu")
PAGESET = b"\n    cpu: %i\n              count:    %i\n              high_min: %i"
LAST = b"\n  node_unreclaimable:  %u\n  start_pfn:           %lu\n  free_highatomic:     %lu"
LATE_TEXT = """\
Node 0, zone      DMA
  per-node stats
      nr_file_pages 77
      nr_anon_transparent_hugepages 3
      nr_last      0
  pages free     11
        boost    5
        min      105
        promo    5
        cma      9
        protection: (0, -1, 0)
      nr_free_pages 11
      nr_mlock     0
      nr_free_cma  0
      numa_hit     1006
      numa_miss    0
  pagesets
    cpu: 0
              count:    0
              high_min: 0
  vm stats threshold: 4
    cpu: 1
              count:    12
              high_min: 63
  vm stats threshold: 4
  node_unreclaimable:  1
  start_pfn:           1
  free_highatomic:     512
"""
EMPTY_LATE = """\
Node 0, zone   Normal
  pages free     0
        boost    0
        min      0
        promo    0
        cma      0
        protection: (0, 0, 0)
"""
EARLY_TEXT = """\
Node 1, zone   Normal
  per-node stats
      nr_file_pages 0
      nr_anon_transparent_hugepages 1536
      nr_last      0
  pages free     11
        min      105
        low      5
        high     5
        spanned  4096
        present  4096
        managed  4096
        protection: (0, -1, 0)
      nr_free_pages 11
      nr_mlock     0
      nr_free_cma  0
      numa_hit     1006
      numa_miss    0
  pagesets
    cpu: 0
              count: 0
              high:  0
              batch: 0
  vm stats threshold: 4
    cpu: 1
              count: 12
              high:  186
              batch: 0
  vm stats threshold: 4
  node_unreclaimable:  0
  start_pfn:           8192
Node 1, zone  Movable
"""


def filled(text, node):
    """A machine whose node has numbers to be printed."""
    machine = Machine64(text)
    zone, own = machine.zone(node), "per_cpu_zonestat" if machine.late else "per_cpu_pageset"
    for name, value in (("vm_stat[0].counter", 11), ("vm_stat[1].counter", -2), ("watermark_boost", 5),
                        ("_watermark[0]", 100), ("lowmem_reserve[1]", -1)):
        machine.put(zone, "zone", name, value)
    machine.put(zone, "zone", "vm_numa_event[0].counter" if machine.late else "vm_numa_stat[0].counter", 1000)
    for cpu in range(2):
        machine.put(machine.stats(cpu, node), own, "stat_threshold", 4)
        machine.put(machine.stats(cpu, node), own, "vm_numa_event[0]" if machine.late else "vm_numa_stat_diff[0]", 3)
    machine.put(machine.percpu(1, node), "per_cpu_pages", "count", 12)
    return machine, zone


def test_a_late_kernel_prints_what_its_formats_have():
    machine, zone = filled(LATE, 0)
    machine.constants = b"else\0".join([b"x\0", PAGES + b"\0", PAGESET + b"\0", LAST + b"\0"])
    machine.put(zone, "zone", "cma_pages", 9)
    machine.put(zone, "zone", "nr_free_highatomic", 512)
    machine.put(machine.nodes[0], "pglist_data", "kswapd_failures.counter", 16)
    machine.put(machine.nodes[0], "pglist_data", "vm_stat[0].counter", 77)
    machine.put(machine.nodes[0], "pglist_data", "vm_stat[1].counter", 3 * 512)     # kept in pages
    machine.put(machine.percpu(1, 0), "per_cpu_pages", "high_min", 63)
    text = zoneinfo_text(zoneinfo(machine.context()))
    assert text.startswith(LATE_TEXT + EMPTY_LATE)


def test_an_early_kernel_keeps_huge_pages_as_such_and_numa_events_with_the_lists():
    machine, _ = filled(EARLY, 1)
    machine.put(machine.nodes[1], "pglist_data", "vm_stat[1].counter", 3 * 512)
    machine.put(machine.nodes[1], "pglist_data", "kswapd_failures", 15)
    machine.put(machine.percpu(1, 1), "per_cpu_pages", "high", 186)
    # This one does not print the boost; its watermarks have it in them.
    assert EARLY_TEXT in zoneinfo_text(zoneinfo(machine.context()))


def test_a_cpu_that_is_not_online_is_not_printed():
    machine, _ = filled(LATE, 0)
    machine.poke(machine.addr("__cpu_online_mask"), 1)
    zone = zoneinfo(machine.context()).zones[0]
    assert [pageset.cpu for pageset in zone.pagesets] == [0]
    assert zone.numa["numa_hit"] == 1003


def test_a_word_that_is_not_known_is_shown_as_such():
    machine, _ = filled(LATE, 0)
    machine.constants = b"\0\n  pages free     %lu\n        novelty  %lu\0"
    info = zoneinfo(machine.context())
    assert info.zones[0].pages == {"free": 11, "novelty": None}
    assert "  pages free     11\n        novelty  ?\n" in zoneinfo_text(info)


@pytest.mark.parametrize("constants", [b"", b"\n  pages free     %lu", b"\0\n  pages free     %lu"])
def test_formats_that_are_not_whole_are_not_taken(constants):
    machine = Machine64(LATE)
    machine.constants = constants
    assert Formats(machine.context()).find("\n  pages free") is None


def test_formats_are_filled_by_the_words_before_the_numbers():
    text = "\n  a: %i, bb %lu\n   cc:   %u"
    assert labels(text) == ("a", "bb", "cc")
    assert fill(text, {"a": -1, "bb": 2}) == "\n  a: -1, bb 2\n   cc:   ?"


def test_names_come_from_the_enumerators_without_vmstat_text(machine):
    zone = zoneinfo(machine.context()).zones[machine.low]
    assert list(zone.stats) == ["nr_free_pages", "nr_free_cma_pages"] and zone.numa == {}


def test_zoneinfo_works_before_the_lists_are_set_up(machine):
    text = zoneinfo_text(zoneinfo(machine.context()))
    assert "Node 0, zone  Highmem\n" in text and "count: ?" in text
