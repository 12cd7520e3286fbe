# SPDX-License-Identifier: GPL-2.0-or-later
"""Which commands are recorded of a real kernel, and where.

tests/kernels takes the recordings, tests/model plays them.
"""
from __future__ import annotations

from pathlib import Path

FILES = Path(__file__).resolve().parents[1] / "data" / "kernels"

# What is asked at which stop: of the boot, and while a booted kernel prints.
COMMANDS = {
    "memblock_free_all": ("info", "memblock", "zones"),
    "handed_over": ("info", "zones", "buddy --blocks", "buddyinfo"),
    "buddyinfo": ("zones", "buddyinfo", "page pfn:max_pfn-1"),
}
# Where the booted kernel prints that: functions, their seq_file, and what the
# text begins with.
PRINTED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "buddyinfo": (("frag_show",), "m", "Node"),
}
