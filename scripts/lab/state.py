# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel's memblock before mem_init and its free lists after it, as text.

The text is a map that scripts/replay reads; what the kernel itself made of it
stands in lines that begin with "#=". state.gdb reads both out of the guest.
Nothing is written down before the kernel's counters agree with its lists.
"""
from __future__ import annotations

import re
import shlex
import subprocess
import textwrap
import time
from dataclasses import dataclass, replace
from pathlib import Path

from . import runs
from .boot import Options, boot
from .common import LabError, cache_dir, one_line
from .kernel_files import Files
from .kernels import Kernel
from .tree import tool

SCRIPT = Path(__file__).with_name("state.gdb")
GDB_LIMIT_SECONDS = 300     # the first time GDB makes an index of vmlinux
CONSOLE_LIMIT_SECONDS = 180
PAGE_KB = 4
NOMAP = 4                   # MEMBLOCK_NOMAP
# Of QEMU's arguments, those that change what the kernel finds.
ESSENTIAL = ("-M", "-m", "-smp", "-cpu", "-kernel", "-dtb")

HOW = """\
A real kernel's memblock at the first instruction of mem_init, and behind "#="
its zones and free lists at the first of kmem_cache_init, right after it: pfns
by zone, order and migratetype, sorted. scripts/lab/state.gdb read both out of
the running kernel. Its nr_free, managed_pages, NR_FREE_PAGES, totalram_pages
and the "Memory:" line of its log were compared with the lists: they agreed."""

Words = list[list[str]]


@dataclass(frozen=True)
class Zone:
    """One zone after mem_init."""
    name: str
    start_pfn: int
    spanned_pages: int
    present_pages: int
    managed_pages: int
    free_pages: int             # NR_FREE_PAGES


@dataclass(frozen=True)
class Block:
    """One entry of a free list."""
    zone: str
    order: int
    migratetype: str
    pfn: int
    private: int                # page->private


@dataclass(frozen=True)
class State:
    """All that state.gdb said."""
    release: str
    lowmem_limit: int
    mem_map: tuple[int, int, int]           # first pfn, its page's phys, bytes
    memory: tuple[tuple[int, int, int], ...]    # base, size, flags
    reserved: tuple[tuple[int, int, int], ...]
    orders: int
    totalram_pages: int
    nr_free: dict[tuple[str, int], int]     # zone, order -> blocks
    zones: tuple[Zone, ...]
    blocks: tuple[Block, ...]


def take(kernel: Kernel, files: Files, options: Options) -> str:
    """Boot the kernel, read it at both ends of mem_init; Return: the text."""
    run = boot(kernel, files, replace(options, stop=True, initrd=False))
    try:
        state = decode(ask_gdb(run))
        complain(state, logged_pages(Path(run["serial"])))
    finally:
        runs.stop(str(run["pid"]))
    return text_of(kernel, options, run, state)


def ask_gdb(run: dict) -> str:
    """What state.gdb prints on this guest, which runs on afterwards."""
    command = ["gdb-multiarch", "-nx", "-q", "-batch",
               "-iex", f"set index-cache directory {cache_dir()}/gdb-index",
               "-iex", "set index-cache enabled on", "-iex", "set width 0",
               run["vmlinux"], "-ex", f"target remote {run['gdb']}",
               "-x", str(SCRIPT)]
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              errors="replace", check=False,
                              stdin=subprocess.DEVNULL,
                              timeout=GDB_LIMIT_SECONDS)
    except FileNotFoundError:
        raise LabError("gdb-multiarch is not installed: run scripts/setup") \
            from None
    except subprocess.TimeoutExpired:
        raise LabError(f"waited {GDB_LIMIT_SECONDS} s for {run['name']} to "
                       f"get through mem_init") from None
    if done.returncode:
        raise LabError(f"GDB failed on {run['name']}: "
                       + one_line(done.stderr[-300:]))
    return done.stdout


def decode(output: str) -> State:
    """The State out of GDB's output."""
    facts: dict[str, Words] = {}
    for line in re.findall(r"^mmscope: (.*)$", output, re.MULTILINE):
        name, *words = line.split()
        facts.setdefault(name, []).append(words)

    def region(words: list[str]) -> tuple[int, int, int]:
        base, size, flags = (int(word, 16) for word in words)
        return base, size, flags
    try:
        if facts["at"] != [["mem_init", "0"], ["kmem_cache_init", "0"]] \
                or "broken" in facts:
            raise LabError(f"GDB stopped elsewhere, or found a broken list: "
                           f"{facts['at']} {facts.get('broken', '')}")
        first_pfn, phys, size = (int(w, 16) for w in facts["mem_map"][0])
        return State(
            facts["release"][0][0], int(facts["lowmem"][0][0], 16),
            (first_pfn, phys, size),
            tuple(region(words) for words in facts["memory"]),
            tuple(region(words) for words in facts["reserved"]),
            int(facts["orders"][0][0], 16), int(facts["totalram"][0][0], 16),
            {(name, int(order, 16)): int(count, 16)
             for name, order, count in facts["area"]},
            tuple(Zone(name, *(int(n, 16) for n in numbers))
                  for name, *numbers in facts["zone"]),
            tuple(Block(zone, int(order, 16), kind, int(pfn, 16),
                        int(private, 16))
                  for zone, order, kind, pfn, private in facts["block"]))
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise LabError(f"GDB's answer is not whole: {error!r}") from None


def logged_pages(serial: Path) -> float:
    """totalram_pages by the kernel's log: present, less what it lists.

    Not what the line calls available: some releases print it later, when
    the kernel has begun to allocate.
    """
    deadline = time.monotonic() + CONSOLE_LIMIT_SECONDS
    while time.monotonic() < deadline:
        if serial.exists():
            found = re.search(rb"Memory: \d+K/(\d+)K available \(.*, (\d+)K "
                              rb"reserved, (\d+)K cma-reserved",
                              serial.read_bytes())
            if found:
                present_kb, reserved_kb, cma_kb = map(int, found.groups())
                return (present_kb - reserved_kb - cma_kb) / PAGE_KB
        time.sleep(0.2)
    raise LabError(f"waited {CONSOLE_LIMIT_SECONDS} s for the kernel to log "
                   f"its memory")


def complain(state: State, log_pages: float) -> None:
    """Raise LabError where lists and counters of the kernel disagree."""
    def same(what: str, found: object, counted: object) -> None:
        if found != counted:
            raise LabError(f"the kernel contradicts itself: {what} is "
                           f"{found}, its lists make {counted}")
    pages = {zone.name: 0 for zone in state.zones}
    listed = dict.fromkeys(state.nr_free, 0)
    for block in state.blocks:
        same(f"page->private of pfn {block.pfn:#x}", block.private,
             block.order)
        pages[block.zone] += 1 << block.order
        listed[block.zone, block.order] += 1
    for place, count in state.nr_free.items():
        same(f"nr_free of zone {place[0]}, order {place[1]}", count,
             listed[place])
    for zone in state.zones:
        same(f"managed_pages of zone {zone.name}", zone.managed_pages,
             pages[zone.name])
        same(f"NR_FREE_PAGES of zone {zone.name}", zone.free_pages,
             pages[zone.name])
    same("totalram_pages", state.totalram_pages, sum(pages.values()))
    same("totalram_pages by the log", log_pages, sum(pages.values()))


def text_of(kernel: Kernel, options: Options, run: dict,
            state: State) -> str:
    """The whole file."""
    lines = ["# SPDX-License-Identifier: GPL-2.0-or-later",
             *(f"# {line}".rstrip() for line in head(kernel, options, run,
                                                     state)),
             "", f"lowmem-limit {state.lowmem_limit:#x}",
             "mem-map " + " ".join(f"{n:#x}" for n in state.mem_map)]
    for base, size, flags in state.memory:
        if flags not in (0, NOMAP):
            raise LabError(f"memory at {base:#x} has flags {flags:#x}; "
                           f"scripts/replay knows nomap alone")
        lines.append(f"memory {base:#x} {size:#x}"
                     + (" nomap" if flags else ""))
    lines += [f"reserved {base:#x} {size:#x}"
              for base, size, _ in state.reserved]
    lines += ["", f"#= orders {state.orders}"]
    for zone in state.zones:
        lines.append(f"#= zone {zone.name} start {zone.start_pfn:#x} spanned "
                     f"{zone.spanned_pages:#x} present "
                     f"{zone.present_pages:#x} managed "
                     f"{zone.managed_pages:#x}")
    lists: dict[tuple[str, int, str], list[int]] = {}
    for block in state.blocks:
        lists.setdefault((block.zone, block.order, block.migratetype),
                         []).append(block.pfn)
    for (zone_name, order, kind), pfns in lists.items():
        start = f"#= free {zone_name} {order} {kind} "
        lines += textwrap.wrap(" ".join(f"{pfn:#x}" for pfn in sorted(pfns)),
                               80, initial_indent=start,
                               subsequent_indent=start)
    return "\n".join(lines) + "\n"


def head(kernel: Kernel, options: Options, run: dict,
         state: State) -> list[str]:
    """How the state was taken."""
    taken = ["scripts/kernel-lab", "state", kernel.name]
    if options.memory:
        taken += ["--memory", options.memory]
    for span in options.no_map:
        taken += ["--no-map", span]
    if options.append:
        taken += ["--append", options.append]
    qemu = [run["command"][0]]
    for name, value in zip(run["command"], run["command"][1:]):
        if name == "-M":
            value = value.replace(",memory-backend=ram", "")
        if name in ("-kernel", "-dtb"):
            value = Path(value).name
        if name in ESSENTIAL:
            qemu += [name, value]
    version = tool(run["command"][0], "--version").splitlines()[0]
    return [*HOW.splitlines(), "",
            f"Taken by: {shlex.join(taken)}",
            f"Package:  {run['package']}",
            f"Release:  {state.release}",
            f"Emulator: {version}",
            f"QEMU:     {shlex.join(qemu)}",
            f"Append:   {run['append']}"]
