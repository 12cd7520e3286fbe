# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest's ELF says of itself: functions, variables, where counters are."""
from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Sequence

from .remote import MeasureError

TOP = Path(__file__).resolve().parents[2]
RELEASE = TOP / "build/guest-release/mm.elf"
CROSS = "arm-linux-gnueabihf-"
# For a GDB that has the ELF alone: addresses as JSON.
NR_FREE = (
    "python import json; "
    "area = gdb.parse_and_eval('contig_page_data.node_zones[0].free_area'); "
    "print(json.dumps([int(area[i]['nr_free'].address) "
    "for i in range(area.type.range()[1] + 1)]))")


def run(*command: str) -> str:
    """A tool's standard output."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except FileNotFoundError:
        raise MeasureError(f"{command[0]} is not installed: run scripts/setup --bench") from None
    except subprocess.TimeoutExpired:
        raise MeasureError(f"{command[0]} did not end within 120 s") from None
    if done.returncode:
        raise MeasureError(f"{command[0]}: {done.stderr.strip()[-500:] or 'failed'}")
    return done.stdout


class Image:
    """The symbols of one guest."""

    def __init__(self, elf: Path = RELEASE) -> None:
        """Read the symbol table."""
        if not elf.is_file():
            raise MeasureError(f"no image {elf}: run `make guest`")
        self.elf = elf
        fields = (line.split() for line in run(CROSS + "nm", str(elf)).splitlines())
        self.symbols = {field[2]: int(field[0], 16) for field in fields if len(field) == 3}

    def __contains__(self, name: str) -> bool:
        return name in self.symbols

    def address(self, name: str) -> int:
        """Where a symbol is."""
        if name not in self.symbols:
            raise MeasureError(f"no {name} in {self.elf}")
        return self.symbols[name]

    @functools.cached_property
    def nr_free(self) -> Sequence[int]:
        """Addresses of zone Normal's free_area[].nr_free, by order."""
        return json.loads(run("gdb-multiarch", "-nx", "-batch", "-ex", NR_FREE, str(self.elf)))
