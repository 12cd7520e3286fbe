# SPDX-License-Identifier: GPL-2.0-or-later
"""Every part of a picture is told from the others by its sign, and by its colour whatever eyes look at it."""
import itertools
import math
import re
import unicodedata

import pytest

from mmscope.model import frame
from mmscope.view import palette

# Machado, Oliveira and Fernandes (2009), each kind of receptor missing entirely; linear RGB
EYES = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                     (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
SEEN_APART = 10         # CIE 1976; 2.3 is what is just noticed side by side


def seen(colour, eyes):
    """CIELAB of a colour as these eyes see it."""
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    red, green, blue = (min(max(sum(a * b for a, b in zip(row, parts)), 0), 1) for row in EYES[eyes])
    x, y, z = ((t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116) for t in (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047, 0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def looks():
    """What stands in one picture together."""
    return {"kinds": [*palette.KINDS.values(), palette.UNKNOWN],
            "migratetypes": [*palette.MIGRATETYPES.values(), palette.TAKEN, palette.KINDS[frame.HOLE],
                             palette.UNKNOWN],
            "orders": [*(palette.order(number) for number in range(32)), palette.KINDS[frame.HOLE], palette.UNKNOWN]}


def test_every_kind_has_a_look():
    assert set(palette.KINDS) == set(frame.KINDS)


@pytest.mark.parametrize("name", ["kinds", "migratetypes", "orders"])
def test_signs_of_one_picture_differ(name):
    found = looks()[name]
    for signs in ([sign for look in found for sign in (look.sign, look.mixed)],
                  [sign for look in found for sign in (look.ascii, look.ascii_mixed)]):
        assert len(signs) == len(set(signs)) and all(len(sign) == 1 for sign in signs)


def test_signs_are_one_column_and_those_in_ascii_are_ascii():
    for look in itertools.chain(*looks().values()):
        for sign in (look.sign, look.mixed):
            assert unicodedata.east_asian_width(sign) not in "WF" and not unicodedata.combining(sign)
            assert sign.isprintable() and sign != " "
        assert (look.ascii + look.ascii_mixed).isascii() and (look.ascii + look.ascii_mixed).isprintable()
        assert re.fullmatch("#[0-9a-f]{6}", look.light) and re.fullmatch("#[0-9a-f]{6}", look.dark)
        assert 16 <= look.ansi <= 255


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("table", [palette.KINDS, palette.MIGRATETYPES], ids=["kinds", "migratetypes"])
def test_colours_of_one_picture_are_seen_apart(table, shade, eyes):
    for (one, a), (other, b) in itertools.combinations(table.items(), 2):
        apart = math.dist(seen(getattr(a, shade), eyes), seen(getattr(b, shade), eyes))
        assert apart >= SEEN_APART, f"{one} and {other}: {apart:.1f}"


@pytest.mark.parametrize("shade, step", [("light", -1), ("dark", 1)])
@pytest.mark.parametrize("largest", [1, 10, 13])
def test_lightness_says_the_order(shade, step, largest):
    lightness = [palette.luminance(getattr(palette.order(number, largest), shade)) for number in range(largest + 1)]
    assert lightness == sorted(lightness, reverse=step < 0) and len(set(lightness)) == largest + 1


def test_a_hostile_order_or_migratetype_looks_unknown():
    for number in (-1, 32, 1 << 70):
        assert palette.order(number).sign == "?" and palette.order(number, 0).ascii == "?"
    assert palette.migratetype("\x1b[2J").sign == "?" and palette.kind("<b>") == palette.UNKNOWN
    assert palette.migratetype("movable") == palette.MIGRATETYPES["Movable"]


def test_ink_is_readable_on_every_colour():
    for look in itertools.chain(*looks().values()):
        for colour in (look.light, look.dark):
            low, high = sorted((palette.luminance(colour), palette.luminance(palette.ink(colour))))
            assert (high + 0.05) / (low + 0.05) >= 4.5
