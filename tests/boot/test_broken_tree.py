# SPDX-License-Identifier: GPL-2.0-or-later
"""A missing, truncated or corrupt tree: one line and a halt, never silence."""
import random
import re
import struct

import pytest

from harness.gdbmi import Gdb
from harness.process import read_console

from .board import MIB, RAM, Board, node
from .machine import ROOT, Job, Qemu, elf, end_of

BOARDS = ("article", "sabrelite")
HEADER = ("magic", "totalsize", "off_dt_struct", "off_dt_strings",
          "off_mem_rsvmap", "version", "last_comp_version", "boot_cpuid_phys",
          "size_dt_strings", "size_dt_struct")
FLIPS = 24                          # trees with random bits turned over
SECONDS = 60                        # any boot ends in a fraction of it


def tree(board: str) -> bytes:
    """A real board's tree."""
    return (ROOT / "build" / "boards" / f"{board}.dtb").read_bytes()


def boot_blobs(farm, folder, blobs):
    """Boot each blob, without GDB; Return: outcomes by name."""
    jobs = []
    for name, blob in blobs.items():
        path = folder / f"{name}.dtb"
        path.write_bytes(blob)
        jobs.append(Job(name, ["--dts", str(path)], read=False,
                        limit_seconds=SECONDS))
    return farm.boot(jobs)


def with_field(blob: bytes, field: str, value: int) -> bytes:
    """The same tree with another number in its header."""
    at = 4 * HEADER.index(field)
    return blob[:at] + struct.pack(">I", value & 0xFFFFFFFF) + blob[at + 4:]


def is_one_panic(outcome, says: str = "device tree") -> None:
    """Exactly one line that says what is wrong, and the halt behind it."""
    assert outcome.end == "panic", (outcome.name, outcome.end, outcome.console)
    assert says in outcome.line("panic: "), outcome.name
    assert outcome.console.endswith("\n")
    assert "Unhandled" not in outcome.console


def test_no_tree_is_one_clear_line(farm, tmp_path):
    good = tree("article")
    found = boot_blobs(farm, tmp_path, {
        "empty": b"", "one-byte": good[:1], "zeros": bytes(4096),
        "text": b"this is no device tree\n" * 100,
        "ones": b"\xff" * 8192, "byte-swapped": good[3::-1] + good[4:],
        "noise": random.Random(1).randbytes(4096),
        "shifted": b"\0" * 8 + good})
    for outcome in found.values():
        is_one_panic(outcome)


def test_each_header_field_is_checked(farm, tmp_path):
    """Numbers at which a tree cannot be right; boot_cpuid_phys may be any."""
    good = tree("article")
    size = len(good)
    wrong = {
        "magic": (0, 0xEDFE0DD0), "totalsize": (0, 39, size - 1, 1 << 31,
                                               0xFFFFFFFF, MIB + 1),
        "off_dt_struct": (0, size, 0xFFFFFFFC),
        "off_dt_strings": (0, size + 1, 0xFFFFFFFF),
        "off_mem_rsvmap": (0, size, 0xFFFFFFF8),
        "version": (0, 1), "last_comp_version": (18, 0xFFFFFFFF),
        "size_dt_strings": (0, 1, size, 0xFFFFFFFF),
        "size_dt_struct": (0, 4, size, 0xFFFFFFFF)}
    blobs = {f"{field}-{value:x}": with_field(good, field, value)
             for field, values in wrong.items() for value in values}
    old = with_field(good, "last_comp_version", 2)
    blobs.update({f"old-{version}": with_field(old, "version", version)
                  for version in (2, 15)})
    for outcome in boot_blobs(farm, tmp_path, blobs).values():
        is_one_panic(outcome)


def test_tree_cut_short_anywhere_is_one_clear_line(farm, tmp_path):
    """RAM behind the cut reads as zeros: the header still counts it."""
    good = tree("article")
    strings = struct.unpack_from(">I", good, 4 * HEADER.index("off_dt_strings"))[0]
    lengths = [4, 8, 28, 40, 47, strings // 2, strings - 100, strings - 4]
    blobs = {f"cut-{n}": good[:n] for n in lengths}
    blobs.update({f"said-{n}": with_field(good[:n], "totalsize", n)
                  for n in (*lengths[3:], strings, len(good) - 1)})
    for outcome in boot_blobs(farm, tmp_path, blobs).values():
        is_one_panic(outcome)


@pytest.mark.parametrize("board", BOARDS)
def test_random_bits_turned_over_end_in_a_word(farm, tmp_path, board):
    dice = random.Random(board)
    blobs = {}
    for seed in range(FLIPS):
        blob = bytearray(tree(board))
        for _ in range(dice.choice((1, 1, 2, 4, 16))):
            blob[dice.randrange(len(blob))] ^= 1 << dice.randrange(8)
        blobs[f"flip-{seed}"] = bytes(blob)
    found = boot_blobs(farm, tmp_path, blobs)
    bad = [(outcome.name, outcome.end, outcome.console[-500:])
           for outcome in found.values() if outcome.end in ("silent", "error")]
    assert not bad
    assert {outcome.end for outcome in found.values()} >= {"idle", "panic"}


def test_tree_without_memory_or_with_odd_cells_says_so(farm, tmp_path):
    source = Board("x", [[(RAM, 32 * MIB)]]).source()
    cells = "#address-cells = <1>;\n\t#size-cells = <1>;"
    assert cells in source
    variants = {
        "no-nodes": (re.sub(r"\tmemory-0.*?\n\t};\n", "", source, flags=re.S),
                     "no memory"),
        "no-type": (source.replace('device_type = "memory";', ""), "no memory"),
        "no-reg": (source.replace("reg = <0x10000000 0x2000000>;", ""),
                   "reg"),
        "half-a-reg": (source.replace("<0x10000000 0x2000000>",
                                      "<0x10000000>"), "reg"),
        "3-cells": (source.replace(cells, cells.replace("<1>", "<3>")), "cells"),
        "0-cells": (source.replace(cells, cells.replace("<1>", "<0>")), "reg"),
    }
    jobs = []
    for name, (text, _) in variants.items():
        path = tmp_path / f"{name}.dts"
        path.write_text(text)
        jobs.append(Job(name, ["--dts", str(path)], read=False,
                        limit_seconds=SECONDS))
    found = farm.boot(jobs)
    for name, (_, says) in variants.items():
        is_one_panic(found[name], says)


@pytest.mark.parametrize("tree_at", [0, 0x18000001, 0x18000004, 0x11000000,
                                     0x80000000, 0xFFFFFFF8])
def test_loader_that_passes_no_tree_is_one_clear_line(tree_at):
    """r2 holds what a boot loader left there."""
    with Gdb(elf("guest"), limit_seconds=SECONDS) as gdb, Qemu("--stop") as qemu:
        qemu.connected(gdb)
        gdb.run(f"hbreak *{RAM + 0x10000:#x}")
        gdb.go()
        gdb.run("delete")
        gdb.run(f"set $r2 = {tree_at:#x}")
        gdb.run("hbreak arch_halt")
        assert gdb.go().function == "arch_halt"
        console = read_console(qemu.serial)
        assert end_of(console) == "panic"
        assert re.search(rf"^panic: device tree.*0x0*{tree_at:x}\b", console, re.M)


@pytest.mark.parametrize("reg", [0x101E8000, 0x10100000, 0x11000000])
def test_console_in_ram_is_refused(farm, tmp_path, reg):
    """Printing must not write over memory that the tree says is RAM."""
    board = Board("ram", [[(RAM, 32 * MIB)]])
    path = tmp_path / "ram.dts"
    path.write_text(board.source().replace("0x021e8000", f"{reg:#x}"))
    outcome = farm.boot([Job("ram", ["--dts", str(path)])])["ram"]
    assert outcome.end == "idle" and outcome.state["zone_check"] == [None] * 3
    assert "stdout-path" in outcome.line("warning: ")


@pytest.mark.parametrize("reg", [0x5000000, 0x21E0000, 0x90000000, 0xFFFFF000])
def test_console_elsewhere_is_named_where_it_can_still_be_read(farm, tmp_path,
                                                               reg):
    path = tmp_path / "off.dts"
    path.write_text(Board("off", [[(RAM, 32 * MIB)]]).source().replace(
        "0x021e8000", f"{reg:#x}"))
    outcome = farm.boot([Job("off", ["--dts", str(path)])])["off"]
    assert outcome.end in ("idle", "halted"), outcome.console
    assert outcome.line("console: ") == f"console: fsl,imx6q-uart at {reg:#010x}"


def test_reserved_memory_that_covers_the_tree_is_survived(farm, tmp_path):
    """It is read through a mapping of its own to the end."""
    board = Board("tree", [[(RAM, 32 * MIB)]], reserved=node(
        "a", "no-map", base=RAM + 16 * MIB, size=MIB),
        no_map=[(RAM + 16 * MIB, MIB)])
    outcome = farm.boards([board], tmp_path)["tree"]
    assert outcome.end == "idle"
    assert outcome.state["zone_check"] == [None] * 3
