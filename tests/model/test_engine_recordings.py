# SPDX-License-Identifier: GPL-2.0-or-later
"""On every real kernel there is a recording of, the dump engine finds in all struct pages what Python finds.

A recording has what was asked then. Here each page of memory that has some of it is there, the rest of it zero; what
is asked beside, of memory or of the kernel's layout, is not there. So it is a real kernel with much of it torn out.
"""
import engined
import pytest
from mmscope.errors import FaultError, MmError
from mmscope.layout.layout import Layout
from mmscope.model.account import account
from mmscope.model.check_compound import compound
from mmscope.model.check_page import pages
from mmscope.model.context import Context
from mmscope.model.frames import zone_spans
from mmscope.model.typescan import typed_pages
from mmscope.model.zone import populated_zones
from mmscope.target.cache import CachedMemory
from recording import Members, NotRecorded, RecordedDebug
from test_recordings import KERNELS, recording  # noqa: F401

PAGE = 4096


class Torn:
    """A transport over pages of memory."""

    name, detail, line_bytes = "torn", None, 0

    def __init__(self, memory):
        self.pages = {}
        for start, data in zip(memory._starts, memory._pieces):
            for at in range(start & -PAGE, start + len(data), PAGE):
                page = self.pages.setdefault(at, bytearray(PAGE))
                low, high = max(start, at), min(start + len(data), at + PAGE)
                page[low - at:high - at] = data[low - start:high - start]

    def read(self, addr, size):
        """Bytes of pages in a row."""
        parts = []
        for at in range(addr & -PAGE, addr + size, PAGE):
            if at not in self.pages:
                raise FaultError(max(at, addr), size)
            parts.append(self.pages[at])
        return bytes(b"".join(parts)[addr % PAGE:addr % PAGE + size])

    def areas(self):
        """Pages in a row as one."""
        found, end = {}, None
        for at in sorted(self.pages):
            if at != end:
                start = at
                found[start] = bytearray()
            found[start] += self.pages[at]
            end = at + PAGE
        return found


class TornDebug(RecordedDebug):
    """A layout that does not have what was not asked for."""

    def _answer(self, *key):
        try:
            return super()._answer(*key)
        except NotRecorded:
            return {} if key[0] == "enum" else None

    def struct(self, tag):
        """struct TAG, or None."""
        found = super().struct(tag)
        if found is not None:
            found.members.__class__ = TornMembers
        return found


class TornMembers(Members):
    """Members, and none that were not asked for."""

    def get(self, name, default=None):
        """One of them."""
        return dict.get(self, name, default)


def torn(recording, stop, memory):  # noqa: F811
    """A context of it."""
    ctx = recording.context(stop)
    host = ctx.host

    def lenient(ask):
        def answer(*args):
            try:
                return ask(*args)
            except NotRecorded:
                return None
        return answer
    for name in ("static", "register", "physical", "symbolize"):
        object.__setattr__(host, name, lenient(getattr(host, name)))
    object.__setattr__(host, "moved", lambda text: 0)
    object.__setattr__(host, "backtraces", tuple)
    return Context(CachedMemory(memory), Layout(TornDebug(recording.content)), host)


def every_span(ctx):
    """What every page frame is for."""
    return [span for zone in populated_zones(ctx) for span in zone_spans(ctx, zone)]


def answers(ctx, asked):
    """What passes say of all pages, or why they cannot."""
    found = []
    for ask in asked:
        try:
            found.append(ask(ctx))
        except MmError as error:
            found.append(str(error))
    return found


STOPS = {"handed_over": (every_span, account), "slabinfo": (typed_pages, pages, compound)}


@pytest.mark.parametrize("stop, asked", STOPS.items(), ids=STOPS)
def test_what_is_left_of_a_kernel_is_the_same_by_both(recording, stop, asked):  # noqa: F811
    memory = Torn(recording.context(stop).memory.transport)
    plain, fast = torn(recording, stop, memory), torn(recording, stop, memory)
    fast.engine = engined.engine_over(memory.areas())
    found = answers(plain, asked)
    assert found == answers(fast, asked)
    assert isinstance(found[0], list) and len(found[0]) > 10 if asked[0] is every_span else found[0].slabs
