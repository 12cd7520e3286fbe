# SPDX-License-Identifier: GPL-2.0-or-later
"""How the parts of a picture of memory look: one table for the terminal, SVG and HTML.

Every part has signs, too, so that no picture needs its colours: in a cell that is of one kind alone, and in a cell
that has more of this kind than of any other. Where a sign is a letter, the mixed cell's is the small one. In ASCII the
mixed sign of a digit is what its key gives with shift (US).

Colours: Okabe and Ito's for what is most often side by side, and the rest as far from these and from each other as
eyes that lack one of the three receptors can tell. Orders are a ramp of lightness. light and dark are for a light and
for a dark background; ansi is the colour of xterm's 256 that is to be read on both.
"""
from __future__ import annotations

from dataclasses import dataclass

from ..model import frame


@dataclass(frozen=True)
class Look:
    """One part of a picture: its name, its signs, its colours."""

    label: str
    sign: str           # Unicode, one column
    ascii: str
    light: str          # #rrggbb
    dark: str
    ansi: int           # of 256
    mixed: str          # Unicode, where a cell has others, too
    ascii_mixed: str


def _look(label: str, signs: str, plain: str, light: str, dark: str, ansi: int) -> Look:
    """signs and plain: whole and mixed, Unicode and ASCII."""
    return Look(label, signs[0], plain[0], light, dark, ansi, signs[1], plain[1])


KINDS: dict[str, Look] = {
    frame.HOLE: _look("no memory", "\u00b7\u2025", "_,", "#ececec", "#262626", 242),
    frame.RESERVED: _look("reserved", "\u2588\u2593", "#%", "#4d4d4d", "#b3b3b3", 246),
    frame.MEMBLOCK: _look("free in memblock", "\u2500\u254c", "-~", "#c5eaba", "#155525", 72),
    frame.DEFERRED: _look("struct pages not set up", "\u2550\u254d", "=^", "#abc4df", "#202f5c", 103),
    frame.FREE: _look("free", "\u2591\u2592", ".:", "#009e73", "#55e89b", 36),
    frame.PCP: _look("on per-CPU lists", "\u25c6\u25c7", "+*", "#45cfa4", "#bfffff", 79),
    frame.SLAB: _look("slab", "Ss", "Ss", "#0072b2", "#2b95d6", 32),
    frame.PAGETABLE: _look("page tables", "Tt", "Tt", "#d55e00", "#f47f4d", 166),
    frame.STACK: _look("kernel stacks", "Kk", "Kk", "#cc79a7", "#9e739e", 175),
    frame.PERCPU: _look("per-CPU", "Cc", "Cc", "#e69f00", "#e69f00", 178),
    frame.VMALLOC: _look("vmalloc", "Vv", "Vv", "#f0e442", "#fff65b", 185),
    frame.HUGETLB: _look("huge pages", "Hh", "Hh", "#5e3dbd", "#5765e1", 99),
    frame.FILE: _look("page cache", "Ff", "Ff", "#56b4e9", "#7cc8f5", 74),
    frame.ANON: _look("anonymous", "Aa", "Aa", "#8d1171", "#cf4762", 132),
    frame.COMPOUND: _look("compound, not told", "Pp", "Pp", "#ab9a48", "#d1f488", 143),
    frame.OTHER: _look("other", "Oo", "Oo", "#96372e", "#93600d", 131),
}
# By order or by migratetype, everything that is on no list.
TAKEN = _look("on no free list", "\u2588\u2593", "Xx", "#8c8c8c", "#737373", 245)
UNKNOWN = _look("not known", "?\u00bf", "?;", "#ffffff", "#000000", 244)

MIGRATETYPES: dict[str, Look] = {
    "Unmovable": _look("Unmovable", "Uu", "Uu", "#d55e00", "#f07a1c", 166),
    "Movable": _look("Movable", "Mm", "Mm", "#009e73", "#00b386", 36),
    "Reclaimable": _look("Reclaimable", "Rr", "Rr", "#56b4e9", "#7cc8f5", 74),
    "Reserve": _look("Reserve", "Ee", "Ee", "#999933", "#b8b84d", 143),
    "HighAtomic": _look("HighAtomic", "Hh", "Hh", "#f0e442", "#f0e442", 185),
    "CMA": _look("CMA", "Cc", "Cc", "#0072b2", "#2b95d6", 32),
    "Isolate": _look("Isolate", "Ii", "Ii", "#cc79a7", "#e08fbd", 175),
}

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
SMALL = "\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089abcdefghijklmnopqrstuv"
SHIFTED = ")!@#$%^&*(abcdefghijklmnopqrstuv"
RAMP = ((0xF4, 0xE8, 0x6A), (0x8F, 0xCF, 0x60), (0x35, 0xA8, 0x7E), (0x1F, 0x78, 0x8C), (0x35, 0x4A, 0x86),
        (0x44, 0x12, 0x5C))
RAMP_DARK = ((0x5A, 0x3A, 0x8C), (0x3F, 0x66, 0xAE), (0x2A, 0x92, 0x9E), (0x35, 0xB7, 0x79), (0x9A, 0xD4, 0x4A),
             (0xFD, 0xE7, 0x25))
RAMP_ANSI = (61, 67, 73, 72, 107, 143, 142, 178, 172, 166, 131)


def kind(name: str) -> Look:
    """Of a kind of page frames; one that is none looks unknown."""
    return KINDS.get(name, UNKNOWN)


def migratetype(name: str) -> Look:
    """Of a free block's migratetype. The kernel's own table of names may spell it in another way."""
    found = {each.lower(): look for each, look in MIGRATETYPES.items()}.get(name.lower())
    return found if found is not None else Look(name, UNKNOWN.sign, UNKNOWN.ascii, UNKNOWN.light, UNKNOWN.dark,
                                                UNKNOWN.ansi, UNKNOWN.mixed, UNKNOWN.ascii_mixed)


def order(number: int, largest: int = 10) -> Look:
    """Of a free block of 2^number pages, where the largest blocks are of 2^largest."""
    part = min(max(number / largest, 0.0), 1.0) if largest > 0 else 1.0
    at = number if 0 <= number < len(SIGNS) else -1
    signs = (SIGNS[at] + SMALL[at], SIGNS[at] + SHIFTED[at]) if at >= 0 else ("?\u00bf", "?;")
    return _look(f"order {number}", *signs, _ramp(RAMP, part), _ramp(RAMP_DARK, part),
                 RAMP_ANSI[round(part * (len(RAMP_ANSI) - 1))])


def ink(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour."""
    return "#000000" if luminance(colour) > 0.179 else "#ffffff"


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it: 0 black, 1 white."""
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _ramp(colours: tuple[tuple[int, int, int], ...], part: float) -> str:
    """The colour at a part of the ramp, 0 to 1."""
    place = part * (len(colours) - 1)
    low = min(int(place), len(colours) - 2)
    mixed = (round(a + (b - a) * (place - low)) for a, b in zip(colours[low], colours[low + 1]))
    return "#" + "".join(f"{each:02x}" for each in mixed)
