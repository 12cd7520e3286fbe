# SPDX-License-Identifier: GPL-2.0-or-later
"""ELF cores: what is in them is found, and what they say wrongly does no harm."""
from __future__ import annotations

import struct
from pathlib import Path

import pytest
from elfcore import EM_ARM, PN_XNUM, PT_NOTE, UNKNOWN, Core, Segment, fill, note
from probing import opened, probe, refused

FORMS = pytest.mark.parametrize("bits, order", [(32, "<"), (32, ">"), (64, "<"), (64, ">")])
PAGE = bytes(range(256)) * 16


@FORMS
@pytest.mark.parametrize("xnum", [False, True])
def test_memory_is_where_the_headers_say(tmp_path: Path, bits: int, order: str, xnum: bool) -> None:
    """Both classes, both byte orders, and the count of segments in section 0."""
    core = Core([Segment(note(b"CORE", 1, b"regs", order), kind=PT_NOTE),
                 Segment(PAGE, phys=0x1000, virt=0xc0001000), Segment(PAGE[::-1], phys=0x8000, virt=0xc0008000)],
                bits=bits, order=order, machine=EM_ARM, xnum=xnum)
    assert opened(tmp_path, core.to_bytes(), "ranges", "segments", "notes", "machine", "format", "warning",
                  "read=1ffe:2", "read=8000:3") == [
        "range 1000 2000", "range 8000 9000", "segment c0001000 1000 1000", "segment c0008000 8000 1000",
        "note CORE 1 72656773", f"40 {bits} {int(order == '>')}", "ELF core", "none", "feff", "fffefd"]


def test_pieces_that_touch_are_read_as_one(tmp_path: Path) -> None:
    """And searched as one, wherever the seam is."""
    core = Core([Segment(b"abcd" * 1024, phys=0x2000), Segment(b"wxyz" * 1024, phys=0x1000)])
    assert opened(tmp_path, core.to_bytes(), "ranges", "read=1ffe:4", "search=0:797a6162", "search=1fff:7a",
                  "search=2000:7a") == [
        "range 1000 3000", "797a6162", "1ffe", "1fff", "fault: nowhere in memory"]


def test_what_is_not_there_is_a_fault_and_not_zero(tmp_path: Path) -> None:
    """In a hole, at both ends, and at the end of all addresses."""
    core = Core([Segment(PAGE, phys=0x1000), Segment(PAGE, phys=0x3000), Segment(PAGE, phys=UNKNOWN - 0xfff - 0x1000)])
    lines = opened(tmp_path, core.to_bytes(), "read=fff:1", "read=1ffe:10", "read=4000:1",
                   "read=ffffffffffffeffe:2", "read=ffffffffffffeffe:3", "read=ffffffffffffffff:1",
                   "read=ffffffffffffffff:2", "read=0:0")
    words = [line.split(" ")[0] for line in lines]
    assert words == ["fff", "2000", "4000", "feff", "fffffffffffff000", "ffffffffffffffff", "ffffffffffffffff", ""]


def test_memory_beyond_p_filesz_was_left_out(tmp_path: Path) -> None:
    """QEMU's filter and makedumpfile leave it out: it is not zero."""
    core = Core([Segment(PAGE, phys=0x1000, memsz=0x3000), Segment(b"", phys=0x8000, memsz=0x1000, offset=UNKNOWN)])
    assert opened(tmp_path, core.to_bytes(), "ranges", "warning") == ["range 1000 2000", "none"]


def test_a_shorter_p_memsz_counts(tmp_path: Path) -> None:
    """The file has more than the segment says it is."""
    core = Core([Segment(PAGE, phys=0x1000, memsz=0x10)])
    assert opened(tmp_path, core.to_bytes(), "ranges") == ["range 1000 1010"]


@pytest.mark.parametrize("virt", [0, None])
def test_qemu_that_walked_no_tables_says_no_virtual_address(tmp_path: Path, virt: object) -> None:
    """It writes 0, or p_paddr again, as p_vaddr."""
    core = Core([Segment(PAGE, phys=at, virt=at if virt is None else 0) for at in (0x40000000, 0x80000000)])
    assert opened(tmp_path, core.to_bytes(), "segments", "format") == ["ELF core"]


def test_kcore_has_segments_without_a_physical_address(tmp_path: Path) -> None:
    """p_paddr is -1 for those alone."""
    core = Core([Segment(PAGE, phys=0x1000, virt=0xffff888000001000),
                 Segment(PAGE, phys=UNKNOWN, virt=0xffffc90000000000)])
    assert opened(tmp_path, core.to_bytes(), "ranges", "segments") == [
        "range 1000 2000", "segment ffff888000001000 1000 1000", f"segment ffffc90000000000 {UNKNOWN:x} 1000"]


def test_old_kcore_says_zero_for_every_physical_address(tmp_path: Path) -> None:
    """More than one piece of memory cannot be at 0."""
    core = Core([Segment(PAGE, virt=0xc0000000), Segment(PAGE, virt=0xd0000000)], bits=32)
    assert opened(tmp_path, core.to_bytes(), "ranges", "segments") == [
        f"segment c0000000 {UNKNOWN:x} 1000", f"segment d0000000 {UNKNOWN:x} 1000"]
    alone = Core([Segment(PAGE, virt=0xc0000000)], bits=32)
    assert opened(tmp_path, alone.to_bytes(), "ranges", "segments") == ["range 0 1000", "segment c0000000 0 1000"]


def test_of_segments_that_overlap_the_first_is_taken(tmp_path: Path) -> None:
    """Whatever their addresses; a line says so."""
    core = Core([Segment(b"B" * 0x100, phys=0x1080), Segment(b"A" * 0x200, phys=0x1000),
                 Segment(b"C" * 0x10, phys=0x1100)])
    lines = opened(tmp_path, core.to_bytes(), "ranges", "read=107f:2", "read=10ff:2", "read=117f:2", "warning")
    assert lines[:4] == ["range 1000 1200", "4142", "4242", "4241"]
    assert lines[4].endswith("has memory at 0x1080 that is there already: the first is taken")


def test_memory_under_two_virtual_addresses_is_no_contradiction(tmp_path: Path) -> None:
    """A kdump core has the kernel's image a second time, as part of the direct map."""
    core = Core([Segment(PAGE, phys=0x1000, virt=0xffffffff81000000),
                 Segment(PAGE * 2, phys=0x1000, virt=0xffff888000001000)])
    assert opened(tmp_path, core.to_bytes(), "ranges", "warning") == ["range 1000 3000", "none"]


def test_a_file_that_is_cut_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """At every byte: never more than there is, and a line that says so."""
    whole = Core([Segment(note(b"A", 1, b"x"), kind=PT_NOTE), Segment(b"a" * 40, phys=0x1000),
                  Segment(b"b" * 24, phys=0x2000)]).to_bytes()
    begin = len(whole) - 64
    for size in range(0, len(whole), 7):
        if size <= begin:
            assert refused(tmp_path, whole[:size]).split(":")[0] in ("format", "corrupt")
            continue
        lines = opened(tmp_path, whole[:size], "warning", "ranges")
        left = size - begin
        assert f"is cut: has {size} of {len(whole)} bytes" in lines[0]
        assert lines[1:] == [f"range 1000 {0x1000 + min(left, 40):x}"] + \
            ([f"range 2000 {0x2000 + left - 40:x}"] if left > 40 else [])


def test_a_32_bit_core_cannot_say_more_than_4_gib(tmp_path: Path) -> None:
    """QEMU cuts sizes and addresses of an LPAE machine to 32 bits: what is in no segment is told."""
    path = tmp_path / "core"
    path.write_bytes(Core([Segment(PAGE, phys=0x40000000)], bits=32, machine=EM_ARM).to_bytes())
    with path.open("r+b") as file:
        file.truncate(5 << 30)
    lines = probe(f"open={path}", "ranges", "warning")
    assert lines[0] == "range 40000000 40001000"
    assert "bytes of it are in no segment" in lines[1] and "4 GiB" in lines[1]


@pytest.mark.parametrize("size", [0, 0x1000])
@pytest.mark.parametrize("names", [0, 11])
def test_the_last_segment_of_a_32_bit_core_has_what_is_left(tmp_path: Path, size: int, names: int) -> None:
    """Its size was cut to 32 bits: the file is as much longer, but for the names of sections, to the byte."""
    path = tmp_path / "core"
    data = bytearray(Core([Segment(PAGE, phys=0x1000), Segment(PAGE[:size], phys=0x40000000)], bits=32,
                          machine=EM_ARM, xnum=True).to_bytes())
    struct.pack_into("<I", data, 52 + 2 * 32 + 20, names)       # sh_size of the one section
    path.write_bytes(data)
    with path.open("r+b") as file:
        file.truncate(len(data) + (4 << 30) + names)
        file.seek(-4 - names, 2)
        file.write(b"last")
    end = 0x40000000 + size + (4 << 30)
    lines = probe(f"open={path}", "ranges", f"read={end - 4:x}:4", f"read={end:x}:1", "warning")
    assert lines[:3] == ["range 1000 2000", f"range 40000000 {end:x}", b"last".hex()]
    assert "fault" in lines[3] and "taken as 4294967296 bytes longer" in lines[4]


LIES = {
    "a type that is no core": ({"type": 2}, "format: core: an ELF file of type 2, not a core"),
    "headers of another size": ({"phentsize": 40}, "corrupt: core: has program headers of 40 bytes"),
    "no headers": ({"phnum": 0}, "corrupt: core: has no program headers"),
    "headers behind the end": ({"phoff": 1 << 40}, "corrupt: core: "),
    "headers at the end of all": ({"phoff": UNKNOWN - 3}, "corrupt: core: "),
    "more headers than bytes": ({"phnum": 0xfffe}, "corrupt: core: "),
    "a count that is nowhere": ({"phnum": PN_XNUM}, "corrupt: core: "),
    "sections behind the end": ({"shoff": 1 << 50, "shnum": 0, "shentsize": 64, "phnum": PN_XNUM}, "corrupt: core: "),
    "more sections than bytes": ({"shoff": 64, "shnum": 0xfff0, "shentsize": 64}, ""),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_does_no_harm(tmp_path: Path, lie: str) -> None:
    """One line that says what is wrong, or it does not matter."""
    header, text = LIES[lie]
    data = Core([Segment(PAGE, phys=0x1000)], header=header).to_bytes()
    if text:
        line = refused(tmp_path, data)
        assert line.startswith(text) and len(line) > len(text) - 1
    else:
        assert opened(tmp_path, data, "ranges") == ["range 1000 2000"]


@FORMS
def test_a_count_of_segments_beyond_the_file_is_not_believed(tmp_path: Path, bits: int, order: str) -> None:
    """Neither is memory allocated by it."""
    core = Core([Segment(PAGE, phys=0x1000)], bits=bits, order=order, xnum=True, xnum_count=0xffffffff)
    assert refused(tmp_path, core.to_bytes()).startswith("corrupt: core: ")


def test_a_number_of_sections_is_not_believed(tmp_path: Path) -> None:
    """e_shnum 0: section 0's sh_size has it, and libelf would allocate by it."""
    data = bytearray(Core([Segment(PAGE, phys=0x1000)], xnum=True).to_bytes())
    struct.pack_into("<H", data, 60, 0)                     # e_shnum
    struct.pack_into("<Q", data, 64 + 56 + 32, 1 << 31)     # sh_size of section 0
    assert refused(tmp_path, bytes(data)) == f"corrupt: core: says it has {1 << 31} sections"


HOSTILE = {
    "longer than the file": Segment(PAGE, phys=0x1000, filesz=1 << 40, memsz=1 << 40),
    "as long as all addresses": Segment(PAGE, phys=0x1000, filesz=UNKNOWN, memsz=UNKNOWN),
    "at the end of all addresses": Segment(PAGE, phys=UNKNOWN - 15, filesz=4096),
    "virtual at the end": Segment(PAGE, phys=0x1000, virt=UNKNOWN - 15, filesz=4096),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_segment_that_overflows_is_cut(tmp_path: Path, kind: str) -> None:
    """It ends where the file, or where addresses end."""
    segment = HOSTILE[kind]
    lines = opened(tmp_path, Core([segment, Segment(b"xy", phys=0x500000)]).to_bytes(), "ranges", "read=500000:2",
                   f"read={segment.phys:x}:8")
    assert lines[-1] == PAGE[:8].hex() and lines[-2] == "7879"
    for line in lines[:-2]:
        start, end = (int(word, 16) for word in line.split()[1:])
        assert start < end and end - start <= 4096 + 2


def test_segments_of_nothing_are_none(tmp_path: Path) -> None:
    """No bytes, or an offset that is nowhere."""
    core = Core([Segment(b"", phys=0x1000), Segment(b"", phys=0x2000, filesz=16, offset=UNKNOWN - 7)])
    assert refused(tmp_path, core.to_bytes()) == "corrupt: core: ends before its first segment"
    assert refused(tmp_path, Core([Segment(b"", phys=1)]).to_bytes()) == "corrupt: core: has no memory"
    assert refused(tmp_path, Core([]).to_bytes()) == "corrupt: core: has no program headers"


def test_many_tiny_segments_in_the_worst_order(tmp_path: Path) -> None:
    """200000 that all overlap, downwards: it takes n log n."""
    count = 200_000
    core = Core([Segment(b"", phys=0x1000 + 8 * (count - i), filesz=64, memsz=64, offset=64) for i in range(count)],
                xnum=True)
    lines = opened(tmp_path, core.to_bytes(), "ranges", "warning", "search=0:" + "ab" * 64)
    assert lines[0] == f"range 1008 {0x1000 + 8 * count + 64:x}" and "is there already" in lines[1]
    assert lines[2] == "fault: nowhere in memory"


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF" + bytes(60), b"\x7fELF\x02\x01\x01" + bytes(9),
                                  b"\x7fELF\xff\xff\xff" + b"\xff" * 100, b"#!/bin/sh\n" * 10])
def test_what_is_no_core_is_refused(tmp_path: Path, data: bytes) -> None:
    """In one line."""
    assert refused(tmp_path, data).split(":")[0] in ("format", "corrupt")


def test_a_failed_open_leaves_what_was_there(tmp_path: Path) -> None:
    """And a second core adds to the first."""
    good, bad, more = (tmp_path / name for name in ("good", "bad", "more"))
    good.write_bytes(Core([Segment(PAGE, phys=0x1000), Segment(note(b"A", 1, b"x"), kind=PT_NOTE)]).to_bytes())
    bad.write_bytes(Core([Segment(PAGE, phys=0x5000)], header={"type": 1}).to_bytes())
    more.write_bytes(Core([Segment(PAGE, phys=0x2000), Segment(note(b"B", 2, b""), kind=PT_NOTE)]).to_bytes())
    lines = probe(f"open={good}", f"open={bad}", "ranges", f"open={more}", "ranges", "notes")
    assert lines[0].startswith("format: ")
    assert lines[1:] == ["range 1000 2000", "range 1000 3000", "note A 1 78", "note B 2 "]


@FORMS
@pytest.mark.parametrize("align", [0, 1, 4, 8])
def test_notes_are_read_as_they_are_filled(tmp_path: Path, bits: int, order: str, align: int) -> None:
    """To 4, and to 8 where the segment says so; most that say 8 are filled to 4."""
    names = ((b"CORE", 1, b"12345"), (b"VMCOREINFO", 0, b"OSRELEASE=6.1\nPAGESIZE=4096\n"), (b"", 7, b""))
    for filled in (4, 8) if align == 8 else (4,):
        data = b"".join(note(*each, order, filled) for each in names)
        core = Core([Segment(data, kind=PT_NOTE, align=align), Segment(PAGE, phys=0x1000)], bits=bits, order=order)
        assert opened(tmp_path, core.to_bytes(), "notes", "vmcoreinfo", "warning") == [
            "note CORE 1 3132333435", f"note VMCOREINFO 0 {names[1][2].hex()}", "note  7 ",
            "28:OSRELEASE=6.1", "PAGESIZE=4096", "", "none"]


def test_vmcoreinfo_ends_with_its_note_or_a_zero(tmp_path: Path) -> None:
    """The kernel fills a page with zeros behind it."""
    core = Core([Segment(note(b"VMCOREINFO", 0, fill(b"A=1\n", 64)), kind=PT_NOTE), Segment(PAGE, phys=0x1000)])
    assert opened(tmp_path, core.to_bytes(), "vmcoreinfo") == ["4:A=1", ""]
    assert opened(tmp_path, Core([Segment(PAGE)]).to_bytes(), "vmcoreinfo") == ["0:"]


BROKEN_NOTES = {
    "a name that runs out": struct.pack("<III", 0xfffffff0, 4, 1) + b"abcd",
    "a description that runs out": struct.pack("<III", 4, 0xffffffff, 1) + b"abc\0",
    "both": struct.pack("<III", 0xffffffff, 0xffffffff, 1) + bytes(64),
    "half a head": b"\1\0\0\0\1",
}


@pytest.mark.parametrize("kind", BROKEN_NOTES)
def test_a_note_that_runs_out_ends_the_notes(tmp_path: Path, kind: str) -> None:
    """Those before it are there."""
    data = note(b"CORE", 1, b"ok") + BROKEN_NOTES[kind]
    core = Core([Segment(data, kind=PT_NOTE), Segment(PAGE, phys=0x1000)])
    lines = opened(tmp_path, core.to_bytes(), "notes", "warning")
    assert lines[0] == "note CORE 1 6f6b" and lines[1].endswith("its notes do not end where they should")


def test_a_name_without_an_end_has_one(tmp_path: Path) -> None:
    """As long as the note says."""
    data = struct.pack("<III", 4, 4, 5) + b"abcdwxyz" + struct.pack("<III", 3, 0, 6) + b"a\0bX"
    core = Core([Segment(data, kind=PT_NOTE), Segment(PAGE, phys=0x1000)])
    assert opened(tmp_path, core.to_bytes(), "notes") == ["note abcd 5 7778797a", "note a 6 "]


def test_more_notes_than_any_machine_has(tmp_path: Path) -> None:
    """A limit, and a line."""
    core = Core([Segment(note(b"", 1, b"") * 70000, kind=PT_NOTE), Segment(PAGE, phys=0x1000)])
    lines = opened(tmp_path, core.to_bytes(), "notes", "warning")
    assert len(lines) == 65536 + 1 and "its notes do not end" in lines[-1]


def test_what_comes_out_of_a_file_is_escaped(tmp_path: Path) -> None:
    """A message is one line of ASCII: a path is as hostile as a file."""
    path = tmp_path / "a\n\x1b[31m\xe4"
    path.write_bytes(b"x" * 99)
    line, = probe(f"open={path}")
    assert "a\\x0a\\x1b[31m\\xc3\\xa4: neither" in line
