# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a boot from phase to phase, and says what each has changed.

Phases are nested: those that are open are a stack, each with the snapshot of its beginning. A phase that is inlined, or
a loop over a function, has no return: it ends where the next begins, or where the phase around it returns. Stack and
snapshots outlive a command, so that the next one goes on from there; what does not fit to where the target is by then
is dropped.
"""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterator, Optional

from ..errors import MmError
from ..target.control import Control, Point
from .context import Context, Host
from .memblock import region_lists
from .phasechange import Change, change
from .phaselook import FlagsChange, Look, PagesetChange, flags_change, look, pageset_changes
from .phases import CALL, EACH, LAST, Found, find_phases
from .problem import Problem
from .rewind import known_at, note
from .snapshot import take, where
from .stage import Stage
from .state import Snapshot
from .zone import zones

KEPT = "step/"          # what the names of these snapshots begin with
FIRST = "00-start"
MOST_STEPS = 2000       # of one command: a boot has some dozens
OVER = "the boot is over: no phase is to come"


@dataclass(frozen=True)
class Step:
    """One phase that has ended."""

    number: int
    phase: str
    function: str
    inside: tuple[str, ...]         # phases around it, the outermost first
    why: str
    snapshot: Optional[str]         # kept under this name
    partial: bool                   # its beginning was not seen
    between: Optional[Change]       # what other code has changed since the phase before; None where nothing
    change: Optional[Change]        # None: the state could not be read
    problems: tuple[Problem, ...] = field(default=(), metadata={"json": False})
    flags: Optional[FlagsChange] = None         # of the phase that sets PG_reserved
    pagesets: tuple[PagesetChange, ...] = ()    # of the one that moves them
    instructions: Optional[int] = None          # that had run at its end, in a recording or a replay
    earlier: bool = False           # it began before this command: what it changed then is in its change, too


@dataclass
class Open:
    """A phase that has begun."""

    found: Found
    back: Optional[int]             # where it returns to
    before: Optional[Snapshot]
    sign: Any
    between: Optional[Change] = None
    partial: bool = False
    look: Optional[Look] = None


@dataclass
class Boot:
    """What is known of the boot at hand, from one command to the next."""

    open: list[Open] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    pc: Optional[int] = None        # where the last command has left the target
    arrived: Optional[int] = None   # a stop of ours in the middle of which Ctrl-C came: what ends here is not told yet
    ended: list[Step] = field(default_factory=list)     # of this stop
    last: Optional[Snapshot] = None
    sign: Any = None                # of the last
    number: int = 0
    stage: Stage = Stage.RESET
    at: Optional[int] = None        # instructions that had run there
    begun: tuple[str, ...] = ()     # phases that begin there


class Stepper:
    """Steps for one command."""

    def __init__(self, control: Control, keep: Callable[[Snapshot], None], forget: Callable[[], None]) -> None:
        ctx = control.context()
        if ctx.stage is Stage.BOOTED:
            raise MmError(f"{OVER}; start the target anew, stopped at its first instruction, to step through it")
        host = ctx.host
        self.found = find_phases(control.entries, lambda addr: _first(host, addr))
        self.stopped: Optional[str] = None      # why there is no further step
        self.over = False
        self._control, self._keep, self._forget = control, keep, forget
        self._last = {addr for name in LAST for addr in control.entries(name)[:1]}
        self.ends: tuple[Optional[Snapshot], Optional[Snapshot]] = (None, None)     # states before and after all steps
        self._boot = Boot()
        self._boot = self._resume(control.context())
        self._first = self._first or self._boot.last
        self._begun = self._first is not None

    def steps(self) -> Iterator[tuple[Step, ...]]:
        """What ends at each stop, innermost first. Ends with stopped or over."""
        begun = self._boot.pc == self._pc(self._control.context())
        for _ in range(MOST_STEPS):
            if not begun:
                self._arrive()
                if self.over:
                    self._present(self._control.context())
                ended, self._boot.ended = tuple(self._boot.ended), []
                if ended or self.over:
                    self.ends = self._first, self._boot.last
                if ended:
                    yield ended
            begun = False
            if self.over or self.stopped is not None or not self._go():
                return

    def is_over(self, found: Found) -> bool:
        """Whether a phase has ended already."""
        return found.phase.name in self._boot.done

    @property
    def open_phases(self) -> tuple[str, ...]:
        """Those that the target is inside of, outermost first."""
        return tuple(each.found.phase.name for each in self._boot.open)

    # --- where the target is ------------------------------------------------------------------------------------------

    def _resume(self, ctx: Context) -> Boot:
        """The boot as the command before has left it, as far as it still holds."""
        boot = self._control.memo.get("step", Boot())
        if not isinstance(boot, Boot):      # of a copy of this code that was loaded before
            boot = Boot(number=boot.number, stage=Stage(boot.stage))
        boot = known_at(self._control, boot)
        if ctx.stage is not None and ctx.stage < boot.stage:        # the machine was reset
            boot = Boot()
        if not boot.number and boot.last is None:
            self._forget()
        self._control.memo["step"] = boot
        self._first = boot.last
        self._earlier = {each.found.phase.name for each in boot.open if each.before is not boot.last}
        if self._pc(ctx) in {boot.pc, boot.arrived} - {None}:
            return boot
        boot.pc, boot.arrived = None, None
        inside = {frame.function for frame in self._control.stack(64)}
        boot.open = [each for each in boot.open if each.back is not None
                     and (each.found.function in inside or each.back == self._pc(ctx))]
        self._find_open(boot, ctx)
        return boot

    def _find_open(self, boot: Boot, ctx: Context) -> None:
        """Phases on the stack whose beginning was not seen."""
        known = {each.found.function for each in boot.open}
        frames = self._control.stack(64)
        for index in range(len(frames) - 1, -1, -1):
            for found in self.found:
                if found.function != frames[index].function or found.function in known or found.phase.kind != CALL:
                    continue
                if frames[index].pc in found.entries or index + 1 >= len(frames) or \
                        frames[index + 1].pc == frames[index].pc:
                    continue        # it begins here, or is inlined: its end is not known
                snapshot, sign = self._present(ctx)
                boot.open.append(Open(found, frames[index + 1].pc, snapshot, sign, partial=True))
        boot.open.sort(key=lambda each: next((-number for number, frame in enumerate(frames)
                                              if frame.function == each.found.function), 0))

    @staticmethod
    def _pc(ctx: Context) -> Optional[int]:
        return ctx.host.register("pc")

    # --- running ------------------------------------------------------------------------------------------------------

    def _go(self) -> bool:
        """Run to the next place where a phase may begin or end."""
        boot = self._boot
        addrs = {addr for each in self._next() for addr in each.entries}
        addrs.update(each.back for each in boot.open if each.back is not None)
        loops = {addr: each.phase.given for each in self._next() if each.phase.given is not None
                 for addr in each.entries if each.function != each.phase.functions[0]}
        stop = self._control.run([Point(addr) for addr in sorted(addrs | self._last)],
                                 lambda point: point.addr not in loops or self._is_given(*loops[point.addr]))
        boot.pc = None
        if stop.point is None:
            self.stopped = stop.reason
            return False
        if stop.reason.startswith("and "):      # a breakpoint of the user's at the same place
            self.stopped = stop.reason[len("and "):]
        self._boot.arrived = stop.point.addr
        return True

    def _is_given(self, name: str, member: str) -> bool:
        """Whether an argument of the function that was just entered points to a member of a variable."""
        given, (variable, _, _) = self._control.argument(name), member.partition(".")
        layout = self._control.context().layout
        place, inner = layout.find_variable(variable), layout.find_field(member)
        return given is None or place is None or inner is None or given == place.addr + inner.offset

    def _next(self) -> list[Found]:
        """Phases that may begin."""
        begun = {each.found.phase.name for each in self._boot.open if each.found.phase.kind == CALL}
        around = [each.found.phase.name for each in self._boot.open if each.back is not None][-1:]
        return [each for each in self.found if each.phase.name not in self._boot.done | begun and (
            each.phase.inside is None or each.phase.inside in around)]

    def _arrive(self) -> None:
        """What ends here, then what begins. After Ctrl-C in the middle of it the next command does the rest."""
        boot, ctx = self._boot, self._control.context()
        pc = self._pc(ctx)
        self.over = pc in self._last
        begins = [each for each in self._next() if pc in each.entries]
        inner = boot.open[-1].found.phase if boot.open else None
        if begins and inner is not None and boot.open[-1].back is None and not (
                inner.kind != EACH and begins[0].phase.name == inner.name):
            self._end(ctx, len(boot.open) - 1)
        returned = next((index for index, each in enumerate(boot.open) if pc is not None and each.back == pc), None)
        if self.over and boot.open:
            returned = 0
        if returned is not None:
            ended = boot.open[returned].found.phase.name
            self._end(ctx, returned)
            begins += [each for each in self._next() if each.phase.after == ended and not each.entries]
        begins = [each for each in begins
                  if not any(other.found.phase.name == each.phase.name for other in boot.open)]
        for each in begins:
            self._begin(ctx, each)
        boot.pc, boot.arrived, boot.stage = pc, None, ctx.stage if ctx.stage is not None else boot.stage
        boot.begun = tuple(each.phase.name for each in begins)
        note(self._control, boot)

    def _begin(self, ctx: Context, found: Found) -> None:
        boot = self._boot
        if ctx.stage is not None and ctx.stage >= Stage.EARLY and boot.last is None:
            snapshot, _ = self._present(ctx)
            if snapshot is not None and not boot.number:
                self._keep(replace(snapshot, name=KEPT + FIRST))
        last = boot.last
        snapshot, sign = self._present(ctx, found.phase.kind != CALL)
        if not self._begun:
            self._first, self._begun = boot.last, True
        between = change(last, snapshot) if last is not None and snapshot is not None else None
        kind, pc = found.phase.kind, self._pc(ctx)
        called = not found.inlined and pc is not None and _first(ctx.host, pc)
        returns = kind == CALL or kind == EACH and found.function == found.phase.functions[0]
        back = self._control.return_address() if called and returns else None
        boot.open.append(Open(found, back, snapshot, sign,
                              between if between is not None and not between.empty else None,
                              look=look(ctx, found.phase.looks)))

    def _end(self, ctx: Context, index: int) -> None:
        """Those from index on have ended, the innermost first."""
        boot = self._boot
        while len(boot.open) > index:
            each, phase = boot.open[-1], boot.open[-1].found.phase
            if (phase.kind == EACH or not each.found.entries) and _same_zones(each.sign, self._sign(ctx)):
                boot.open.pop()     # a range without a whole page, a machine without HighMem
                continue
            snapshot, _ = self._present(ctx)
            name = f"{KEPT}{boot.number + 1:02}-{phase.name}" if snapshot is not None else None
            looks = each.look, look(ctx, phase.looks)
            step = Step(boot.number + 1, phase.name, each.found.function,
                        tuple(other.found.phase.name for other in boot.open[:-1]), phase.why, name, each.partial,
                        each.between, change(each.before, snapshot) if snapshot is not None else None, self._problems,
                        flags_change(*looks), pageset_changes(*looks), self._control.instructions(),
                        phase.name in self._earlier)
            if snapshot is not None and name is not None:
                self._keep(replace(snapshot, name=name, phase=phase.name, phase_text=phase.why))
            if phase.kind != EACH:
                boot.done.add(phase.name)
            boot.open.pop()
            boot.number += 1
            boot.ended.append(step)

    # --- looking ------------------------------------------------------------------------------------------------------

    _problems: tuple[Problem, ...] = ()
    _first: Optional[Snapshot] = None
    _begun = False                  # _first is known
    _earlier: set[str] = set()      # phases that began before this command

    def _present(self, ctx: Context, same: bool = False) -> tuple[Optional[Snapshot], Any]:
        """The state now. The last snapshot once more where memblock and the zones count the same since, and there is
        nothing else yet that could have changed, or (same) the code in between is known: the loop of the hand-over."""
        boot, sign = self._boot, self._sign(ctx)
        if boot.last is not None and sign is not None and sign == boot.sign and (same or ctx.stage < Stage.ZONES):
            return replace(boot.last, where=where(ctx)) if not same else boot.last, sign
        try:
            if ctx.stage is None or ctx.stage < Stage.EARLY:
                return None, None
            snapshot, self._problems = ctx.once("step.present", lambda ctx: take(ctx, "now"))
        except MmError:
            return None, None
        boot.last, boot.sign = snapshot, sign
        return snapshot, sign

    @staticmethod
    def _sign(ctx: Context) -> Any:
        """What is another when memory was given or taken, before there are caches; None afterwards."""
        if ctx.stage is None or not Stage.EARLY <= ctx.stage < Stage.SLAB:
            return None
        try:
            known = region_lists(ctx)
            regions = tuple((each.base, each.end, each.flags, each.nid) for each in (*known.memory, *known.reserved))
            found = tuple((zone.managed_pages, zone.free_pages) for zone in zones(ctx)) \
                if ctx.stage >= Stage.ZONES else ()
            return ctx.stage, regions, found, ctx.read.find("totalram_pages")
        except MmError:
            return None


def _same_zones(one: Any, other: Any) -> bool:
    """Whether no page has come to a zone's lists between two signs."""
    return one is not None and other is not None and one[2] == other[2]


def _first(host: Host, addr: int) -> bool:
    """Whether a function begins at an address: not only a copy of one that is inlined."""
    named = host.symbolize(addr)
    return named is not None and named.offset == 0
