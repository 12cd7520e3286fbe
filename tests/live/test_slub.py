# SPDX-License-Identifier: GPL-2.0-or-later
"""slub_debug on the guest: objects misused from GDB, and what the console says."""
import re

GFP_KERNEL = 0x24000c0


def misuse(guest, *commands):
    """The lines that the commands add to the console."""
    before = len(guest.console())
    for command in commands:
        guest.gdb.run(command)
    return guest.console()[before:]


def test_an_overrun_a_use_after_free_and_a_double_free_are_said(boot):
    guest = boot("article", "--append", "slub_debug")
    guest.run_to("cpu_idle")
    gdb = guest.gdb
    gdb.run("print $name = kmalloc_caches[6]->name")
    gdb.run("print $cache = kmem_cache_create($name, 100, 0, 0, 0)")
    assert gdb.number("$cache->refcount") == 1

    # The copy of its name is an object of kmalloc-64 that copy_name() took.
    copy = gdb.number("(unsigned long) $cache->name")
    text = misuse(guest, f"set var *(char *) ({copy} + 64) = 0x21", "print kmem_cache_destroy($cache)")
    assert "BUG: SLUB: kmalloc-64: red zone behind the object overwritten" in text
    assert f"{copy + 64:#x} to {copy + 64:#x}: 0x21 found first, should be 0xcc" in text
    assert re.search(r"allocated by copy_name\+0x\w+, cpu 0", text)
    assert re.search(r"called by create_cache\+0x\w+\n +called by kmem_cache_create\+0x", text)
    assert f"{copy:#x} is not freed" in text

    gdb.run(f"print $p = (unsigned char *) kmalloc(200, {GFP_KERNEL})")
    text = misuse(guest, "print kfree($p)", "set var $p[3] = 1", f"print kmalloc(200, {GFP_KERNEL})")
    p = gdb.number("(unsigned long) $p")
    assert "BUG: SLUB: kmalloc-256: free object overwritten" in text
    assert f"{p + 3:#x} to {p + 3:#x}: 0x01 found first, should be 0x6b" in text

    gdb.run(f"print $p = (unsigned char *) kmalloc(20, {GFP_KERNEL})")
    assert misuse(guest, "print kfree($p)") == ""
    assert "freed twice" in misuse(guest, "print kfree($p)")
    assert gdb.number("slab_check()") == 0
    assert gdb.number("nr_slab_bugs") == 3


def test_without_slub_debug_a_pointer_that_is_none_stops_nothing(boot):
    guest = boot("article")
    guest.run_to("cpu_idle")
    gdb = guest.gdb
    assert "no address of lowmem" in misuse(guest, "print kfree((void *) 0x1234)")
    assert "kmalloc() did not give it" in misuse(guest, "print kfree((void *) mem_map)")
    gdb.run(f"print $p = (char *) kmalloc(64, {GFP_KERNEL})")
    assert "where no object begins" in misuse(guest, "print kfree($p + 4)")
    assert misuse(guest, "print kfree($p)") == ""
    assert gdb.number("slab_check()") == 0
