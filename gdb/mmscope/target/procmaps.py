# SPDX-License-Identifier: GPL-2.0-or-later
"""The mappings of a process on this machine. Source: proc(5), /proc/PID/maps."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Iterator, Optional

LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)$")
DELETED = " (deleted)"


@dataclass(frozen=True)
class Mapping:
    """Virtual addresses [start, end) of a process."""

    start: int
    end: int
    readable: bool
    shared: bool        # a write is seen in the file
    offset: int         # of start in the file
    device: int
    inode: int          # 0: of no file
    path: str           # "" when there is none that leads to the file any more


def parse(text: str) -> tuple[Mapping, ...]:
    """The mappings, lowest first."""
    found = []
    for line in text.splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        start, end, rights, offset, major, minor, inode, path = match.groups()
        path = "" if path.endswith(DELETED) or not path.startswith("/") else path.replace("\\012", "\n")
        found.append(Mapping(int(start, 16), int(end, 16), rights[0] == "r", rights[3] == "s", int(offset, 16),
                             os.makedev(int(major, 16), int(minor, 16)), int(inode), path))
    return tuple(found)


def covering(mappings: tuple[Mapping, ...], start: int, end: int) -> Optional[tuple[Mapping, ...]]:
    """The mappings that [start, end) lies in, without a gap and all readable; None when there is one."""
    found, at = [], start
    for mapping in mappings:
        if mapping.end <= at or at >= end:
            continue
        if mapping.start > at or not mapping.readable:
            return None
        found.append(mapping)
        at = mapping.end
    return tuple(found) if at >= end else None


def is_file(mapping: Mapping, pid: int, fd: int) -> bool:
    """Whether an open file is the one that the process has mapped.

    Some file systems show a device here that no stat() shows: then it has to be one that the process has open.
    """
    status = os.fstat(fd)
    if status.st_ino != mapping.inode:
        return False
    return status.st_dev == mapping.device or any(os.path.samestat(status, each) for each in _open_files(pid))


def _open_files(pid: int) -> Iterator[os.stat_result]:
    """The status of each file that a process has open, as far as we may look."""
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for name in names:
        try:
            yield os.stat(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
