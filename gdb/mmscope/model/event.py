# SPDX-License-Identifier: GPL-2.0-or-later
"""One change of something that is watched: what it was and is, who did it, how. For mm watch and mm when."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional, Sequence

from ..target.control import StackFrame
from .blocksteps import BlockStep
from .context import Context
from .diffblock import BlockEvent
from .interval import Change
from .operations import is_helper
from .told import Subject

MOST_HELPERS = 6        # innermost functions that are none of the allocator's: atomic_inc() and the like
Inside = Callable[[StackFrame], bool]


@dataclass(frozen=True)
class Event:
    """What happened. Unknown is None."""

    subject: str
    kind: str                           # split, merge, taken, returned, moved, reserved, freed, added, removed, count
    before: Any                         # two looks of the subject
    after: Any
    by: Optional[StackFrame]            # the function that did it
    caller: Optional[StackFrame]        # the one that wanted it: the first that is not the allocator's
    stack: tuple[StackFrame, ...]       # when the first word of it was written, the innermost first
    steps: tuple[BlockStep, ...]        # of a split or merge, in their order
    blocks: tuple[BlockEvent, ...]      # of free lists
    ranges: tuple[Change, ...]          # of an array of memblock
    instructions: Optional[int]         # since the start of a recording, to its end
    partial: bool                       # something else stopped the target before the change was over
    began: Optional[int] = None         # instructions to its first write


def make_event(ctx: Context, subject: Subject, looks: Sequence[Any], stack: Sequence[StackFrame],
               instructions: Optional[int] = None, partial: bool = False, began: Optional[int] = None) -> Event:
    """Of looks before and after, and of those between where there are any. ctx is of about the moment of the last."""
    told = subject.tell(ctx, looks)
    by, caller = actors(stack, subject.inside)
    return Event(subject.name, told.kind, looks[0], looks[-1], by, caller, tuple(stack), told.steps, told.blocks,
                 told.ranges, instructions, partial, began)


def actors(stack: Sequence[StackFrame],
           inside: Inside) -> tuple[Optional[StackFrame], Optional[StackFrame]]:
    """Who wrote, small helpers apart; and who called the allocator."""
    found = _own(stack, inside)
    if found is None:
        return (next((each for each in stack if not is_helper(each)), None)), None
    first, last = found
    by = next((each for each in stack[first:last + 1] if not is_helper(each)), stack[first])
    return by, stack[last + 1] if last + 1 < len(stack) else None


def is_inside(stack: Sequence[StackFrame], inside: Inside) -> bool:
    """Whether a stack is of somebody in the allocator; one that is not known may be."""
    return len(stack) < 2 or _own(stack, inside) is not None


def return_of(stack: Sequence[StackFrame], inside: Inside) -> Optional[int]:
    """Where the outermost of the allocator's functions returns to, without one the newest function.

    One that is inlined in somebody else's has no return: that of the function which it calls counts, if there is one,
    else that of the function which it is inlined in. None: the stack does not reach so far.
    """
    first, last = _own(stack, inside) or (0, 0)
    pc = stack[last].pc if stack else None
    if last + 1 < len(stack) and stack[last + 1].pc == pc and stack[first].pc != pc:
        return pc
    return next((each.pc for each in stack[last + 1:] if each.pc != pc and not each.tail), None)


def outermost_of(stack: Sequence[StackFrame], inside: Inside) -> Optional[StackFrame]:
    """The outermost of the allocator's functions; None when there is none."""
    found = _own(stack, inside)
    return stack[found[1]] if found is not None else None


def _own(stack: Sequence[StackFrame], inside: Inside) -> Optional[tuple[int, int]]:
    """First and last index of the allocator's functions, from the innermost on; None when there is none."""
    own = [inside(each) for each in stack]
    first = next((index for index in range(min(MOST_HELPERS, len(own))) if own[index]), None)
    if first is None:
        return None
    last = first
    while last + 1 < len(own) and own[last + 1]:
        last += 1
    return first, last
