# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots of the guest, broken at random: each is read and compared, or
refused in one line. What comes of one is no larger than it can be read."""
import copy
import json
import random
from pathlib import Path

import pytest

from documents import places
from mmscope.errors import MmError
from mmscope.model.diff import compare
from mmscope.model.snapshotfile import from_document, read_snapshot
from mmscope.model.snapshots import summary
from mmscope.view.diff import diff_text
from mmscope.view.json import plain
from mmscope.view.units import escape

FILES = sorted((Path(__file__).resolve().parents[1] / "data" / "snapshots"
                ).glob("*.json"))
ROUNDS, TRIES = 4, 40
LARGEST = 300000                # characters of a file that is tried
MOST_TEXT = 1000000
VALUES = [0, 1, -1, 11, 24, 25, 63, 1 << 31, 1 << 52, (1 << 64) - 1, 1 << 64,
          (1 << 65) - 1, 1 - (1 << 65), 1 << 65, "", "x" * 5000, "w " * 3000,
          "\x1b[0m", "\ud800", "\n", "Movable", "CMA", "free", "slab", "hole",
          "early", "zones", "booted", [], {}, [0, 5], [5, 5, 6, 9], None, True,
          1.5, float("inf"), float("nan")]
NOISE = [b"9" * 5000, b"[", b"]", b"{", b"}", b'"', b"\\u0000", b"1e999", b"-",
         b"NaN", b"[" * 5000, b"0" * 99, b"\xff", b",", b""]
MOVED = ("start", "end", "addr", "node", "cpu", "nid")


def moved(each, by):
    """An item of a list, a little different."""
    if isinstance(each, dict):
        return {key: value + (by << 12 if key in ("start", "end") else by)
                if type(value) is int and key in MOVED else
                f"{value}{by}" if isinstance(value, str) else
                moved_list(value, by) if isinstance(value, list) else value
                for key, value in each.items()}
    return each + by if type(each) is int else each


def moved_list(found, by):
    return [moved(each, by) for each in found]


def broken(rng, document):
    """Some places of the state changed, gone, twice, or a thousand times."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        state = document["state"]
        part = rng.choice(list(state))
        path = rng.choice([(part, *path) for path in places(state[part])])
        parent, key = state, path[-1]
        for each in path[:-1]:
            parent = parent[each]
        value, how = parent[key], rng.randrange(7)
        if how == 0:
            parent[key] = copy.deepcopy(rng.choice(VALUES))
        elif how == 1 and type(value) is int:
            parent[key] = value + rng.choice([-1, 1, 16, -16, 1 << 10, 1 << 40])
        elif how == 2 and isinstance(parent, list):
            parent.pop(key)
        elif how == 3 and isinstance(value, list):
            many = rng.choice([2, 10, 200])
            parent[key] = [moved(each, rng.choice([0, 1, at]))
                           for at in range(many) for each in value]
        elif how == 4 and isinstance(value, str):
            parent[key] = value * rng.choice([0, 2, 100, 3000])
        elif how == 5 and isinstance(parent, list):
            parent.insert(rng.randrange(len(parent) + 1), copy.deepcopy(value))
        elif how == 6 and rng.randrange(4) == 0 and isinstance(parent, dict):
            del parent[key]
            if parent is state:
                break
    return json.dumps(document).encode("ascii")


def noisy(rng, data):
    """Some bytes changed, gone, or added."""
    data = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at, how = rng.randrange(len(data) + 1), rng.randrange(3)
        if how == 0:
            del data[at:at + rng.choice([1, 1, 50, 1 << 20])]
        elif how == 1:
            data[at:at] = rng.choice(NOISE)
        else:
            data[at:at + 1] = bytes([rng.randrange(256)])
    return bytes(data)


@pytest.fixture(scope="module")
def files():
    """Documents, their bytes, and what they hold."""
    assert len(FILES) > 1
    return [(json.loads(file.read_bytes()), file.read_bytes(),
             read_snapshot(str(file))) for file in FILES]


def one_line(error):
    """As the session shows it, with what a terminal would not print escaped."""
    shown = escape(str(error))
    assert shown.isprintable() and len(shown) < 600


def tried(file, data, others):
    """Read it; compare it both ways; True when it was a snapshot."""
    file.write_bytes(data)
    try:
        found = read_snapshot(str(file))
    except MmError as error:
        one_line(error)
        return False
    summary(found)
    for other in (*others, found):
        for pair in ((found, other), (other, found)):
            for every in (False, True):
                try:
                    diff = compare(*pair, (), every)
                except MmError as error:
                    one_line(error)
                    continue
                text = diff_text(diff)
                assert text.isascii() and len(text) < MOST_TEXT
                assert max(map(len, text.splitlines())) <= 80
                json.dumps(plain(diff))
    return True


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_broken_file_is_compared_or_refused(files, tmp_path, seed):
    rng, read = random.Random(seed), 0
    for _ in range(TRIES):
        document, data, _ = rng.choice(files)
        made = broken(rng, copy.deepcopy(document)) if rng.randrange(4) \
            else noisy(rng, data)
        if len(made) < LARGEST:
            read += tried(tmp_path / "f", made, [each[2] for each in files])
    assert TRIES / 10 < read < TRIES


def test_many_owners_of_many_ranges_are_not_multiplied(files):
    """300 KiB of a file, in which each owner lies in each reservation."""
    document, _, ours = files[0]
    many = 1500
    state = {**document["state"], "reserved": [
        {"start": at * 10, "end": at * 10 + 5, "flags": 0, "nid": 0}
        for at in range(many)], "owners": [
        {"start": 0, "end": 1 << 40, "name": f"{at} " + "x" * 60,
         "source": "s", "general": False} for at in range(many)]}
    odd = from_document({**document, "state": state}, "file")
    assert len(json.dumps(plain(compare(ours, odd)))) < 1 << 20


def test_pages_far_apart_in_blocks_are_not_multiplied(files):
    """Each leaves at most a piece of each order of the block that it was in."""
    document, _, _ = files[0]
    many, order = 200, 24

    def blocks(size):
        lists = [{"node": 0, "zone": "Normal", "cpu": None, "order": size,
                  "migratetype": "x", "pfns": [at << order
                                               for at in range(many)]}]
        return from_document({**document, "state": {
            **document["state"], "free_lists": lists}}, "file")
    for pair in ((blocks(order), blocks(0)), (blocks(0), blocks(order))):
        zone = compare(*pair).zones[0]
        assert len(zone.events) == many * (order + 1)
