# SPDX-License-Identifier: GPL-2.0-or-later
"""Device trees for QEMU's sabrelite, written out in full from a few words."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

Range = tuple[int, int]             # (base, size) in bytes

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PAGE = 4 * KIB
RAM = 0x10000000                    # where the machine's RAM begins
LOWMEM_END = 0x40000000             # without vmalloc=
TREE_AT = 0x18000000                # where scripts/qemu puts the tree

SOURCE = """/dts-v1/;
{memreserve}
/ {{
\t#address-cells = <{cells}>;
\t#size-cells = <{cells}>;
\tcompatible = "fsl,imx6q";
\tchosen {{
\t\tstdout-path = "/soc/serial@21e8000:115200n8";
\t\t{bootargs}
\t}};
{memory}
{reserved}
\tsoc {{
\t\t#address-cells = <1>;
\t\t#size-cells = <1>;
\t\tranges{ranges};
\t\tserial@21e8000 {{
\t\t\tcompatible = "fsl,imx6q-uart", "fsl,imx21-uart";
\t\t\treg = <0x021e8000 0x4000>;
\t\t}};
\t}};
}};
"""


@dataclass(frozen=True)
class Board:
    """What differs between boards; `banks` has a list for each memory node."""
    name: str
    banks: Sequence[Sequence[Range]]
    memreserve: Sequence[Range] = ()
    reserved: str = ""              # children of /reserved-memory
    bootargs: str = ""
    append: str = ""                # scripts/qemu --append
    image: str = "guest"            # or guest-release
    cells: int = 1
    real: str = ""                  # a board of the guest's own, by its name
    # What must come of it, for the oracle:
    static: Sequence[Range] = ()    # reserved by /reserved-memory
    no_map: Sequence[Range] = ()    # taken out of memory
    keep: Sequence[Range] | None = None     # mem=: nothing but this
    lowmem_end: int = LOWMEM_END
    cma: Sequence[Range] = ()       # areas that come back

    def source(self) -> str:
        """The tree as dts."""
        reserved = self.reserved and (
            "\treserved-memory {\n\t\t#address-cells = <1>;\n"
            f"\t\t#size-cells = <1>;\n\t\tranges;\n{self.reserved}\n\t}};")
        memory = "".join(
            f"\tmemory-{i}@{bank[0][0]:x} {{\n\t\tdevice_type = \"memory\";\n"
            f"\t\treg = <{self.cells_of(bank)}>;\n\t}};\n"
            for i, bank in enumerate(self.banks))
        return SOURCE.format(
            cells=self.cells, memory=memory, reserved=reserved,
            memreserve="\n".join(f"/memreserve/ {base:#x} {size:#x};"
                                 for base, size in self.memreserve),
            bootargs=f'bootargs = "{self.bootargs}";' if self.bootargs else "",
            ranges="" if self.cells == 1 else " = <0 0 0 0x10000000>")

    def cells_of(self, bank: Sequence[Range]) -> str:
        """A reg property."""
        pad = "0 " * (self.cells - 1)
        return " ".join(f"{pad}{number:#x}" for pair in bank for number in pair)

    def write(self, folder: Path) -> Path:
        """Write NAME.dts; Return: its path."""
        path = folder / f"{self.name}.dts"
        path.write_text(self.source())
        return path


def node(name: str, *properties: str, base: int | None = None,
         size: int = 0) -> str:
    """A child of /reserved-memory; with `base` it gets a reg."""
    unit = "" if base is None else f"@{base:x}"
    lines = list(properties)
    if base is not None:
        lines.insert(0, f"reg = <{base:#x} {size:#x}>")
    body = "".join(f"\t\t\t{line};\n" for line in lines)
    return f"\t\t{name}{unit} {{\n{body}\t\t}};"


POOL = ('compatible = "shared-dma-pool"', "reusable")
DEFAULT_POOL = (*POOL, "linux,cma-default")
EARLY_POOL = ('compatible = "mmscope,early-pool"',)
