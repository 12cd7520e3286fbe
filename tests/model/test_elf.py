# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes of a symbol file by address, also when the file is damaged."""
import struct

import pytest

from mmscope.target.elf import read_static


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
