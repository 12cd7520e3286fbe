# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel in a dump: found by its banner and its page tables, and told from what only looks like it."""
import json
import struct

import pytest

from dumpfile import RAM_BYTES, core_of, note, ram_file
from machine import DATA, PAGE_OFFSET, PHYS_OFFSET
from mmscope.command import load_commands
from mmscope.errors import BrokenPath, FaultError, MmError, UsageError
from mmscope.layout import arm64, x86
from mmscope.layout.debuginfo import Symbol
from mmscope.layout.layout import Layout
from mmscope.model.context import Context, Host
from mmscope.model.dumped import open_dump, open_machine
from mmscope.model.info import info, target
from mmscope.target import engine
from mmscope.target.bank import Bank, parse_bank
from mmscope.target.cache import CachedMemory
from mmscope.target.transport import Meter
from mmscope.view.json import document

COMMANDS = load_commands()
SHIFT = PHYS_OFFSET - PAGE_OFFSET
BANNER_STEP = 2 << 20


@pytest.fixture
def open_file(machine, tmp_path):
    """open_file(cores, banks, banner): the kernel in these files; machines are closed after the test."""
    opened = []

    def find(cores=(), banks=(), banner="", build=None):
        library = engine.library()
        assert library is not None, engine.why_not() or "make dump"
        opened.append(open_machine(library, [str(path) for path in cores], banks))
        layout = Layout(machine.shapes)
        return open_dump(opened[-1], layout, banner_of(machine) if banner == "" else banner, "the dump", Meter(),
                         build)
    yield find
    for each in opened:
        each.close()


def banner_of(machine):
    """As the symbol file has it."""
    return machine.ram.read(place(machine), 256).split(b"\0")[0].decode("latin-1")


def place(machine):
    """The banner's address."""
    return machine.addr("linux_banner" if machine.new_style else "mmscope_banner")


def bank(path, phys=PHYS_OFFSET):
    """All of a file."""
    return Bank(phys, str(path))


def context(machine, found):
    """The machine as the dump shows it."""
    ctx = Context(CachedMemory(found.memory), Layout(machine.shapes),
                  Host(None, lambda addr, size: None, machine.registers.get, None, dump="the dump"))
    ctx.engine = found.engine
    return ctx


def test_a_ram_file_has_the_kernel_and_all_that_it_maps(machine, tmp_path, open_file):
    found = open_file(banks=[bank(ram_file(machine, tmp_path / "ram"))])
    assert (found.offset, found.notes, found.registers, found.memory.name) == (0, (), (), "RAM file")
    assert found.tables.root == machine.addr("swapper_pg_dir") + SHIFT
    assert found.engine is not None and found.engine.read_virt(place(machine), 8) == machine.ram.read(place(machine), 8)
    for start, data in machine.ram.areas.items():
        assert found.memory.read(start, len(data)) == bytes(data)
    with pytest.raises(FaultError):
        found.memory.read(PAGE_OFFSET - (32 << 20), 4)
    with pytest.raises(FaultError):
        found.memory.read(PAGE_OFFSET + RAM_BYTES - 2, 4)


@pytest.mark.parametrize("name", ["zones", "buddy", "memblock", "check", "account", "layout"])
def test_commands_say_the_same_of_the_dump(machine, tmp_path, open_file, name):
    machine.free(machine.low, 3, 0, 0x10008)
    found = open_file([core_of(machine, tmp_path / "core")])
    documents = []
    for ctx in (machine.context(), context(machine, found)):
        result = COMMANDS[name].run(ctx, COMMANDS[name].parser().parse_args([]))
        text = json.loads(document(name, target(ctx), result))
        assert text["target"].pop("transport") in ("test memory", "ELF core")
        documents.append(text)
    assert documents[0] == documents[1]


def test_without_the_engines_translation_python_walks_the_tables(machine, tmp_path, open_file, monkeypatch):
    def broken(self, addr):
        raise BrokenPath("it does not")
    monkeypatch.setattr(engine.Machine, "translate", broken)
    found = open_file(banks=[bank(ram_file(machine, tmp_path / "ram"))])
    assert found.engine is None and "does not translate: it does not" in found.notes[0]
    assert found.memory.read(place(machine), 8) == machine.ram.read(place(machine), 8)
    with pytest.raises(FaultError):
        found.memory.read(0x1000, 4)


def test_a_banner_in_a_log_buffer_is_no_kernel(machine, tmp_path, open_file):
    text = machine.ram.read(place(machine), 256)
    path = ram_file(machine, tmp_path / "ram")
    moved = 0xC00000 - (0xC00000 - place(machine) - SHIFT) % BANNER_STEP
    with path.open("r+b") as file:
        for at in (0x10, moved, 0xD00001):     # below the kernel, at its own place in another block, not aligned
            file.seek(at)
            file.write(text)
    assert open_file(banks=[bank(path)]).tables.root == machine.addr("swapper_pg_dir") + SHIFT
    with path.open("r+b") as file:
        file.seek(place(machine) - PAGE_OFFSET)
        file.write(b"nothing")
    with pytest.raises(MmError, match="the dump: the banner of .* is in it, but no page tables that map it"):
        open_file(banks=[bank(path)])


@pytest.mark.parametrize("step", [2 << 20, 1 << 16, 4096])
def test_a_kernel_that_lies_anywhere_is_found(machine, tmp_path, open_file, step):
    """Its tables map what it has by sections: all of it moves, in physical memory, and with it what they map to."""
    for mib in range(64):
        machine.poke(machine.addr("swapper_pg_dir") + ((PAGE_OFFSET >> 20) + mib) * 4, 0)
    tables = machine.addr("swapper_pg_dir") + 0x8000000     # second-level ones, one MiB each, out of the way
    tables = 0xC0300000
    machine.ram.add(tables, 64 * 1024)
    for mib in range(64):
        machine.poke(machine.addr("swapper_pg_dir") + ((PAGE_OFFSET >> 20) + mib) * 4,
                     tables + SHIFT + step + mib * 1024 | 1)
        for page in range(256):
            machine.poke(tables + mib * 1024 + page * 4, PHYS_OFFSET + step + (mib << 20) + (page << 12) | 2)
    found = open_file(banks=[bank(ram_file(machine, tmp_path / "ram", step))])
    assert found.tables.root == machine.addr("swapper_pg_dir") + SHIFT + step
    assert found.memory.read(place(machine), 8) == machine.ram.read(place(machine), 8)


def test_two_kernels_in_one_memory_are_said(machine, tmp_path, open_file):
    path = ram_file(machine, tmp_path / "ram")
    found = open_file(banks=[bank(path), bank(path, 0x50000000)])
    assert found.tables.root == machine.addr("swapper_pg_dir") + SHIFT and found.notes == ()
    for mib in range(64):
        machine.poke(machine.addr("swapper_pg_dir") + ((PAGE_OFFSET >> 20) + mib) * 4, 0x50000000 + (mib << 20) | 2)
    found = open_file(banks=[bank(path), bank(ram_file(machine, tmp_path / "other"), 0x50000000)])
    assert found.tables.root == machine.addr("swapper_pg_dir") + SHIFT
    assert "there is another" in found.notes[0]


def test_no_banner_another_release_and_another_build_are_told_apart(machine, tmp_path, open_file):
    path = ram_file(machine, tmp_path / "ram")
    with path.open("r+b") as file:
        file.seek(place(machine) - PAGE_OFFSET)
        file.write(bytes(256))
        file.flush()
        with pytest.raises(MmError, match="no banner is found in its memory"):
            open_file(banks=[bank(path)])
        file.seek(0x1000)
        file.write(b"Linux version 6.12.0-other (x@y) (gcc) #1 SMP other\n\0")
        file.flush()
        with pytest.raises(MmError, match="it is of 6.12.0-other, the symbols are of "):
            open_file(banks=[bank(path)])
        with pytest.raises(MmError, match="it has another build of 6.12.0-other than the symbols are of"):
            open_file(banks=[bank(path)], banner="Linux version 6.12.0-other (z@y) (gcc) #2 SMP\n")


def test_symbols_without_a_banner_are_told_by_the_page_tables(machine, tmp_path, open_file):
    path = ram_file(machine, tmp_path / "ram")
    if machine.new_style:
        found = open_file(banks=[bank(path)], banner=None)
        assert found.tables.root == machine.addr("swapper_pg_dir") + SHIFT
    else:
        with pytest.raises(MmError):
            open_file(banks=[bank(path)], banner=None)


def test_vmcoreinfo_of_another_kernel_is_refused(machine, tmp_path, open_file):
    release = banner_of(machine).split()[2 if machine.new_style else 1]
    good = note("VMCOREINFO", 0, f"OSRELEASE={release}\nPAGESIZE=4096\n".encode())
    assert open_file([core_of(machine, tmp_path / "good", good)]).offset == 0
    other = note("VMCOREINFO", 0, b"OSRELEASE=5.15.0-other\n")
    with pytest.raises(MmError, match="it is of 5.15.0-other, the symbols are of"):
        open_file([core_of(machine, tmp_path / "other", other)])


def test_a_build_id_that_differs_is_refused(machine, tmp_path, open_file):
    said = note("VMCOREINFO", 0, b"BUILD-ID=" + b"01" * 20 + b"\n")
    path = core_of(machine, tmp_path / "core", said)
    assert open_file([path], build="01" * 20).offset == 0
    assert open_file([path]).offset == 0
    with pytest.raises(MmError, match="it has another build of .* than the symbols are of"):
        open_file([path], build="02" * 20)


@pytest.mark.parametrize("module, info_, offset, linked, phys", [
    (x86, {"NUMBER(phys_base)": "4133486592"}, 0xDC00000, 0xFFFFFFFF8322A000, 0x10742A000),
    (x86, {"NUMBER(phys_base)": "-16777216"}, 0, 0xFFFFFFFF83000000, 0x2000000),
    (arm64, {"NUMBER(kimage_voffset)": "0xffff80003fe00000"}, 0, 0xFFFF800081D28000, 0x41F28000),
    (arm64, {"NUMBER(kimage_voffset)": "0xffffa0003fe00000"}, 0x200000000000, 0xFFFF800081D28000, 0x41F28000)])
def test_vmcoreinfo_says_where_an_image_lies(module, info_, offset, linked, phys):
    """The values are of swapper_pg_dir in amd64-7.2 with KASLR, and in arm64-6.12."""
    assert module.vmcore_shift(info_, offset) + linked == phys
    for text in ("", "x", "1" * 30):
        assert module.vmcore_shift(dict.fromkeys(info_, text), offset) is None


def test_addresses_of_the_cores_pieces_name_the_place(machine, tmp_path, open_file, monkeypatch):
    monkeypatch.setattr(engine.Machine, "search", lambda *_: pytest.fail("it was searched for"))
    monkeypatch.setattr(engine.Machine, "ranges", lambda *_: pytest.fail("it was searched for"))
    found = open_file([core_of(machine, tmp_path / "core", virtual=True)])
    assert found.tables.root == machine.addr("swapper_pg_dir") + SHIFT


def test_registers_are_those_of_the_notes(machine, tmp_path, open_file):
    words = list(range(100, 116)) + [0x600001D3]
    status = bytes(72) + struct.pack("<17I", *words) + bytes(8)
    notes = note("CORE", 1, status) + note("CORE", 1, status[:100]) + note("LINUX", 1024, bytes(260))
    cpu, = open_file([core_of(machine, tmp_path / "core", notes)]).registers
    assert (cpu["r0"], cpu["r12"], cpu["sp"], cpu["lr"], cpu["pc"], cpu["cpsr"]) == (100, 112, 113, 114, 115,
                                                                                    0x600001D3)


def test_a_cpu_that_runs_in_the_kernel_has_its_mmu_on(machine, tmp_path, open_file):
    machine.shapes.symbols.update(_text=Symbol("_text", DATA), _end=Symbol("_end", DATA + 0x10000))
    machine.registers = {"pc": DATA + 4}
    ctx = context(machine, open_file(banks=[bank(ram_file(machine, tmp_path / "ram"))]))
    assert ctx.mmu is True and info(ctx).mmu is True
    machine.registers["pc"] = PHYS_OFFSET + 4
    assert context(machine, open_file(banks=[bank(tmp_path / "ram")])).mmu is None


def test_files_that_are_none_are_named(machine, tmp_path, open_file):
    (tmp_path / "text").write_text("this is no core\n")
    for cores in ([tmp_path / "absent"], [tmp_path / "text"], [tmp_path]):
        with pytest.raises(MmError) as error:
            open_file(cores)
        assert str(cores[0]) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("text, bank_", [
    ("0x10000000:ram", Bank(0x10000000, "ram")), ("4096:a:b", Bank(4096, "a:b")),
    ("0:/x/ram:0x10", Bank(0, "/x/ram", 16)), ("0:r:1:2", Bank(0, "r", 1, 2)), ("0:a:1:2:3", Bank(0, "a:1", 2, 3)),
    ("010:x", Bank(10, "x"))])
def test_a_bank_is_read_as_it_is_said(text, bank_):
    assert parse_bank(text) == bank_


@pytest.mark.parametrize("text", ["", "ram", ":ram", "x:ram", "1:", "-1:ram", "0x:ram", f"{1 << 64}:ram"])
def test_a_bank_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="PHYS:FILE"):
        parse_bank(text)
