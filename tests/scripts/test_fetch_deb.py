# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/lab/deb.py and apt.py, on an archive in a folder: no network."""
from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from lab import deb, sources
from lab.apt import PrivateApt
from lab.common import LabError

FILES = {"usr/include/tool.h": "int tool;\n", "usr/share/doc/tool": "doc\n"}


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive for armhf with two versions of one package."""
    repo = tmp_path / "repo"
    repo.mkdir()
    index = "".join(build(tmp_path, repo, name, version) for name, version in
                    (("tool-1.9-x", "1.9"), ("tool-1.10-x", "1.10")))
    (repo / "Packages").write_text(index)
    monkeypatch.setattr(sources, "machine_sources", lambda: [])
    monkeypatch.setenv("MMSCOPE_APT_SOURCE",
                       f"deb [trusted=yes] file:{repo} ./")
    return repo


def build(tmp_path: Path, repo: Path, name: str, version: str) -> str:
    """Build one package; Return: its entry in the archive's index."""
    tree = tmp_path / name
    control = (f"Package: {name}\nVersion: {version}\nArchitecture: armhf\n"
               f"Maintainer: nobody <nobody@example>\nDescription: test\n")
    for path, text in {**FILES, "DEBIAN/control": control}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    package = repo / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", str(tree),
                    str(package)], check=True, stdout=subprocess.DEVNULL)
    data = package.read_bytes()
    return (f"{control}Filename: ./{package.name}\nSize: {len(data)}\n"
            f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n")


def fetch(dest: Path, spec: str, *patterns: str) -> list[str]:
    """What the script does with its arguments."""
    return deb.fetch(PrivateApt("bookworm", "armhf"), spec, patterns, dest)


def test_only_the_named_files_are_taken(archive: Path, tmp_path: Path) -> None:
    dest = tmp_path / "out"
    assert fetch(dest, "tool-1.9-x", "./usr/include/*") \
        == ["usr/include/tool.h"]
    assert (dest / "usr/include/tool.h").read_text() == "int tool;\n"
    assert not (dest / "usr/share").exists()
    assert not list(dest.rglob("*.deb"))


def test_a_glob_takes_the_newest_version_as_dpkg_orders_them(
        archive: Path, tmp_path: Path) -> None:
    fetch(tmp_path / "out", "tool-*-x", "*tool.h")
    stamp = deb.read_stamp(tmp_path / "out/.fetch-deb/tool-+-x.json")
    assert (stamp["name"], stamp["version"]) == ("tool-1.10-x", "1.10")


def test_nothing_is_fetched_twice(archive: Path, tmp_path: Path) -> None:
    first = fetch(tmp_path / "out", "tool-1.9-x", "*tool.h")
    shutil.rmtree(archive)
    assert fetch(tmp_path / "out", "tool-1.9-x", "*tool.h") == first


def test_a_lost_file_and_other_patterns_are_fetched_again(
        archive: Path, tmp_path: Path) -> None:
    fetch(tmp_path / "out", "tool-1.9-x", "*tool.h")
    (tmp_path / "out/usr/include/tool.h").unlink()
    fetch(tmp_path / "out", "tool-1.9-x", "*tool.h")
    assert (tmp_path / "out/usr/include/tool.h").exists()
    assert fetch(tmp_path / "out", "tool-1.9-x", "*/doc/*") \
        == ["usr/share/doc/tool"]
    assert not (tmp_path / "out/usr/include/tool.h").exists()


def test_a_damaged_package_leaves_no_stamp(archive: Path,
                                           tmp_path: Path) -> None:
    package = archive / "tool-1.9-x.deb"
    package.write_bytes(package.read_bytes()[:-40])
    with pytest.raises(LabError, match="cannot download tool-1.9-x"):
        fetch(tmp_path / "out", "tool-1.9-x", "*tool.h")
    assert not list((tmp_path / "out").rglob("*.json"))
    assert not list((tmp_path / "out").rglob("*.deb"))


@pytest.mark.parametrize("spec, pattern, message", [
    ("nosuch", "*", "^no package nosuch in bookworm for armhf$"),
    ("tool-1.9-x=7", "*", "^no package tool-1.9-x=7 in bookworm for armhf$"),
    ("tool-1.9-x", "nofile", "has no file that matches nofile$"),
])
def test_what_is_missing_is_said_in_one_line(
        archive: Path, tmp_path: Path, spec: str, pattern: str,
        message: str) -> None:
    with pytest.raises(LabError, match=message):
        fetch(tmp_path / "out", spec, pattern)


def test_an_archive_without_the_architecture_names_the_variable(
        archive: Path, tmp_path: Path) -> None:
    (archive / "Packages").write_text("")
    with pytest.raises(LabError, match="MMSCOPE_APT_SOURCE"):
        fetch(tmp_path / "out", "tool-1.9-x", "*")
