# SPDX-License-Identifier: GPL-2.0-or-later
"""What mmdump --help prints."""
from __future__ import annotations

from ..command import load_command
from ..errors import UsageError
from .words import own_names

USAGE = """usage: mmdump --layout FILE [options] [CORE ...] COMMAND [arguments]

Shows the memory management of a Linux kernel in a core or in raw RAM, without
GDB. The kernel is found by itself, also where KASLR has moved it.

  CORE              an ELF core (QEMU's dump-guest-memory, kdump's vmcore) or a
                    kdump-compressed file; of several each is looked at alone

options, in front of the command:
  --layout FILE     the kernel's layout, made once of its vmlinux, in GDB:
                      gdb -ex 'source gdb/mm.py' -ex 'mm layout --export FILE'
                          -batch VMLINUX
  --ram PHYS:FILE[:OFFSET[:SIZE]]
                    instead of a core: a bank of raw RAM, from the physical
                    address PHYS on; given again for more banks
  --threads N       for passes over all memory; else one a processor
  -h, --help        this, or behind COMMAND what that takes

commands:
"""
ALSO = {        # what is otherwise than in GDB
    "snapshot": "Here there is no GDB that keeps it: with --file it is written, and 'mmdump\n"
                "... CORE diff FILE' compares.",
    "pgtable": "Here the selected CPU is the core's first one; raw RAM has none.",
    "layout": "Here it is that of --layout, which also does without a core.",
}
BEHIND = """
Each takes --json (a document a core, one line each, with the name of its core)
and -o FILE. X is pfn:N, phys:N, an address, a symbol, or &symbol.

Exit status: 0 all is sound, 1 problems were found, 2 something could not be
read or was asked wrongly, 130 interrupted.

  mmdump --layout vmlinux.layout core account
  mmdump --layout vmlinux.layout cores/* check --json
  mmdump --layout vmlinux.layout --ram 0x10000000:ram.bin why phys:0x10004000
"""


def usage() -> str:
    """All of it."""
    names = own_names()
    width = max(map(len, names))
    lines = (f"  {name:{width}}  {load_command(name).about[0]}\n" for name in names)
    return USAGE + "".join(lines) + BEHIND


def command_usage(name: str) -> str:
    """One command. Raises UsageError."""
    if name not in own_names():
        raise UsageError(f"no command {name}")
    command = load_command(name)
    summary, rest = command.about
    kept = "\n".join(line for line in rest.splitlines() if not line.startswith("Example:")).strip()
    usage_ = command.usage(f"mmdump --layout FILE CORE {name}")
    return "\n\n".join(part for part in (summary, kept, ALSO.get(name), usage_) if part) + "\n"
