# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts/replay reads, and how it refuses."""
from __future__ import annotations

import json

import pytest

from .runner import TOP, run

GOOD = "memory 0x10000000 4M\n"


def error_of(text: str, *args: str) -> str:
    """The one line that a refused input ends with."""
    done = run(text, *args)
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), done.stderr
    return done.stderr.rstrip("\n")


@pytest.mark.parametrize("line, what", [
    ("memry 0 4M", "expected memory, reserved, lowmem-limit, mem-map, alloc or free: memry"),
    ("memory 0", "expected: memory BASE SIZE [nomap]"),
    ("memory 0x1000 4M mapped", "expected: memory BASE SIZE [nomap]"),
    ("memory 0x1000 4M nomap nomap", "expected: memory BASE SIZE [nomap]"),
    ("memory a b c d e f", "too many words"),
    ("memory zero 4M", "base is not a number: zero"),
    ("memory 0x4000000 4X", "size is not a number: 4X"),
    ("memory 0x4000000 -1", "size is not a number: -1"),
    ("memory 0x4000000 0", "size is 0"),
    ("memory 0x103ff000 0x2000", "overlaps the memory of line 1"),
    ("memory 0x0 0x10000001", "overlaps the memory of line 1"),
    ("memory 0x10001000 1", "overlaps the memory of line 1"),
    ("memory 0x4000000 0xffffffffffffffff", "ends above 0x100000000000, the highest address of a map"),
    ("memory 0xfffffffffffffffff 1", "ends above 0x100000000000, the highest address of a map"),
    ("memory 0x1110000000 4K", "map too large: at most 64 GiB from first to last byte of memory"),
    ("reserved 0x4000000 4M nomap", "expected: reserved BASE SIZE"),
    ("lowmem-limit", "expected memory, reserved, lowmem-limit, mem-map, alloc or free: lowmem-limit"),
    ("lowmem-limit 0x10000001", "lowmem limit 0x10000001 is not a page's address below 0x100000000000"),
    ("lowmem-limit 0x10000000", "no whole page of memory below the lowmem limit 0x10000000"),
    ("mem-map 0x10000 0x10100000", "expected: mem-map PFN PHYS BYTES"),
    ("mem-map x 0x10100000 32", "pfn is not a number: x"),
    ("mem-map 0x10000 y 32", "address is not a number: y"),
    ("mem-map 0x10000 0x10100000 0", "a struct page has 1 to 4096 bytes: 0"),
    ("mem-map 0x10000 0x10100000 4097", "a struct page has 1 to 4096 bytes: 4097"),
    ("mem-map 0x10000 0x100000000000 32", "mem_map is above 0x100000000000, the highest address of a map"),
    ("mem-map 0x10001 0x10100000 32", "mem_map begins with pfn 0x10001, memory with 0x10000"),
    ("mem-map 0x10000 0xfffffff8001 32", "mem_map ends above 0x100000000000, the highest address of a map"),
    ("alloc", "expected: alloc NAME ORDER [GFP]"),
    ("alloc a", "expected: alloc NAME ORDER [GFP]"),
    ("alloc a b", "order is not a number: b"),
    ("alloc a 11", "order 11 is too large: orders are 0 to 10"),
    ("alloc a 0 GFP_KERNAL", "no such GFP flag: GFP_KERNAL"),
    ("alloc a 0 GFP_KERNEL|", "no such GFP flag: "),
    ('alloc "a" 0', 'a name has letters, digits, "_", ".", "-": "a"'),
    (f"alloc {64 * 'a'} 0", "name of more than 63 letters"),
    ("free a", "nothing is allocated under the name a"),
    ("free a 0", "expected: free NAME"),
])
def test_a_bad_line_is_named(line: str, what: str) -> None:
    """File, line and reason."""
    assert error_of(GOOD + line + "\n") == f"-:2: {what}"


@pytest.mark.parametrize("lines, what", [
    (("alloc a 0", "alloc a 1"), "3: a is allocated already, in line 2"),
    (("alloc a 0", "free a", "free a"), "4: a is freed already"),
    (("alloc a 0", "free b"), "3: nothing is allocated under the name b"),
    (("alloc a 0", "memory 0 4M"), "3: memory after the first alloc"),
    (("alloc a 0", "lowmem-limit 4M"), "3: lowmem-limit after the first alloc"),
    (("---", "alloc a 0", "---"), "4: no memory"),
    (("---", "free a"), "3: nothing is allocated under the name a"),
])
def test_a_line_that_does_not_fit_those_before_it_is_named(lines: tuple[str, ...], what: str) -> None:
    """Names last until the map ends."""
    assert error_of(GOOD + "\n".join(lines) + "\n") == f"-:{what}"


def test_maps_without_memory_are_refused() -> None:
    """Nothing at all, nothing but comments, no whole page."""
    assert error_of("") == "-:0: no memory"
    assert error_of("# nothing\n\n") == "-:2: no memory"
    assert error_of("memory 0x1800 0x1000\n") == "-:1: no whole page of memory below the lowmem limit 0x30002000"
    assert error_of("memory 0x1800 0x1000\nlowmem-limit 0x9000\n").endswith("lowmem limit 0x9000")


def test_errors_name_the_file(tmp_path) -> None:
    """Also one that is not there."""
    path = tmp_path / "broken.map"
    path.write_text(GOOD + "\nnothing\n")
    assert error_of("", str(path)).startswith(f"{path}:3: expected memory")
    assert error_of("", str(tmp_path / "none.map")).endswith("none.map:0: No such file or directory")


def test_documents_before_the_error_are_out() -> None:
    """The maps of one input stand alone."""
    done = run(GOOD + "---\n" + GOOD + "oops\n")
    assert done.returncode == 1
    assert json.loads(done.stdout)["totalram_pages"] == 1024


def test_numbers_have_three_bases_and_suffixes() -> None:
    """0x100000 is 1M is 1024K is 1048576 is 04000000."""
    sizes = ("0x100000", "1M", "1m", "1024K", "1048576", "04000000")
    done = run("---\n".join(f"memory 0x10000000 {size}\n" for size in sizes))
    assert {json.loads(line)["totalram_pages"] for line in done.stdout.splitlines()} == {256}
    assert done.stdout.count("\n") == len(sizes)


def test_comments_blanks_and_a_last_separator_change_nothing() -> None:
    """Nor does a missing newline at the end."""
    plain = run(GOOD + "reserved 0x10000000 1")
    dressed = run("# a map\n\n \t" + GOOD[:-1] + " # RAM\nreserved\t0x10000000   1 # a byte\r\n---\n")
    assert plain.returncode == dressed.returncode == 0, dressed.stderr
    assert plain.stdout == dressed.stdout


def test_touching_lines_are_one_region() -> None:
    """A page may lie in two lines; overlapping reservations are one."""
    done = run("memory 0x10000000 0x1800\nmemory 0x10001800 0x1800\nreserved 0x10000000 4\nreserved 0x10000002 4\n")
    document = json.loads(done.stdout)
    assert document["totalram_pages"] == 2
    assert [(r["base"], r["size"]) for r in document["memblock"]["reserved"]] == [(0x10000000, 6)]


def test_the_option_goes_before_the_line() -> None:
    """And without both, lowmem is 768 MB."""
    text = "memory 0x10000000 1G\n"
    lines = [run(text), run(text + "lowmem-limit 0x20000000\n"),
             run(text + "lowmem-limit 0x20000000\n", "--lowmem-limit", "0x18000000"),
             run(text, "--lowmem-limit=0x18000000", "-")]
    assert [json.loads(done.stdout)["lowmem_limit"] for done in lines] == [
        0x40000000, 0x20000000, 0x18000000, 0x18000000]


def test_an_allocation_that_fails_is_data() -> None:
    """Its pfn is null, and to free it does nothing; its name can be used again."""
    done = run("memory 0x10000000 4K\nalloc a 0\nalloc b 0\nfree b\n"
               "alloc b 3 GFP_HIGHUSER_MOVABLE|__GFP_ZERO\nfree a\n")
    document = json.loads(done.stdout)
    assert [(op["op"], op["name"], op["pfn"]) for op in document["operations"]] == [
        ("alloc", "a", 0x10000), ("alloc", "b", None), ("free", "b", None), ("alloc", "b", None),
        ("free", "a", 0x10000)]
    assert document["zones"][0]["free_pages"] == 1


def test_the_document_has_the_keys_of_mm_zones_and_mm_buddy() -> None:
    """scripts/replay's help lists them; addresses that mean nothing are null."""
    document = json.loads(run(GOOD).stdout)
    assert document["schema"] == "mmscope/replay/1"
    assert {"kind", "release", "arch", "stage", "transport"} <= document["target"].keys()
    assert {"problems", "totalram_pages", "max_pfn", "max_low_pfn", "zones", "orders", "migratetypes", "free_areas",
            "blocks", "memblock"} <= document.keys()
    assert {"node", "index", "name", "start_pfn", "spanned_pages", "present_pages", "managed_pages", "free_pages",
            "cma_pages", "watermark", "lowmem_reserve"} <= document["zones"][0].keys()
    assert {"node", "zone", "order", "nr_free", "by_migratetype"} == document["free_areas"][0].keys()
    block = document["blocks"][0]
    assert {"node", "zone", "order", "migratetype", "pfn", "phys", "page", "virt"} == block.keys()
    assert block["page"] is None and block["virt"] is None
    assert {"memory", "reserved", "free", "state"} == document["memblock"].keys()


def test_very_many_regions_add_none_of_our_own() -> None:
    """More than memblock's first arrays hold: a real one would reserve room for larger ones."""
    text = "memory 0x10000000 64M\n" + "".join(f"reserved {0x10000000 + 0x2000 * i:#x} 1\n" for i in range(3000))
    document = json.loads(run(text).stdout)
    assert len(document["memblock"]["reserved"]) == 3000
    assert document["totalram_pages"] == 16384 - 3000


def test_too_many_lines_are_refused() -> None:
    """16384 of one kind."""
    text = GOOD + "".join(f"reserved {0x10000000 + 2 * i:#x} 1\n" for i in range(16385))
    assert error_of(text) == "-:16386: more than 16384 lines of one kind"


def test_a_large_map_with_high_addresses_is_handed_over() -> None:
    """8 GiB that end at the last address there is."""
    text = "memory 0xffe00000000 8G\nlowmem-limit 0xffe30000000\n"
    document = json.loads(run(text, "--max-order", "11").stdout)
    assert document["totalram_pages"] == 8 << 18
    assert {block["order"] for block in document["blocks"]} == {10}
    assert document["max_pfn"] == 1 << 32


@pytest.mark.parametrize("args", [("--max-order", "1"), ("--max-order", "21"), ("--max-order", "eleven"),
                                  ("--max-order",), ("--lowmem-limit",), ("--unknown",), ("a", "b")])
def test_wrong_arguments_are_usage_errors(args: tuple[str, ...]) -> None:
    """Exit status 2, one line."""
    done = run(GOOD, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_help_says_what_a_map_is() -> None:
    """And ends well."""
    done = run("", "--help")
    assert done.returncode == 0
    assert "memory BASE SIZE [nomap]" in done.stdout


def test_another_max_order_is_built_when_asked_for() -> None:
    """MAX_ORDER 8 is not among those that `make host-tests` builds."""
    document = json.loads(run(GOOD, "--max-order", "8").stdout)
    assert document["orders"] == 8
    assert {block["order"] for block in document["blocks"]} == {7}
    assert (TOP / "build/host-o8/replay").is_file()
