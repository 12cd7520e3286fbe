# SPDX-License-Identifier: GPL-2.0-or-later
"""mm vmallocinfo as text: the format of /proc/vmallocinfo."""
from __future__ import annotations

from ..model.vmallocinfo import InfoLine, Vmallocinfo
from .units import escape


def vmallocinfo_text(info: Vmallocinfo) -> str:
    """A line for each area."""
    return "".join(line_text(line, info.pointer_digits, info.phys_digits) + "\n" for line in info.lines)


def line_text(line: InfoLine, pointer_digits: int, phys_digits: int) -> str:
    """One line without its end: what is not known of an area is left out, as the kernel does."""
    text = f"0x{line.start:0{pointer_digits}x}-0x{line.end:0{pointer_digits}x} {line.size:7}"
    if line.note is not None:
        return f"{text} {line.note}"
    if line.caller is not None:
        text += " " + (escape(line.caller_symbol) if line.caller_symbol is not None else f"{line.caller:#x}")
    if line.nr_pages:
        text += f" pages={line.nr_pages}"
    if line.phys is not None:
        text += f" phys=0x{line.phys:0{phys_digits}x}"
    return text + "".join(f" {word}" for word in line.words) + "".join(
        f" N{node}={pages}" for node, pages in line.pages_by_node)
