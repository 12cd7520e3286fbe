# SPDX-License-Identifier: GPL-2.0-or-later
"""Text is aligned, bounded, and safe on a terminal."""
import pytest

from mmscope.model.problem import Problem
from mmscope.view.problems import problems_text
from mmscope.view.table import pairs, table
from mmscope.view.units import escape, size


@pytest.mark.parametrize("count, text", [
    (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (0x17456, "93.1 KiB"), (768 << 20, "768 MiB"), (3 << 30, "3072 MiB"),
    (-4096, "-4 KiB")])
def test_sizes(count, text):
    assert size(count) == text


def test_control_characters_cannot_reach_a_terminal():
    assert escape("ok\x1b[2J\n\xff\\") == "ok\\x1b[2J\\x0a\\xff\\x5c"


def test_columns_are_aligned():
    assert table(("a", "bb"), [("x", "1"), ("yyy", "22")], "l") == "a    bb\nx     1\nyyy  22"
    assert pairs([("a", "1"), ("bbb", "2")]) == "a    1\nbbb  2"


def test_many_problems_are_cut_off_and_counted():
    lines = problems_text([Problem("LIST-1", "here", 1, 2, f"\x1b{n}") for n in range(50)]).splitlines()
    assert len(lines) == 46 and "30 more" in lines[42] and "\x1b" not in "".join(lines)
    assert lines[2:4] == ["LIST-1: \\x1b0", "  at here: expected 1, found 2"] and lines[45].startswith("LIST-1: ")
    assert problems_text([]) == ""


def test_problems_fit_eighty_columns():
    text = problems_text([Problem("LIST-1", "here", 1, 2, "zone HighMem order 10 Reclaimable: " + "next of it " * 9)])
    assert max(map(len, text.splitlines())) <= 80 and text.splitlines()[3].startswith("  ")
