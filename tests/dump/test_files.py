# SPDX-License-Identifier: GPL-2.0-or-later
"""RAM files, process memory, kdump-compressed files: banks of one machine."""
from __future__ import annotations

import ctypes
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from banks import library
from elfcore import Core, Segment, note
from kdumpfile import flattened, kdump
from mmscope.target.engine import Machine
from probing import BUILD, SECONDS, TOP, opened, probe, refused

DATA = random.Random(7).randbytes(3 * 4096 + 5)


@pytest.fixture(name="ram")
def ram_file(tmp_path: Path) -> Path:
    """A file of RAM."""
    path = tmp_path / "ram"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("how", ["ram", "fd"])
def test_banks_lie_where_the_caller_says(ram: Path, how: str) -> None:
    """Parts of one file, in any order; what touches is one."""
    lines = probe(f"{how}=2000:1000:1000:{ram}", f"{how}=1000:5:1000:{ram}", f"{how}=9001:0:3:{ram}", "ranges",
                  "read=1fff:2", "read=9001:3", "read=9001:4", "format", "warning")
    assert lines == ["range 1000 3000", "range 9001 9004", DATA[0x1004:0x1005].hex() + DATA[0x1000:0x1001].hex(),
                     DATA[:3].hex(), "9004 fault: no memory at physical address 0x9004", "RAM file", "none"]


def test_a_bank_without_a_size_goes_to_the_end(ram: Path) -> None:
    """Of the file."""
    assert probe(f"ram=100:10:0:{ram}", "ranges") == [f"range 100 {0x100 + len(DATA) - 0x10:x}"]


@pytest.mark.parametrize("bank, text", [
    (f"0:{len(DATA):x}:0", "none at offset"), ("0:ffffffffffffffff:1", "none at offset"),
    (f"0:1:{len(DATA):x}", "ends before"), ("0:1:ffffffffffffffff", "ends before"),
    ("fffffffffffffff0:0:11", "does not fit"),
])
def test_a_bank_that_is_not_in_the_file_is_refused(ram: Path, bank: str, text: str) -> None:
    """The caller's mistake, in one line; nothing was added."""
    line, = probe(f"ram={bank}:{ram}", "ranges")
    assert line.startswith("argument: ") and text in line


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe, nothing, an empty file; none waits for a writer."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").write_bytes(b"")
    lines = probe(f"ram=0:0:0:{tmp_path}", f"open={tmp_path}/pipe", f"ram=0:0:0:{tmp_path}/none",
                  f"ram=0:0:0:{tmp_path}/empty", f"fd=0:0:1:{tmp_path}/none", "format")
    assert [line.split(":")[0] for line in lines] == ["format", "format", "system", "argument", "argument", "no memory"]


def test_the_first_of_two_files_is_taken(ram: Path, tmp_path: Path) -> None:
    """A RAM file below a core: what was there first stays, around it is the other."""
    core = tmp_path / "core"
    core.write_bytes(Core([Segment(b"core", phys=0x1100)]).to_bytes())
    lines = probe(f"open={core}", f"ram=1000:0:1000:{ram}", "ranges", "read=10ff:6", "warning", "format")
    assert lines[0] == "range 1000 2000"
    assert lines[1] == DATA[0xff:0x100].hex() + b"core".hex() + DATA[0x104:0x105].hex()
    assert "is there already: the first is taken" in lines[2] and lines[3] == "ELF core"


def test_process_memory_is_read_as_it_is_now() -> None:
    """Not mapped, and nothing is kept from one call to the next."""
    buffer = ctypes.create_string_buffer(DATA, len(DATA))
    at = ctypes.addressof(buffer)
    machine = Machine(library())
    fd = os.open("/proc/self/mem", os.O_RDONLY)
    machine.add_fd(fd, at, 0x80000000, len(DATA))
    os.close(fd)
    assert machine.format == "process memory"
    assert machine.read_phys(0x80000000, len(DATA)) == DATA
    assert machine.search(DATA[4090:4100], 0x80000000) == 0x80000000 + 4090
    buffer[5] = bytes([DATA[5] ^ 255])
    assert machine.read_phys(0x80000005, 1) == bytes([DATA[5] ^ 255])
    machine.close()


def test_search_is_that_of_bytes_find(tmp_path: Path) -> None:
    """Small alphabets, short banks with and without holes: as Python finds it in each range."""
    rng = random.Random(3)
    for _ in range(60):
        steps, ranges, phys = [], [], 0x1000
        for n in range(rng.randint(1, 6)):
            data = bytes(rng.choice(b"ab") for _ in range(rng.randint(1, 40)))
            path = tmp_path / f"bank{n}"
            path.write_bytes(data)
            steps.append(f"ram={phys:x}:0:0:{path}")
            if ranges and ranges[-1][0] + len(ranges[-1][1]) == phys:
                ranges[-1] = (ranges[-1][0], ranges[-1][1] + data)
            else:
                ranges.append((phys, data))
            phys += len(data) + rng.choice((0, 0, 3))
        asked = []
        for _ in range(12):
            what = bytes(rng.choice(b"ab") for _ in range(rng.randint(1, 9)))
            begin = rng.randint(0xff0, phys)
            hits = [start + data.find(what, max(0, begin - start)) for start, data in ranges
                    if data.find(what, max(0, begin - start)) >= 0]
            asked.append(f"{hits[0]:x}" if hits else "fault: nowhere in memory")
            steps.append(f"search={begin:x}:{what.hex()}")
        assert probe(*steps) == asked


def test_search_wants_some_bytes_and_not_too_many(ram: Path) -> None:
    """1 to 4096."""
    lines = probe(f"ram=0:0:0:{ram}", "search=0:" + "00" * 4097, "search=0:", "search=0:" + DATA[1:4097].hex())
    assert lines[0].startswith("argument") and lines[1].startswith("argument") and lines[2] == "1"


CUT = """
import os, sys
from mmscope.errors import FaultError
from mmscope.target.engine import Machine, library
machine = Machine(library())
machine.open(sys.argv[1])
assert machine.read_phys(0x8000, 4) == b"abcd" and not machine.cut
os.truncate(sys.argv[1], os.path.getsize(sys.argv[1]) - 0x9000)
try:
    machine.read_phys(0x8000, 4)
except FaultError:
    print(machine.read_phys(0, 4), machine.cut, machine.warning)
"""


def test_a_core_that_is_cut_while_it_is_open_loses_what_it_has_lost(tmp_path: Path) -> None:
    core = tmp_path / "core"
    core.write_bytes(Core([Segment(b"head" + bytes(0x7ffc) + b"abcd" + bytes(0x7ffc), phys=0)]).to_bytes())
    done = subprocess.run([sys.executable, "-c", CUT, core], env={**os.environ, "PYTHONPATH": str(TOP / "gdb")},
                          capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0 and done.stderr == "", (done.returncode, done.stderr)
    assert done.stdout.startswith("b'head' True ELF core of 0x") and "was cut while it was open" in done.stdout


def has_kdump() -> bool:
    """Whether this build has libkdumpfile."""
    done = subprocess.run(["ldd", BUILD / "probe"], capture_output=True, text=True, check=True)
    return "libkdumpfile" in done.stdout


KDUMP = pytest.mark.skipif("not has_kdump()", reason="this release has no libkdumpfile")
PAGES = {3: b"abcd" * 1024, 4: DATA[:4096], 5: bytes(4096), 9: b"\xff" * 4096, 10: None}


@KDUMP
@pytest.mark.parametrize("bits, machine, number", [(64, b"x86_64", 62), (64, b"aarch64", 183), (32, b"armv7l", 40)])
@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("flat", [True, False])
def test_pages_of_a_kdump_file(tmp_path: Path, bits: int, machine: bytes, number: int, compress: bool,
                               flat: bool) -> None:
    """Those that are in it; one that was left out is no memory."""
    notes = note(b"CORE", 2, b"regs") + note(b"VMCOREINFO", 0, b"A=1\n")
    data = kdump(PAGES, bits=bits, machine=machine, notes=notes, compress=compress)
    lines = opened(tmp_path, flattened(data) if flat else data, "ranges", "read=3ffe:4", "read=a000:1", "machine",
                   "notes", "vmcoreinfo", "format", "warning", "search=0:ffffff", "read=5ff0:20")
    assert lines == ["range 3000 6000", "range 9000 a000", "6364" + DATA[:2].hex(),
                     "a000 fault: no memory at physical address 0xa000", f"{number} {bits} 0", "note CORE 2 72656773",
                     "note VMCOREINFO 0 413d310a", "4:A=1", "", "kdump file", "none", "9000",
                     "6000 fault: no memory at physical address 0x6000"]


@KDUMP
def test_a_32_bit_arm_header_is_read_or_refused_in_a_line(tmp_path: Path) -> None:
    """Its numbers are aligned otherwise, which not every libkdumpfile knows."""
    data = kdump(PAGES, bits=32, machine=b"armv7l", notes=note(b"CORE", 2, b"regs"), padded=True)
    lines = opened(tmp_path, data, "notes", "read=3000:4")
    if lines[0].startswith("unsupported: "):
        assert "this libkdumpfile does not read" in lines[0] and "fault" in lines[1]
    else:
        assert lines == ["note CORE 2 72656773", "61626364"]


@KDUMP
@pytest.mark.parametrize("lies", [
    {"block_size": 0}, {"block_size": 1 << 30}, {"block_size": 4097}, {"bitmap_blocks": 0xffffffff},
    {"sub_hdr_size": 0x7fffffff}, {"max_mapnr": 0xffffffff, "bitmap_blocks": 1 << 20},
])
def test_a_kdump_header_that_lies_is_refused(tmp_path: Path, lies: dict[str, int]) -> None:
    """Before libkdumpfile allocates by it."""
    assert refused(tmp_path, kdump(PAGES, **lies)).startswith("corrupt: core: ")


@KDUMP
def test_a_kdump_file_that_is_cut_says_so(tmp_path: Path) -> None:
    core, whole = tmp_path / "core", kdump(PAGES)
    machines = []
    for data in (whole, whole[:-1]):
        core.write_bytes(data)
        machines.append(Machine(library()))
        machines[-1].open(str(core))
    assert [(each.cut, each.warning) for each in machines] == [
        (False, None), (True, f"{core}: is cut: pages at its end are missing")]


@KDUMP
def test_what_libkdumpfile_takes_a_header_for_is_held_to_the_file(tmp_path: Path) -> None:
    """One of 64 bits whose time makes sense as one of 32, big-endian, with a bitmap of half a terabyte."""
    data = bytearray(kdump(PAGES))
    data[0x1A1] = 1
    assert "the bitmaps are not in the file" in refused(tmp_path, bytes(data))


@KDUMP
def test_a_kdump_file_that_is_cut_never_gives_what_it_has_not(tmp_path: Path) -> None:
    """Each page is what it was, or a fault."""
    whole = kdump(PAGES)
    steps = [f"read={pfn << 12:x}:1000" for pfn in (3, 4, 5, 9)]
    right = [PAGES[pfn].hex() for pfn in (3, 4, 5, 9)]      # type: ignore[union-attr]
    faults = 0
    for size in list(range(0, len(whole), 997)) + [len(whole) - 1]:
        lines = opened(tmp_path, whole[:size], *steps)
        if len(lines) == 4:
            assert all(line == good or " fault: " in line for line, good in zip(lines, right))
            faults += sum(" fault: " in line for line in lines)
        else:
            assert lines[0].split(":")[0] in ("format", "corrupt")
    assert faults


@KDUMP
def test_damage_anywhere_in_a_kdump_file_does_no_harm(tmp_path: Path) -> None:
    """Some bytes of the headers, bitmaps and page descriptors, at random."""
    whole, rng = kdump(PAGES, notes=note(b"CORE", 1, b"regs")), random.Random(5)
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.choice((rng.randrange(8, 480), rng.randrange(4096, 4224), rng.randrange(4096, len(data))))
            data[at] = rng.choice((0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))
        opened(tmp_path, bytes(data), "notes", "search=0:abcdef", "read=3000:3000")


def test_a_flattened_core_is_an_elf_core(tmp_path: Path) -> None:
    """makedumpfile -F -E; one whose end is missing is opened as far as it goes."""
    data = Core([Segment(DATA, phys=0x1000)]).to_bytes()
    assert opened(tmp_path, flattened(data), "format", "warning", "read=1001:4") == [
        "ELF core", "none", DATA[1:5].hex()]
    assert opened(tmp_path, flattened(data, end=False), "warning")[0].endswith("is cut: its last piece is missing")


@pytest.mark.parametrize("at, size", [(1 << 62, 8), (0, 1 << 62), (-2, 8), (8, -2)])
def test_a_flattened_piece_that_lies_is_refused(tmp_path: Path, at: int, size: int) -> None:
    """No file is written that is larger than one of that size can be."""
    data = flattened(b"", end=False) + struct.pack(">qq", at, size) + bytes(100)
    assert refused(tmp_path, data).startswith("corrupt: core: has a piece for ")
