# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines are the kernel's: order, fields, names of callers."""
import dataclasses

import pytest

from machine import Machine
from mmscope.model.context import Symbolized
from mmscope.model.kallsyms import symbolize
from mmscope.model.vmallocinfo import vmallocinfo
from mmscope.view.vmallocinfo import vmallocinfo_text
from shapes import LINUX_4_9, LINUX_5_10, LINUX_6_1, LINUX_6_12
from vm_machine import AREA

TEXT = 0xC0108000
KALLSYMS = """
var u32 kallsyms_num_syms
var u32 kallsyms_offsets[5]
var u32 kallsyms_relative_base
var char kallsyms_names[64]
var u32 kallsyms_markers[1]
var char kallsyms_token_table[64]
var u16 kallsyms_token_index[256]
var u32 _text
"""
SYMBOLS = (("tfirst", 0), ("Talias_a", 0x40), ("talias_b", 0x40), ("Talias_c", 0x40), ("Tlast", 0x100))


def text_of(machine):
    return vmallocinfo_text(vmallocinfo(machine.context()))


def with_kallsyms(shape=LINUX_6_1, base=True):
    """A machine whose table has SYMBOLS; each token is the character of its number."""
    extra = KALLSYMS if base else KALLSYMS.replace("var u32 kallsyms_relative_base\n", "")
    machine = Machine(shape + extra)
    symbols = machine.shapes.symbols
    for name, addr in (("_text", TEXT), ("_stext", TEXT), ("_end", TEXT + 0x200)):
        symbols[name] = dataclasses.replace(symbols[name], addr=addr)
    machine.poke(machine.addr("kallsyms_num_syms"), len(SYMBOLS))
    names = b""
    letters = sorted({letter for name, _ in SYMBOLS for letter in name} | {"_"})
    table = b""
    for letter in letters:
        machine.poke(machine.addr("kallsyms_token_index") + 2 * ord(letter), len(table), 2)
        table += letter.encode() + b"\0"
    machine.ram.write(machine.addr("kallsyms_token_table"), table)
    for number, (name, offset) in enumerate(SYMBOLS):
        machine.poke(machine.addr("kallsyms_offsets") + 4 * number, offset if base else TEXT + offset)
        names += bytes([len(name)]) + name.encode()
    machine.ram.write(machine.addr("kallsyms_names"), names)
    if base:
        machine.poke(machine.addr("kallsyms_relative_base"), TEXT)
    return machine


def test_a_line_has_what_is_known_of_an_area():
    machine = Machine(LINUX_6_1)
    vm = machine.vm
    assert text_of(machine) == "0xc1810000-0xc1813000   12288 pages=2 vmalloc\n"
    caller = vm.add_area(AREA + 0x4000, 0x2000, flags=0x1B, phys_addr=0x2100000, caller=0xBF001234, pages=0xF0000000)
    vm.set_busy([vm.area, caller])
    assert text_of(machine).splitlines()[1] == ("0xc1814000-0xc1816000    8192 0xbf001234 phys=0x02100000"
                                                " ioremap vmalloc user dma-coherent vpages")


@pytest.mark.parametrize("shape, lines", [
    (LINUX_4_9, ["vmalloc"]), (LINUX_5_10, ["vmalloc", "vm_map_ram"]),
    (LINUX_6_1, ["vmalloc", "vm_map_ram", "unpurged vm_area"]), (LINUX_6_12, ["vmalloc", "unpurged vm_area"])],
    ids=["4.9", "5.10", "6.1", "6.12"])
def test_areas_without_owner_are_as_each_release_shows_them(shape, lines):
    """5.10 forgets freed areas behind one without owner; 6.12 knows that this one is not of vm_map_ram()."""
    vm = Machine(shape).vm
    vm.set_busy([vm.area, vm.add_area(AREA + 0x8000, 0x1000)])
    vm.set_lazy([vm.add_area(AREA + 0x10000, 0x1000)])
    assert [line.split(" ", 2)[2].strip().split(" ", 1)[1].replace("pages=2 ", "")
            for line in text_of(vm.m).splitlines()] == lines


def test_vm_map_ram_is_said_where_the_area_says_so():
    vm = Machine(LINUX_6_12).vm
    area = vm.add_area(AREA + 0x8000, 0x1000)
    vm.m.put(area, "vmap_area", "flags", 1)
    vm.set_busy([area])
    assert text_of(vm.m) == "0xc1818000-0xc1819000    4096 vm_map_ram\n"


def test_freed_areas_come_last_whatever_their_address():
    vm = Machine(LINUX_5_10).vm
    vm.set_lazy([vm.add_area(AREA + 0x30000, 0x1000), vm.add_area(AREA - 0x8000, 0x1000)])
    starts = [line.start - AREA for line in vmallocinfo(vm.m.context()).lines]
    assert starts == [0, 0x30000, -0x8000]          # the stack's order


def test_before_vmalloc_init_there_is_no_line():
    machine = Machine(LINUX_6_1)
    machine.poke(machine.addr("vmap_initialized"), 0, 1)
    assert text_of(machine) == ""


@pytest.mark.parametrize("base", [True, False], ids=["relative", "plain"])
@pytest.mark.parametrize("at, text", [
    (0, "first+0x0/0x40"), (0x3F, "first+0x3f/0x40"), (0x40, "alias_a+0x0/0xc0"), (0x99, "alias_a+0x59/0xc0"),
    (0x110, "last+0x10/0x100")])
def test_callers_are_named_by_the_kernels_own_table(base, at, text):
    assert symbolize(with_kallsyms(base=base).context(), TEXT + at).text == text


@pytest.mark.parametrize("at", [-1, 0x200])
def test_an_address_outside_the_image_has_no_name(at):
    assert symbolize(with_kallsyms().context(), TEXT + at) is None


def test_a_name_longer_than_127_tokens_has_two_bytes_of_length():
    machine = with_kallsyms()
    machine.ram.write(machine.addr("kallsyms_names"), b"\x86\x00" + b"tfirst")
    assert symbolize(machine.context(), TEXT).name == "first"


def test_without_a_table_the_symbol_file_names_the_caller():
    ctx = Machine(LINUX_4_9).context()
    ctx.host = dataclasses.replace(ctx.host, symbolize=lambda addr: Symbolized("boot", addr - 0x1000, 16))
    assert symbolize(ctx, 0x1004).text == "boot+0x4/0x10"
    assert Symbolized("boot", 4, None).text == "boot+0x4"


def test_a_table_that_makes_no_sense_names_nothing():
    machine = with_kallsyms()
    machine.poke(machine.addr("kallsyms_markers"), 0x7F000000)
    assert symbolize(machine.context(), TEXT) is None
