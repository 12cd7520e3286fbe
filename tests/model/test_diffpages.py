# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages by owner: who had them, who has them, in sums that close."""
from collections import Counter

from hypothesis import given, settings, strategies as st

from diffs import frames_of
from mmscope.model.diffpages import OwnerMap, PageOwner, flows, owner_changes

OWNERS = (("free", "Movable order 3"), ("free", "Unmovable order 0"),
          ("slab", "kmalloc-64"), ("pcp", "CPU 0"), ("hole", ""), ("other", ""))


@given(st.lists(st.tuples(st.sampled_from(OWNERS), st.sampled_from(OWNERS)),
                max_size=60))
@settings(max_examples=200)
def test_flows_and_owners_are_those_of_each_page(pages):
    was, is_ = (OwnerMap(frames_of([each[side] for each in pages]))
                for side in (0, 1))

    def owner(found):
        kind, detail = found
        if kind == "hole":
            return None
        return PageOwner(kind, "" if kind == "free" else detail)

    wanted = Counter((owner(one), owner(other)) for one, other in pages
                     if owner(one) != owner(other))
    found = flows(was, is_)
    assert {(flow.before, flow.after): flow.pages for flow in found} == wanted
    for flow in found:
        assert all((owner(pages[pfn][0]), owner(pages[pfn][1]))
                   == (flow.before, flow.after)
                   for start, end in flow.ranges for pfn in range(start, end))
        assert sum(end - start for start, end in flow.ranges) == flow.pages
    sides = [Counter(owner(each[side]) for each in pages) for side in (0, 1)]
    for each in owner_changes(was, is_, found):
        key = PageOwner(each.kind, each.detail)
        assert (each.before, each.after) == (sides[0][key], sides[1][key])
    named = {PageOwner(each.kind, each.detail)
             for each in owner_changes(was, is_, found)}
    assert named >= {key for key in sides[0].keys() | sides[1].keys()
                     if key is not None and sides[0][key] != sides[1][key]}
    for pfn, (one, _) in enumerate(pages):
        assert was.text(pfn, pfn + 1) == (owner(one).text if owner(one) else "")


def test_an_owner_of_a_block_is_one_or_says_that_there_are_more():
    owners = OwnerMap(frames_of([("slab", "a"), ("slab", "a"), ("anon", "")]))
    assert owners.text(0, 2) == "slab a"
    assert owners.text(0, 3) == "slab a and more"
    assert owners.text(2, 9) == "anon" and owners.text(5, 9) == ""
