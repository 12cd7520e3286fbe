# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose a call of memblock is, what is left of ranges that were given back, and how both are told."""
from mmscope.model.ownerchain import OWN, WRAPPERS, allocates, owner_of_call, tree_prefix
from mmscope.model.ownerlog import ALLOCATED, FREED, RESERVED, TAKEN, Event, Log, chain_of
from mmscope.model.ownerreport import report
from mmscope.model.owners import RECORDED, Owner, owner_of
from mmscope.target.control import StackFrame
from mmscope.view.owners import owners_text


def stack(*functions, file="mm/x.c"):
    """Frames, the innermost first; memblock's own are in its file."""
    return tuple(StackFrame(name, "mm/memblock.c" if name and "memblock" in name else file, 7, 0x1000 + at)
                 for at, name in enumerate(functions))


def event(kind, start, end, *functions):
    """One that is of the last function but one."""
    frames = stack(*functions)
    return Event(kind, RESERVED, start, end, frames, owner_of_call(frames), None)


def test_every_wrapper_has_a_reason():
    assert all(len(reason) > 10 and reason.isascii() for reason in WRAPPERS.values())
    assert not set(WRAPPERS) & set(OWN) and all(OWN.values())


def test_the_owner_is_the_first_that_does_not_pass_it_on():
    frames = stack("memblock_add_range", "memblock_reserve", "memblock_alloc", "early_alloc.isra.0", "kmap_init", "x")
    assert frames[owner_of_call(frames)].function == "kmap_init" and allocates(frames)
    frames = stack("memblock_add_range", "memblock_reserve", "arm_memblock_init")
    assert frames[owner_of_call(frames)].function == "arm_memblock_init" and not allocates(frames)
    frames = stack("memblock_add_range", "memblock_reserve", "memblock_double_array", "memblock_add_range", "x")
    assert frames[owner_of_call(frames)].function == "memblock_double_array"    # for memblock's own use
    assert owner_of_call(()) == 0 and owner_of_call(stack("memblock_add")) == 0
    assert owner_of_call(stack(None, "x")) == 0         # code that nobody knows passes nothing on
    assert tree_prefix(stack("x", file="/home/u/linux/mm/memblock.c")) == "/home/u/linux/"
    assert tree_prefix(stack("x", file="helper/mm/memblock.c")) is None


def test_what_is_given_back_is_nobodys():
    log = Log()
    log.add(event(ALLOCATED, 0x1000, 0x5000, "memblock_alloc", "a"))
    log.add(event(TAKEN, 0x2000, 0x3000, "memblock_reserve", "b"))
    log.add(event(FREED, 0x2800, 0x4000, "memblock_free", "c"))
    assert [(piece.start, piece.end, piece.event.by.function) for piece in log.reserved] == [
        (0x1000, 0x2800, "a"), (0x4000, 0x5000, "a"), (0x2000, 0x2800, "b")]
    log.forget(log.events[:1])
    assert len(log.events) == len(log.reserved) == 1


def test_a_recorded_owner_is_named_only_where_nothing_says_more():
    owners = [Owner(0x1000, 0x2000, "initrd", "initrd_start"), Owner(0x1000, 0x4000, "reserved by f", RECORDED),
              Owner(0x8000, 0x9000, "allocated by g", RECORDED)]
    assert owner_of(owners, 0x1000, 0x2000) == ("initrd", "initrd_start")
    assert owner_of(owners, 0x1000, 0x3000) == ("initrd, reserved by f", f"initrd_start, {RECORDED}")
    assert owner_of(owners, 0x3000, 0x5000) == ("reserved by f, 0x1000 other bytes", RECORDED)
    assert owner_of(owners, 0xa000, 0xb000) == (None, None)


def test_names_of_a_hostile_target_are_escaped_and_fit(machine):
    log = Log("\x1b[2J" * 40)
    log.add(event(ALLOCATED, 0x1000, 0x5000, "memblock_alloc", "\x1b]0;evil" * 30, "\n" * 90, None))
    log.add(event(FREED, 0x1000, 0x2000, "memblock_free", None))
    log.unknown, log.lost = 3, 1
    found = report(machine.context(), log, True)
    text = owners_text(found)
    assert max(map(len, text.splitlines())) <= 80 and text.isascii() and "\x1b" not in text
    assert "0x2000-0x5000 (12 KiB)" in text and "3 calls more" in text and "unknown code" in text
    assert [stack.owner.function for stack in found.stacks][1] is None
    assert chain_of(log.events[1])[0].startswith("0x")
