# SPDX-License-Identifier: GPL-2.0-or-later
"""Sourced in GDB behind gdb/mm.py, at a stop of the guest, by live.py: times there, as one JSON document.

RAM_FILE and RAM_START are set before it.
"""
import ctypes
import json
import mmap
import os
import tempfile
import time

import gdb
from mmscope.model.frames import Colours, frames_of
from mmscope.model.frames import _reader as reader_of
from mmscope.model.paint import strip_of
from mmscope.model.zone import populated_zones
from mmscope.session import load

TIMES, SAMPLE, CHUNK = 5, 16384, 1 << 16
ABSENT = 0x5EA3C1E7         # no struct page has such a word


def least(work, times=TIMES):
    """Seconds of the quickest of some times, each as if nothing had been asked before."""
    found = []
    for _ in range(times):
        load._current.forget_memory()
        ctx = load._current.context()
        begin = time.perf_counter()
        work(ctx)
        found.append(time.perf_counter() - begin)
    return min(found)


def passes(ctx):
    """What classifies every page of a zone that has any, ready to go."""
    return [(reader_of(ctx, zone), strip_of(ctx, frames_of(ctx, zone))) for zone in populated_zones(ctx)]


def classified():
    """Seconds for all struct pages, on lists or not."""
    found = []
    for _ in range(TIMES):
        load._current.forget_memory()
        ready = passes(load._current.context())
        begin = time.perf_counter()
        for reader, strip in ready:
            reader.paint(strip, Colours())
        found.append(time.perf_counter() - begin)
    return min(found)


def one_by_one(ctx):
    """Seconds for as many pages, read as one gdb.Value each: some are, and all would take as long each."""
    pages = sum(end - start for zone in populated_zones(ctx) for start, end in frames_of(ctx, zone))
    mem_map = gdb.parse_and_eval("mem_map")
    middle = (pages - SAMPLE) // 2
    begin = time.perf_counter()
    for at in range(middle, middle + SAMPLE):
        int(mem_map[at]["flags"])
    return pages, (time.perf_counter() - begin) * pages / SAMPLE


def searched(ctx):
    """Bytes of the map of pages, and seconds of wmemchr() over them, for a word that is not there."""
    libc, size = ctypes.CDLL(None), (ctx.pages.end_pfn - ctx.pages.start_pfn) * ctx.pages.page_bytes
    libc.wmemchr.argtypes, libc.wmemchr.restype = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t), ctypes.c_void_p
    offset = ctx.arch.virt_to_phys(ctx.pages.page(ctx.pages.start_pfn)) - RAM_START
    with open(RAM_FILE, "r+b") as file:
        ram = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)      # until GDB ends
    first = ctypes.addressof(ctypes.c_char.from_buffer(ram)) + offset
    found = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        if libc.wmemchr(first, ABSENT, size // 4):
            raise gdb.GdbError("the word is there")
        found.append(time.perf_counter() - begin)
    return size, min(found)


def transferred(ctx):
    """Seconds in which GDB reads the same bytes, and does nothing with them."""
    start = ctx.pages.page(ctx.pages.start_pfn)
    size = (ctx.pages.end_pfn - ctx.pages.start_pfn) * ctx.pages.page_bytes
    inferior = gdb.selected_inferior()
    begin = time.perf_counter()
    for at in range(0, size, CHUNK):
        inferior.read_memory(start + at, min(CHUNK, size - at))
    return time.perf_counter() - begin


def measure():
    """All of it."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "account")

        def account(_):
            gdb.execute(f"mm account -o {output}", to_string=True)
        ctx = load._current.context()
        pages, values = one_by_one(ctx)
        size, searching = searched(ctx)
        found = {"pages": pages, "map_bytes": size, "engine": ctx.engine is not None, "values": values,
                 "search": searching, "classify": classified(), "account": least(account),
                 "transport": ctx.memory.transport.name}
        gdb.execute("set mm-transport stub")
        found["account_by_stub"] = least(account)
        found["transfer"] = min(transferred(load._current.context()) for _ in range(2))
    return found


print("MEASURED " + json.dumps(measure()))
