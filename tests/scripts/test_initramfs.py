# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/lab/initramfs.py against the format, written out by hand."""
from __future__ import annotations

from pathlib import Path

from lab.initramfs import Entry, build, newc

ZERO = b"00000000"


def test_a_file_has_the_bytes_that_the_format_says() -> None:
    assert newc([Entry("ab", 0o100644, b"hi\n")]) == (
        b"070701" b"00000001" b"000081A4" + ZERO * 2 + b"00000001" + ZERO
        + b"00000003" + ZERO * 4 + b"00000003" + ZERO
        + b"ab\0" b"\0\0\0"                 # 110 + 3 bytes, to a multiple of 4
        b"hi\n" b"\0"
        b"070701" b"00000002" + ZERO * 3 + b"00000001" + ZERO * 6
        + b"0000000B" + ZERO + b"TRAILER!!!\0" + b"\0" * 3)


def test_a_device_node_carries_its_numbers() -> None:
    archive = newc([Entry("c", 0o020600, device=(5, 1))])
    assert archive[6 + 9 * 8:6 + 11 * 8] == b"00000005" b"00000001"


def test_init_runs_on_the_busybox_that_is_beside_it(tmp_path: Path) -> None:
    (tmp_path / "busybox").write_bytes(b"\x7fELF")
    archive = build(tmp_path / "busybox")
    assert b"bin/busybox\0" in archive and b"\x7fELF" in archive
    assert b"init\0" in archive and b"#!/bin/busybox sh\n" in archive
