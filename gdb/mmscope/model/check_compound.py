# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: compound pages, by columns.

  PAGE-4  a compound page: PageHead on the first page, its order beside it; every other one leads to the first, and has
          count 0; on the guest, mapping TAIL_MAPPING. What leads to another page is part of a compound page

Where struct pages of huge pages may be shared, those of a page as large as a pageblock are looked at up to a page of
them: the rest may be the same ones.
"""
from __future__ import annotations

from typing import Iterator, Optional

from .check_page import MOST, pieces
from .checks import Outcome, check
from .columns import Columns
from .context import Context
from .migratetype import pageblock_order
from .pageuse import compound_order, head_addr
from .problem import Problem
from .stage import Stage

TAIL_MAPPING = 0x400


@check("PAGE-4", since=Stage.ZONES, subsystem="pages")
def compound(ctx: Context) -> Outcome:
    """One pass over all pages."""
    walk = _Compound(ctx)
    for start, _, piece in pieces(ctx):
        if piece is not None and len(walk.problems) < MOST:
            walk.look(start, piece)
    return Outcome(tuple(walk.problems), f"compound pages: {walk.count}")


class _Compound:
    """What was found up to a pfn. A compound page may begin in one piece and end in the next."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._head = 1 << ctx.layout.enum("pageflags")["PG_head"]
        self._guest = ctx.kind == "guest"
        self._first, self._end = 0, 0           # the last compound page: [first, end)
        self._shown = 0                         # the end of those struct pages that are its own
        self.count = 0
        self.problems: list[Problem] = []

    def look(self, start: int, piece: Columns) -> None:
        """The pages of a piece."""
        flags, links, counts = (piece.get(f"page.{name}") for name in ("flags", "compound_head", "refcount"))
        mappings = piece.get("page.mapping") if self._guest else None
        end = start + len(flags)
        if self._end > start:
            self._tails(start, start, min(self._end, end), links, counts, mappings)
        for pfn in (pfn for pfn, value in enumerate(flags, start) if value & self._head):
            if pfn >= self._end:
                self._begin(pfn)
                self._tails(start, pfn + 1, min(self._end, end), links, counts, mappings)
        self._strays(start, flags, links)

    def _begin(self, pfn: int) -> None:
        """A first page."""
        ctx = self._ctx
        order = compound_order(ctx, pfn, ctx.read.record("page", ctx.pages.page(pfn)))
        self.count += 1
        self._first, self._end = pfn, pfn + 1
        if order is None:
            self._broken(pfn, "an order", None, "is the first of a compound page without an order")
        elif pfn & (1 << order) - 1 or not ctx.pages.covers(pfn + (1 << order) - 1):
            self._broken(pfn, f"a multiple of {1 << order:#x}", pfn,
                         f"is the first of a compound page of order {order}, which cannot begin there")
        else:
            self._end = pfn + (1 << order)
        own = self._end
        if not self._guest and order is not None and order >= pageblock_order(ctx):
            own = min(own, pfn + (1 << ctx.arch.page_shift) // ctx.pages.page_bytes)
        self._shown = own

    def _tails(self, start: int, low: int, high: int, links: list[int], counts: list[int],
               mappings: Optional[list[int]]) -> None:
        """Pages [low, high) of the last compound page."""
        high = min(high, self._shown)
        if low >= high:
            return
        own = links[low - start:high - start]
        wanted = self._ctx.pages.page(self._first)
        if own.count(own[0]) != len(own) or not self._leads(low, own[0], wanted) \
                or not self._leads(high - 1, own[-1], wanted):
            for pfn, link in enumerate(own, low):
                if not self._leads(pfn, link, wanted):
                    self._broken(pfn, f"{wanted:#x}", link,
                                 f"is part of the compound page at pfn {self._first:#x}, and leads to {link:#x}")
        if any(counts[low - start:high - start]):
            for pfn, count in enumerate(counts[low - start:high - start], low):
                if count:
                    self._broken(pfn, 0, count, f"is part of the compound page at pfn {self._first:#x}, and its "
                                                f"count is {count}")
        for pfn, mapping in enumerate(mappings[low - start:high - start], low) if mappings is not None else ():
            if mapping != TAIL_MAPPING:
                self._broken(pfn, f"{TAIL_MAPPING:#x}", mapping,
                             f"is part of the compound page at pfn {self._first:#x}, and its mapping is {mapping:#x}")

    def _leads(self, pfn: int, link: int, wanted: int) -> bool:
        """Whether a link leads to the struct page at wanted."""
        return head_addr(self._ctx, self._ctx.pages.page(pfn), link) == wanted

    def _strays(self, start: int, flags: list[int], links: list[int]) -> None:
        """Pages that lead to one that is no first page, or whose compound page ends before them."""
        ctx = self._ctx
        odd = [at for at, link in enumerate(links) if link & 1]
        last = -1, -1, -1                        # link, and the compound page that it was found to belong to
        for at in odd:
            pfn, link = start + at, links[at]
            if link == last[0] and pfn < last[2] or self._first <= pfn < self._end:
                continue
            head = head_addr(ctx, ctx.pages.page(pfn), link)
            first = ctx.pages.pfn(head) if head is not None else None
            if first is not None and start <= first < pfn and flags[first - start] & self._head:
                order = compound_order(ctx, first, ctx.read.record("page", ctx.pages.page(first)))
                last = link, first, first + (1 << (order or 0))
                if pfn < last[2]:
                    continue
            elif first is not None and first < start:
                continue                        # was looked at with the piece before
            self._broken(pfn, "the first of a compound page", link,
                         f"leads to {link:#x}, which is not the first of a compound page that it is part of")

    def _broken(self, pfn: int, expected: object, actual: Optional[int], text: str) -> None:
        if len(self.problems) < MOST:
            wanted = expected if isinstance(expected, int) else str(expected)
            self.problems.append(Problem("PAGE-4", f"pfn {pfn:#x}", wanted, actual, f"pfn {pfn:#x}: {text}"))
