# SPDX-License-Identifier: GPL-2.0-or-later
"""Who has called an allocator: the first function on the stack that is none of its own.

Its own are those of its source files, the guest's files named like the kernel's, and what is inlined from a header:
these are thin layers, whoever has them. Layers over an allocator that only pass a request on count as its own. Where
the kernel calls back later on, it is the function that it calls, of an allocator or not.
"""
from __future__ import annotations

from typing import Callable, Optional

from ..target.control import StackFrame
from .tracelook import PAGES, SLAB, VMALLOC

MOST_FRAMES = 32

OWN: dict[str, tuple[str, ...]] = {
    PAGES: ("page_alloc.c", "page_slowpath.c", "page_pcp.c", "page_buddy.c", "page_compound.c", "mempolicy.c",
            "swap.c", "swap_state.c", "mmu_gather.c"),      # the last three drop references for others
    SLAB: ("slub.c", "slab_common.c", "kmalloc.c", "util.c", "mempool.c"),
    VMALLOC: ("vmalloc.c", "vm_area.c", "vmap.c", "util.c"),
}

LATER = ("rcu_do_batch", "process_one_work", "task_work_run", "handle_softirqs", "__do_softirq", "kthread")


def is_own(kind: str, frame: StackFrame) -> bool:
    """Whether a function belongs to the allocator of a kind."""
    if frame.file is None:
        return False
    folder, _, name = frame.file.rpartition("/")
    return name.endswith(".h") or name in OWN[kind] and (folder == "mm" or folder.endswith("/mm"))


def caller(kind: str, stack: Callable[[int, Callable[[StackFrame], bool]], tuple[StackFrame, ...]]
           ) -> Optional[StackFrame]:
    """The caller, by what gives the stack as far as wanted; None where it is not found."""
    frames = stack(MOST_FRAMES, lambda frame: not is_own(kind, frame))
    if not frames or is_own(kind, frames[-1]):
        return None
    called = [frame for frame in frames[:-1] if frame.file is not None and not frame.file.endswith(".h")]
    return called[-1] if frames[-1].function in LATER and called else frames[-1]
