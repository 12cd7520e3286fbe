# SPDX-License-Identifier: GPL-2.0-or-later
"""Per-CPU memory in all, and one per-CPU pointer. Mirrors helper/mm/percpu.c."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import MmError
from .context import Context
from .percpu import cpu_offsets, per_cpu_addr, percpu_pointer, percpu_shift
from .percpu_chunk import FIRST, RESERVED, Chunk, chunks
from .percpu_map import Span
from .problem import Problem

STATIC = "static"


@dataclass(frozen=True)
class Cpu:
    """Where one CPU's copies are."""

    cpu: int
    offset: int                     # __per_cpu_offset: what is added to a per-CPU pointer
    base_addr: int                  # its unit in the first chunk


@dataclass(frozen=True)
class Percpu:
    """Everything. Sizes are bytes of one unit."""

    cpus: tuple[Cpu, ...]
    nr_units: int
    unit_size: int
    static_size: int
    reserved_size: int
    dyn_size: int                   # of the first chunk
    base_addr: int
    start: int                      # per-CPU pointer of the first static variable
    nr_populated: Optional[int]     # pages of one unit, as the kernel counts them; None: it does not
    total_pages: Optional[int]      # of all units: "Percpu:" of /proc/meminfo
    page_bytes: int
    chunks: tuple[Chunk, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class PercpuPlace:
    """One per-CPU pointer: where its copies are, and what they are part of."""

    pointer: int
    cpu: Optional[int]              # X was an address of this CPU's copy; None: X was the pointer
    kind: str                       # static, or the kind of the chunk
    chunk: Optional[int]
    offset: Optional[int]           # of the allocation or free area in its chunk, and its size
    size: Optional[int]
    used: bool
    symbol: Optional[str]
    copies: tuple[Cpu, ...]         # base_addr is the address of the copy
    problems: tuple[Problem, ...]


def percpu_report(ctx: Context) -> Percpu:
    """Decode and check everything. Raises MmError, MissingError, FaultError."""
    base = ctx.read.value("percpu base")
    if not base:
        raise MmError("per-CPU areas are not set up yet: setup_per_cpu_areas() has not run")
    found, problems = chunks(ctx)
    start, end = ctx.read.address("percpu start"), ctx.read.address("percpu end")
    first = next((chunk for chunk in found if chunk.kind == FIRST), None)
    reserved = next((chunk for chunk in found if chunk.kind == RESERVED), None)
    units, populated = ctx.read.value("percpu units"), ctx.read.find("percpu populated pages")
    return Percpu(
        _cpus(ctx), units, ctx.read.value("percpu unit size"), end - start,
        reserved.end - reserved.start if reserved is not None else 0,
        first.end - first.start if first is not None else 0, base, percpu_pointer(ctx, start), populated,
        populated * units if populated is not None else None, 1 << ctx.arch.page_shift, found, problems)


def find_percpu(ctx: Context, text: str) -> PercpuPlace:
    """Understand X: a per-CPU variable or pointer, or the address of a CPU's copy. Raises MmError, FaultError."""
    report = percpu_report(ctx)
    value = _value(ctx, text, report)
    mask = (1 << ctx.read.word * 8) - 1
    for cpu, pointer in [(None, percpu_pointer(ctx, value)), *((each.cpu, value - each.offset & mask)
                                                                for each in report.cpus)]:
        place = _place(ctx, report, pointer, cpu)
        if place is not None:
            return place
    raise MmError(f"{value:#x} is no per-CPU pointer: it is in no chunk, nor is it a CPU's copy of anything in one")


def _cpus(ctx: Context) -> tuple[Cpu, ...]:
    """Every CPU that has a unit."""
    base, units = ctx.read.value("percpu base"), ctx.read.value("percpu unit offsets")
    return tuple(Cpu(cpu, offset, per_cpu_addr(ctx, base, ctx.read.unsigned(units + cpu * ctx.read.word)))
                 for cpu, offset in cpu_offsets(ctx).items())


def _value(ctx: Context, text: str, report: Percpu) -> int:
    """The number that X is: the address of a per-CPU variable, when it is one."""
    mask = (1 << ctx.read.word * 8) - 1
    try:
        addr = ctx.host.evaluate(f"&({text})").value & mask
    except MmError:
        return ctx.host.evaluate(text).value & mask
    if 0 <= percpu_pointer(ctx, addr) - report.start < report.static_size:
        return addr
    return ctx.host.evaluate(text).value & mask


def _place(ctx: Context, report: Percpu, pointer: int, cpu: Optional[int]) -> Optional[PercpuPlace]:
    """What a pointer is part of; None when it is part of nothing."""
    copies = tuple(Cpu(each.cpu, each.offset, per_cpu_addr(ctx, pointer, each.offset)) for each in report.cpus)
    distance = pointer - report.start
    if 0 <= distance < report.static_size:
        named = ctx.host.symbolize(pointer + (percpu_shift(ctx) or 0))
        symbol = (named.name + (f"+{named.offset:#x}" if named.offset else "")) if named is not None else None
        return PercpuPlace(pointer, cpu, STATIC, None, None, None, True, symbol, copies, report.problems)
    addr = per_cpu_addr(ctx, report.base_addr, distance)
    for chunk in report.chunks:
        at = addr - chunk.base_addr
        if not chunk.start <= at < chunk.end:
            continue
        span, used = _span(chunk, at)
        return PercpuPlace(pointer, cpu, chunk.kind, chunk.chunk, span.offset if span is not None else None,
                           span.size if span is not None else None, used, None, copies, report.problems)
    return None


def _span(chunk: Chunk, offset: int) -> tuple[Optional[Span], bool]:
    """The area of a chunk that has an offset, and whether it is in use."""
    for used, spans in ((True, chunk.areas), (False, chunk.free)):
        for span in spans:
            if span.offset <= offset < span.end:
                return span, used
    return None, False
