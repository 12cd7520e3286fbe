# SPDX-License-Identifier: GPL-2.0-or-later
"""The initramfs of a kernel-lab guest: busybox and our init, as a newc cpio."""
from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

INIT = Path(__file__).with_name("init.sh")


@dataclass(frozen=True)
class Entry:
    """One member of the archive."""
    name: str
    mode: int                           # type and permissions
    data: bytes = b""
    device: tuple[int, int] = (0, 0)    # major, minor of a device node


def newc(entries: list[Entry]) -> bytes:
    """A cpio archive in the "new ASCII" format that the kernel unpacks."""
    out = bytearray()
    for number, entry in enumerate([*entries, Entry("TRAILER!!!", 0)], 1):
        name = entry.name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(entry.mode) else 1
        fields = (number, entry.mode, 0, 0, links, 0, len(entry.data),
                  0, 0, *entry.device, len(name), 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (name, entry.data):
            out += part
            out += bytes(-len(out) % 4)
    return bytes(out)


def build(busybox: Path) -> bytes:
    """The archive for a guest whose static busybox is `busybox`."""
    return newc([
        Entry("bin", stat.S_IFDIR | 0o755),
        Entry("dev", stat.S_IFDIR | 0o755),
        Entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
        Entry("bin/busybox", stat.S_IFREG | 0o755, busybox.read_bytes()),
        Entry("init", stat.S_IFREG | 0o755, INIT.read_bytes()),
    ])
