# SPDX-License-Identifier: GPL-2.0-or-later
"""Random words over the allocator's structures: what nobody thought of.

    for seed in range(30):
        with Edit(machine) as edit:
            noise(edit, random.Random(seed))
            ...                     # every command answers, in some way
"""
from __future__ import annotations

from random import Random

from .corrupt import Edit, Machine
from .gdbmi import GdbError

Place = tuple[str, int, int]        # what, address, bytes
MOST_WORDS = 6


def places(machine: Machine) -> list[Place]:
    """Structures that commands read."""
    sizes, found = machine.sizes, []
    for (node, name), zone in machine.zones.items():
        found.append((f"zone {name} of node {node}", zone["addr"],
                      sizes["zone"]))
    for blocks in machine.lists.values():
        found.append(("page of a free block", blocks[0]["page"],
                      2 * sizes["page"]))
    memblock = machine.variables["memblock"]
    if memblock:
        found.append(("memblock", memblock, sizes["memblock"]))
        found.append(("memblock.reserved's regions", machine.number(
            "(unsigned long) memblock.reserved.regions"),
            4 * sizes["memblock_region"]))
    for name in ("slab_caches", "vmap areas", "percpu slots", "swapper_pg_dir",
                 "node", "mem_map", "vmstat_text", "cma_area_count",
                 "nr_node_ids", "nr_cpu_ids", "per-CPU offsets", "max_pfn",
                 "max_low_pfn", "slab_state", "node_states", "online CPUs",
                 "percpu unit size", "percpu slot count", "percpu base",
                 "vmap lazy pages", "vmap node count", "totalram_pages",
                 "last section", "page_ext table", "symbol count"):
        if machine.variables.get(name):
            found.append((name, machine.variables[name], 2 * machine.word))
    found += _objects(machine)
    return found


def _objects(machine: Machine) -> list[Place]:
    """What was allocated: caches with a slab, areas, chunks."""
    found: list[Place] = []
    try:
        for row in machine.gdb.json("mm slab --json")["caches"][:12]:
            found.append((f"cache {row['name']}", row["addr"],
                          machine.sizes["kmem_cache"]))
            cache = machine.gdb.json(f"mm slab {row['name']} --json")["cache"]
            found += [(f"slab of {row['name']}", slab["addr"],
                       machine.sizes["page"]) for slab in cache["slabs"][:2]]
            found += [(f"node of {row['name']}", node["addr"],
                       machine.sizes["kmem_cache_node"])
                      for node in cache["nodes"]]
        for area in machine.gdb.json("mm vmalloc --json")["areas"][:10]:
            found += [(f"{tag} of {area['start']:#x}", area[tag],
                       machine.sizes[struct])
                      for tag, struct in (("vm", "vm_struct"),
                                          ("vmap_area", "vmap_area"))
                      if area[tag]]
        found.append(("first per-CPU chunk", machine.number(
            "(unsigned long) pcpu_first_chunk"), machine.sizes["pcpu_chunk"]))
    except GdbError:        # not there yet
        pass
    return found


def noise(edit: Edit, random: Random, where: list[Place]) -> str:
    """Write some; Return: what was written, to write it again by hand."""
    machine, done = edit.machine, []
    pages = [block["page"] for blocks in machine.lists.values()
             for block in blocks[:2]]
    top = (1 << 8 * machine.word) - 1
    for _ in range(random.randint(1, MOST_WORDS)):
        name, addr, size = random.choice(where)
        at = addr + random.randrange(0, size, machine.word)
        old = edit.load(at)
        value = random.choice((
            0, 1, top, top >> 1, 1 << 31, random.getrandbits(8 * machine.word),
            random.choice(pages), random.choice(where)[1], at, addr,
            old + 1, old - 1, old ^ 1 << random.randrange(8 * machine.word)))
        edit.store(at, value)
        done.append(f"{name} + {at - addr:#x}: set var *(unsigned long *) "
                    f"{at:#x} = {value & top:#x}")
    return "\n".join(done)
