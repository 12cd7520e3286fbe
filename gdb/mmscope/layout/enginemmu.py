# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel's page tables as the dump engine is told of them. Sources: helper/dump/mmdump.h (struct mmdump_mmu)."""
from __future__ import annotations

from dataclasses import astuple
from typing import Optional

from ..errors import BrokenPath, FaultError
from ..target.engine import MMU_ARM64, MMU_ARM_LPAE, MMU_ARM_SHORT, MMU_X86_64, EngineMmu, Machine
from .arm64_mmu import Arm64Mmu
from .arm_mmu import LpaeMmu, ShortMmu
from .pagetable import Mmu, mapped
from .x86_mmu import X86Mmu


def engine_mmu(mmu: Mmu, root: int, user_end: int) -> Optional[EngineMmu]:
    """What the engine is told of the tables from a root on; None: it does not know such tables."""
    if isinstance(mmu, ShortMmu):
        return EngineMmu(MMU_ARM_SHORT, 12, 32, root, user_end, big_endian=mmu.order == "big")
    if isinstance(mmu, LpaeMmu):
        return EngineMmu(MMU_ARM_LPAE, 12, 32, root, user_end, big_endian=mmu.order == "big")
    if isinstance(mmu, X86Mmu):
        return EngineMmu(MMU_X86_64, 12, 57 if mmu.five_levels else 48, root, user_end, mmu.encryption)
    half = mmu.halves[1] if isinstance(mmu, Arm64Mmu) else None
    if half is None or half.wide != (half.bits > 48 and half.page_shift < 16):
        return None
    return EngineMmu(MMU_ARM64, half.page_shift, half.bits, root, user_end)


def give_mmu(machine: Machine, mmu: Mmu, root: int, user_end: int, addr: int) -> bool:
    """Have the engine translate a kernel's addresses by the tables from a root on, one of which is addr.

    False: it does not know such tables. Raises BrokenPath when it leads addr elsewhere, MmError as the engine does.
    """
    told = engine_mmu(mmu, root, user_end)
    if told is None:
        return False
    machine.set_mmu(*astuple(told))
    mapping = machine.translate(addr)
    try:
        expected = mapped(mmu.walk(machine.read_phys, root, addr), addr)
    except FaultError:
        expected = None
    if mapping.phys + addr - mapping.virt != expected:
        raise BrokenPath(f"it translates {addr:#x} to {mapping.phys + addr - mapping.virt:#x}")
    return True
