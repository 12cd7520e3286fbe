# SPDX-License-Identifier: GPL-2.0-or-later
"""Bit masks of nodes and CPUs: which of them there are.

Source: node_states of include/linux/nodemask.h, __cpu_online_mask of include/linux/cpumask.h: arrays of unsigned long.
"""
from __future__ import annotations

from typing import Optional

from ..errors import FaultError, MissingError
from ..layout.debuginfo import ARRAY
from ..layout.reader import Reader

MAX_MASK_BYTES = 2048       # 16384 of them


def online_nodes(reader: Reader) -> Optional[frozenset[int]]:
    """Numbers of the nodes that are online; None when this kernel does not say, or does not know any yet.

    A kernel has a struct pglist_data for nodes that never come, too.
    """
    return _nodes(reader, "N_ONLINE")


def nodes_with_memory(reader: Reader) -> Optional[frozenset[int]]:
    """Numbers of the nodes that have memory; None as above."""
    return _nodes(reader, "N_MEMORY")


def _nodes(reader: Reader, state: str) -> Optional[frozenset[int]]:
    """Numbers of the nodes in a state of enum node_states."""
    states = reader.layout.find_variable("node_states")
    which = reader.layout.enum("node_states").get(state)
    if states is None or which is None or states.type is None or states.type.kind != ARRAY:
        return None
    step = states.type.element.size if states.type.element is not None else 0
    return _bits(reader, states.addr + which * step, step)


def online_cpus(reader: Reader) -> Optional[frozenset[int]]:
    """Numbers of the CPUs that are online; None as above."""
    mask = reader.layout.find_variable("online CPUs")
    return _bits(reader, mask.addr, mask.type.size) if mask is not None and mask.type is not None else None


def _bits(reader: Reader, addr: int, size: int) -> Optional[frozenset[int]]:
    """Numbers of the bits that are set in an array of words; None when none is, or they cannot be read."""
    try:
        data = reader.memory.read(addr, min(size, MAX_MASK_BYTES))
    except (FaultError, MissingError):
        return None
    found = set()
    for at in range(0, len(data) - reader.word + 1, reader.word):
        word = int.from_bytes(data[at:at + reader.word], reader.order)
        found |= {at * 8 + bit for bit in range(reader.word * 8) if word >> bit & 1}
    return frozenset(found) or None
