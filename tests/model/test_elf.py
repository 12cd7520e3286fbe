# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes of a symbol file by address, and its symbols, also when the file is damaged."""
import struct

import pytest

from mmscope.target.elf import read_sections, read_static, read_symbols


def elf(wide, order="<", kind=1):
    """An ELF file with one section of 8 bytes at address 0x1000."""
    data = b"banner!!"
    shoff = 64 + len(data)
    form = order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    head = ident + struct.pack(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), 2, 40, 1, 0, 0, shoff, 0,
                               64, 0, 0, struct.calcsize(form), 1, 0)
    return head.ljust(64, b"\0") + data + struct.pack(form, 0, kind, 2, 0x1000, 64, len(data), 0, 0, 1, 0)


@pytest.fixture
def read(tmp_path):
    """read(bytes of the file, address, size)"""
    def run(blob, addr, size):
        (tmp_path / "file").write_bytes(blob)
        return read_static(str(tmp_path / "file"), addr, size)
    return run


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_bytes_come_from_the_section_that_covers_the_address(read, wide, order):
    assert read(elf(wide, order), 0x1002, 4) == b"nner"
    assert read(elf(wide, order), 0x1006, 100) == b"!!"
    assert read(elf(wide, order), 0x1008, 1) is None


def test_a_section_without_contents_has_none(read):
    assert read(elf(False, kind=8), 0x1000, 4) is None


def test_other_files_and_no_file_have_none(read, tmp_path):
    assert read(b"#!/bin/sh", 0x1000, 4) is None
    assert read_static(str(tmp_path / "none"), 0x1000, 4) is None


@pytest.mark.parametrize("length", range(0, 112, 7))
def test_a_file_cut_short_does_no_harm(read, length):
    read(elf(True)[:length], 0x1000, 4)


# --- symbols --------------------------------------------------------------------------

SYMBOLS = (("start", 0x1001, 8, 2, 1), ("data", 0x1004, 0, 1, 1), ("$a", 0x1000, 0, 0, 1), (".Lx", 0x1000, 0, 0, 1),
           ("file.c", 0, 0, 4, 0xFFF1), ("absolute", 7, 0, 0, 0xFFF1), ("elsewhere", 0, 0, 0, 0), ("", 0x1000, 0, 3, 1))


def with_symbols(wide, order="<", machine=40, link=3):
    """An ELF file with a section of code, a table of symbols, and their names."""
    names, rows = b"\0", b""
    for name, addr, size, kind, section in SYMBOLS:
        at = len(names)
        names += name.encode() + b"\0"
        rows += struct.pack(order + "IBBHQQ", at, kind, 0, section, addr, size) if wide else \
            struct.pack(order + "IIIBBH", at, addr, size, kind, 0, section)
    parts = ((0, 0, 0, b"", 0), (1, 6, 0x1000, bytes(16), 0), (2, 0, 0, rows, link), (3, 0, 0, names, 0))
    body, table = b"", b""
    for kind, flags, addr, data, to in parts:
        table += struct.pack(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"), 0, kind, flags, addr, 64 + len(body),
                             len(data), to, 0, 1, 0)
        body += data
    head = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    head += struct.pack(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), 2, machine, 1, 0, 0, 64 + len(body), 0,
                        64, 0, 0, len(table) // 4, 4, 0)
    return head.ljust(64, b"\0") + body + table


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_symbols_are_those_that_lie_in_a_section(tmp_path, wide, order):
    path = tmp_path / "file"
    path.write_bytes(with_symbols(wide, order))
    assert read_symbols(str(path)) == [(0x1000, 8, True, "start"), (0x1004, 0, False, "data")]
    assert read_sections(str(path)) == [(0x1000, 0x1010)]


def test_only_arm_marks_its_other_instructions_in_an_address(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(with_symbols(True, machine=62))
    assert read_symbols(str(path))[0][0] == 0x1001


@pytest.mark.parametrize("length", range(0, len(with_symbols(True)), 5))
def test_symbols_of_a_file_cut_short_do_no_harm(tmp_path, length):
    path = tmp_path / "file"
    path.write_bytes(with_symbols(True)[:length])
    assert len(read_symbols(str(path))) <= 2 and len(read_sections(str(path))) <= 1


def test_names_that_are_in_no_section_are_none(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(with_symbols(True, link=9))
    assert read_symbols(str(path)) == [] == read_symbols(str(tmp_path / "none"))
