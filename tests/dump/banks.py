# SPDX-License-Identifier: GPL-2.0-or-later
"""RAM that a test writes: banks in one file, as Python sees them and as the dump engine does."""
from __future__ import annotations

from pathlib import Path

from mmscope.errors import FaultError
from mmscope.target.engine import Library, Machine

TOP = Path(__file__).resolve().parents[2]


def library() -> Library:
    """The engine as it was built last, whatever the environment says."""
    path = TOP / "build" / "dump" / "libmmdump.so"
    assert path.is_file(), f"{path.relative_to(TOP)} is not there: run make dump"
    return Library(path)


class Banks:
    """Banks of RAM, all zero at first."""

    def __init__(self, *ranges: tuple[int, int]) -> None:
        self.banks = {start: bytearray(size) for start, size in ranges}

    def _bank(self, phys: int) -> tuple[int, bytearray]:
        for start, data in self.banks.items():
            if start <= phys < start + len(data):
                return start, data
        raise FaultError(phys)

    def read(self, phys: int, size: int) -> bytes:
        """As a walk in Python reads; no read goes from one bank to another."""
        start, data = self._bank(phys)
        if phys - start + size > len(data):
            raise FaultError(start + len(data), size)
        return bytes(data[phys - start:phys - start + size])

    def write(self, phys: int, data: bytes) -> None:
        """Bytes that are in one bank."""
        start, bank = self._bank(phys)
        assert phys - start + len(data) <= len(bank)
        bank[phys - start:phys - start + len(data)] = data

    def put(self, phys: int, value: int, size: int = 8, order: str = "little") -> None:
        """A number."""
        self.write(phys, value.to_bytes(size, order))

    def machine(self, path: Path) -> Machine:
        """A machine with this RAM, which it has from a file: written now, so what is written later it has not."""
        path.write_bytes(b"".join(self.banks.values()))
        machine, at = Machine(library()), 0
        for start, data in self.banks.items():
            machine.add_file(str(path), at, start, len(data))
            at += len(data)
        return machine
