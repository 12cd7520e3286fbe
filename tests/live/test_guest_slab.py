# SPDX-License-Identifier: GPL-2.0-or-later
"""mm slab on the guest, held to what its own allocator gives out and checks."""
import pytest

GFP_KERNEL = 0x24000c0
OBJECTS = 100           # of 100 bytes: more than two slabs


class Cache:
    """A cache of the guest that GDB uses."""

    def __init__(self, guest):
        self.guest, self.gdb = guest, guest.gdb
        self.gdb.run("print $cache = kmem_cache_create(kmalloc_caches[7]->name, 100, 0, 0, 0)")
        self.addr = self.gdb.number("(unsigned long) $cache")
        # Two caches have that name: the copy gets one of its own.
        self.gdb.run("set var *(char *) $cache->name = 'K'")
        self.name = "Kmalloc-128"

    def alloc(self):
        """An object."""
        self.gdb.run(f"print $given = kmem_cache_alloc($cache, {GFP_KERNEL})")
        return self.gdb.number("(unsigned long) $given")

    def free(self, addr):
        """Give one back."""
        self.gdb.run(f"print kmem_cache_free($cache, (void *) {addr})")

    def look(self, *options):
        """mm slab of it."""
        return self.gdb.json(" ".join(("mm slab", self.name, *options, "--json")))


@pytest.fixture(scope="module", params=[(), ("--append", "slub_debug")], ids=["plain", "slub_debug"])
def cache(request, boot):
    """A cache with objects in use and free ones in between, after the boot."""
    guest = boot("article", *request.param).load()
    guest.run_to("cpu_idle")
    cache = Cache(guest)
    cache.debugged = bool(request.param)
    cache.given = [cache.alloc() for _ in range(OBJECTS)]
    cache.given = [addr for index, addr in enumerate(cache.given) if index % 5 or cache.free(addr)]
    return cache


def test_every_object_given_out_is_allocated_and_no_other(cache):
    report = cache.look("--objects")
    assert report["problems"] == []
    assert {each["addr"] for each in report["cache"]["objects"] if not each["free"]} == set(cache.given)
    row, = report["caches"]
    assert len(report["cache"]["objects"]) == row["num_objs"] and len(report["cache"]["slabs"]) == row["slabs"]


def test_the_first_free_object_is_given_out_next(cache):
    for _ in range(4 if not cache.debugged else 0):     # with slub_debug no CPU keeps a slab
        expected = cache.look()["cache"]["cpus"][0]["free"]
        assert len(expected) > 1
        cache.given.append(cache.alloc())
        assert cache.given[-1] == expected[0]
        assert cache.look()["cache"]["cpus"][0]["free"] == expected[1:]


def test_debugged_caches_have_a_red_zone_in_front_and_a_full_list(cache):
    detail = cache.look("--full")["cache"]
    assert (detail["cache"]["red_left_pad"] > 0) == cache.debugged
    assert ("RED_ZONE" in detail["cache"]["flag_names"]) == cache.debugged
    full = {slab["addr"] for slab in detail["slabs"] if slab["where"] == "full"}
    listed = set(detail["nodes"][0]["full"])
    assert listed == (full if cache.debugged else set())


def test_every_cache_is_sound_and_counted_as_the_guest_does(cache):
    gdb = cache.gdb
    table = gdb.json("mm slab --json")
    assert table["problems"] == []
    for row in table["caches"]:
        at = f"((struct kmem_cache *) {row['addr']})"
        assert [row[key] for key in ("size", "object_size", "slabs", "num_objs")] == [
            gdb.number(f"{at}->{member}") for member in (
                "size", "object_size", "node[0]->nr_slabs.counter", "node[0]->total_objects.counter")]
        report = gdb.json(f"mm slab {row['name']} --full --json")
        assert report["problems"] == []
        assert len(report["cache"]["slabs"]) == row["slabs"]


def test_slabinfo_has_a_line_for_each_cache(cache):
    text = cache.gdb.run("mm slabinfo").splitlines()
    rows = cache.gdb.json("mm slab --json")["caches"]
    assert [line.split()[:4] for line in text[2:]] == [
        [row["name"], *(str(row[key]) for key in ("active_objs", "num_objs", "size"))] for row in rows]


def test_an_expression_is_an_object(cache):
    addr = cache.given[0]
    found = cache.gdb.json(f"mm slab (char *){addr} + 3 --json")["object"]
    assert (found["cache"], found["offset"], found["object"]["addr"], found["object"]["free"]) \
        == (cache.name, 3, addr, False)
    assert "allocated" in cache.gdb.run(f"mm slab {addr}")
    assert "in no slab" in cache.guest.fails("mm slab &contig_page_data")
    assert "no cache" in cache.guest.fails("mm slab no-such-cache")
    assert "need the name" in cache.guest.fails("mm slab --full")


def test_names_complete(cache):
    offered = cache.gdb.run("complete mm slab km").splitlines()
    assert {f"mm slab {cache.name}", "mm slab kmem_cache", "mm slab kmalloc-64"} <= set(offered)


def test_what_is_broken_is_named_as_the_guest_names_it(cache):
    """A free pointer of the partial slab, a count, a flag: broken and mended again."""
    gdb = cache.gdb
    gdb.run("print kmem_cache_shrink($cache)")      # CPUs give their slabs to the node
    slab = next(each for each in cache.look()["cache"]["slabs"] if each["where"] == "partial")
    page, offset = f"((struct page *) {slab['addr']})", cache.look()["cache"]["cache"]["offset"]
    link = f"*(unsigned long *) {slab['free'][0] + offset}"
    for place, value in ((link, slab["virt"] + 1), (link, slab["free"][0]), (f"{page}->inuse", slab["inuse"] - 1),
                         (f"{page}->frozen", 1), ("$cache->node[0]->nr_partial", 77)):
        before = gdb.number(f"(unsigned long) ({place})")
        gdb.run(f"set var {place} = {value}")
        ours = [problem["id"] for problem in cache.look("--full")["problems"]]
        theirs = gdb.run("output (char *) slab_check()")
        gdb.run(f"set var {place} = {before}")
        assert ours and ours[0] in theirs, (place, ours, theirs)
    assert cache.look("--full")["problems"] == [] and gdb.number("slab_check()") == 0


def test_before_there_are_caches_that_is_said(boot):
    guest = boot("article").load()
    guest.run_to("mm_init")
    assert "no slab caches yet" in guest.fails("mm slab")
    assert "no slab caches yet" in guest.fails("mm slabinfo")
