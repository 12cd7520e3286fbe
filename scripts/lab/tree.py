# SPDX-License-Identifier: GPL-2.0-or-later
"""A board's device tree with firmware's memory in it: reserved, no-map."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Sequence

from .common import LabError, one_line
from .kernels import Board

NODE = "/reserved-memory"
TOOL_LIMIT_SECONDS = 20


def without_map(board: Board, memory: str, dtb: Path | None,
                ranges: Sequence[str], folder: Path) -> Path | None:
    """The board's tree with a no-map node for each of `ranges`.

    ranges: "BASE:SIZE" each; without any, `dtb` is the answer.
    dtb: what QEMU would be given; None: the tree that QEMU makes itself.
    """
    spans = [parse_range(text) for text in ranges]
    if not spans:
        return dtb
    result = folder / "board.dtb"
    if dtb:
        shutil.copyfile(dtb, result)
    else:
        cpu = ["-cpu", board.cpu] if board.cpu else []
        tool(board.qemu, "-M", f"{board.machine},dumpdtb={result}", "-m",
             memory, "-smp", str(board.cpus), *cpu, "-net", "none",
             "-display", "none")
    widths = [int(tool("fdtget", "-d", missing, "-t", "u", str(result), "/",
                       name))
              for name, missing in (("#address-cells", "2"),
                                    ("#size-cells", "1"))]
    for name, width in zip(("#address-cells", "#size-cells"), widths):
        tool("fdtput", "-p", "-t", "u", str(result), NODE, name, str(width))
    tool("fdtput", str(result), NODE, "ranges")
    for base, size in spans:
        path = f"{NODE}/firmware@{base:x}"
        cells = [str(number >> 32 * n & 0xffffffff)
                 for number, width in zip((base, size), widths)
                 for n in reversed(range(width))]
        tool("fdtput", "-p", "-t", "u", str(result), path, "reg", *cells)
        tool("fdtput", str(result), path, "no-map")
    return result


def parse_range(text: str) -> tuple[int, int]:
    """Base and size of "BASE:SIZE", a size may end with K, M or G."""
    found = re.fullmatch(r"(0x[0-9a-f]+|\d+):(0x[0-9a-f]+|\d+)([KMG]?)", text,
                         re.IGNORECASE)
    if not found:
        raise LabError(f"{text}: not BASE:SIZE like 0x48000000:1M")
    shift = {"": 0, "K": 10, "M": 20, "G": 30}[found[3].upper()]
    base, size = int(found[1], 0), int(found[2], 0) << shift
    if not size:
        raise LabError(f"{text}: the size is 0")
    return base, size


def tool(*command: str) -> str:
    """Run QEMU or one of the device tree's tools; its standard output."""
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              errors="replace", check=False,
                              timeout=TOOL_LIMIT_SECONDS)
    except FileNotFoundError:
        raise LabError(f"{command[0]} is not installed: run scripts/setup") \
            from None
    except subprocess.TimeoutExpired:
        raise LabError(f"waited {TOOL_LIMIT_SECONDS} s for {command[0]}") \
            from None
    if done.returncode:
        raise LabError(f"{command[0]}: {one_line(done.stderr) or 'failed'}")
    return done.stdout
