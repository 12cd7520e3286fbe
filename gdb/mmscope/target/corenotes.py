# SPDX-License-Identifier: GPL-2.0-or-later
"""Registers of a machine's CPUs, out of the notes of its core.

Sources: include/linux/elfcore.h (struct elf_prstatus) with each architecture's elf_gregset_t, and QEMU's
target/i386/arch_dump.c (struct QEMUCPUState), which adds what NT_PRSTATUS does not have.
"""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Optional, Sequence

from .engine import Note

NT_PRSTATUS, QEMU = 1, "QEMU"
EM_ARM, EM_X86_64, EM_AARCH64 = 40, 62, 183
MAX_CPUS = 4096
CONTROL_AT = 8 + 18 * 8 + 10 * 24       # of cr0 to cr4 in QEMUCPUState


@dataclass(frozen=True)
class _Form:
    """Where NT_PRSTATUS of a machine has which registers, by GDB's names."""

    at: int
    bytes: int
    names: tuple[str, ...]


FORMS = {
    EM_ARM: _Form(72, 4, tuple(f"r{n}" for n in range(13)) + ("sp", "lr", "pc", "cpsr")),
    EM_AARCH64: _Form(112, 8, tuple(f"x{n}" for n in range(31)) + ("sp", "pc", "cpsr")),
    EM_X86_64: _Form(112, 8, ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx",
                              "rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base",
                              "ds", "es", "fs", "gs")),
}
ALSO = {"rip": "pc", "rsp": "sp"}


def registers(notes: Sequence[Note], machine: int, big_endian: bool) -> tuple[dict[str, int], ...]:
    """The registers of each CPU, in the order of the notes. A note that is too short is none."""
    order = ">" if big_endian else "<"
    form = FORMS.get(machine)
    found = []
    for note in notes:
        if form is not None and note.type == NT_PRSTATUS and note.name in ("CORE", "") and len(found) < MAX_CPUS:
            values = _words(note.desc, form.at, len(form.names), form.bytes, order)
            if values is not None:
                cpu = dict(zip(form.names, values))
                cpu.update((ALSO[name], cpu[name]) for name in ALSO if name in cpu)
                found.append(cpu)
    control = [_words(note.desc, CONTROL_AT, 5, 8, order) for note in notes if note.name == QEMU]
    if machine == EM_X86_64 and len(control) == len(found):
        for cpu, values in zip(found, control):
            cpu.update({f"cr{n}": value for n, value in enumerate(values or ()) if n != 1})
    return tuple(found)


def _words(data: bytes, at: int, count: int, size: int, order: str) -> Optional[tuple[int, ...]]:
    """Some words; None when they are not all there."""
    form = order + str(count) + ("I" if size == 4 else "Q")
    return struct.unpack_from(form, data, at) if len(data) >= at + count * size else None
