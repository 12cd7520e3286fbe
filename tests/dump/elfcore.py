# SPDX-License-Identifier: GPL-2.0-or-later
"""ELF cores as a test wants them, sound or lying.

A core is written from a list of segments; each number of its headers can be
said otherwise than it is.
"""
from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Optional

PT_LOAD, PT_NOTE = 1, 4
ET_CORE = 4
EM_ARM, EM_X86_64, EM_AARCH64 = 40, 62, 183
PN_XNUM = 0xFFFF
UNKNOWN = (1 << 64) - 1


@dataclass
class Segment:
    """One program header and its bytes; what is None is as it should be."""

    data: bytes = b""
    phys: int = 0
    virt: int = 0
    kind: int = PT_LOAD
    offset: Optional[int] = None
    filesz: Optional[int] = None
    memsz: Optional[int] = None
    align: int = 0


@dataclass
class Core:
    """An ELF core; header: fields of the ELF header that lie."""

    segments: list[Segment]
    bits: int = 64
    order: str = "<"
    machine: int = EM_AARCH64
    header: dict[str, int] = field(default_factory=dict)
    xnum: bool = False
    xnum_count: Optional[int] = None
    extra: bytes = b""

    def layout(self) -> tuple[int, int, int]:
        """Bytes of the ELF header, a program header, a section header."""
        return (64, 56, 64) if self.bits == 64 else (52, 32, 40)

    def to_bytes(self) -> bytes:
        """The file."""
        head, phent, shent = self.layout()
        count = len(self.segments)
        shoff = head + count * phent
        at = shoff + (shent if self.xnum else 0)
        headers, body = bytearray(), bytearray()
        for segment in self.segments:
            offset = at + len(body) if segment.offset is None else segment.offset
            headers += self._program_header(segment, offset)
            body += segment.data
        values: dict[str, Any] = {
            "type": ET_CORE, "machine": self.machine, "version": 1, "entry": 0, "phoff": head,
            "shoff": shoff if self.xnum else 0, "flags": 0, "ehsize": head, "phentsize": phent,
            "phnum": PN_XNUM if self.xnum else count, "shentsize": shent if self.xnum else 0,
            "shnum": 1 if self.xnum else 0, "shstrndx": 0, **self.header}
        word = "Q" if self.bits == 64 else "I"
        ident = b"\x7fELF" + bytes([2 if self.bits == 64 else 1, 1 if self.order == "<" else 2, 1]) + bytes(9)
        elf = ident + struct.pack(f"{self.order}HHI{word}{word}{word}IHHHHHH", *values.values())
        section = self._section(count if self.xnum_count is None else self.xnum_count) if self.xnum else b""
        return elf + headers + section + body + self.extra

    def _program_header(self, segment: Segment, offset: int) -> bytes:
        filesz = len(segment.data) if segment.filesz is None else segment.filesz
        memsz = filesz if segment.memsz is None else segment.memsz
        if self.bits == 64:
            return struct.pack(f"{self.order}IIQQQQQQ", segment.kind, 0, offset, segment.virt, segment.phys,
                               filesz, memsz, segment.align)
        return struct.pack(f"{self.order}IIIIIIII", segment.kind, offset, segment.virt, segment.phys,
                           filesz, memsz, 0, segment.align)

    def _section(self, count: int) -> bytes:
        word = "Q" if self.bits == 64 else "I"
        return struct.pack(f"{self.order}II{word}{word}{word}{word}II{word}{word}", 0, 0, 0, 0, 0, 0, 0, count, 0, 0)


def note(name: bytes, kind: int, desc: bytes, order: str = "<", align: int = 4) -> bytes:
    """One note, filled up to align."""
    name += b"\0"
    head = struct.pack(f"{order}III", len(name), len(desc), kind)
    return fill(fill(head + name, align) + desc, align)


def fill(data: bytes, align: int) -> bytes:
    """data, with zeros up to a multiple of align."""
    return data + bytes(-len(data) % align)
