# SPDX-License-Identifier: GPL-2.0-or-later
"""What mm owners tells: each range that somebody has of memblock, and what was given back."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ..errors import MmError
from ..target.control import StackFrame
from .context import Context
from .memblock import discarded, region_lists
from .ownerlog import FREED, FREED_LATE, REMOVED, Event, Log, Piece
from .paint import without
from .problem import Problem


@dataclass(frozen=True)
class Frame:
    """A function that was active."""

    function: Optional[str]
    file: Optional[str]
    line: Optional[int]
    pc: int


@dataclass(frozen=True)
class Stack:
    """By whose calls memblock was called, the innermost first."""

    wrappers: tuple[Frame, ...]     # memblock's own functions, and layers that only pass a call on
    owner: Optional[Frame]
    callers: tuple[Frame, ...]      # of the owner


@dataclass(frozen=True)
class Call:
    """A call that changed a list of memblock."""

    kind: str                       # added, removed, reserved, allocated, freed, freed late
    list: str                       # memory, reserved, pool
    start: int
    end: int
    function: Optional[str]         # whose it is: the first that does not only pass a call on
    file: Optional[str]
    line: Optional[int]
    stack: int                      # its number
    instructions: Optional[int]     # when, under record and replay


@dataclass(frozen=True)
class Held:
    """A range, and by which of the calls it is what it is. It may be a part of what that call said."""

    start: int
    end: int
    kind: str
    function: Optional[str]
    call: int                       # its number


@dataclass(frozen=True)
class OwnersReport:
    """All that is known by now."""

    recording: bool
    since: Optional[str]            # the function in which the recording began
    ended: Optional[str]            # by what, when no more is to come
    stops: int
    milliseconds: float             # of these stops, what mm took of it
    calls: tuple[Call, ...]         # in the order of the boot
    stacks: tuple[Stack, ...]       # of these, each once
    memory: tuple[Held, ...]        # memblock.memory, by address
    reserved: tuple[Held, ...]      # memblock.reserved, by address, and pieces of pools in it
    freed: tuple[Held, ...]         # what left a list, in the order of the boot
    unseen_bytes: Optional[int]     # reserved, but not seen to be; None: memblock cannot be read
    unknown: int                    # calls whose arguments could not be read
    lost: int                       # calls that were too many to keep
    problems: tuple[Problem, ...] = ()
    began: bool = field(default=False, metadata={"json": False})       # by this very command


def report(ctx: Context, log: Log, recording: bool, began: bool = False) -> OwnersReport:
    """All that a log has."""
    numbers = {id(event): number for number, event in enumerate(log.events)}

    def _held(event: Event, start: int, end: int) -> Held:
        return Held(start, end, event.kind, event.by.function, numbers[id(event)])

    def _by_address(pieces: list[Piece]) -> tuple[Held, ...]:
        return tuple(_held(piece.event, piece.start, piece.end)
                     for piece in sorted(pieces, key=lambda piece: (piece.start, piece.end)))

    freed = tuple(_held(event, event.start, event.end) for event in log.events
                  if event.kind in (REMOVED, FREED, FREED_LATE))
    stacks: dict[tuple[tuple[StackFrame, ...], int], int] = {}
    calls = tuple(_call(event, stacks.setdefault((event.stack, event.owner), len(stacks))) for event in log.events)
    return OwnersReport(recording, log.since, log.ended, log.stops, round(log.seconds * 1000, 1), calls,
                        tuple(_stack(frames, owner) for frames, owner in stacks), _by_address(log.memory),
                        _by_address(log.reserved + log.pools), freed, _unseen(ctx, log), log.unknown, log.lost,
                        began=began)


def _call(event: Event, stack: int) -> Call:
    by = event.by
    return Call(event.kind, event.list, event.start, event.end, by.function, by.file, by.line, stack,
                event.instructions)


def _stack(stack: tuple[StackFrame, ...], owner: int) -> Stack:
    frames = tuple(Frame(frame.function, frame.file, frame.line, frame.pc) for frame in stack)
    return Stack(frames[:owner], frames[owner] if frames else None, frames[owner + 1:])


def _unseen(ctx: Context, log: Log) -> Optional[int]:
    """Bytes of memblock.reserved that nobody was seen to reserve."""
    try:
        if discarded(ctx):
            return None
        regions = sorted((region.base, region.end) for region in region_lists(ctx).reserved)
    except MmError:
        return None
    return sum(end - start for start, end in without(regions, [(piece.start, piece.end) for piece in log.reserved]))
