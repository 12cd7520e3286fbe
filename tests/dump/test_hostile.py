# SPDX-License-Identifier: GPL-2.0-or-later
"""Struct pages and RAM made to break passes over them: by hostile.c, which is built with sanitizers."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from elfcore import PT_NOTE, Core, Segment, note
from kdumpfile import flattened
from probing import SECONDS, TOP, opened, probe

BUILDS = ("dump-san", "dump-tsan")


def hostile(build: str, *steps: str) -> list[str]:
    """The lines that hostile prints; it must end by itself, and well."""
    path = TOP / "build" / build / "hostile"
    assert path.is_file(), f"{path.relative_to(TOP)} is not there: run make dump-tests"
    done = subprocess.run([path, *steps], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr[-4000:]
    return done.stdout.splitlines()


@pytest.mark.parametrize("build", BUILDS)
def test_an_answer_is_the_same_with_any_number_of_threads(build: str) -> None:
    """And whether RAM is mapped or read: a look at one struct page does not change what another look has given."""
    read = hostile(build, "threads")
    assert len(read) == 4 and len(set(read)) == 1
    assert hostile(build, "mapped", "threads") == read


def test_processors_that_come_up_in_a_pass_do_no_harm() -> None:
    """Their number is asked once."""
    assert hostile("dump-san", "more") == hostile("dump-san", "threads")[:1]


def test_keys_that_were_made_to_collide_are_found_all_the_same() -> None:
    """300000 different caches, which would be in one slot of a table without a secret."""
    assert hostile("dump-san", "collide") == ["300001"]


def test_the_page_after_a_head_is_looked_at_beside_it() -> None:
    """The first page of a compound page is MAPPED, though what it says of the pool is in another page of memory."""
    assert hostile("dump-san", "head") == ["1 7"]


def test_a_strip_with_colours_of_keys_is_refused() -> None:
    """And stays as it is."""
    assert hostile("dump-san", "colours") == ["colours from 1000 on are there already", "399999 1", "1"]


def test_page_frames_where_no_memory_can_be_are_refused() -> None:
    """By all passes."""
    assert hostile("dump-san", "far") == ["no page frame is at 0xfffffffffffffffd"] * 2


def test_a_search_ends_with_the_last_address() -> None:
    """Also where that cannot be read."""
    assert hostile("dump-san", "last") == ["nowhere in memory"]


def test_a_search_through_very_many_pieces_ends(tmp_path: Path) -> None:
    """Each is looked at once."""
    pieces = [Segment(phys=0x1000 + at, offset=0, filesz=1) for at in range(300000)]
    assert opened(tmp_path, Core(pieces, xnum=True).to_bytes(), "search=0:0102030405") == ["fault: nowhere in memory"]


def test_a_flattened_dump_of_zeros_without_an_end_is_cut(tmp_path: Path) -> None:
    """8 TiB of them."""
    path = tmp_path / "core"
    path.write_bytes(flattened(Core([Segment(b"abcd", phys=0x1000)]).to_bytes(), end=False))
    with path.open("r+b") as file:
        file.truncate(1 << 43)
    assert probe(f"open={path}", "read=1000:4", "warning") == [
        b"abcd".hex(), f"{path}: is cut: its last piece is missing"]


def test_notes_behind_the_end_of_a_cut_core_are_missing(tmp_path: Path) -> None:
    """Its memory is there."""
    core = Core([Segment(b"abcd", phys=0x1000), Segment(note(b"CORE", 1, b"regs"), kind=PT_NOTE)]).to_bytes()
    lines = opened(tmp_path, core[:-len(note(b"CORE", 1, b"regs"))], "read=1000:4", "notes", "warning")
    assert lines[0] == b"abcd".hex() and len(lines) == 2
    assert "is cut" in lines[1] and "1 segments are not whole" in lines[1]


def test_no_more_than_64_pieces_of_notes_are_read(tmp_path: Path) -> None:
    """What is left out is said."""
    pieces = [Segment(note(b"CORE", 1, bytes([at])), kind=PT_NOTE) for at in range(200)]
    lines = opened(tmp_path, Core([Segment(b"abcd", phys=0x1000), *pieces]).to_bytes(), "notes", "warning")
    assert len(lines) == 65 and lines[-1].endswith("its notes do not end where they should")


def test_notes_of_one_core_are_bounded_together(tmp_path: Path) -> None:
    """Two pieces of 10 MiB in the same place: what is behind 16 MiB is left out."""
    big = note(b"BIG", 1, bytes(10 << 20))
    at = 64 + 3 * 56 + 4
    pieces = [Segment(kind=PT_NOTE, offset=at, filesz=len(big)) for _ in range(2)]
    core = Core([Segment(b"abcd", phys=0x1000), *pieces], extra=big).to_bytes()
    lines = opened(tmp_path, core, "notes", "warning")
    assert len(lines) == 2 and lines[0].startswith("note BIG 1 0000")
    assert lines[-1].endswith("its notes do not end where they should")
