# SPDX-License-Identifier: GPL-2.0-or-later
"""What happened to the free blocks of a zone, as text: a line each, or counts by order when they are many."""
from __future__ import annotations

from collections import Counter
from typing import Sequence

from ..model.diffblock import MERGED, SPLIT, TAKEN, BlockEvent, FreeBlock, left_by_pieces
from .table import LINE_WIDTH, narrow, wrap
from .units import counted, cut

MOST_LINES = 16
MOST_PIECES = 2


def events_text(events: Sequence[BlockEvent], every: bool) -> list[str]:
    """Lines, the events by pfn; by kind and order when there are more than MOST_LINES and not every one is wanted."""
    if len(events) > MOST_LINES and not every:
        return _summed(events)
    return [line for event in events for line in wrap(_event(event), LINE_WIDTH - 2, " " * 10, False)]


def _event(event: BlockEvent) -> str:
    text = f"{event.event:8}  {event.pfn:#x} order {event.order} {cut(event.migratetype)}"
    if event.event in (SPLIT, MERGED):
        return f"{text} {'into' if event.event == SPLIT else 'out of'} {_pieces(event)}"
    if event.to is not None:
        return f"{text} to {cut(event.to)}"
    if event.owner:
        text += f", {'now' if event.event == TAKEN else 'was'} {cut(event.owner)}"
    return text


def _pieces(event: BlockEvent) -> str:
    """Where one aligned block is missing, the pieces are its buddies, one of each order: shown as the kernel's sum."""
    left = left_by_pieces(event)
    pieces = sorted(event.pieces, key=lambda piece: (piece.order, piece.pfn))
    if len(left) == 1 and len(pieces) == 1:
        pfn, order = left[0]
        return f"{pfn:#x} ^ (1 << {order}) = {pieces[0].pfn:#x}"
    if len(left) == 1 and left[0][0] == event.pfn:
        return f"{event.pfn:#x} ^ (1 << n), n = {left[0][1]} to {event.order - 1}"
    if len(pieces) <= MOST_PIECES:
        return ", ".join(f"{piece.pfn:#x} order {piece.order}" for piece in pieces)
    return f"{len(pieces)} blocks of {_orders(pieces)}"


def _orders(pieces: Sequence[FreeBlock]) -> str:
    low, high = pieces[0].order, pieces[-1].order
    return f"order {low}" if low == high else f"orders {low} to {high}"


def _summed(events: Sequence[BlockEvent]) -> list[str]:
    """Blocks by event and migratetype down, by order across; where that is too wide, the orders in words."""
    orders = sorted({event.order for event in events})
    rows: dict[tuple[str, str], list[BlockEvent]] = {}
    for event in events:
        to = f" to {cut(event.to)}" if event.to is not None else ""
        rows.setdefault((event.event, f"{event.event} {cut(event.migratetype)}{to}"), []).append(event)
    cells, words = [], []
    for (_, name), found in sorted(rows.items()):
        counts = Counter(event.order for event in found)
        pages = str(sum(event.pages for event in found) or "-")
        cells.append([name, *(str(counts[order] or ".") for order in orders), pages])
        blocks = ", ".join(f"{counts[order]} of {order}" for order in orders if counts[order])
        words += wrap(f"{name}: {pages} pages, blocks by order: {blocks}", LINE_WIDTH - 2, " " * 10, False)
    lines = narrow(["order", *map(str, orders), "pages"], cells).splitlines()
    head = f"{counted(len(events), 'change')} of blocks (every one with --all):"
    return [head] + (lines if max(map(len, lines)) <= LINE_WIDTH - 2 else words)
