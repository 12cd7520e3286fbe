# SPDX-License-Identifier: GPL-2.0-or-later
"""What the target is: everything that mm info says. Unknown is None, at every stage of the boot."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional, TypeVar

from ..errors import FaultError, MissingError
from .buddy import order_count
from .context import Context
from .problem import Problem
from .stage import Stage
from .zone import zones

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """The target in a few words: part of every JSON document."""

    kind: Optional[str]
    release: Optional[str]
    arch: str
    stage: Optional[str]
    transport: str


@dataclass(frozen=True)
class Info:
    """The target in full."""

    kind: Optional[str]
    release: Optional[str]
    banner: Optional[str]
    arch: str
    stage: Optional[str]
    stage_text: Optional[str]
    transport: str
    transport_detail: Optional[str]     # of which process or file
    transport_notes: tuple[str, ...]    # why another way is not taken
    memory_model: Optional[str]
    mmu: Optional[bool]                 # of the selected CPU
    kaslr_offset: Optional[int]         # how far the kernel runs from where its symbol file has it
    page_size: Optional[int]
    struct_page_size: Optional[int]
    page_offset: Optional[int]
    phys_offset: Optional[int]
    lowmem_end: Optional[int]           # virtual end of the linear map
    va_bits: Optional[int]              # of an address, that page tables translate
    levels: Optional[int]               # of page tables
    orders: Optional[int]
    nodes: Optional[int]
    zones: tuple[str, ...]              # that have memory
    problems: tuple[Problem, ...] = ()


def target(ctx: Context) -> Target:
    """The target in a few words."""
    stage = ctx.stage.name.lower() if ctx.stage is not None else None
    return Target(ctx.kind, ctx.release, ctx.arch_name, stage, ctx.memory.transport.name)


def info(ctx: Context) -> Info:
    """Everything that can be told at this stage."""
    short = target(ctx)
    arch = _known(lambda: ctx.arch)
    if ctx.mismatch is not None:
        arch = None                                 # what it says comes out of another kernel's memory
    levels = arch.mmu.levels((1 << arch.address_bits) - 1) if arch else ()
    running = ctx.stage is not None and ctx.stage > Stage.RESET
    ready = ctx.stage is not None and ctx.stage >= Stage.ZONES
    return Info(
        short.kind, short.release, ctx.banner or ctx.symbol_banner, short.arch, short.stage,
        ctx.mismatch or ctx.stage_text,
        short.transport, ctx.memory.transport.detail or None, ctx.notes,
        _memory_model(ctx), ctx.mmu, ctx.kaslr_offset, 1 << arch.page_shift if arch else None,
        _known(lambda: ctx.layout.struct("page").size), arch.page_offset if arch else None,
        arch.phys_offset if arch and running else None, arch.lowmem_end if arch and running else None,
        levels[0].shift + levels[0].bits if levels else None, len(levels) or None,
        _known(lambda: order_count(ctx)), _known(lambda: len(ctx.node_addrs)) or None if running else None,
        (_known(lambda: tuple(zone.name for zone in zones(ctx) if zone.populated)) or ()) if ready else ())


def _memory_model(ctx: Context) -> Optional[str]:
    """How pfn and struct page belong together, by which symbol there is."""
    if ctx.layout.find_variable("mem_map") is not None:
        return "FLATMEM"
    if ctx.layout.find_variable("mem_section") is None:
        return None
    return "SPARSEMEM" if ctx.layout.find_variable("vmemmap") is None else "SPARSEMEM_VMEMMAP"


def _known(question: Callable[[], T]) -> Optional[T]:
    """The answer, or None when the symbols or the memory do not have it."""
    try:
        return question()
    except (MissingError, FaultError):
        return None
