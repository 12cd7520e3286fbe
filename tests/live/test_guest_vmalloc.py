# SPDX-License-Identifier: GPL-2.0-or-later
"""vmalloc, ioremap and kmap on the guest: what they say is what the translation tables give.

The guest at rest calls none of them: GDB does, at cpu_idle(). The tables are read as the hardware reads them, by a
walker that shares nothing with the guest's code.
"""
import json
import random
import re
from pathlib import Path

import pytest

from guest import Guest

READOUT = Path(__file__).resolve().parents[1] / "boot" / "readout.py"
PAGE, SECTION = 0x1000, 0x100000
GFP_KERNEL, GFP_HIGHUSER = 0x24000c0, 0x26200c2
VM_MAP = 4
VM_ARM_SECTION_MAPPING, VM_ARM_STATIC_MAPPING = 0x80000000, 0x40000000
PKMAP_BASE, VMALLOC_END, FIXADDR_TOP = 0xbfe00000, 0xff800000, 0xffeff000
FREE_DEVICE = 0x02200000                # i.MX6: the USDHC's and what follows, in no static mapping


@pytest.fixture(scope="module")
def guest(boot):
    """The article's board at rest."""
    guest = boot("article").load()
    guest.gdb.run(f"source {READOUT}")
    guest.run_to("cpu_idle")
    yield guest
    assert checks(guest) == [0, 0, 0]


def number(guest: Guest, expression: str) -> int:
    """An expression's value, without sign; functions in it are called."""
    return guest.gdb.number(f"(unsigned long) ({expression})")


def call(guest: Guest, expression: str) -> None:
    """Call a function that returns nothing."""
    guest.gdb.run(f"call {expression}")


def checks(guest: Guest) -> list[int]:
    """The invariants' own account: 0 for a sound one."""
    return [number(guest, check) for check in ("vmalloc_check()", "kmap_check()", "node_check()")]


def translations(guest: Guest) -> dict[int, int]:
    """Virtual page address -> physical, for all that is mapped above lowmem and below it."""
    runs = json.loads(guest.gdb.run("python print(json.dumps(translations(gdb.selected_inferior())))"))
    lowmem = range(0xc0000000, number(guest, "high_memory"))
    return {virt + n * PAGE: phys + n * PAGE for virt, phys, pages in runs if virt not in lowmem
            for n in range(pages)}


def pages_of(guest: Guest, addr: int) -> list[int]:
    """Physical addresses of an area's pages, as its vm_struct lists them."""
    area = f"find_vm_area((void *) {addr:#x})"
    pages = number(guest, f"{area}->pages")
    mem_map, first = number(guest, "mem_map"), number(guest, "__pv_phys_pfn_offset")
    found = []
    for n in range(number(guest, f"{area}->nr_pages")):
        page = number(guest, f"((struct page **) {pages:#x})[{n}]")
        found.append((first + (page - mem_map) // number(guest, "sizeof(struct page)")) * PAGE)
    return found


def phys_of(guest: Guest, page: int) -> int:
    """Physical address of a struct page's page."""
    size = number(guest, "sizeof(struct page)")
    return (number(guest, "__pv_phys_pfn_offset") + (page - number(guest, "mem_map")) // size) * PAGE


def physical(guest: Guest, addr: int, size: int) -> bytes:
    """Bytes of physical memory: the stub reads past the MMU for this once."""
    guest.gdb.run("maintenance packet Qqemu.PhyMemMode:1")
    try:
        guest.gdb.run("maintenance flush dcache")
        return memory(guest, addr, size)
    finally:
        guest.gdb.run("maintenance packet Qqemu.PhyMemMode:0")
        guest.gdb.run("maintenance flush dcache")


def memory(guest: Guest, addr: int, size: int) -> bytes:
    """Bytes at an address."""
    text = guest.gdb.run(f"python print(bytes(gdb.selected_inferior().read_memory({addr:#x}, {size})).hex())")
    return bytes.fromhex(text.strip())


def write(guest: Guest, addr: int, data: bytes) -> None:
    """The same the other way."""
    guest.gdb.run(f"python gdb.selected_inferior().write_memory({addr:#x}, bytes.fromhex('{data.hex()}'))")


def test_the_console_was_taken_over_and_ioremap_finds_it(guest):
    area = "find_vm_area((void *) uart_regs)"
    addr, phys = number(guest, f"{area}->addr"), number(guest, f"{area}->phys_addr")
    assert number(guest, f"{area}->flags") & VM_ARM_STATIC_MAPPING
    assert number(guest, "vmlist->addr") == addr
    assert phys == 0x02100000 and number(guest, f"{area}->size") == SECTION
    assert number(guest, "high_memory") < addr < VMALLOC_END
    tables = translations(guest)
    assert [tables[addr + n * PAGE] for n in range(256)] == [phys + n * PAGE for n in range(256)]
    assert number(guest, "ioremap(0x021e8000, 0x4000)") == number(guest, "uart_regs") == addr + 0xe8000
    call(guest, f"iounmap((void *) {addr + 0xe8000:#x})")
    assert translations(guest) == tables


def test_vmalloc_is_mapped_page_by_page_and_gone_after_vfree(guest):
    before = translations(guest)
    addr = number(guest, "vmalloc(5 * 4096 + 1)")
    pages = pages_of(guest, addr)
    assert len(pages) == len(set(pages)) == 6
    assert all(phys >= 0x40000000 for phys in pages)        # HighMem: no address of its own
    assert translations(guest) == before | {addr + n * PAGE: phys for n, phys in enumerate(pages)}
    for n, phys in enumerate(pages):
        mark = bytes([n + 1]) * 64
        write(guest, addr + n * PAGE + 100, mark)
        assert physical(guest, phys + 100, 64) == mark
        assert number(guest, f"vmalloc_to_page((void *) {addr + n * PAGE:#x})") == number(
            guest, f"find_vm_area((void *) {addr:#x})->pages[{n}]")
    assert checks(guest) == [0, 0, 0]
    call(guest, f"vfree((void *) {addr:#x})")
    assert translations(guest) == before
    assert number(guest, "vmap_lazy_nr") == 7
    call(guest, "vm_unmap_aliases()")
    assert number(guest, "vmap_lazy_nr") == 0


def test_random_areas_are_what_the_tables_say(guest):
    chance, before, held = random.Random(4), translations(guest), {}
    for _ in range(30):
        if held and chance.random() < 0.4:
            addr = chance.choice(list(held))
            del held[addr]
            call(guest, f"vfree((void *) {addr:#x})")
        else:
            addr = number(guest, f"vzalloc({chance.randrange(1, 40 * PAGE)})")
            assert addr
            held[addr] = pages_of(guest, addr)
    expected = {addr + n * PAGE: phys for addr, pages in held.items() for n, phys in enumerate(pages)}
    assert len(set(expected.values())) == len(expected)
    assert translations(guest) == before | expected
    for addr in held:
        assert memory(guest, addr, PAGE) == bytes(PAGE)
        call(guest, f"vfree((void *) {addr:#x})")
    call(guest, "vm_unmap_aliases()")
    assert translations(guest) == before


def test_ioremap_takes_sections_where_they_fit_and_pages_elsewhere(guest):
    before = translations(guest)
    large = number(guest, f"ioremap({FREE_DEVICE:#x}, 0x200000)")
    small = number(guest, f"ioremap({FREE_DEVICE + 0x3010:#x}, 0x20)")
    flags = f"find_vm_area((void *) {large:#x})->flags"
    assert large % 0x200000 == 0 and number(guest, flags) & VM_ARM_SECTION_MAPPING
    assert small % PAGE == 0x10
    descriptor = number(guest, f"swapper_pg_dir[{large // SECTION}].pmd")
    # Section, TEX C B = 000 0 1: a shared device; AP 001: the kernel's; never executed (B3.5.1).
    assert descriptor & 3 == 2 and descriptor >> 2 & 3 == 1 and descriptor >> 12 & 7 == 0
    assert descriptor >> 10 & 3 == 1 and descriptor >> 15 & 1 == 0 and descriptor >> 4 & 1 == 1
    expected = {large + n * PAGE: FREE_DEVICE + n * PAGE for n in range(512)}
    expected[small & -PAGE] = FREE_DEVICE + 0x3000
    assert translations(guest) == before | expected
    call(guest, f"iounmap((void *) {large:#x})")
    call(guest, f"iounmap((void *) {small:#x})")
    assert translations(guest) == before
    call(guest, "vm_unmap_aliases()")


def test_ioremap_refuses_memory(guest):
    assert number(guest, "ioremap(0x20000000, 4096)") == 0
    assert "is memory, not a device" in guest.console()


def test_vmap_and_vm_map_ram_show_given_pages(guest):
    before = translations(guest)
    array = number(guest, f"kmalloc(16, {GFP_KERNEL:#x})")
    phys = []
    for n in range(4):
        page = number(guest, f"alloc_pages({GFP_HIGHUSER:#x}, 0)")
        phys.append(phys_of(guest, page))
        write(guest, array + 4 * n, page.to_bytes(4, "little"))
    # PAGE_KERNEL, taken from an entry that has it: GDB calls with a structure from memory only.
    addr = number(guest, "vmalloc(1)")
    entry = number(guest, f"virt_to_kpte({addr:#x})->pte")
    prot = number(guest, f"kmalloc(4, {GFP_KERNEL:#x})")
    write(guest, prot, (entry & 0xfff).to_bytes(4, "little"))
    call(guest, f"vfree((void *) {addr:#x})")
    mapped = number(guest, f"vmap((struct page **) {array:#x}, 4, {VM_MAP}, *(pgprot_t *) {prot:#x})")
    ram = number(guest, f"vm_map_ram((struct page **) {array:#x}, 4, 0, *(pgprot_t *) {prot:#x})")
    assert mapped and ram and ram % 0x100000 == 0
    assert translations(guest) == before | {start + n * PAGE: phys[n] for start in (mapped, ram) for n in range(4)}
    write(guest, mapped + 2 * PAGE, b"one page")
    assert memory(guest, ram + 2 * PAGE, 8) == b"one page"
    call(guest, f"vunmap((void *) {mapped:#x})")
    call(guest, f"vm_unmap_ram((void *) {ram:#x}, 4)")
    call(guest, "vm_unmap_aliases()")
    assert translations(guest) == before


def test_kmap_shows_a_highmem_page_at_its_physical_address(guest):
    before = translations(guest)
    page = number(guest, f"alloc_pages({GFP_HIGHUSER:#x}, 0)")
    phys = phys_of(guest, page)
    assert phys >= 0x40000000
    addr = number(guest, f"kmap((struct page *) {page:#x})")
    atomic = number(guest, f"kmap_atomic((struct page *) {page:#x})")
    assert PKMAP_BASE <= addr < PKMAP_BASE + 512 * PAGE
    assert atomic == FIXADDR_TOP - PAGE
    assert translations(guest) == before | {addr: phys, atomic: phys}
    write(guest, addr + 0x123, b"mmscope was here")
    assert physical(guest, phys + 0x123, 16) == b"mmscope was here" == memory(guest, atomic + 0x123, 16)
    call(guest, f"kunmap_atomic((void *) {atomic:#x})")
    call(guest, f"kunmap((struct page *) {page:#x})")
    call(guest, "kmap_flush_unused()")
    assert translations(guest) == before
    call(guest, f"__free_pages((struct page *) {page:#x}, 0)")


def area_of(report: dict, addr: int) -> dict:
    """The area that mm vmalloc shows at an address."""
    return next(area for area in report["areas"] if area["start"] == addr)


def test_mm_vmalloc_shows_areas_as_they_come_and_go(guest):
    before = guest.gdb.json("mm vmalloc --json")
    assert before["problems"] == [] and before["end"] == VMALLOC_END
    console = area_of(before, number(guest, "vmlist->addr"))
    assert (console["kind"], console["phys"], console["size"]) == ("ioremap", 0x02100000, SECTION)
    assert "arm-static-mapping" in console["flag_names"]
    addr = number(guest, "vmalloc(5 * 4096 + 1)")
    device = number(guest, f"ioremap({FREE_DEVICE + 0x3010:#x}, 0x20)") & -PAGE
    report = guest.gdb.json("mm vmalloc --json")
    area = area_of(report, addr)
    assert (area["kind"], area["size"], area["nr_pages"]) == ("vmalloc", 7 * PAGE, 6)
    assert area_of(report, device)["phys"] == FREE_DEVICE + 0x3000
    place = guest.gdb.json(f"mm vmalloc {addr + 2 * PAGE + 7:#x} --json")
    assert place["pfn"] == pages_of(guest, addr)[2] // PAGE
    lines = guest.gdb.run("mm vmallocinfo").splitlines()
    assert any(line.startswith(f"0x{addr:08x}-0x{addr + 7 * PAGE:08x}   28672 ") and line.endswith(" pages=6 vmalloc")
               for line in lines)
    call(guest, f"vfree((void *) {addr:#x})")
    call(guest, f"iounmap((void *) {device:#x})")
    lazy = guest.gdb.json("mm vmalloc --json")
    assert area_of(lazy, addr)["kind"] == area_of(lazy, device)["kind"] == "lazy"
    assert lazy["lazy_pages"] == number(guest, "vmap_lazy_nr") == 9 and lazy["problems"] == []
    call(guest, "vm_unmap_aliases()")
    assert guest.gdb.json("mm vmalloc --json")["areas"] == before["areas"]


def test_mm_vmalloc_shows_the_blocks_of_vm_map_ram(guest):
    array = number(guest, f"kmalloc(4, {GFP_KERNEL:#x})")
    write(guest, array, number(guest, f"alloc_pages({GFP_HIGHUSER:#x}, 0)").to_bytes(4, "little"))
    prot = number(guest, f"kzalloc(4, {GFP_KERNEL:#x})")
    addr = number(guest, f"vm_map_ram((struct page **) {array:#x}, 1, 0, *(pgprot_t *) {prot:#x})")
    report = guest.gdb.json("mm vmalloc --json")
    block = next(block for block in report["blocks"] if block["start"] <= addr < block["end"])
    assert (block["cpu"], block["used_pages"]) == (0, 1) and report["problems"] == []
    assert area_of(report, block["start"])["kind"] == "vm_map_ram"
    call(guest, f"vm_unmap_ram((void *) {addr:#x}, 1)")
    call(guest, "vm_unmap_aliases()")


def test_32_bit_arm_has_no_larger_pages_and_no_second_set_of_tables(guest):
    assert number(guest, "ioremap_pud_capable") == number(guest, "ioremap_pmd_capable") == 0


@pytest.mark.parametrize("image", ["guest", "guest-release"])
@pytest.mark.parametrize("store", [True, False])
def test_the_guard_page_ends_in_a_data_abort(boot, image, store):
    guest = boot("article", "--image", str(Path(__file__).resolve().parents[2] / "build" / image / "mm.elf"))
    guest.gdb.run(f"file build/{image}/mm.elf")
    guest.run_to("cpu_idle")
    addr = number(guest, "vmalloc(2 * 4096)")
    guest.gdb.run(f"set $r1 = {addr + 2 * PAGE - 4:#x}")
    code = number(guest, "$pc")
    # str or ldr r0, [r1]; then the same 4 bytes further on: the guard page.
    for n, word in enumerate([0xe5810000 if store else 0xe5910000, 0xe5a10004 if store else 0xe5b10004]):
        write(guest, code + 4 * n, word.to_bytes(4, "little"))
    guest.gdb.go("stepi")
    guest.gdb.run("hbreak arch_halt")
    assert guest.gdb.go().function == "arch_halt"
    assert re.search(rf"Unhandled data abort: {'write' if store else 'read'} of {addr + 2 * PAGE:#010x}: "
                     r"no translation, page \(DFSR 0x(80)?7\)", guest.console())
