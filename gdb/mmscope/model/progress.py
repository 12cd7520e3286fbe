# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of a long look at the target is done: who waits for it on a terminal is told."""
from __future__ import annotations

from typing import Callable, Iterator, Optional, Sequence, TypeVar

from .context import Context

T = TypeVar("T")


def steps(ctx: Context, items: Sequence[T], weight: Optional[Callable[[T], int]] = None) -> Iterator[T]:
    """The items, one after the other, and word of each; of steps within a step nothing is told."""
    if ctx.stepping:
        yield from items
        return
    weights = [weight(item) for item in items] if weight is not None else [1] * len(items)
    done, of = 0, sum(weights)
    ctx.stepping = True
    try:
        for item, one in zip(items, weights):
            ctx.host.progress(done, of)
            yield item
            done += one
    finally:
        ctx.stepping = False
