# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest-physical memory through QEMU's stub, which can be told to take addresses as physical.

That is a switch of the whole stub: while it is on, what anybody reads through the stub is physical. So it is on for
one short batch of requests at a time, with SIGINT held back, and put back to what it was on every way out.
Source: QEMU's documentation, "Debug with gdb", Qqemu.PhyMemMode. Requests are sent as they are: where the guest has
32-bit addresses GDB would cut physical ones to that.
"""
from __future__ import annotations

import contextlib
import signal
import time
from typing import Callable, Iterator, Optional

from ..errors import BrokenPath, FaultError
from .mtree import Range
from .transport import Cost, Meter

MODE = "qemu.PhyMemMode"
NAME = "remote stub, physical"
BATCH = 32          # requests in one go: some milliseconds
RESTORE_TRIES = 5
Packet = Callable[[str], str]       # sends a packet, gives the answer; raises BrokenPath


class StubPhysical:
    """Reads RAM, and nothing else: a device may change when it is read."""

    name, detail = NAME, ""
    line_bytes = 4096       # a page or a part of one

    def __init__(self, packet: Packet, ranges: tuple[Range, ...], packet_bytes: int, meter: Meter) -> None:
        self.meter = meter
        self._packet = packet
        self._ranges = ranges
        self._packet_bytes = packet_bytes       # of memory, that one answer carries
        self._before: Optional[tuple[Cost, str]] = None     # how the switch was found, in which command

    def drop(self) -> None:
        """Nothing is kept here."""

    def read(self, phys: int, size: int) -> bytes:
        """Exactly size bytes. Raises FaultError outside RAM, BrokenPath when the stub does not do it."""
        if not any(each.start <= phys and phys + size <= each.end for each in self._ranges):
            raise FaultError(phys, size)
        batch = BATCH * self._packet_bytes
        return b"".join(self._batch(at, min(batch, phys + size - at)) for at in range(phys, phys + size, batch))

    def _batch(self, phys: int, size: int) -> bytes:
        """As much as is read in one go."""
        begin = time.perf_counter()
        try:
            with _held(), self._switched():
                step = self._packet_bytes
                data = b"".join(self._one(at, min(step, phys + size - at)) for at in range(phys, phys + size, step))
        finally:
            self.meter.cost.milliseconds += (time.perf_counter() - begin) * 1000
        self.meter.cost.bytes += size
        return data

    def _one(self, phys: int, size: int) -> bytes:
        """One request."""
        answer = self._ask(f"m{phys:x},{size:x}")
        try:
            data = bytes.fromhex(answer)
        except ValueError:
            data = b""
        if len(data) != size:
            raise FaultError(phys, size)
        return data

    def _ask(self, text: str) -> str:
        self.meter.cost.requests += 1
        return self._packet(text)

    @contextlib.contextmanager
    def _switched(self) -> Iterator[None]:
        """The stub reads physical addresses inside, and what it read before afterwards."""
        before = self._found()
        if before not in ("0", "1"):
            raise BrokenPath("the stub does not read physical memory")
        try:
            if before == "0" and self._ask(f"Q{MODE}:1") != "OK":
                raise BrokenPath("the stub does not read physical memory")
            yield
        finally:
            if before == "0":
                self._put_back()

    def _found(self) -> str:
        """How the switch is. Asked once a command: each has books of its own, and nobody else turns it meanwhile."""
        if self._before is None or self._before[0] is not self.meter.cost:
            answer = self._ask(f"q{MODE}")
            self._before = self.meter.cost, answer
        return self._before[1]

    def _put_back(self) -> None:
        """Switch off again. Whatever interrupts it is kept until that is done."""
        interrupt: Optional[BaseException] = None
        for _ in range(RESTORE_TRIES):
            try:
                if self._ask(f"Q{MODE}:0") == "OK":
                    break
            except BrokenPath:
                continue
            except BaseException as error:
                interrupt = error
        else:
            raise BrokenPath("the stub was not put back to virtual addresses: it does not answer")
        if interrupt is not None:
            raise interrupt


def physical_mode(packet: Packet) -> bool:
    """Whether the stub can be told to read physical memory. A stub does not know what it does not understand."""
    return packet(f"q{MODE}") in ("0", "1")


def left_physical(packet: Packet) -> bool:
    """Whether a stub that was just met read physical memory; then it does no longer."""
    return packet(f"q{MODE}") == "1" and packet(f"Q{MODE}:0") == "OK"


@contextlib.contextmanager
def _held() -> Iterator[None]:
    """SIGINT waits until the end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
