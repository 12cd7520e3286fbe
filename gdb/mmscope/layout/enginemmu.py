# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel's page tables as the dump engine is told of them. Sources: helper/dump/mmdump.h (struct mmdump_mmu)."""
from __future__ import annotations

from ..target.engine import MMU_ARM64, MMU_ARM_LPAE, MMU_ARM_SHORT, MMU_X86_64, Machine
from .arm64_mmu import Arm64Mmu
from .arm_mmu import LpaeMmu, ShortMmu
from .pagetable import Mmu
from .x86_mmu import X86Mmu


def give_mmu(machine: Machine, mmu: Mmu, root: int, user_end: int) -> bool:
    """Have the engine translate a kernel's addresses by the tables from a root on.

    False: it does not know such tables. Raises MmError, BrokenPath as the engine does.
    """
    if isinstance(mmu, ShortMmu):
        machine.set_mmu(MMU_ARM_SHORT, 12, 32, root, user_end, big_endian=mmu.order == "big")
    elif isinstance(mmu, LpaeMmu):
        machine.set_mmu(MMU_ARM_LPAE, 12, 32, root, user_end, big_endian=mmu.order == "big")
    elif isinstance(mmu, X86Mmu):
        machine.set_mmu(MMU_X86_64, 12, 57 if mmu.five_levels else 48, root, user_end, mmu.encryption)
    elif isinstance(mmu, Arm64Mmu) and mmu.halves[1] is not None:
        half = mmu.halves[1]
        if half.wide != (half.bits > 48 and half.page_shift < 16):
            return False
        machine.set_mmu(MMU_ARM64, half.page_shift, half.bits, root, user_end)
    else:
        return False
    return True
