# SPDX-License-Identifier: GPL-2.0-or-later
"""The functions that each CPU is in, beyond an interrupt too.

GDB's own way ends where assembly has no unwind information, or where the stack changes: at every interrupt. What was
interrupted may be half done all the same. The way goes on from registers that are known there: those of struct
pt_regs, or those behind a switch of the stack. For so long GDB is told that the CPU's first frame is called from
there; afterwards nothing of that is left.
"""
from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, Iterator, Optional

import gdb
import gdb.unwinder

from ..errors import BrokenPath, FaultError

MAX_CPUS, MAX_FRAMES, MAX_CROSSINGS = 64, 64, 8
Registers = dict[str, int]
ARM64_ENTRY = re.compile("el1[ht]?(_64)?_(sync|irq|fiq|error)")       # of vectors: entered from the kernel
ARM_ENTRIES = ("__irq_svc", "__fiq_svc", "__dabt_svc", "__pabt_svc", "__und_svc")
X86_ENTRIES = ("asm_common_interrupt", "asm_sysvec_", "asm_exc_", "asm_spurious_")
ARM_FROM_USER = re.compile("__(irq|fiq|dabt|pabt|und)_usr")
OUTERMOST: Registers = {}                   # a program was interrupted: GDB would go on with what is no frame
# x86-64: C functions that call another one on the interrupts' stack.
X86_SWITCHES = ("sysvec_", "common_interrupt", "do_softirq", "irq_exit", "__irq_exit")
X86_NAMES = {"rax": "ax", "rbx": "bx", "rcx": "cx", "rdx": "dx", "rsi": "si", "rdi": "di", "rbp": "bp", "rsp": "sp",
             "rip": "ip", **{f"r{number}": f"r{number}" for number in range(8, 16)}}
X86_KEPT = ("rbx", "rbp", "r12", "r13", "r14", "r15")


def backtraces() -> tuple[tuple[str, ...], ...]:
    """Names of the functions that each CPU is in, the innermost first, those that are inlined too."""
    selected, frame = gdb.selected_thread(), gdb.selected_frame()
    found = []
    try:
        for thread in sorted(gdb.selected_inferior().threads(), key=lambda each: each.num)[:MAX_CPUS]:
            thread.switch()
            found.append(tuple(_functions()))
    finally:
        selected.switch()
        frame.select()
    return tuple(found)


def _functions() -> Iterator[str]:
    """Of the selected CPU, as far as its stack can be followed."""
    registers: Optional[Registers] = None
    for _ in range(MAX_CROSSINGS):
        with _called_from(registers):
            names, registers = _names(registers is not None)
        yield from names
        if registers is None:
            return


def _names(called: bool) -> tuple[list[str], Optional[Registers]]:
    """Names as far as GDB's way goes, and with what registers it can go on.

    called: the first frame says only what is behind it.
    """
    names: list[str] = []
    try:
        frame: Optional[gdb.Frame] = gdb.newest_frame()
        start = (_pc(frame), _sp(frame)) if called else None
        for _ in range(MAX_FRAMES):
            if frame is None:
                break
            if start is None or (_pc(frame), _sp(frame)) != start:
                start = None
                if frame.name() is not None:
                    names.append(frame.name())
                found = _beyond(frame)
                if found is not None:
                    return names, found or None
            frame = frame.older()
    except (gdb.error, FaultError, BrokenPath):
        pass
    return names, None


def _pc(frame: gdb.Frame) -> int:
    return int(frame.read_register("pc"))


def _sp(frame: gdb.Frame) -> int:
    return int(frame.read_register("sp"))


# --- with what registers it goes on ----------------------------------------------------------------------------------

def _beyond(frame: gdb.Frame) -> Optional[Registers]:
    """Registers of the frame that GDB does not find behind this one; None: it is an ordinary one.

    The counter is one instruction ahead of what was interrupted, as behind a call: GDB looks before it for the unwind
    information.
    """
    name, architecture = frame.name() or "", frame.architecture().name()
    for prefix, beyond in BEYOND.items():
        if architecture.startswith(prefix):
            return beyond(frame, name)
    return None


def _beyond_arm64(frame: gdb.Frame, name: str) -> Optional[Registers]:
    """el1_irq, el1h_64_irq, ...: x29 is the address of pt_regs.stackframe. call_on_irq_stack: of a frame record.

    At its vector an exception has changed nothing yet.
    """
    if name == "call_on_irq_stack":
        return _by_frame_pointer(frame, "x29", tuple(f"x{number}" for number in range(19, 29)))
    if name == "vectors" and not _pc(frame) & 0x7f and int(frame.read_register("SPSR_EL1")) & 0xc:
        found = {f"x{number}": int(frame.read_register(f"x{number}")) for number in range(31)}
        return {**found, "sp": _sp(frame), "pc": int(frame.read_register("ELR_EL1")) + 4}
    if ARM64_ENTRY.fullmatch(name):
        kind = gdb.lookup_type("struct pt_regs")
        at = int(frame.read_register("x29")) - next(each.bitpos // 8 for each in kind.fields()
                                                    if each.name == "stackframe")
        regs = gdb.Value(at).cast(kind.pointer()).dereference()
        found = {f"x{number}": int(regs["regs"][number]) for number in range(31)}
        return {**found, "sp": int(regs["sp"]), "pc": int(regs["pc"]) + 4, "cpsr": int(regs["pstate"]) & 0xffffffff}
    return None


def _beyond_arm(frame: gdb.Frame, name: str) -> Optional[Registers]:
    """__irq_svc: sp is the address of pt_regs. call_with_stack: r11, r7 in Thumb, that of the frame pointer and lr."""
    if name == "call_with_stack":
        pointer = "r7" if int(frame.read_register("cpsr")) & 0x20 else "r11"
        found = _by_frame_pointer(frame, pointer, tuple(f"r{number}" for number in range(4, 12)))
        return {**found, "lr": found["pc"], "cpsr": int(frame.read_register("cpsr"))}
    if ARM_FROM_USER.fullmatch(name):
        return OUTERMOST
    if name in ARM_ENTRIES:
        uregs = gdb.Value(_sp(frame)).cast(gdb.lookup_type("struct pt_regs").pointer()).dereference()["uregs"]
        found = {f"r{number}": int(uregs[number]) for number in range(13)}
        thumb = int(uregs[16]) & 0x20
        return {**found, "sp": int(uregs[13]), "lr": int(uregs[14]), "pc": int(uregs[15]) + (2 if thumb else 4),
                "cpsr": int(uregs[16])}
    return None


def _beyond_x86(frame: gdb.Frame, name: str) -> Optional[Registers]:
    """asm_...: rsp is the address of pt_regs. On the interrupts' stack its top has the rsp of before."""
    if name.startswith("asm_call_"):
        return _by_frame_pointer(frame, "rbp", X86_KEPT)
    if name.startswith(X86_ENTRIES):
        regs = gdb.Value(_sp(frame)).cast(gdb.lookup_type("struct pt_regs").pointer()).dereference()
        found = {register: int(regs[member]) for register, member in X86_NAMES.items()}
        return {**found, "rip": found["rip"] + 1} if not int(regs["cs"]) & 3 else OUTERMOST
    if _sp(frame) & 0xfff == 0xff8 and any(part in name for part in X86_SWITCHES):
        found = {register: int(frame.read_register(register)) for register in (*X86_KEPT, "rip")}
        return {**found, "rsp": _word(_sp(frame))}
    return None


Beyond = Callable[[gdb.Frame, str], Optional[Registers]]
BEYOND: dict[str, Beyond] = {"aarch64": _beyond_arm64, "arm": _beyond_arm, "i386:x86-64": _beyond_x86}


def _by_frame_pointer(frame: gdb.Frame, pointer: str, kept: tuple[str, ...]) -> Registers:
    """The caller's, of a function that has put its frame pointer and return address there before it left the stack."""
    at, word = int(frame.read_register(pointer)), gdb.lookup_type("long").sizeof
    found = {register: int(frame.read_register(register)) for register in kept}
    pc, sp = ("rip", "rsp") if pointer == "rbp" else ("pc", "sp")
    return {**found, pointer: _word(at), pc: _word(at + word), sp: at + 2 * word}


def _word(addr: int) -> int:
    """A word of the target's memory."""
    return int(gdb.Value(addr).cast(gdb.lookup_type("unsigned long").pointer()).dereference())


# --- GDB goes on there -----------------------------------------------------------------------------------------------

class _Id:
    """Of the first frame: below every stack."""

    def __init__(self, pc: Any) -> None:
        self.sp, self.pc = gdb.Value(0).cast(gdb.lookup_type("unsigned long")), pc


class _Caller(gdb.unwinder.Unwinder):
    """Says that the first frame is called from where these registers are."""

    def __init__(self, registers: Registers) -> None:
        super().__init__("mmscope")
        frame = gdb.newest_frame()
        self._registers, self._first = registers, (_pc(frame), _sp(frame))

    def __call__(self, pending: Any) -> Any:
        pc = pending.read_register("pc")
        if (int(pc), int(pending.read_register("sp"))) != self._first:
            return None
        info = pending.create_unwind_info(_Id(pc.cast(gdb.lookup_type("unsigned long"))))
        for name, number in self._registers.items():
            bits = 32 if name == "cpsr" else 8 * gdb.lookup_type("long").sizeof
            kind = gdb.lookup_type("unsigned int" if bits == 32 else "unsigned long")
            info.add_saved_register(name, gdb.Value(number & (1 << bits) - 1).cast(kind))
        return info


@contextlib.contextmanager
def _called_from(registers: Optional[Registers]) -> Iterator[None]:
    """GDB's frames are as told inside, and as ever afterwards."""
    if registers is None:
        yield
        return
    caller = _Caller(registers)
    gdb.unwinder.register_unwinder(None, caller, replace=True)
    gdb.invalidate_cached_frames()
    try:
        yield
    finally:
        gdb.frame_unwinders.remove(caller)
        gdb.invalidate_cached_frames()
