# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever is in memory, mm slab ends soon with a report or one line."""
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import pytest

from mmscope.errors import MmError
from mmscope.model.info import target
from mmscope.model.slab import cache_table
from mmscope.model.slabfind import slab_report
from mmscope.model.slabinfo import slabinfo
from mmscope.view.json import document
from mmscope.view.slab import slab_text
from mmscope.view.slabinfo import slabinfo_text
from shapes import LINUX_4_9, LINUX_6_1, LINUX_7_2
from slabs import MEMORY, Slabs

MOST_READS = 20000


def build(text):
    """Two caches; everything that SLUB has is in use. With the places where its words are."""
    slabs = Slabs(text)
    slabs.cache("dentry")
    cache = slabs.cache("kmalloc-64", order=1, red_left_pad=8)
    half, full, own, wait = (slabs.slab(cache, 2 * n, free, frozen=n > 1) for n, free in enumerate(
        ((3, 1, 5), (), (), (7,))))
    slabs.lists(cache, [half], slabs=[half, full, own, wait])
    structs, places = slabs.machine.shapes.structs, []

    def words(addr, size):
        places.extend(range(addr, addr + size, 4))

    if slabs.sheaves:
        sheaf = slabs.sheaf(cache, slabs.object(cache, 0, 9), slabs.object(cache, 0, 8))
        slabs.put(slabs.cpu_part(cache, 1), "slub_percpu_sheaves", main=sheaf)
        words(slabs.cpu_part(cache, 1), structs["slub_percpu_sheaves"].size)
        words(sheaf, structs["slab_sheaf"].size + 8)
    else:
        slabs.put(slabs.cpu_part(cache, 1), "kmem_cache_cpu", partial=wait, **{slabs.tag: own},
                  freelist=slabs.chain(cache, [slabs.object(cache, 4, 2)]))
        words(slabs.cpu_part(cache, 1), structs["kmem_cache_cpu"].size)
    words(cache, structs["kmem_cache"].size)
    words(slabs.node(cache), structs["kmem_cache_node"].size)
    for page in (half, own, wait):
        words(page, structs["page"].size)
    words(slabs.object(cache, 0, 3), 8)
    return slabs, places, cache


@pytest.mark.parametrize("text", [LINUX_4_9, LINUX_6_1, LINUX_7_2], ids=["page", "slab", "sheaves"])
def test_broken_words_are_reported_and_end_nothing_badly(text):
    slabs, places, cache = build(text)
    sound = {addr: bytes(data) for addr, data in slabs.machine.ram.areas.items()}
    values = st.one_of(st.sampled_from([0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0xC0000000, MEMORY, cache,
                                        *(place for place in places)]), st.integers(0, 0xFFFFFFFF))

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.sampled_from(places), values), min_size=1, max_size=4))
    def look(changes):
        for addr, data in sound.items():
            slabs.machine.ram.areas[addr][:] = data
        for place, value in changes:
            slabs.machine.poke(place, value)
        slabs.machine.ram.reads.clear()
        ctx = slabs.machine.context()
        for work, view in ((lambda: cache_table(ctx), slab_text), (lambda: slabinfo(ctx), slabinfo_text),
                           (lambda: slab_report(ctx, "kmalloc-64", True, True), slab_text),
                           (lambda: slab_report(ctx, hex(MEMORY + 200), False, False), slab_text)):
            try:
                result = work()
            except MmError as error:
                assert "\n" not in str(error)
                continue
            assert view(result).isascii()
            document("slab", target(ctx), result)
        assert len(slabs.machine.ram.reads) < MOST_READS

    look()
