# SPDX-License-Identifier: GPL-2.0-or-later
"""Files out of a source package, from the first suite that has it."""
from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from lab import source_package
from lab.common import LabError
from lab.sources import Source, stanzas

PATTERNS = ("util/*.[ch]", "one/file.c")


def pack(folder: Path) -> Path:
    """A tarball as upstream makes them: all in one folder."""
    path = folder / "thing_1.0.orig.tar.gz"
    work = folder / "made"
    for name in ("util/a.c", "util/a.h", "util/a.txt", "one/file.c", "two/file.c"):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(name)
    with tarfile.open(path, "w:gz") as tar:
        tar.add(work, "thing-1.0")
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The suites that were asked for a tarball; only "good" has one."""
    suites: list[str] = []

    def tarball(apt: source_package.SourceApt, name: str, folder: Path) -> Path:
        suites.append(apt.suite)
        if apt.suite != "good":
            raise LabError(f"none in {apt.suite}")
        return pack(folder)
    monkeypatch.setattr(source_package.SourceApt, "tarball", tarball)
    return suites


def files(folder: Path) -> set[str]:
    """All that is under a folder, but for what fetch() keeps for itself."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")
            if path.is_file() and ".fetch-source" not in path.parts}


def test_the_next_suite_is_tried(asked, tmp_path):
    assert source_package.fetch("thing", ("bad", "good", "never"), PATTERNS, tmp_path) == "thing_1.0.orig.tar.gz"
    assert asked == ["bad", "good"]
    assert files(tmp_path) == {"util/a.c", "util/a.h", "one/file.c"}


def test_what_was_fetched_is_not_fetched_again(asked, tmp_path):
    for _ in range(2):
        source_package.fetch("thing", ("good",), PATTERNS, tmp_path)
    assert asked == ["good"]
    (tmp_path / "one/file.c").unlink()
    source_package.fetch("thing", ("good",), PATTERNS, tmp_path)
    assert asked == ["good", "good"] and "one/file.c" in files(tmp_path)


def test_no_suite_has_it(asked, tmp_path):
    with pytest.raises(LabError, match="none in bad; none in worse"):
        source_package.fetch("thing", ("bad", "worse"), PATTERNS, tmp_path)


def test_a_file_that_the_tarball_lacks_is_named(asked, tmp_path):
    with pytest.raises(LabError, match="no/such.c"):
        source_package.fetch("thing", ("good",), ("no/such.c",), tmp_path)


def test_sources_have_an_index_of_their_own():
    archive = Source("mirror:/", ("bookworm",), ("main",))
    text = stanzas([archive], "bookworm", "sid", "deb-src")
    assert "Types: deb-src\n" in text and "Targets: Sources\n" in text
