# SPDX-License-Identifier: GPL-2.0-or-later
"""Sourced in GDB: asks a kernel for /proc/kpageflags or /proc/kpagecount.

The guest stands at the entry of kpageflags_read or kpagecount_read. For each
pfn the position that the caller wants is changed, and the function runs to its
end once more: it puts 8 bytes into the buffer of the program that reads. In the
end all is as it was, and the function is yet to begin.

Only this CPU runs, and takes no interrupt: it might wait for the others then.
"""
import json

import gdb

PAN = 1 << 22           # of cpsr: the kernel may not look at user space
IRQ_OFF = 1 << 7        # of cpsr, on both ARMs
IRQ_ON = 1 << 9         # of x86's eflags
ENTRY_BYTES = 8


class Asker:
    """The registers of the architecture, and what they were."""

    def __init__(self):
        name = gdb.selected_inferior().architecture().name()
        self.x86, self.arm64 = "x86" in name, name == "aarch64"
        if self.x86:
            arguments, kept = ("rdi", "rsi", "rdx", "rcx"), ("rsp", "eflags")
            self.result, self.pc = "rax", "rip"
        else:
            prefix, link = ("x", "x30") if self.arm64 else ("r", "lr")
            arguments = tuple(f"{prefix}{index}" for index in range(4))
            kept = ("sp", link, "cpsr")
            self.result, self.pc = arguments[0], "pc"
        self.entry = get(self.pc)
        self.before = {name: get(name) for name in arguments + kept}
        self.buffer, self.position = (self.before[arguments[index]]
                                      for index in (1, 3))
        self.arguments = arguments
        self.back = (number(read(self.before["rsp"], 8)) if self.x86
                     else self.before[kept[1]])
        # 32-bit ARM closes user space for the debugger, too: what is put
        # there is seen on its way.
        self.put_user = None if self.x86 or self.arm64 else int(
            gdb.parse_and_eval("(unsigned long)&__put_user_8"))

    def begin(self, size, quiet=True):
        """Stand at the entry again, where interrupts are off, or as before."""
        for name, value in self.before.items():
            put(name, value)
        if quiet and self.x86:
            put("eflags", self.before["eflags"] & ~IRQ_ON)
        elif quiet:
            put("cpsr", self.before["cpsr"] | IRQ_OFF)
        if self.x86:
            write(self.before["rsp"], self.back)
        put(self.arguments[2], size)
        put(self.pc, self.entry)

    def ask(self, pfn):
        """What the kernel puts for a pfn; None when it puts nothing."""
        write(self.position, pfn * ENTRY_BYTES)
        self.begin(ENTRY_BYTES)
        seen = None
        for _ in range(8):
            gdb.execute("continue", to_string=True)
            if get(self.pc) == self.put_user:
                seen = get("r2") | get("r3") << 32
            if get(self.pc) == self.back:
                break
        if get(self.result) != ENTRY_BYTES:
            return None
        return seen if self.put_user else number(self.user_bytes())

    def user_bytes(self):
        """What is in the program's buffer."""
        if self.arm64:
            put("cpsr", get("cpsr") & ~PAN)
        return read(self.buffer, ENTRY_BYTES)


def kpage_ask(pfns):
    """Print what the kernel says of each pfn, as a JSON list."""
    asker = Asker()
    size, position = get(asker.arguments[2]), read(asker.position, 8)
    gdb.execute("delete", to_string=True)
    gdb.execute("set scheduler-locking on")
    for address in filter(None, (asker.back, asker.put_user)):
        gdb.execute(f"hbreak *{address}", to_string=True)
    try:
        found = [asker.ask(pfn) for pfn in pfns]
    finally:
        gdb.execute("delete", to_string=True)
        gdb.execute("set scheduler-locking off")
        write(asker.position, number(position))
        asker.begin(size, quiet=False)
    print(json.dumps(found))


def get(name):
    """A register without its sign."""
    word = gdb.lookup_type("long").sizeof
    return int(gdb.parse_and_eval(f"${name}")) % (1 << word * 8)


def put(name, value):
    """Set a register, and stay at the newest frame: with another stack pointer
    GDB may select an outer one, whose registers are words on the stack."""
    gdb.execute(f"set ${name}={value}", to_string=True)
    gdb.newest_frame().select()


def read(address, size):
    """Bytes of the guest."""
    return bytes(gdb.selected_inferior().read_memory(address, size))


def write(address, value):
    """8 bytes into the guest."""
    gdb.selected_inferior().write_memory(address, value.to_bytes(8, "little"))


def number(data):
    """Bytes as a number."""
    return int.from_bytes(data, "little")
