# SPDX-License-Identifier: GPL-2.0-or-later
"""mm info as text."""
from __future__ import annotations

from typing import Optional

from ..model.info import Info
from .table import pairs
from .units import escape, number, size


def info_text(info: Info) -> str:
    """What is known, a line each; what is not known is left out."""
    rows = [
        ("kernel", f"{escape(info.release or 'unknown')} ({'the mmscope guest' if info.kind == 'guest' else 'Linux'})"),
        ("stage", f"{info.stage or 'not known'}: {escape(info.stage_text or '')}"),
        ("architecture", info.arch),
        ("memory model", info.memory_model),
        ("page size", info.page_size and f"{info.page_size} bytes"),
        ("struct page", info.struct_page_size and f"{info.struct_page_size} bytes"),
        ("split", info.page_offset and f"kernel from {info.page_offset:#x}"),
        ("addresses", info.va_bits and f"{info.va_bits} bits, {info.levels} levels of page tables{_mmu(info)}"),
        ("KASLR", info.kaslr_offset and f"moved by {info.kaslr_offset:#x}"),
        ("linear map", _linear_map(info)),
        ("lowmem ends at", info.lowmem_end and f"{info.lowmem_end:#x}{_lowmem(info)}"),
        ("orders", info.orders and f"0 to {info.orders - 1}"),
        ("nodes", number(info.nodes) if info.nodes is not None else None),
        ("zones", ", ".join(map(escape, info.zones))),
        ("read through", f"{info.transport}{_detail(info)}"),
        ("", "(set mm-transport stub: only through the stub)" if info.transport_detail else ""),
    ] + [("", escape(note)) for note in info.transport_notes]
    return pairs((name, value) for name, value in rows if value) + "\n"


def _detail(info: Info) -> str:
    return f", {escape(info.transport_detail)}" if info.transport_detail else ""


def _mmu(info: Info) -> str:
    """Whether the selected CPU uses them."""
    return ", the MMU is off" if info.mmu is False else ""


def _linear_map(info: Info) -> Optional[str]:
    """What is mapped at its start; with KASLR RAM begins somewhere above that."""
    if info.phys_offset is None or info.page_offset is None:
        return None
    phys = max(info.phys_offset, 0)
    return f"physical {phys:#x} is at {phys - info.phys_offset + info.page_offset:#x}"


def _lowmem(info: Info) -> str:
    """How much memory the linear map holds, where it holds nothing else."""
    if info.lowmem_end is None or info.page_offset is None or not info.kaslr_offset == 0 or not info.phys_offset:
        return ""
    return f" ({size(info.lowmem_end - info.page_offset)} of lowmem)"
