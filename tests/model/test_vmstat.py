# SPDX-License-Identifier: GPL-2.0-or-later
"""Counters with what CPUs have not added yet are exact."""
import pytest

from machine64 import Machine64
from mmscope.model.vmstat import exact_counter, exact_node_counters, exact_zone_counters
from shapes64 import EARLY, LATE


@pytest.mark.parametrize("text", [LATE, EARLY], ids=["late", "early"])
def test_a_zones_counters_have_every_cpus_difference(text):
    machine = Machine64(text)
    own = "per_cpu_zonestat" if machine.late else "per_cpu_pageset"
    for at, value in enumerate((1000, 0, 7)):
        machine.put(machine.zone(1), "zone", f"vm_stat[{at}].counter", value)
    machine.put(machine.stats(0, 1), own, "vm_stat_diff[0]", -5)
    machine.put(machine.stats(1, 1), own, "vm_stat_diff[0]", -25)
    machine.put(machine.stats(1, 1), own, "vm_stat_diff[1]", -2)
    machine.put(machine.stats(0, 1), own, "vm_stat_diff[2]", 3)
    ctx = machine.context()
    assert exact_zone_counters(ctx, machine.zone(1)) == (970, -2, 10)
    assert exact_zone_counters(ctx, machine.zone(0)) == (0, 0, 0)
    assert exact_counter(ctx, "zone", machine.zone(1), "NR_OLD", "NR_FREE_PAGES") == 970
    assert exact_counter(ctx, "zone", machine.zone(1), "NR_OLD") is None


def test_a_nodes_counters_have_them_too():
    machine = Machine64(LATE)
    pointer = machine.take(2 * 0x1000)
    machine.put(machine.nodes[1], "pglist_data", "per_cpu_nodestats", pointer - machine.areas + 0x1000)
    machine.put(machine.nodes[1], "pglist_data", "vm_stat[0].counter", 50)
    machine.put(pointer, "per_cpu_nodestat", "vm_node_stat_diff[0]", 125)
    machine.put(pointer + 0x1000, "per_cpu_nodestat", "vm_node_stat_diff[0]", -100)
    ctx = machine.context()
    assert exact_node_counters(ctx, machine.nodes[1]) == (75, 0, 0)
    assert exact_counter(ctx, "pglist_data", machine.nodes[1], "NR_FILE_PAGES") == 75


def test_a_kernel_without_differences_has_its_counters():
    machine = Machine64(EARLY)
    machine.put(machine.nodes[0], "pglist_data", "vm_stat[1].counter", 3)
    assert exact_node_counters(machine.context(), machine.nodes[0]) == (0, 3, 0)
