# SPDX-License-Identifier: GPL-2.0-or-later
"""The loops of walk.py for trees: bounded, validated, never trusting.

Of a red-black tree, as helper/include/mm/rbtree.h has it:

  RB-1  a node's parent is the node that has it as a child; the root has none
  RB-2  the root is black, and a red node's children are black
  RB-3  every way from a node down to a missing child meets as many blacks

Of any tree:

  TREE-1  a child is an address that this tree can hold, and readable
  TREE-2  no child was seen before, and there are as many nodes as there can be

A broken tree is data: the branch ends there, and problems say why. RB-n do not end it.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from ..errors import FaultError
from .context import Context
from .problem import Problem
from .walk import Walk

BLACK = 1
XA_INTERNAL = 2             # low bits of an entry that is a node of the array itself
XA_TAGS = 3


def walk_tree(ctx: Context, root: int, where: str, valid: Callable[[int], bool], limit: int) -> Walk:
    """The rb_nodes of the tree whose struct rb_root is at an address, in order.

    valid is asked before an address is read. Raises FaultError when the root itself cannot be read.
    """
    return _Tree(ctx, where, valid, limit).walk(ctx.read.record("rb_root", root).get("rb_node"))


class _Tree:
    """One walk of a red-black tree, without recursion: a broken tree may be as deep as it has nodes."""

    def __init__(self, ctx: Context, where: str, valid: Callable[[int], bool], limit: int) -> None:
        self._ctx, self._where, self._valid, self._limit = ctx, where, valid, limit
        self._seen: dict[int, tuple[int, int, bool]] = {}       # node: left, right, black
        self._problems: list[Problem] = []
        self._full = False

    def walk(self, first: int) -> Walk:
        """Down to the left, back, to the right."""
        order: list[int] = []
        left = self._enter(first, 0, True)
        stack = [first] if left is not None else []
        going = left or 0
        while stack:
            if going:
                deeper = self._enter(going, stack[-1], self._seen[stack[-1]][2])
                if deeper is not None:
                    stack.append(going)
                going = deeper or 0
                continue
            here = stack.pop()
            order.append(here)
            right = self._seen[here][1]
            deeper = self._enter(right, here, self._seen[here][2])
            if deeper is not None:
                stack.append(right)
                going = deeper
        self._check_heights(order)
        return Walk(tuple(order), tuple(self._problems))

    def _broken(self, id_: str, node: int, expected: str, actual: int, text: str) -> None:
        where = f"{self._where}, node {node:#x}"
        self._problems.append(Problem(id_, where, expected, actual, f"{self._where}: {text}"))

    def _enter(self, node: int, parent: int, parent_black: bool) -> Optional[int]:
        """Look at a child for the first time; its left child, or None when there is no such node."""
        if not node:
            return None
        if not self._valid(node):
            self._broken("TREE-1", parent, "a node of this tree", node,
                         f"node {parent:#x} has a child at {node:#x}, where no node can be")
            return None
        if node in self._seen:
            self._broken("TREE-2", parent, "a node not seen before", node,
                         f"node {parent:#x} has a child {node:#x} that was met before")
            return None
        if len(self._seen) >= self._limit:
            if not self._full:
                self._broken("TREE-2", parent, str(self._limit), node,
                             f"has more than the {self._limit} nodes that it can have")
            self._full = True
            return None
        try:
            record = self._ctx.read.record("rb_node", node)
        except FaultError:
            self._broken("TREE-1", parent, "readable memory", node,
                         f"node {parent:#x} has a child at {node:#x}, which cannot be read")
            return None
        colored = record.get("parent_color")
        black = bool(colored & BLACK)
        if colored & ~3 != parent:
            self._broken("RB-1", node, f"{parent:#x}", colored & ~3,
                         f"the parent of {node:#x} is {colored & ~3:#x}, not {parent:#x}")
        if not black and (not parent or not parent_black):
            self._broken("RB-2", node, "black", colored,
                         f"node {node:#x} is red, " + (f"and its parent {parent:#x} too" if parent else "and the root"))
        self._seen[node] = (record.get("rb_left"), record.get("rb_right"), black)
        return record.get("rb_left")

    def _check_heights(self, order: list[int]) -> None:
        """RB-3, unless the tree was already found broken: then it says nothing new."""
        if self._problems or not order:
            return
        heights = {0: 0}
        waiting = [next(iter(self._seen))]
        while waiting:
            node = waiting[-1]
            left, right, black = self._seen[node]
            missing = [child for child in (left, right) if child not in heights]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if heights[left] != heights[right]:
                self._broken("RB-3", node, str(heights[left]), heights[right],
                             f"below {node:#x} there are {heights[left]} blacks to the left, {heights[right]} to the "
                             "right")
                return
            heights[node] = heights[left] + black


@dataclass(frozen=True)
class Entries:
    """What an xarray holds, as far as it could be read."""

    entries: tuple[tuple[int, int], ...]    # index and entry, by index
    problems: tuple[Problem, ...]


def walk_xarray(ctx: Context, xarray: int, where: str, valid: Callable[[int], bool], limit: int) -> Entries:
    """Every entry of the struct xarray at an address. Its nodes have TREE-1 and TREE-2 to keep.

    Raises FaultError when the xarray itself cannot be read.
    """
    entries: list[tuple[int, int]] = []
    problems: list[Problem] = []
    seen: set[int] = set()
    top = 1 << ctx.arch.address_bits

    def broken(id_: str, expected: str, node: int, text: str) -> None:
        problems.append(Problem(id_, where, expected, node, f"{where}: {text}"))

    waiting = [(0, ctx.read.record("xarray", xarray).get("xa_head"), top.bit_length())]
    while waiting:
        index, entry, above = waiting.pop()
        if entry & XA_TAGS != XA_INTERNAL or entry <= 4096:
            if entry:
                entries.append((index, entry))
            continue
        node = entry - XA_INTERNAL
        if node in seen or len(seen) == limit:
            broken("TREE-2", "a node not seen before", node, f"node {node:#x} was met before, or is one too many")
            continue
        seen.add(node)
        try:
            record = ctx.read.record("xa_node", node) if valid(node) else None
        except FaultError:
            record = None
        if record is None or record.get("shift") >= above:
            broken("TREE-1", "a node of this array", node, f"there is no node of it at {node:#x}")
            continue
        shift = record.get("shift")
        waiting += [(index + (slot << shift), each, shift)
                    for slot, each in reversed(list(enumerate(record.all("slots")))) if each]
    return Entries(tuple(entries), tuple(problems))
