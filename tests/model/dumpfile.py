# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of hand-made machines: a RAM file, and an ELF core with notes."""
import struct

from machine import PAGE_OFFSET, PHYS_OFFSET

RAM_BYTES = 16 << 20
EM_ARM, EM_X86_64, PT_LOAD, PT_NOTE = 40, 62, 1, 4


def ram_file(machine, path, moved=0):
    """The machine's memory as a file of its RAM, moved up in it; the hole between its areas reads as zeros."""
    with open(path, "wb") as file:
        file.truncate(RAM_BYTES)
        for start, data in machine.ram.areas.items():
            if PAGE_OFFSET <= start < PAGE_OFFSET + RAM_BYTES - len(data) - moved:
                file.seek(start - PAGE_OFFSET + moved)
                file.write(data)
    return path


def note(name, kind, desc):
    """A note of a core."""
    named = name.encode() + b"\0"
    return struct.pack("<III", len(named), len(desc), kind) + named + bytes(-len(named) % 4) + desc + bytes(
        -len(desc) % 4)


def elf_core(path, pieces, notes=b""):
    """A 32-bit ARM core of (virtual, physical address, bytes) and notes."""
    at = 52 + 32 * (1 + len(pieces))
    heads = struct.pack("<8I", PT_NOTE, at, 0, 0, len(notes), len(notes), 0, 4)
    body = notes
    for virt, phys, data in pieces:
        heads += struct.pack("<8I", PT_LOAD, at + len(body), virt, phys, len(data), len(data), 7, 1)
        body += data
    ident = b"\x7fELF" + bytes((1, 1, 1)) + bytes(9)
    head = ident + struct.pack("<HHIIIIIHHHHHH", 4, EM_ARM, 1, 0, 52, 0, 0, 52, 32, 1 + len(pieces), 0, 0, 0)
    path.write_bytes(head + heads + body)
    return path


def core_of(machine, path, notes=b"", virtual=False, memory=None):
    """The machine's memory as a core in one piece; virtual: with its addresses in the linear map."""
    data = (memory or ram_file(machine, path.with_suffix(".ram"))).read_bytes()
    return elf_core(path, [(PAGE_OFFSET if virtual else 0, PHYS_OFFSET, data)], notes)
