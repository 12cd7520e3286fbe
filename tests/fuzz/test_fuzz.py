# SPDX-License-Identifier: GPL-2.0-or-later
"""A bounded run of each fuzz target: so many inputs, the same ones every time.

A longer one: build/fuzz/fuzz_buddy -max_total_time=3600 -max_len=2048 FOLDER
"""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from dump.elfcore import PT_NOTE, Core, Segment, note

TOP = Path(__file__).resolve().parents[2]
TARGETS = sorted(path.stem for path in Path(__file__).parent.glob("fuzz_*.c"))
RUNS = {"fuzz_memblock": 40000, "fuzz_dump_elf": 20000, "fuzz_dump_list": 20000, "fuzz_dump_mmu": 5000,
        "fuzz_dump_pages": 500}
DEFAULT_RUNS = 1500
SECONDS = 120


def cores() -> list[bytes]:
    """A sound core of each kind, to begin with."""
    return [Core([Segment(note(b"CORE", 1, b"regs", order) + note(b"VMCOREINFO", 0, b"A=1\n", order), kind=PT_NOTE),
                  Segment(b"abcd" * 8, phys=0x1000, virt=0xc0001000), Segment(b"wxyz", phys=0x1010)],
                 bits=bits, order=order, xnum=xnum).to_bytes()
            for bits in (32, 64) for order in "<>" for xnum in (False, True)]


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_breaks_it(target: str, tmp_path: Path) -> None:
    """Random scripts, grown towards new code: the model agrees, and no sanitizer complains."""
    path = TOP / "build" / "fuzz" / target
    assert path.is_file(), f"{path.relative_to(TOP)} is not there: run make fuzz"
    runs = RUNS.get(target, DEFAULT_RUNS)
    for n, seed in enumerate(cores() if target == "fuzz_dump_elf" else ()):
        (tmp_path / f"seed{n}").write_bytes(seed)
    try:
        done = subprocess.run([path, f"-runs={runs}", "-seed=1", "-max_len=400", "-len_control=0", "-timeout=20", tmp_path],
                              cwd=tmp_path, capture_output=True, text=True, errors="replace",
                              timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as expired:
        pytest.fail(f"still running after {SECONDS} s: {expired.stderr[-2000:]!r}")
    assert done.returncode == 0, done.stderr[-6000:]
    assert f"Done {runs} runs" in done.stderr, done.stderr[-2000:]


def test_the_targets_are_there() -> None:
    """One that is gone would not be missed otherwise."""
    assert {"fuzz_memblock", "fuzz_buddy", "fuzz_slub", "fuzz_vmalloc", "fuzz_dump_elf", "fuzz_dump_list",
            "fuzz_dump_mmu", "fuzz_dump_pages"} == set(TARGETS)
