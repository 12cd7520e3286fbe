# SPDX-License-Identifier: GPL-2.0-or-later
"""Which process on this machine is at the other end of a debugger's connection.

Sources: unix(7), SO_PEERCRED (the process that listened); proc(5), /proc/net/tcp (both ends of a connection over
loopback are there, each with its inode) and /proc/PID/fd (who has that inode open).
"""
from __future__ import annotations

import os
import re
import socket
import struct
from dataclasses import dataclass
from typing import Iterator, Optional

MAPPED_V4 = "0000000000000000FFFF0000"      # an IPv4 address in a table of IPv6 ones
SOCKET = re.compile(r"socket:\[(\d+)\]$")
PREFIXES = ("unix:", "tcp:", "tcp4:", "tcp6:")
TRIES = 3                   # a table that changes while it is read can lack a line
End = tuple[str, int]       # address as the tables have it, port


@dataclass(frozen=True)
class Connected:
    """What one of our sockets is connected to."""

    pid: int
    unix_path: Optional[str] = None     # where the other end listened; None for TCP
    port: Optional[int] = None          # of the other end


@dataclass(frozen=True)
class TcpRow:
    """A line of /proc/net/tcp or tcp6."""

    local: End
    remote: End
    inode: int


def find_peer(details: Optional[str]) -> Optional[int]:
    """The process that we are connected to; None when it is not on this machine, or when more than one could be.

    details is how the debugger names the connection: a path, or HOST:PORT; None when it does not tell.
    """
    every: tuple[Connected, ...] = ()
    for _ in range(TRIES):
        every = every or tuple(connections())
    chosen = [each for each in every if details is not None and _named(each, details)] or every
    pids = {each.pid for each in chosen}
    return pids.pop() if len(pids) == 1 else None


def connections() -> Iterator[Connected]:
    """Our connected sockets whose other end is on this machine."""
    rows = [row for name in ("tcp", "tcp6") for row in tcp_rows(_text(f"/proc/self/net/{name}"))]
    for fd, inode in _sockets("self"):
        row = next((row for row in rows if row.inode == inode), None)
        if row is not None:
            other = next((each for each in rows if (each.local, each.remote) == (row.remote, row.local)), None)
            owner = _owner(other.inode) if other is not None and other.inode else None
            if owner is not None:
                yield Connected(owner, port=row.remote[1])
        else:
            found = _unix(fd)
            if found is not None:
                yield found


def tcp_rows(text: str) -> tuple[TcpRow, ...]:
    """The lines of a table of TCP sockets, IPv4 addresses as such in both."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 9 and words[9].isdigit():
            found.append(TcpRow(_end(words[1]), _end(words[2]), int(words[9])))
    return tuple(found)


def _end(text: str) -> End:
    """ADDRESS:PORT, both in hexadecimal."""
    addr, _, port = text.partition(":")
    return addr[len(MAPPED_V4):] if addr.startswith(MAPPED_V4) else addr, int(port, 16)


def _named(each: Connected, details: str) -> bool:
    """Whether the debugger's name for its connection is that of this socket."""
    for prefix in PREFIXES:
        details = details[len(prefix):] if details.startswith(prefix) else details
    if each.unix_path is None:
        return details.rpartition(":")[2] == str(each.port)
    return _same_file(os.path.expanduser(details), os.path.join(f"/proc/{each.pid}/cwd", each.unix_path))


def _same_file(left: str, right: str) -> bool:
    """Whether two paths lead to one file; one that is gone is known by its name."""
    try:
        return os.path.samefile(left, right)
    except OSError:
        return left == right


def _sockets(pid: str) -> Iterator[tuple[int, int]]:
    """File descriptor and inode of each socket of a process, as far as we may look."""
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for name in names:
        try:
            match = SOCKET.match(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            continue
        if match:
            yield int(name), int(match[1])


def _unix(fd: int) -> Optional[Connected]:
    """The other end of one of our own unix sockets; None when it is something else."""
    try:
        with socket.socket(fileno=os.dup(fd)) as end:
            if end.family != socket.AF_UNIX or end.type != socket.SOCK_STREAM:
                return None
            path = end.getpeername()
            pid = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    except (OSError, AttributeError):
        return None
    if pid <= 0 or pid == os.getpid() or not path:
        return None
    return Connected(pid, os.fsdecode(path))


def _owner(inode: int) -> Optional[int]:
    """The process that has a socket open, if we may see it."""
    for name in os.listdir("/proc"):
        if name.isdigit() and any(each == inode for _, each in _sockets(name)):
            return int(name)
    return None


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
