# SPDX-License-Identifier: GPL-2.0-or-later
"""A bank of RAM in a file, as it is said on a command line: PHYS:FILE[:OFFSET[:SIZE]]."""
from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import UsageError

NUMBER = r"(?:0[xX][0-9a-fA-F]+|\d+)"
BANK = re.compile(rf"({NUMBER}):(.+?)(?::({NUMBER})(?::({NUMBER}))?)?", re.DOTALL)


@dataclass(frozen=True)
class Bank:
    """size bytes of a file, from offset on, are the RAM from physical address phys on; size 0: to the file's end."""

    phys: int
    path: str
    offset: int = 0
    size: int = 0


def parse_bank(text: str) -> Bank:
    """PHYS:FILE[:OFFSET[:SIZE]]; a name that ends like that is given with its offset. Raises UsageError."""
    match = BANK.fullmatch(text)
    numbers = [int(number or "0", 0 if (number or "0")[:2] in ("0x", "0X") else 10)
               for number in (match[1], match[3], match[4])] if match is not None else []
    if match is None or any(number >> 64 for number in numbers):
        raise UsageError(f"'{text}' is not PHYS:FILE[:OFFSET[:SIZE]], as in 0x10000000:ram.bin")
    return Bank(numbers[0], match[2], numbers[1], numbers[2])
