# SPDX-License-Identifier: GPL-2.0-or-later
"""Make of QEMU's core of a guest what kdump would have written.

QEMU knows a kernel's VMCOREINFO only if the kernel told it (-device
vmcoreinfo, and a driver for that in the guest). But the kernel keeps that note
ready in its memory, an ELF note as it belongs into a core: here it is found
in the core's memory, and put to the core's other notes. kdump's cores also say
where the kernel had their memory mapped: QEMU's say nothing.

Sources: include/linux/vmcore_info.h (a note's name, 0, the text);
arch/x86/kernel/crash.c, kernel/crash_core.c (crash_prepare_elf64_headers: the
image of an amd64 kernel has a header of its own, before those of RAM).
"""
from __future__ import annotations

import mmap
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Optional

from .common import LabError

PT_LOAD, PT_NOTE = 1, 4
NOTE_BYTES = 1 << 20        # of the notes that are there, and of the new one
NAME = b"VMCOREINFO\0"
FIRST_LINE = re.compile(rb"OSRELEASE=[ -~]+\n")
PHYS_BASE = re.compile(r"NUMBER\(phys_base\)=(-?\d+)")
IMAGE_START, IMAGE_TEXT, IMAGE_BYTES = 0xFFFFFFFF80000000, 1 << 24, 1 << 28


@dataclass(frozen=True)
class Header:
    """A program header of 64 bits."""
    kind: int
    flags: int
    offset: int
    virt: int
    phys: int
    filesz: int
    memsz: int
    align: int

    FORM = "<IIQQQQQQ"


def make_vmcore(path: Path, linear: Optional[int] = None) -> str:
    """Add the note to a little-endian core of 64 bits, in place.

    linear: where the kernel has mapped physical address 0; then memory gets
    its virtual addresses, too. Return: the note's text. Raises LabError.
    """
    with open(path, "r+b") as file, mmap.mmap(
            file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:6] != b"\x7fELF\2\1":
            raise LabError(f"{path} is no little-endian ELF core of 64 bits")
        headers = _headers(data)
        own = next((each for each in headers if each.kind == PT_NOTE), None)
        if own is None or own.filesz > NOTE_BYTES \
                or own.offset + own.filesz > len(data):
            raise LabError(f"{path}: its notes are not in the file")
        text = _find(data)
        notes = data[own.offset:own.offset + own.filesz] + _padded(
            struct.pack("<III", len(NAME), len(text), 0) + _padded(NAME)
            + text)
        end = len(data) + -len(data) % 8
        loads = [each for each in headers if each.kind == PT_LOAD]
        if linear is not None:
            loads = [replace(each, virt=linear + each.phys)
                     for each in loads] + [
                image for each in loads
                for image in _image(each, text.decode("ascii", "replace"))]
        file.seek(end)
        file.write(notes)
        _write_headers(file, data, [
            replace(own, offset=end, filesz=len(notes), memsz=len(notes)),
            *_largest(loads, len(headers) - 1)])
    return text.decode("ascii", "replace")


def _largest(loads: list[Header], count: int) -> list[Header]:
    """As many as the table has room for: QEMU also writes what devices have,
    small pieces, and some readers want the table at the file's begin."""
    chosen = sorted(loads, key=lambda each: each.filesz)[-count:]
    return sorted(chosen, key=lambda each: (each.phys, -each.filesz))


def _write_headers(file: BinaryIO, data: mmap.mmap,
                   headers: list[Header]) -> None:
    """In place of those that are there, which are as many or more."""
    table, = struct.unpack_from("<Q", data, 32)
    file.seek(table)
    for each in headers:
        file.write(struct.pack(Header.FORM, *vars(each).values()))
    file.seek(56)
    file.write(struct.pack("<H", len(headers)))


def _headers(data: mmap.mmap) -> list[Header]:
    """The program headers there are. Raises LabError."""
    table, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    try:
        return [Header(*struct.unpack_from(Header.FORM, data, at))
                for at in range(table, table + size * count, size)]
    except struct.error:
        raise LabError("its program headers are not in the file") from None


def _image(ram: Header, text: str) -> list[Header]:
    """A header for the image of an amd64 kernel, if it lies in a piece."""
    base = PHYS_BASE.search(text)
    phys = int(base[1]) + IMAGE_TEXT if base is not None else -1
    if not ram.phys <= phys < ram.phys + ram.filesz:
        return []
    into = phys - ram.phys
    size = min(IMAGE_BYTES, ram.filesz - into)
    return [replace(ram, offset=ram.offset + into, phys=phys, filesz=size,
                    memsz=size, virt=IMAGE_START + IMAGE_TEXT)]


def _padded(data: bytes) -> bytes:
    """A note's parts begin at multiples of 4."""
    return data + bytes(-len(data) % 4)


def _find(data: mmap.mmap) -> bytes:
    """The note's text, where the kernel keeps the note. Raises LabError."""
    at = data.find(NAME)
    while at >= 0:
        if at >= 12:
            name_bytes, size, kind = struct.unpack_from("<III", data, at - 12)
            text = data[at + 12:at + 12 + size] if size <= NOTE_BYTES else b""
            if (name_bytes, kind) == (len(NAME), 0) and FIRST_LINE.match(text):
                return text
        at = data.find(NAME, at + 1)
    raise LabError("no VMCOREINFO note in the guest's memory")
