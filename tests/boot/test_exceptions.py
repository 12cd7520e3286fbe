# SPDX-License-Identifier: GPL-2.0-or-later
"""Aborts and undefined instructions: a report, a halt, and a backtrace."""
import re

import pytest

from harness.gdbmi import Gdb
from harness.process import read_console

from .machine import Qemu, elf, end_of

IMAGES = ("guest", "guest-release")
AT = "__free_pages_bootmem"         # deep inside mm_init(), in both flavours
CALLERS = ["free_all_bootmem", "mem_init", "mm_init", "start_kernel"]
WILD_PC = 0x50000000
SECONDS = 60

# What GDB does at AT; what the report's first line and its pc say.
FAULTS = {
    "data abort on a write": (
        ["set {int}$pc = 0xe5810000", "set $r1 = 0x2468"],  # str r0, [r1]
        r"data abort: write of 0x00002468: no translation, section "
        r"\(DFSR 0x805\)"),
    "no stack": (
        ["set $sp = 0x1004"], r"data abort: write of 0x0000[0-9a-f]{4}: "
        r"no translation, section \(DFSR 0x805\)"),
    "data abort on a read": (
        ["set {int}$pc = 0xe5910000", "set $r1 = 0x2468"],  # ldr r0, [r1]
        r"data abort: read of 0x00002468: no translation, section "
        r"\(DFSR 0x5\)"),
    "prefetch abort": (
        [f"set $pc = {WILD_PC:#x}"],
        r"prefetch abort: no translation, section \(IFSR 0x5\)"),
    "undefined instruction": (
        ["set {int}$pc = 0xe7f000f0"], "undefined instruction"),
}


@pytest.fixture(params=IMAGES)
def stopped(request):
    """A guest inside mm_init() under GDB: (gdb, qemu)."""
    with Gdb(elf(request.param), limit_seconds=SECONDS) as gdb, \
            Qemu("--board", "article", "--stop", image=request.param) as qemu:
        qemu.connected(gdb)
        gdb.run(f"hbreak *{AT}")
        assert gdb.go().function == AT
        gdb.run("delete")
        yield gdb, qemu


def registers(report: str) -> dict[str, int]:
    """name -> value of a printed report."""
    return {name: int(value, 16) for name, value in
            re.findall(r"\b(r\d+|sp|lr|pc|cpsr) *: (0x[0-9a-f]{8})", report)}


def fault(gdb: Gdb, qemu: Qemu, commands: list[str]) -> tuple[str, list[str]]:
    """Provoke it; Return: the report, and the functions of the backtrace."""
    for command in commands:
        gdb.run(command)
    gdb.run("hbreak arch_halt")
    assert gdb.go().function == "arch_halt"
    console = read_console(qemu.serial)
    assert end_of(console) == "halted"
    frames = re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?(\S+)", gdb.run("bt"), re.M)
    return console[console.index("\nUnhandled"):], frames


@pytest.mark.parametrize("kind", FAULTS)
def test_exception_is_reported_and_halts_with_a_whole_backtrace(stopped, kind):
    gdb, qemu = stopped
    commands, says = FAULTS[kind]
    for command in commands:
        gdb.run(command)
    before = {name: gdb.number(f"(unsigned) ${name}") for name in
              ("pc", "sp", "lr", *(f"r{i}" for i in range(13)))}
    report, frames = fault(gdb, qemu, [])
    assert re.match(f"\nUnhandled {says}\n", report), report
    found = registers(report)
    assert {name: found[name] for name in before} == before
    assert found["cpsr"] & 0x1f == 0x13
    assert frames[:2] == ["arch_halt", "do_exception"]
    behind = [name for name in frames if name in CALLERS]
    assert behind == CALLERS, frames
    if kind != "prefetch abort":
        assert AT in frames
        assert f" {AT}+0x" in report
    assert report.endswith("\nhalted\n")


def test_supervisor_call_is_reported_like_a_fault(stopped):
    """Of the interrupted registers the hardware has overwritten lr only."""
    gdb, qemu = stopped
    pc, sp = gdb.number("(unsigned) $pc"), gdb.number("(unsigned) $sp")
    report, frames = fault(gdb, qemu, ["set {int}$pc = 0xef000000"])
    found = registers(report)
    assert report.startswith("\nUnhandled supervisor call\n")
    assert (found["pc"], found["sp"]) == (pc, sp)
    assert frames[:2] == ["arch_halt", "do_exception"] and AT in frames


@pytest.mark.parametrize("image", IMAGES)
def test_fault_in_thumb_code_is_reported_where_it_is(image):
    """libfdt comes from Debian, as Thumb code without debug information."""
    with Gdb(elf(image), limit_seconds=SECONDS) as gdb, \
            Qemu("--board", "article", "--stop", image=image) as qemu:
        qemu.connected(gdb)
        gdb.run("hbreak *fdt_check_full")
        gdb.go()
        gdb.run("delete")
        pc = gdb.number("(unsigned) $pc")
        report, frames = fault(gdb, qemu, ["set {short}$pc = 0xde00"])  # udf
        assert registers(report)["pc"] == pc
        assert " fdt_check_full+0x0" in report
        assert "fdt_check_full" in frames and "start_kernel" in frames


def test_gdb_finds_the_halted_guest_without_having_waited(stopped):
    """A machine that halted alone shows the same to whoever comes later."""
    gdb, qemu = stopped
    gdb.run("set {int}$pc = 0xe7f000f0")
    gdb.resume()
    assert qemu.wait_end(SECONDS) == "halted"
    assert gdb.interrupt().function == "arch_halt"
    assert gdb.run("bt").count("start_kernel") == 1


def test_fault_while_reporting_is_reported_with_the_first_one(stopped):
    """On the debug UART: the console's registers may be what faulted."""
    gdb, qemu = stopped
    pc = gdb.number("(unsigned) $pc")
    report, frames = fault(gdb, qemu, [
        "set var 'console.c'::uart_regs = 0x1000", "set {int}$pc = 0xe7f000f0"])
    assert "data abort: read of 0x000010b4" in report
    assert f"pc : {pc:#010x} {AT}+0x0" in report
    assert frames.count("do_exception") == 2
    assert [name for name in frames if name in CALLERS] == CALLERS


def test_fault_without_a_console_ever_halts_in_arch_halt(stopped):
    """Nothing can be printed, but GDB sees the halt, not an endless fault."""
    gdb, _ = stopped
    gdb.run("set {int}printk = 0xe7f000f0")
    gdb.run(f"set $pc = {WILD_PC:#x}")
    gdb.run("hbreak arch_halt")
    assert gdb.go().function == "arch_halt"


def test_panic_has_a_whole_backtrace(stopped):
    gdb, qemu = stopped
    gdb.run("set $r0 = (unsigned long) mmscope_banner")
    gdb.run("set $pc = panic")
    gdb.run("hbreak arch_halt")
    assert gdb.go().function == "arch_halt"
    assert "panic: mmscope" in read_console(qemu.serial)
    assert gdb.run("bt").count("start_kernel") == 1


@pytest.mark.parametrize("stopped", ["guest"], indirect=True)
def test_backtrace_holds_at_each_instruction_of_the_entry(stopped):
    """From the vector on, for code that has set its frame pointer up: the
    interrupted sp is in another mode until the entry has fetched it."""
    gdb, _ = stopped
    gdb.run(f"hbreak {AT}")
    assert gdb.go().function == AT
    for command in FAULTS["data abort on a read"][0]:
        gdb.run(command)
    gdb.run("hbreak *((unsigned) vectors + 16)")
    gdb.go()
    gdb.run("delete")
    for _ in range(40):
        trace = gdb.run("bt")
        frames = re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?(\S+)", trace, re.M)
        assert [name for name in frames if name in CALLERS] == CALLERS, trace
        if frames[0] == "do_exception":
            return
        gdb.go("stepi")
    raise AssertionError(f"the handler was not reached: {trace}")
