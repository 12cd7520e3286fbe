# SPDX-License-Identifier: GPL-2.0-or-later
"""A long look tells how far it is, by the outermost of its steps; the bar is that in 24 signs."""
import time
from types import SimpleNamespace

from mmscope.alone.bar import WIDTH, Bar
from mmscope.model.progress import steps


def told_by(look):
    """What the host is told."""
    told = []
    ctx = SimpleNamespace(stepping=False, host=SimpleNamespace(progress=lambda done, of: told.append((done, of))))
    look(ctx)
    assert not ctx.stepping
    return told


def test_each_step_is_told_by_its_weight():
    assert told_by(lambda ctx: list(steps(ctx, "abc", {"a": 1, "b": 5, "c": 4}.get))) == [(0, 10), (1, 10), (6, 10)]
    assert told_by(lambda ctx: list(steps(ctx, []))) == []


def test_steps_within_a_step_tell_nothing():
    assert told_by(lambda ctx: [list(steps(ctx, "xyz")) for _ in steps(ctx, "ab")]) == [(0, 2), (1, 2)]


def test_a_look_that_fails_is_over():
    def look(ctx):
        try:
            for _ in steps(ctx, "ab"):
                raise ValueError
        except ValueError:
            pass
    assert told_by(look) == [(0, 2)]


def bar(at=0, of=1, part=None, what="account core"):
    """A bar that nobody watches."""
    found = Bar.__new__(Bar)
    found._what, found._at, found._of, found._part = what, at, of, part
    found._begin = time.monotonic() - 3
    return found


def test_a_bar_says_how_much_of_all_cores_is_done():
    assert bar(0, 1, 0.5).line(0, 80) == f"[{'#' * 12}{'.' * 12}] 50% 3 s account core"
    assert bar(1, 4).line(0, 80) == f"[{'#' * 6}{'.' * 18}] 25% 2 of 4 3 s account core"
    assert bar(1, 4, 0.5).line(0, 80).startswith(f"[{'#' * 9}{'.' * 15}] 37% 2 of 4")


def test_a_bar_that_knows_no_end_moves():
    lines = [bar().line(tick, 80) for tick in range(WIDTH)]
    assert len(set(lines)) > WIDTH // 2 and all("%" not in line and len(line) == len(lines[0]) for line in lines)


def test_a_bar_fits_the_terminal():
    assert len(bar(what="x" * 200).line(0, 79)) == 79 and bar().line(0, -1) == ""


def test_what_was_not_drawn_is_not_taken_away(capfd):
    found = bar()
    found._drawn = False
    found._erase()
    assert capfd.readouterr() == ("", "")
