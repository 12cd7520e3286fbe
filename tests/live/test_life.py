# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands on a guest that lives: through mm_init, after workloads, and stopped in the middle of a change."""
import collections
import re

import pytest

TRUTH_PAGES, TRUTH_KMALLOC, TRUTH_CACHE, TRUTH_CMA = 1, 2, 3, 6
LARGEST_KMALLOC = 8192          # from here on kmalloc gives whole blocks
CHECKED = ("info", "memblock", "zones", "buddy --blocks", "buddyinfo")

STAGES = (("mm_init", "zones"), ("mem_init", "zones"), ("kmem_cache_init", "buddy"), ("percpu_init_late", "slab"),
          ("pgtable_init", "slab"), ("vmalloc_init", "slab"), ("ioremap_huge_init", "slab"), ("kaiser_init", "slab"),
          ("setup_per_cpu_pageset", "slab"), ("cma_init_reserved_areas", "slab"), ("cpu_idle", "booted"))

# Printed inside GDB: what is held, a line each: kind order pfn addr size, and the cache's name.
HELD = r"""python
for index in range(int(gdb.parse_and_eval("sizeof(truth_allocs) / sizeof(truth_allocs[0])"))):
    held = gdb.parse_and_eval("truth_allocs")[index]
    if int(held["kind"]):
        name = held["cache"]["name"].string() if int(held["cache"]) else "-"
        print(int(held["kind"]), int(held["order"]), int(held["pfn"]), int(held["addr"]), int(held["size"]), name)
end"""


def problems(gdb):
    """What any command says is broken, and what zones are locked."""
    found = []
    for command in CHECKED:
        answer = gdb.json(f"mm {command} --json")
        found += answer["problems"]
    return found, gdb.json("mm buddy --json")["locked"]


def held(guest):
    """(kind, order, pfn, addr, size, cache's name) of what the workload holds."""
    script = guest.folder / "held.gdb"
    script.write_text(HELD + "\n")
    lines = [line.split() for line in guest.gdb.run(f"source {script}").splitlines()]
    return [(*map(int, numbers), name) for *numbers, name in lines]


def page(gdb, x):
    """What mm page says."""
    answer = gdb.json(f"mm page {x} --json")
    assert answer["problems"] == []
    return answer


@pytest.mark.parametrize("board", ["article", "sabrelite", "virt"])
def test_each_call_of_mm_init_leaves_a_sound_machine_at_its_stage(boot, board):
    guest = boot(board, "--append", "page_owner=on" if board == "virt" else "").load()
    for function, stage in STAGES:
        guest.run_to(function)
        assert problems(guest.gdb) == ([], []), function
        assert guest.gdb.json("mm info --json")["stage"] == stage, function


@pytest.fixture(scope="module", params=[
    ("article", "mixed,1,600"), ("virt", "mixed,9,600"), ("article", "fragment,1,100"), ("sabrelite", "cma,1,200"),
    ("virt", "exhaust,1,1")], ids=lambda row: "-".join(row))
def lived(request, boot):
    """A guest in its idle loop, after a workload that went well."""
    board, scenario = request.param
    guest = boot(board, "--append", f"cma=64M scenario={scenario}").load()
    guest.run_to("cpu_idle")
    run = re.search(r"scenario .*: (\d+) allocs, .* 0 spoilt, (\d+) held\n", guest.console())
    assert run and int(run[1])
    return guest


def test_nothing_is_reported_after_a_workload(lived):
    assert problems(lived.gdb) == ([], [])


def test_what_is_held_is_in_use_and_in_no_free_block(lived):
    gdb = lived.gdb
    free = gdb.json("mm buddy --blocks --json")["blocks"]
    taken = set()
    for block in free:
        taken.update(range(block["pfn"], block["pfn"] + (1 << block["order"])))
    for kind, order, pfn, _, size, _ in held(lived):
        if kind not in (TRUTH_PAGES, TRUTH_CMA):
            continue
        pages = 1 << order if kind == TRUTH_PAGES else size
        assert taken.isdisjoint(range(pfn, pfn + pages))
        for at in {pfn, pfn + pages // 2, pfn + pages - 1}:
            assert page(gdb, f"pfn:{at}")["kind"] == "used"


def test_objects_lie_in_slabs_of_their_cache(lived):
    for kind, _, _, addr, size, name in held(lived):
        if kind not in (TRUTH_KMALLOC, TRUTH_CACHE):
            continue
        found = page(lived.gdb, f"{addr & 0xffffffff:#x}")
        if kind == TRUTH_KMALLOC and size > LARGEST_KMALLOC:
            assert (found["kind"], found["block_pfn"]) == ("compound", found["pfn"])
            assert 4096 << found["order"] >= size > 2048 << found["order"]
            continue
        assert found["kind"] == "slab"
        assert found["block_pfn"] <= found["pfn"] < found["block_pfn"] + (1 << found["order"])
        if kind == TRUTH_CACHE:
            assert found["cache"] == name
        else:
            least = min(each for each in (64, 128, 192, *(1 << n for n in range(8, 14))) if each >= size)
            assert found["cache"] == f"kmalloc-{least}"
        if found["block_pfn"] == found["pfn"]:
            assert f"slab of cache {found['cache']}}}" in lived.gdb.run(f"print *$mm_page({found['pfn']})")


def test_every_page_of_a_compound_block_names_its_head(lived):
    gdb = lived.gdb
    head = gdb.number("$mm_pfn(kmalloc(40000, 0x24000c0))")
    for pfn in (head, head + 1, head + 2, head + 15):
        found = page(gdb, f"pfn:{pfn}")
        assert (found["kind"], found["order"], found["block_pfn"]) == ("compound", 4, head)
    assert f"in the compound page at pfn {head:#x}" in gdb.run(f"print *$mm_page({head + 3})")
    gdb.run(f"print kfree($mm_virt(\"pfn:{head}\"))")
    assert page(gdb, f"pfn:{head}")["kind"] == "free"


def test_a_page_given_back_is_on_the_boot_cpus_list(lived):
    gdb = lived.gdb
    gdb.run("print $page = alloc_pages(0x24000c0, 0)")
    assert page(gdb, "$page")["kind"] == "used"
    gdb.run("print __free_pages($page, 0)")
    found = page(gdb, "$page")
    assert (found["kind"], found["cpu"], found["order"]) == ("pcp", 0, 0)
    assert found["pcp_migratetype"] == found["migratetype"]
    assert f"free, on a CPU's list (CPU 0, {found['migratetype']})" in gdb.run("mm page $page")
    gdb.run("print drain_local_pages(0)")
    assert page(gdb, "$page")["kind"] == "free"


def test_every_page_of_a_small_machine_is_in_one_bucket_as_the_guest_counts(boot):
    """Each of 16384 pages through mm page's model, against the guest's own counters."""
    guest = boot("virt", "--memory", "64M", "--smp", "2", "--append", "scenario=mixed,5").load()
    guest.run_to("cpu_idle")
    script = guest.folder / "count.gdb"
    script.write_text("""python
import collections
from mmscope.command.registry import COMMANDS
from mmscope.model.address import resolve
from mmscope.model.page import page_of
real = COMMANDS["page"].run
def run(ctx, args):
    found = collections.Counter(page_of(ctx, resolve(ctx, f"pfn:{pfn}")).kind
                                for pfn in range(ctx.pages.start_pfn, ctx.pages.end_pfn))
    print(" ".join(f"{kind}={number}" for kind, number in found.items()))
    return real(ctx, args)
object.__setattr__(COMMANDS["page"], "run", run)
gdb.execute("mm page pfn:0x40000")
object.__setattr__(COMMANDS["page"], "run", real)
end
""")
    text = guest.gdb.run(f"source {script}", limit_seconds=120).splitlines()[0]
    buckets = collections.Counter({kind: int(number) for kind, number in (word.split("=") for word in text.split())})
    number, zone = guest.gdb.number, "contig_page_data.node_zones[0]"

    def counted(*items):
        return sum(number(f"zone_page_state_snapshot(&{zone}, {item})") for item in items)

    managed = number(f"{zone}.managed_pages")
    assert sum(buckets.values()) == number(f"{zone}.present_pages") == 16384
    assert buckets["reserved"] == 16384 - managed
    assert buckets["free"] == counted("NR_FREE_PAGES")
    assert buckets["slab"] == counted("NR_SLAB_RECLAIMABLE", "NR_SLAB_UNRECLAIMABLE")
    assert buckets["pagetable"] == counted("NR_PAGETABLE")
    listed = sum(number(f"((struct per_cpu_pageset *)((char *){zone}.pageset + __per_cpu_offset[{cpu}]))->pcp.count")
                 for cpu in range(2))
    assert buckets["pcp"] == listed > 0
    in_use = sum(buckets[kind] for kind in ("slab", "pagetable", "compound", "used"))
    assert managed == buckets["free"] + buckets["pcp"] + in_use
    blocks = sum(1 << order for kind, order, *_ in held(guest) if kind == TRUTH_PAGES)
    assert 0 < blocks <= buckets["used"]


@pytest.mark.parametrize("function", [
    "__free_one_page", "expand", "rmqueue", "free_pcppages_bulk", "refill_pcp", "alloc_vmap_area", "new_slab"])
def test_in_the_middle_of_a_change_only_a_locked_zone_has_problems(boot, function):
    guest = boot("sabrelite", "--append", "scenario=mixed,3,300").load()
    gdb = guest.gdb
    guest.run_to("scenario_run")
    gdb.run(f"break {function}")
    for _ in range(3):
        assert gdb.go().function == function
        for _ in range(8):
            found, locked = problems(gdb)
            assert not found or locked
            assert {problem["id"] for problem in found} <= {"BUDDY-1", "BUDDY-2", "BUDDY-5", "LIST-1", "LIST-3"}
            gdb.run("stepi 9")


def test_owners_of_the_boots_reservations_are_named(boot):
    guest = boot("sabrelite", "--append", "page_owner=on").load()
    guest.run_to("cpu_idle")
    gdb = guest.gdb
    reserved = gdb.json("mm memblock --json")["reserved"]

    def owner(addr):
        phys = gdb.number(f"(unsigned long)({addr})") & 0xFFFFFFFF
        phys += 0x10000000 - 0xC0000000
        region = next(each for each in reserved if each["base"] <= phys < each["base"] + each["size"])
        return region["owner"], page(gdb, f"phys:{phys:#x}")

    for addr, name in (("pcpu_base_addr", "per-CPU areas"), ("page_ext_table", "page_ext"), ("mem_map", "mem_map"),
                       ("pkmap_page_table", "page tables"),
                       ("contig_page_data.node_zones[1].pageblock_flags", "pageblock types")):
        region, found = owner(addr)
        assert name in region
        assert found["kind"] == "reserved" and name in found["owner"]
    last = gdb.number("(unsigned long)pcpu_base_addr") + 4 * gdb.number("pcpu_unit_size") - 1
    assert owner(str(last))[1]["owner"] == "per-CPU areas"
