# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command can do with a target that it lets run: to which points, and what is seen there. Imports no gdb."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ContextManager, Optional, Protocol, Sequence

CODE, WRITE, ACCESS = "code", "write", "access"
INTERRUPTED = "interrupted"         # the reason of a stop by Ctrl-C
ARRIVED = "arrived"                 # that of a stop at an instruction count
TIME_IS_UP = "the time is up"       # that of run()'s seconds


@dataclass(frozen=True)
class Point:
    """Where to stop: at an instruction, or when size bytes of memory change (write) or are used at all (access)."""

    addr: int
    kind: str = CODE
    size: int = 4


@dataclass(frozen=True)
class Stop:
    """Why the target stands. Without a point, something else than the points has stopped it: reason says what."""

    point: Optional[Point]
    reason: str         # one line


@dataclass(frozen=True)
class StackFrame:
    """One function on a stack. Unknown is None."""

    function: Optional[str]
    file: Optional[str]
    line: Optional[int]
    pc: int
    tail: bool = False      # it went on to the function before by a jump: nothing returns to pc

    @property
    def name(self) -> str:
        """The function, or the address of code that is of none."""
        return self.function or f"{self.pc:#x}"


OnHit = Callable[[Point], bool]


class Control(Protocol):
    """Runs the target, for one command. The session has it inside GDB; a test may have another."""

    @property
    def memo(self) -> dict[str, Any]:
        """What commands keep from one to the next, until GDB connects to another target."""

    @property
    def can_reverse(self) -> bool:
        """Whether the target can go back: it replays a recording."""

    def context(self) -> Any:
        """The Context of the present stop, another one after each run. In on_hit, that of the hit."""

    def run(self, points: Sequence[Point], on_hit: Optional[OnHit] = None, until: Optional[int] = None,
            seconds: Optional[float] = None, aloud: bool = False) -> Stop:
        """Let the target run until a point is hit, or something else stops it. Raises MmError when it cannot run.

        on_hit is asked at each hit, before anybody is told of a stop: False lets the target run on. An exception in it
        stops the target, and is raised here; so does Ctrl-C, which is heard when it returns. The points are gone
        afterwards, whatever happens. After so many seconds the target is stopped, as by Ctrl-C, whatever it does.
        until: under replay, an instruction count at which it stops, too: without a point, reason ARRIVED. What on_hit
        wants to say() is heard only aloud: so is then what GDB says itself, of another CPU for example.
        """

    def again(self) -> ContextManager[None]:
        """Inside, the target comes by what has been: neither the user's breakpoints nor what is kept see it."""

    def go_to(self, instructions: int) -> Stop:
        """Under replay, to the moment when so many instructions have run, from wherever it is; inside again().

        Stops with reason ARRIVED there, else somewhere on the way. Raises MmError.
        """

    def state_before(self, instructions: int) -> int:
        """The last instruction count before that one to which it is a short way: a state is kept of it."""

    def pave(self, instructions: int) -> Stop:
        """Keep states on a long way to a moment that the target comes from; inside again(). As go_to()."""

    def keep_state(self) -> None:
        """Make it a short way to the present moment, if it is not yet."""

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of what keep() has put, as long as it is there."""

    def keep(self, name: str, points: Sequence[Point], on_hit: OnHit) -> None:
        """Points that stay while the user steps and continues and commands run the target, and never stop it.

        on_hit is asked at each hit, as in run(); True ends it: the points of that name are gone. So they are after an
        error in it, after drop(), and when the target is detached, killed or another one, or the extension is sourced
        again. Inside again() they are not asked. Points in code that the kernel frees after its boot have
        to be ended by on_hit before: one point has to be where that begins. Raises MmError.
        """

    def drop(self, name: str) -> None:
        """Take the points of a name away, if there are any. Not in on_hit."""

    def entries(self, function: str) -> tuple[int, ...]:
        """Each code address at which a function begins, where it is inlined, too; FILE:FUNCTION picks one of a name."""

    def exits(self, function: str) -> tuple[int, ...]:
        """Each instruction by which a function returns, but for calls in its place; () while it cannot be read."""

    def result(self) -> Optional[int]:
        """What the function returns at whose exit the CPU is; None where the exit is not taken."""

    def return_address(self) -> Optional[int]:
        """Where the newest function that is not inlined returns to."""

    def call(self) -> Optional[int]:
        """Of one call of the newest function that is not inlined the same number all the time: its caller's stack."""

    @property
    def cpu(self) -> Optional[int]:
        """The selected CPU, from 0 on, as the stub numbers them."""

    def stack(self, limit: int = 16, last: Optional[Callable[[StackFrame], bool]] = None) -> tuple[StackFrame, ...]:
        """The functions that the selected CPU is in, the innermost first, those that are inlined, too.

        Not beyond the first one that last() is true of: each one costs.
        """

    def argument(self, name: str, function: Optional[str] = None) -> Optional[int]:
        """An argument of the function that has just been entered, or of that one, which may be inlined here."""

    def say(self, text: str) -> None:
        """Text for the user, at once."""

    def instructions(self) -> Optional[int]:
        """How many instructions have run since the start of a recording; None without one."""
