# SPDX-License-Identifier: GPL-2.0-or-later
"""The structs that Python gives the dump engine are those of mmdump.h, field by field; the compiler compares."""
from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
from mmscope.target import engine, engine_list, engine_pass
from probing import SECONDS, TOP

STRUCTS = {
    "mmdump_range": engine._Range, "mmdump_segment": engine._Segment, "mmdump_note": engine._Note,
    "mmdump_mmu": engine._Mmu, "mmdump_mapping": engine._Mapping, "mmdump_entries": engine_list._Entries,
    "mmdump_list": engine_list._List, "mmdump_walk": engine_list._Walk, "mmdump_field": engine_pass._Field,
    "mmdump_page_run": engine_pass._PageRun, "mmdump_page_map": engine_pass._PageMap,
    "mmdump_page_type": engine_pass._Type, "mmdump_page_rules": engine_pass._Rules,
    "mmdump_page_key": engine_pass._Key, "mmdump_page_test": engine_pass._Test,
    "mmdump_page_query": engine_pass._Query,
}
NAMES = {"from_": "from", "negated": "not"}
NUMBERS = {"mmdump_list_break": 4, "mmdump_colour_run": 3, "mmdump_page_match": 4, "mmdump_held": 2}


def claims(name: str, struct: type) -> list[str]:
    """What has to be true of one of them."""
    found = [f"sizeof(struct {name}) == {ctypes.sizeof(struct)}"]
    for field, _ in struct._fields_:
        place, c_name = getattr(struct, field), NAMES.get(field, field)
        found += [f"offsetof(struct {name}, {c_name}) == {place.offset}",
                  f"sizeof(((struct {name} *)0)->{c_name}) == {place.size}"]
    return found


def compiles(tmp_path: Path, lines: list[str]) -> bool:
    """Whether all of it is true."""
    path = tmp_path / "claims.c"
    path.write_text('#include "mmdump.h"\n' + "".join(f'_Static_assert({line}, "{line}");\n' for line in lines))
    done = subprocess.run(["gcc", "-fsyntax-only", "-I", TOP / "helper" / "dump", path], capture_output=True, text=True,
                          timeout=SECONDS, check=False)
    assert done.returncode == 0 or "static assertion failed" in done.stderr, done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("name", STRUCTS)
def test_a_struct_is_as_the_header_has_it(tmp_path: Path, name: str) -> None:
    """Its size, and each field's place and size."""
    assert compiles(tmp_path, claims(name, STRUCTS[name]))


def test_what_goes_as_rows_of_numbers_has_only_those(tmp_path: Path) -> None:
    """Of 8 bytes; and the version is the header's."""
    rows = [f"sizeof(struct {name}) == {8 * count}" for name, count in NUMBERS.items()]
    assert compiles(tmp_path, [*rows, f"MMDUMP_VERSION == {engine.VERSION}"])
    assert not compiles(tmp_path, ["sizeof(struct mmdump_held) == 8"])
