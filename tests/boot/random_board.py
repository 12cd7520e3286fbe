# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps by dice: banks, holes, reservations, no-map, CMA, a moved lowmem end."""
from __future__ import annotations

import random
from dataclasses import replace

from .board import KIB, MIB, PAGE, POOL, RAM, Board, Range, node
from .oracle import MEMORY, PAGE_OFFSET, Oracle

END = RAM + 256 * MIB
CLEAN = (RAM, RAM + 18 * MIB)       # the image, and room for mem_map and cma=
BLOCK = 4 * MIB                     # a pageblock
VMALLOC_END = 0xFF800000


def number(dice: random.Random, low: int, high: int) -> int:
    """A number in [low, high], most often at a border of something."""
    step = dice.choice((1, 16, PAGE, PAGE, 64 * KIB, MIB, BLOCK))
    return max(low, min(high, dice.randint(low, high) // step * step
                        + dice.choice((0, 0, 0, -1, 1, PAGE, -PAGE))))


def ranges(dice: random.Random, count: int, most: int) -> list[Range]:
    """Ranges that leave CLEAN alone; may overlap."""
    found = []
    for _ in range(count):
        base = number(dice, CLEAN[1], END - PAGE)
        found.append((base, number(dice, 1, min(most, END - base))))
    return found


def banks(dice: random.Random) -> list[list[Range]]:
    """Memory nodes; one bank begins so that CLEAN is memory."""
    first = RAM + dice.choice((0, 0, 0, PAGE, 3 * PAGE, MIB - PAGE))
    pairs = [(first, number(dice, CLEAN[1] - first, 128 * MIB))]
    pairs += ranges(dice, dice.choice((0, 0, 1, 2, 4, 8)), 64 * MIB)
    dice.shuffle(pairs)
    cut = dice.randint(1, len(pairs))
    return [part for part in (pairs[:cut], pairs[cut:]) if part]


def random_board(seed: int) -> Board:
    """The same map for the same seed, and in Board's fields what must come
    of it."""
    dice = random.Random(seed)
    board = Board(f"random-{seed}", banks(dice),
                  memreserve=ranges(dice, dice.choice((0, 1, 3, 10)), MIB),
                  static=ranges(dice, dice.choice((0, 0, 1, 3)), 8 * MIB),
                  no_map=ranges(dice, dice.choice((0, 0, 1, 3)), 8 * MIB),
                  image=dice.choice(("guest", "guest-release")))
    args = []
    if dice.random() < 0.7:         # 32 MB of lowmem are the least
        end = number(dice, RAM + 32 * MIB, END)
        args.append(f"vmalloc={VMALLOC_END - PAGE_OFFSET - (end - RAM):#x}")
        board = replace(board, lowmem_end=end // PAGE * PAGE)
    if dice.random() < 0.3:
        keep = ranges(dice, dice.choice((0, 1, 2)), 64 * MIB)
        keep = [(base, max(size, PAGE)) for base, size in keep]
        keep.append((RAM, number(dice, 18 * MIB, 128 * MIB)))
        args += [f"mem={size}@{base:#x}" for base, size in keep]
        board = replace(board, keep=keep)
    areas = static_areas(dice, board)
    board = replace(board, cma=areas)
    if dice.random() < 0.4:
        size = dice.randint(1, 2) * BLOCK
        args.append(f"cma={size >> 20}M")
        board = replace(board, cma=[*areas, *cmdline_area(board, size)])
    nodes = [node(f"n{i}", base=base, size=size)
             for i, (base, size) in enumerate(board.static)]
    nodes += [node(f"h{i}", "no-map", base=base, size=size)
              for i, (base, size) in enumerate(board.no_map)]
    nodes += [node(f"c{i}", *POOL, base=base, size=size)
              for i, (base, size) in enumerate(areas)]
    dice.shuffle(nodes)
    return replace(board, reserved="".join(nodes), bootargs=" ".join(args))


def taken_frames(board: Board) -> Oracle:
    """Memory less all that the tree reserves, the tree, and the image."""
    tree = (RAM + tree_offset(board), 64 * KIB)
    return Oracle(board, [*board.memreserve, *board.static, *board.cma, tree,
                          (RAM, 2 * MIB)])


def fits(oracle: Oracle, first: int, pages: int) -> bool:
    """Whether frames are free, and of one zone."""
    return (oracle.frames[first:first + pages] == MEMORY * pages
            and not first < oracle.max_low_pfn < first + pages)


def static_areas(dice: random.Random, board: Board) -> list[Range]:
    """CMA nodes: pageblocks that nothing else has anything to do with."""
    areas: list[Range] = []
    for _ in range(dice.choice((0, 1, 2, 6))):
        pages = BLOCK // PAGE * dice.randint(1, 3)
        first = dice.randrange(CLEAN[1], END) // BLOCK * (BLOCK // PAGE)
        if fits(taken_frames(replace(board, cma=areas)), first, pages):
            areas.append((first * PAGE, pages * PAGE))
    return areas


def cmdline_area(board: Board, size: int) -> list[Range]:
    """What cma=SIZE must get: the highest room in HighMem, else in lowmem."""
    oracle = taken_frames(board)
    pages, step = size // PAGE, BLOCK // PAGE
    low = oracle.max_low_pfn
    for start, end in ((low, END // PAGE), (RAM // PAGE, low)):
        for first in range((end - pages) // step * step, start - 1, -step):
            if fits(oracle, first, pages):
                return [(first * PAGE, size)]
    return []


def tree_offset(board: Board) -> int:
    """Where scripts/qemu puts the tree, from the start of RAM."""
    end = max(base + size for bank in board.banks for base, size in bank)
    mib = max(-(-(end - RAM) // MIB), 16)
    return min(128 * MIB, mib * MIB // 2)
