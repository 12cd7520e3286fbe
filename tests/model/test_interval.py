# SPDX-License-Identifier: GPL-2.0-or-later
"""Ranges with labels: what of two sets differs, number by number."""
from hypothesis import given, settings, strategies as st

from mmscope.model.interval import Interval, changes, disjoint

LABELS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12),
                            st.sampled_from("abc")), max_size=8)


def painted(intervals):
    found = {}
    for each in intervals:
        for at in range(each.start, each.end):
            assert at not in found
            found[at] = each.label
    return found


@given(LABELS)
def test_disjoint_intervals_cover_what_the_given_ones_do(given_):
    wanted = {at for start, length, _ in given_
              for at in range(start, start + length)}
    found = disjoint(Interval(start, start + length, label)
                     for start, length, label in given_)
    assert set(painted(found)) == wanted
    for at, label in painted(found).items():
        assert any(start <= at < start + length and label == one
                   for start, length, one in given_)


@given(LABELS, LABELS)
@settings(max_examples=300)
def test_changes_are_those_of_each_number(one, other):
    sides = [disjoint(Interval(start, start + length, label)
                      for start, length, label in each) for each in
             (one, other)]
    was, is_ = map(painted, sides)
    wanted = {at: (was.get(at), is_.get(at)) for at in range(64)
              if was.get(at) != is_.get(at)}
    found = {}
    last = None
    for change in changes(*sides):
        assert change.start < change.end
        assert last is None or last.end < change.start or \
            (last.before, last.after) != (change.before, change.after)
        for at in range(change.start, change.end):
            found[at] = (change.before, change.after)
        last = change
    assert found == wanted
