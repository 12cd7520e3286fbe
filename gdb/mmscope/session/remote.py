# SPDX-License-Identifier: GPL-2.0-or-later
"""GDB's connection to a remote stub: packets, the stub's monitor, and the ways to memory that it opens."""
from __future__ import annotations

from typing import Callable, Optional, Union

import gdb

from ..errors import BrokenPath
from ..model.reach import AUTO, HOST, PHYSICAL
from ..target import engine
from ..target.engine import Machine
from ..target.host import HostMemory, compare, open_host
from ..target.mtree import Range, host_address, ram_ranges
from ..target.peer import find_peer
from ..target.stubphys import StubPhysical, left_physical, physical_mode
from ..target.transport import Meter, PhysicalMemory
from .memory import GdbTransport

Found = Union[HostMemory, StubPhysical, str]        # a str says why there is none


class Connection:
    """The ways to memory through one connection. Each is looked for once: a new connection has a new one of these."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.virtual = GdbTransport(meter)
        self._connection = getattr(gdb.selected_inferior(), "connection", None)
        self._ranges: Optional[tuple[Range, ...]] = None
        self._host: Optional[Found] = None
        self._physical: Optional[Found] = None
        self._engine: Optional[Machine] = None

    def host(self) -> HostMemory:
        """Memory of a QEMU on this machine. Raises BrokenPath."""
        if self._host is None:
            self._host = _result(self._find_host)
        if isinstance(self._host, HostMemory) and self._host.broken is not None:
            self._close_host(self._host)
            self._host = str(self._host.broken)
        if isinstance(self._host, str):
            raise BrokenPath(self._host)
        return self._host

    def engine(self) -> Optional[Machine]:
        """The dump engine over the files that host() reads; None where it is not there. Raises BrokenPath."""
        host, library = self.host(), engine.library()
        if library is None:
            why = engine.why_not()
            if why is not None:
                raise BrokenPath(why)
            return None
        if self._engine is None:
            machine = engine.Machine(library)
            try:
                for segment in host.segments:
                    machine.add_fd(segment.fd, segment.offset, segment.start, segment.end - segment.start)
            except BaseException:
                machine.close()
                raise
            self._engine = machine
        return self._engine

    def physical(self) -> StubPhysical:
        """Physical memory through the stub. Raises BrokenPath."""
        if self._physical is None:
            self._physical = _result(self._find_physical)
        if isinstance(self._physical, str):
            raise BrokenPath(self._physical)
        return self._physical

    def physical_ways(self, mode: str) -> tuple[Callable[[], PhysicalMemory], ...]:
        """What finds physical memory, by what mm-transport is set to, the best first."""
        return {AUTO: (self.host, self.physical), HOST: (self.host, self.physical), PHYSICAL: (self.physical,)}.get(
            mode, ())

    def close(self) -> None:
        """Close what is open."""
        if isinstance(self._host, HostMemory):
            self._close_host(self._host)
        self._host = "the connection is closed"

    def _close_host(self, host: HostMemory) -> None:
        """The engine has the same files open."""
        host.close()
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def packet(self, text: str) -> str:
        """Send a packet; its answer, "" where the stub does not know it. Raises BrokenPath."""
        try:
            answer = self._connection.send_packet(text)
        except (gdb.error, RuntimeError, ValueError) as error:
            raise BrokenPath(f"the stub does not answer: {error}") from None
        return (answer or b"").decode("ascii", "replace")

    def monitor(self, command: str) -> str:
        """Run a command of the stub's monitor; its output. Raises BrokenPath."""
        self.meter.cost.requests += 1
        try:
            return gdb.execute(f"monitor {command}", to_string=True)
        except gdb.error as error:
            raise BrokenPath(f"'monitor {command}': {error}") from None

    def _find_host(self) -> HostMemory:
        """Which process is at the other end, and where it has the guest's RAM."""
        ranges = self._ram()
        pid = find_peer(getattr(self._connection, "details", None))
        if pid is None:
            raise BrokenPath("the connection does not lead to a process on this machine that can be seen")
        host = open_host(pid, ranges, lambda phys: host_address(self.monitor(f"gpa2hva {phys:#x}"), phys), self.meter)
        try:
            compare(host, self.physical(), ranges)
        except BaseException:
            host.close()
            raise
        return host

    def _find_physical(self) -> StubPhysical:
        """What the stub says of itself."""
        ranges = self._ram()
        return StubPhysical(self.packet, ranges, self.virtual.packet_bytes, self.meter)

    def _put_back(self) -> None:
        """A debugger that was killed in the middle of a request may have left the stub reading physical addresses."""
        if left_physical(self.packet):
            gdb.write("mm: the stub read physical addresses, as a killed session leaves it: "
                      "it reads virtual ones now\n", gdb.STDERR)

    def _ram(self) -> tuple[Range, ...]:
        """Where the machine has RAM. Raises BrokenPath when the stub is not that of QEMU."""
        if self._ranges is None:
            if not self.virtual.remote or not physical_mode(self.packet):
                raise BrokenPath("the target is not a QEMU machine")
            self._put_back()
            self._ranges = ram_ranges(self.monitor("info mtree -f"))
        if not self._ranges:
            raise BrokenPath("'monitor info mtree -f' names no RAM")
        return self._ranges


def _result(find: Callable[[], Union[HostMemory, StubPhysical]]) -> Found:
    """What is found, or why nothing is."""
    try:
        return find()
    except BrokenPath as error:
        return str(error)
