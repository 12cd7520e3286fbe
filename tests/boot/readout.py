# SPDX-License-Identifier: GPL-2.0-or-later
"""Run inside GDB: prints the state of a guest at rest as one JSON document.

    python read_state([0xc0000000, ...])    # addresses to read and write
"""
import json
import struct

import gdb

GLOBALS = ("min_low_pfn", "max_low_pfn", "max_pfn", "max_mapnr", "mem_map",
           "totalram_pages", "totalhigh_pages", "totalcma_pages",
           "arm_lowmem_limit", "high_memory", "nr_warnings", "nr_bad_pages",
           "cma_area_count", "&_stext", "&_end", "&swapper_pg_dir",
           "page_group_by_mobility_disabled")
ZONE = ("zone_start_pfn", "spanned_pages", "present_pages", "managed_pages")
VM_VM_AREA, VM_NO_GUARD = 4, 0x40
TRUTH = ("memory_pages", "reserved_pages", "free_pages", "cma_blocks",
         "free_digest")


def number(expression):
    """An integer or a pointer, without sign."""
    return int(gdb.parse_and_eval(f"(unsigned long) ({expression})"))


def integers(value, names):
    return {name: int(value[name]) for name in names}


def elements(value, count):
    return [int(value[i]) for i in range(count)]


def regions(name):
    kind = gdb.parse_and_eval(f"memblock.{name}")
    found = [kind["regions"][i] for i in range(int(kind["cnt"]))]
    return [integers(region, ("base", "size", "flags")) for region in found
            if int(region["size"])]


def stat(value, item):
    """A counter of a zone, with the CPUs' differences."""
    index = number(item)
    return int(value["vm_stat"][index]["counter"]) + sum(
        int(pageset["vm_stat_diff"][index]) for pageset in pagesets(value))


def zone(value, orders):
    return {**integers(value, ZONE), "name": value["name"].string(),
            "nr_free": [int(value["free_area"][i]["nr_free"])
                        for i in range(orders)],
            "free_pages": stat(value, "NR_FREE_PAGES"),
            "slab_pages": stat(value, "NR_SLAB_RECLAIMABLE")
            + stat(value, "NR_SLAB_UNRECLAIMABLE"),
            "table_pages": stat(value, "NR_PAGETABLE"),
            "pcp_pages": sum(int(pageset["pcp"]["count"])
                             for pageset in pagesets(value)),
            "free_cma": stat(value, "NR_FREE_CMA_PAGES")}


def pagesets(zone):
    """What each possible CPU has of a zone."""
    for cpu in range(number("nr_cpu_ids")):
        address = (int(zone["pageset"]) + number(f"__per_cpu_offset[{cpu}]")
                   & 0xffffffff)
        yield gdb.parse_and_eval(f"*(struct per_cpu_pageset *) {address}")


def vmap_areas():
    """[virtual, pages] of what the vmalloc area's list says is mapped."""
    found = []
    head = gdb.parse_and_eval("&vmap_area_list")
    link = head["next"]
    while link != head:
        area = gdb.parse_and_eval(
            f"(struct vmap_area *) ((char *) {int(link)}"
            " - (long) &((struct vmap_area *) 0)->list)")
        link = link["next"]
        if not int(area["flags"]) & VM_VM_AREA:
            continue                    # freed, or a block's
        guard = 0 if int(area["vm"]["flags"]) & VM_NO_GUARD else 4096
        size = int(area["va_end"]) - int(area["va_start"]) - guard
        found.append([int(area["va_start"]), size // 4096])
    return found


def truth(name, zones, orders):
    value = gdb.parse_and_eval(name)
    return {"recorded": int(value["recorded"]),
            "free_pages": int(value["free_pages"]),
            "zones": [{**integers(value["zones"][i], TRUTH),
                       "blocks": elements(value["zones"][i]["blocks"], orders)}
                      for i in range(zones)]}


def areas():
    value = gdb.parse_and_eval("cma_areas")
    return [{**integers(value[i], ("base_pfn", "count", "active")),
             "name": value[i]["name"].string()}
            for i in range(number("cma_area_count"))]


def words(inferior, addr, count):
    data = bytes(inferior.read_memory(addr, 4 * count))
    return struct.unpack(f"<{count}I", data)


def translations(inferior):
    """[virtual, physical, pages] runs that the tables map, as hardware reads
    them (short descriptors), from virtual address 0 up."""
    runs = []

    def add(virt, phys, pages):
        if runs and runs[-1][0] + runs[-1][2] * 4096 == virt and (
                runs[-1][1] + runs[-1][2] * 4096 == phys):
            runs[-1][2] += pages
        else:
            runs.append([virt, phys, pages])

    offset = -number("__pv_offset")     # virtual less physical
    for i, entry in enumerate(words(inferior, number("&swapper_pg_dir"), 4096)):
        if entry & 3 == 2:
            add(i << 20, entry & 0xfff00000, 256)
        elif entry & 3 == 1:
            table = words(inferior, (entry & ~0x3ff) + offset & 0xffffffff, 256)
            for n, page in enumerate(table):
                if page & 2:
                    add(i << 20 | n << 12, page & 0xfffff000, 1)
                elif page & 3:
                    raise gdb.GdbError(f"large page at {i:#x}, {n:#x}")
        elif entry & 3:
            raise gdb.GdbError(f"descriptor {entry:#x} of section {i:#x}")
    return runs


def access(inferior, addr):
    """Whether a word at a virtual address can be read and written."""
    try:
        old = bytes(inferior.read_memory(addr, 4))
        inferior.write_memory(addr, b"\x5a\xa5\x0f\xf0")
        new = bytes(inferior.read_memory(addr, 4))
        inferior.write_memory(addr, old)
        return new == b"\x5a\xa5\x0f\xf0"
    except gdb.MemoryError:
        return False


def called(expression):
    """The invariant that a check function of the guest finds broken."""
    value = gdb.parse_and_eval(expression)
    return value.string() if int(value) else None


def read_state(probes):
    inferior = gdb.selected_inferior()
    zones = gdb.parse_and_eval("contig_page_data.node_zones")
    count = zones.type.range()[1] + 1
    orders = zones[0]["free_area"].type.range()[1] + 1
    print(json.dumps({
        **{name.lstrip("&"): number(name) for name in GLOBALS},
        "memory": regions("memory"), "reserved": regions("reserved"),
        "zones": [zone(zones[i], orders) for i in range(count)],
        "truth_mem_init": truth("truth_mem_init", count, orders),
        "truth_mm_init": truth("truth_mm_init", count, orders),
        "truth_cma": truth("truth_cma", count, orders),
        "tree": [number("__atags_pointer"), struct.unpack(">I", bytes(
            inferior.read_memory(number("initial_boot_params") + 4, 4)))[0]],
        "cma_areas": areas(), "translations": translations(inferior),
        "accessible": {addr: access(inferior, addr) for addr in probes},
        "zone_check": [called(f"zone_check(&contig_page_data.node_zones[{i}])")
                       for i in range(count)],
        "mm_check": called("mm_check()"), "vmap_areas": vmap_areas(),
        "slab_state": number("slab_state == FULL"),
    }))
