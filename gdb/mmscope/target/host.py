# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest RAM of a QEMU on this machine, read without asking the stub.

Where QEMU has mapped a file, shared, that file has the guest's bytes; else /proc/PID/mem of QEMU has them. Both are
read, never mapped: a file that is cut short is an error then, not a signal.
"""
from __future__ import annotations

import bisect
import os
import time
from dataclasses import dataclass
from typing import Callable, Iterator, Optional

from ..errors import BrokenPath, FaultError
from .mtree import Range
from .procmaps import Mapping, covering, is_file, parse
from .transport import Meter, PhysicalMemory

RAM_FILE, PROCESS = "QEMU's RAM file", "/proc/PID/mem"
LINE_BYTES = 2048
SEARCH_BYTES = 16 << 20     # a kernel begins before that
STEP_BYTES = 4 << 20    # some milliseconds: Ctrl-C is heard between two


@dataclass(frozen=True)
class Segment:
    """Physical addresses [start, end), and where their bytes are."""

    start: int
    end: int
    fd: int
    offset: int         # in the file, of start
    path: str           # of the RAM file; "" for the memory of the process


class HostMemory:
    """Reads guest-physical memory out of files that are kept open. close() closes them."""

    line_bytes = 0      # a system call is as quick as a look into what was kept

    def __init__(self, pid: int, segments: tuple[Segment, ...], meter: Meter) -> None:
        self.pid = pid
        self.meter = meter
        self.broken: Optional[BrokenPath] = None        # why it cannot be read any more
        self._segments = segments
        self._starts = [segment.start for segment in segments]
        main = max(segments, key=lambda segment: segment.end - segment.start)
        self.name = RAM_FILE if main.path else PROCESS
        self.detail = f"QEMU process {pid}" + (f", {main.path}" if main.path else "")

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Where the bytes are, for who reads them another way; the files are open until close()."""
        return self._segments

    def close(self) -> None:
        """Close the files."""
        for fd in {segment.fd for segment in self._segments}:
            os.close(fd)
        self._segments, self._starts = (), []

    def drop(self) -> None:
        """Nothing is kept here."""

    def read(self, phys: int, size: int) -> bytes:
        """Exactly size bytes. Raises FaultError outside RAM, BrokenPath when a file no longer gives them."""
        begin = time.perf_counter()
        parts = []
        end = phys + size
        while phys < end:
            at = bisect.bisect_right(self._starts, phys) - 1
            segment = self._segments[at] if at >= 0 else None
            if segment is None or phys >= segment.end:
                raise FaultError(phys, size)
            step = min(end, segment.end, phys + STEP_BYTES) - phys
            parts.append(self._take(segment, phys, step))
            phys += step
        cost = self.meter.cost
        cost.host_reads += len(parts)
        cost.host_bytes += size
        cost.milliseconds += (time.perf_counter() - begin) * 1000
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take(self, segment: Segment, phys: int, size: int) -> bytes:
        """Bytes of one segment. Raises BrokenPath, from then on always."""
        if self.broken is None:
            where = segment.path or f"/proc/{self.pid}/mem"
            try:
                data = os.pread(segment.fd, size, segment.offset + phys - segment.start)
                if len(data) == size:
                    return data
                self.broken = BrokenPath(f"{where} ends before the guest's RAM does")
            except (OSError, OverflowError) as error:
                self.broken = BrokenPath(f"{where}: {getattr(error, 'strerror', error)}")
        raise self.broken


def compare(host: HostMemory, physical: PhysicalMemory, ranges: tuple[Range, ...]) -> None:
    """Hold one line to what the stub has there: the first that is not empty, of the largest range.

    Raises BrokenPath when they differ, so that nothing is believed of a process that only looks like the QEMU.
    """
    largest = max(ranges, key=lambda each: each.size)
    for phys in range(largest.start, min(largest.end, largest.start + SEARCH_BYTES), LINE_BYTES):
        found = host.read(phys, LINE_BYTES)
        if any(found):
            if physical.read(phys, LINE_BYTES) != found:
                raise BrokenPath(f"process {host.pid} has other bytes than the stub at physical {phys:#x}")
            return


def open_host(pid: int, ranges: tuple[Range, ...], host_address: Callable[[int], Optional[int]],
              meter: Meter) -> HostMemory:
    """The RAM of the QEMU that is process pid.

    host_address gives where a range is in its memory. Raises BrokenPath with the reason when it cannot be read.
    """
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
            mappings = parse(file.read())
    except OSError as error:
        raise BrokenPath(f"the mappings of process {pid} cannot be read: {error.strerror}") from None
    files = _Files(pid)
    try:
        found = {each: tuple(_segments(each, host_address, mappings, files)) for each in ranges}
        main = max(ranges, key=lambda each: each.size)
        if files.denied is not None and sum(part.end - part.start for part in found[main]) < main.size:
            raise files.denied
    except BaseException:
        files.close()
        raise
    return HostMemory(pid, tuple(part for parts in found.values() for part in parts), meter)


def _segments(each: Range, host_address: Callable[[int], Optional[int]], mappings: tuple[Mapping, ...],
              files: _Files) -> Iterator[Segment]:
    """Where the bytes of one range are, without those that we may not read. Raises BrokenPath."""
    host = host_address(each.start)
    found = covering(mappings, host, host + each.size) if host is not None else None
    if found is None:
        raise BrokenPath(f"process {files.pid} does not have the guest's RAM: it is not the QEMU")
    for mapping in found:
        start, end = max(mapping.start, host), min(mapping.end, host + each.size)
        fd, offset, path = files.shared(mapping), mapping.offset + start - mapping.start, mapping.path
        if fd is None:
            fd, offset, path = files.memory(), start, ""
        if fd is not None:
            yield Segment(each.start + start - host, each.start + end - host, fd, offset, path)


class _Files:
    """The files that are opened on the way, each once."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.denied: Optional[BrokenPath] = None        # why the memory of the process is not read
        self._open: dict[object, Optional[int]] = {}

    def close(self) -> None:
        """Give up."""
        for fd in self._open.values():
            if fd is not None:
                os.close(fd)

    def memory(self) -> Optional[int]:
        """The memory of the process; None when we may not read it."""
        if "" not in self._open:
            try:
                self._open[""] = os.open(f"/proc/{self.pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                hint = " (kernel.yama.ptrace_scope, or it is another user's)" if isinstance(
                    error, PermissionError) else ""
                self.denied = BrokenPath(f"/proc/{self.pid}/mem: {error.strerror}{hint}")
                self._open[""] = None
        return self._open[""]

    def shared(self, mapping: Mapping) -> Optional[int]:
        """The file of a shared mapping; None when there is none that we may read."""
        key = (mapping.device, mapping.inode)
        if not mapping.shared or not mapping.path:
            return None
        if key not in self._open:
            self._open[key] = self._same(mapping)
        return self._open[key]

    def _same(self, mapping: Mapping) -> Optional[int]:
        """Open the file if it still is the one that is mapped."""
        try:
            fd = os.open(mapping.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return None
        if is_file(mapping, self.pid, fd):
            return fd
        os.close(fd)
        return None
