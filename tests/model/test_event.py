# SPDX-License-Identifier: GPL-2.0-or-later
"""Who has changed something, and for whom, by the functions of a stack."""
import pytest

from mmscope.model.event import actors
from mmscope.model.operations import of_pages
from mmscope.target.control import StackFrame

FILES = {"zone_page_state_add": "include/linux/vmstat.h", "__mod_zone_page_state": "mm/vmstat.c",
         "account_freepages": "mm/page_alloc.c", "page_del_and_expand": "mm/page_alloc.c",
         "rmqueue": "mm/page_alloc.c", "alloc_pages_mpol_noprof": "mm/mempolicy.c", "mlock_folio": "mm/mlock.c",
         "shmem_alloc_folio": "mm/shmem.c", "do_exit": "kernel/exit.c"}


@pytest.mark.parametrize("stack, by, caller", [
    ("zone_page_state_add __mod_zone_page_state account_freepages page_del_and_expand rmqueue alloc_pages_mpol_noprof "
     "shmem_alloc_folio do_exit", "page_del_and_expand", "shmem_alloc_folio"),
    ("__mod_zone_page_state mlock_folio do_exit", "__mod_zone_page_state", "mlock_folio"),
    ("do_exit", "do_exit", None)])
def test_a_counter_is_changed_for_who_called_the_allocator_not_for_who_counts(stack, by, caller):
    frames = [StackFrame(name, FILES[name], 1, 0x1000 + number) for number, name in enumerate(stack.split())]
    found = actors(frames, of_pages)
    assert (found[0].function, found[1].function if found[1] is not None else None) == (by, caller)
