# SPDX-License-Identifier: GPL-2.0-or-later
"""Events of free blocks: against a literal reading of their definition,
page by page, and against a buddy allocator that does one thing at a time."""
import random
from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from mmscope.model.diffblock import (FreeBlock, MERGED, MOVED, RETURNED, SPLIT,
                                     TAKEN, block_events, left_by_pieces,
                                     sound)

ORDERS, PAGES = 5, 64           # blocks of up to 16 pages
TYPES = ("Unmovable", "Movable", "CMA")


class Buddy:
    """The simplest one that is right: sets of (pfn, order), and types."""

    def __init__(self, first_pfn=0):
        self.free = {(first_pfn + pfn, ORDERS - 1): "Movable"
                     for pfn in range(0, PAGES, 1 << ORDERS - 1)}
        self.used = {}

    def alloc(self, choose, order):
        """Take a block of the smallest order that does; its upper halves
        stay free. Return: its pfn, the block it is out of; or None."""
        fits = sorted((size, pfn) for pfn, size in self.free if size >= order)
        fits = [each for each in fits if each[0] == fits[0][0]]
        if not fits:
            return None
        size, pfn = choose(fits)
        kind = self.free.pop((pfn, size))
        for smaller in range(size - 1, order - 1, -1):
            self.free[pfn + (1 << smaller), smaller] = kind
        self.used[pfn] = (order, kind)
        return pfn, (pfn, size)

    def release(self, pfn):
        """Return: the block that it ends in."""
        order, kind = self.used.pop(pfn)
        while order < ORDERS - 1 and (pfn ^ 1 << order, order) in self.free \
                and self.free[pfn ^ 1 << order, order] == kind:
            del self.free[pfn ^ 1 << order, order]
            pfn, order = pfn & ~(1 << order), order + 1
        self.free[pfn, order] = kind
        return pfn, order

    def move(self, block, kind):
        self.free[block] = kind

    def blocks(self):
        kept = sound(FreeBlock(pfn, order, kind)
                     for (pfn, order), kind in self.free.items())
        assert not kept.left_out
        return kept.blocks


def aligned_blocks(first_pfn=0):
    """Every block that there can be."""
    for order in range(ORDERS):
        for pfn in range(first_pfn, first_pfn + PAGES, 1 << order):
            yield pfn, order


def inside(small, large):
    return large[0] <= small[0] and \
        small[0] + (1 << small[1]) <= large[0] + (1 << large[1])


def by_the_definition(before, after, first_pfn=0):
    """Every event, found by trying each block that there can be."""
    was, is_ = ({(b.pfn, b.order): b.migratetype for b in found}
                for found in (before, after))
    page_was, page_is = ({page: block for block in found for page in
                          range(block[0], block[0] + (1 << block[1]))}
                         for found in (was, is_))
    found = set()
    for event, one, other, other_pages in ((SPLIT, was, is_, page_is),
                                           (MERGED, is_, was, page_was)):
        for block in one:
            pages = range(block[0], block[0] + (1 << block[1]))
            if not any(inside(block, each) for each in other) \
                    and any(page in other_pages for page in pages):
                found.add((event, *block, None))

    def reason(event, block):
        """What all pages of a block have in common if it is such an event."""
        pages = range(block[0], block[0] + (1 << block[1]))
        sides = {(page_was.get(page), page_is.get(page)) for page in pages}
        if len(sides) != 1:
            return None
        (one, other), = sides
        if event == TAKEN and one is not None and other is None:
            return one, None
        if event == RETURNED and one is None and other is not None:
            return other, None
        if event == MOVED and one is not None and other is not None \
                and was[one] != is_[other]:
            return min(one, other, key=lambda each: each[1]), is_[other]
        return None

    for event in (TAKEN, RETURNED, MOVED):
        fits = {block: reason(event, block)
                for block in aligned_blocks(first_pfn)}
        for block, why in fits.items():
            larger = (block[0] & ~(1 << block[1]), block[1] + 1)
            if why is not None and fits.get(larger) != why:
                found.add((event, *block, why[1]))
    return found


def as_set(events):
    events = list(events)
    found = {(e.event, e.pfn, e.order, e.to) for e in events}
    assert len(found) == len(events)
    assert [e.pfn for e in events if e.event == TAKEN] == sorted(
        e.pfn for e in events if e.event == TAKEN)
    return found


def check(before, after, first_pfn=0):
    """The events are those of the definition, and their pages add up."""
    events = list(block_events(before, after))
    assert as_set(events) == by_the_definition(before, after, first_pfn)
    pages = Counter()
    for event in events:
        pages[event.event] += event.pages
        if event.event in (SPLIT, MERGED):
            there = before if event.event == MERGED else after
            assert event.pieces == tuple(
                b for b in there
                if inside((b.pfn, b.order), (event.pfn, event.order)))
            left = {(e.pfn, e.order) for e in events
                    if e.whole_pfn == event.pfn and e.event in (TAKEN, RETURNED)
                    and e.whole_order == event.order}
            assert set(left_by_pieces(event)) == left
    total = [sum(1 << b.order for b in found) for found in (before, after)]
    assert total[1] == total[0] - pages[TAKEN] + pages[RETURNED]
    assert pages[SPLIT] == pages[MERGED] == 0
    return events


@pytest.mark.parametrize("order", range(ORDERS))
def test_one_allocation_is_one_taken_and_one_split_if_it_was_larger(order):
    buddy = Buddy()
    before = buddy.blocks()
    pfn, (head, size) = buddy.alloc(min, order)
    events = check(before, buddy.blocks())
    assert as_set(events) == {(TAKEN, pfn, order, None)} | (
        {(SPLIT, head, size, None)} if size > order else set())
    if size > order:
        taken = next(e for e in events if e.event == TAKEN)
        assert (taken.whole_pfn, taken.whole_order) == (head, size)
        assert taken.buddy_pfn == pfn ^ 1 << order


@given(st.integers(0, 2**32), st.integers(0, 60))
@settings(max_examples=60)
def test_each_single_step_is_named_as_what_it_was(seed, steps):
    rng, buddy = random.Random(seed), Buddy(1 << 20)
    for _ in range(steps):
        before = buddy.blocks()
        if buddy.used and rng.random() < 0.45:
            pfn = rng.choice(sorted(buddy.used))
            order = buddy.used[pfn][0]
            head, size = buddy.release(pfn)
            expected = {(RETURNED, pfn, order, None)}
            expected |= {(MERGED, head, size, None)} if size > order else set()
        else:
            order = rng.randrange(ORDERS)
            found = buddy.alloc(rng.choice, order)
            if found is None:
                continue
            pfn, (head, size) = found
            expected = {(TAKEN, pfn, order, None)}
            expected |= {(SPLIT, head, size, None)} if size > order else set()
        assert as_set(check(before, buddy.blocks(), 1 << 20)) == expected


@given(st.integers(0, 2**32), st.integers(1, 40))
@settings(max_examples=100)
def test_many_steps_are_their_sum_by_the_definition(seed, steps):
    rng, buddy = random.Random(seed), Buddy()
    for _ in range(rng.randrange(30)):
        buddy.alloc(rng.choice, rng.randrange(3))
    before = buddy.blocks()
    for _ in range(steps):
        what = rng.random()
        if what < 0.4:
            buddy.alloc(rng.choice, rng.randrange(4))
        elif what < 0.8 and buddy.used:
            buddy.release(rng.choice(sorted(buddy.used)))
        elif buddy.free:
            buddy.move(rng.choice(sorted(buddy.free)), rng.choice(TYPES))
    check(before, buddy.blocks())


@given(st.lists(st.tuples(st.integers(0, PAGES - 1), st.integers(0, ORDERS - 1),
                          st.sampled_from(TYPES)), max_size=20),
       st.lists(st.tuples(st.integers(0, PAGES - 1), st.integers(0, ORDERS - 1),
                          st.sampled_from(TYPES)), max_size=20))
@settings(max_examples=200)
def test_any_two_states_are_compared_by_the_definition(one, other):
    """Whatever a list says: what is not sound is left out, and counted."""
    before, after = (sound(FreeBlock(*each) for each in found)
                     for found in (one, other))
    for kept, given_ in ((before, one), (after, other)):
        assert len(kept.blocks) + kept.left_out == len(given_)
        pages = [page for b in kept.blocks for page in range(b.pfn, b.end)]
        assert len(pages) == len(set(pages))
        assert all(b.pfn % (1 << b.order) == 0 for b in kept.blocks)
    check(before.blocks, after.blocks)


def test_pages_of_two_blocks_are_never_one_event():
    before = (FreeBlock(0, 2, "Movable"), FreeBlock(4, 2, "Movable"))
    assert as_set(check(before, ())) == {(TAKEN, 0, 2, None),
                                         (TAKEN, 4, 2, None)}
    assert as_set(check((), before)) == {(RETURNED, 0, 2, None),
                                         (RETURNED, 4, 2, None)}


def test_a_block_that_others_took_the_type_of_is_moved_where_it_is_free():
    before = (FreeBlock(0, 3, "Movable"),)
    after = (FreeBlock(1, 0, "Movable"), FreeBlock(2, 1, "Unmovable"),
             FreeBlock(4, 2, "Unmovable"))
    assert as_set(check(before, after)) == {
        (SPLIT, 0, 3, None), (TAKEN, 0, 0, None), (MOVED, 2, 1, "Unmovable"),
        (MOVED, 4, 2, "Unmovable")}
    assert as_set(check(after, before)) == {
        (MERGED, 0, 3, None), (RETURNED, 0, 0, None), (MOVED, 2, 1, "Movable"),
        (MOVED, 4, 2, "Movable")}
