# SPDX-License-Identifier: GPL-2.0-or-later
"""Every loop along pointers in target memory is here: bounded, validated, never trusting.

  LIST-1  next is an address that this list can hold, and readable
  LIST-2  next leads back to the head: not to an entry seen before, and in as many steps as there can be entries
  LIST-3  prev of each node is the node that it was reached from

A broken list is data: the walk ends there, and its problems say why. LIST-3 alone does not end it. Trees are in
walktree.py; helper/dump/list.c follows lists of struct pages for pagelist.py where there is a dump engine.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ..errors import FaultError
from .context import Context
from .problem import Problem


@dataclass(frozen=True)
class Walk:
    """The entries of a list, as far as it could be followed."""

    nodes: tuple[int, ...]              # address of each list_head after the head, in list order
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class ListProblems:
    """What can be wrong with one list. entry: how many nodes are in front; here: the node that the walk is at."""

    head: int
    where: str

    def invalid(self, entry: int, here: int, next_: int) -> Problem:
        """LIST-1: no entry is there."""
        return self._problem("LIST-1", entry, "an entry of this list", next_,
                             f"next of {here:#x} is {next_:#x}, where no entry can be")

    def unreadable(self, entry: int, here: int, next_: int) -> Problem:
        """LIST-1: there is no memory."""
        return self._problem("LIST-1", entry, "readable memory", next_,
                             f"next of {here:#x} is {next_:#x}, which cannot be read")

    def loop(self, entry: int, next_: int) -> Problem:
        """LIST-2: next was an entry before."""
        return self._problem("LIST-2", entry, f"{self.head:#x}", next_,
                             f"loops back to {next_:#x} without passing its head {self.head:#x}")

    def long(self, entry: int, next_: int, limit: int) -> Problem:
        """LIST-2: next is one entry too many."""
        return self._problem("LIST-2", entry, f"{self.head:#x}", next_,
                             f"has more than the {limit} entries that it can have")

    def prev(self, entry: int, here: int, next_: int, prev: int) -> Problem:
        """LIST-3: next does not know where it was reached from."""
        return self._problem("LIST-3", entry, f"{here:#x}", prev, f"prev of {next_:#x} is {prev:#x}, not {here:#x}")

    def _problem(self, id_: str, entry: int, expected: str, actual: int, text: str) -> Problem:
        return Problem(id_, f"{self.where}, entry {entry}", expected, actual, f"{self.where}: {text}")


def walk_list(ctx: Context, head: int, where: str, valid: Callable[[int], bool], limit: int) -> Walk:
    """Follow a circular list of list_heads from its head.

    valid tells whether a node can be at an address: it is asked before the address is read. A list with
    more than limit entries is broken. Raises FaultError when the head itself cannot be read.
    """
    nodes: dict[int, None] = {}         # in order, and searched for loops
    problems: list[Problem] = []
    broken = ListProblems(head, where)
    here = head
    next_ = ctx.read.record("list_head", head).get("next")
    while True:
        if next_ != head and not valid(next_):
            problems.append(broken.invalid(len(nodes), here, next_))
            break
        if next_ in nodes:
            problems.append(broken.loop(len(nodes), next_))
            break
        try:
            link = ctx.read.record("list_head", next_)
        except FaultError:
            problems.append(broken.unreadable(len(nodes), here, next_))
            break
        if link.get("prev") != here:
            problems.append(broken.prev(len(nodes), here, next_, link.get("prev")))
        if next_ == head:
            break
        if len(nodes) == limit:
            problems.append(broken.long(len(nodes), next_, limit))
            break
        nodes[next_] = None
        here, next_ = next_, link.get("next")
    return Walk(tuple(nodes), tuple(problems))


END, INVALID, LOOP, LONG, UNREADABLE = "end", "invalid", "loop", "long", "unreadable"


@dataclass(frozen=True)
class Chain:
    """The entries of a list that ends with NULL, as far as it could be followed."""

    nodes: tuple[int, ...]
    end: str            # end: with NULL; else why the walk ended: invalid, loop, long, unreadable
    at: int             # the pointer that was not followed: 0 at the end


def walk_chain(first: int, follow: Callable[[int], int], valid: Callable[[int], bool], limit: int) -> Chain:
    """Follow a list from its first entry: follow gives the entry after one.

    valid tells whether an entry can be at an address: it is asked before follow is. A list with more than limit
    entries is broken; so is one that loops.
    """
    nodes: dict[int, None] = {}
    here = first
    while here:
        if not valid(here):
            return Chain(tuple(nodes), INVALID, here)
        if here in nodes:
            return Chain(tuple(nodes), LOOP, here)
        if len(nodes) == limit:
            return Chain(tuple(nodes), LONG, here)
        try:
            after = follow(here)
        except FaultError:
            return Chain(tuple(nodes), UNREADABLE, here)
        nodes[here] = None
        here = after
    return Chain(tuple(nodes), END, 0)


def walk_pointers(ctx: Context, first: int, offset: int, where: str, valid: Callable[[int], bool],
                  limit: int) -> Walk:
    """Follow nodes that each hold the address of the next one at an offset, up to 0. first may be 0.

    The same invariants as those of a list, but for LIST-3; the nodes are what the pointers say.
    """
    chain = walk_chain(first, lambda node: ctx.read.unsigned(node + offset), valid, limit)
    if chain.end == END:
        return Walk(chain.nodes, ())
    id_, expected, text = {
        INVALID: ("LIST-1", "an entry of this list", f"leads to {chain.at:#x}, where no entry can be"),
        UNREADABLE: ("LIST-1", "readable memory", f"leads to {chain.at:#x}, which cannot be read"),
        LOOP: ("LIST-2", "0", f"loops back to {chain.at:#x}"),
        LONG: ("LIST-2", "0", f"has more than the {limit} entries that it can have"),
    }[chain.end]
    return Walk(chain.nodes, (Problem(id_, f"{where}, entry {len(chain.nodes)}", expected, chain.at,
                                      f"{where}: {text}"),))
