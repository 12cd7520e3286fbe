# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of mm why share: one page asked for, and what is said of it."""
from machine import HIGH_START, LOW_START
from mmscope.model.why import find_place, why
from mmscope.view.why import why_text

A = LOW_START + 13              # a multiple of 16


def ask(machine, text):
    ctx = machine.context()
    answer = why(ctx, find_place(ctx, text if isinstance(text, str) else f"pfn:{text:#x}"))
    shown = why_text(answer)
    assert shown.isascii() and max(map(len, shown.splitlines())) <= 80
    assert len(answer.verdict) <= 110, answer.verdict
    return answer


def low(machine):
    """Name of the zone that A is in."""
    return machine.names[machine.low][5:].capitalize()


def said(answer, what):
    """All that it says of one thing."""
    return [each.text for each in answer.evidence if each.what == what]


def flag(machine, pfn, *names):
    index = machine.low if pfn < HIGH_START else machine.high
    enum = machine.shapes.enums["pageflags"]
    machine.put(machine.page(pfn), "page", "flags", index << 30 | sum(1 << enum[f"PG_{name}"] for name in names))


def reserve(machine, *regions):
    """memblock.reserved of (pfn, bytes), and PG_reserved as the hand-over sets it."""
    machine.memblock("reserved", *((pfn << 12, size) for pfn, size in regions))
    for pfn, size in regions:
        for each in range(pfn, pfn + -(-size // 4096)):
            flag(machine, each, "reserved")
