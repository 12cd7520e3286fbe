# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/lab/kernels.py and kernel_files.py, on an archive in a folder."""
from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lab import kernel_files, sources
from lab.common import LabError
from lab.kernels import KERNELS, Kernel, kernel

NAMES = {f"{flavour}-{release}" for release in ("5.10", "6.1", "6.12", "7.2")
         for flavour in ("armmp", "arm64", "amd64")}
NAMES |= {"armmp-lpae-6.1", "armmp-lpae-7.2", "arm64-16k-6.12",
          "arm64-16k-7.2", "armmp-6.1-sabrelite"}
QEMU = {"armhf": {"qemu-system-arm", "qemu-system-aarch64"},
        "arm64": {"qemu-system-aarch64"}, "amd64": {"qemu-system-x86_64"}}


class Archive:
    """A folder that apt reads as an archive for armhf."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def add(self, name: str, version: str, *files: str) -> Path:
        """A package with these files; Return: its .deb."""
        tree = self.folder / f"{name}_{version}"
        control = (f"Package: {name}\nVersion: {version}\n"
                   f"Architecture: armhf\nMaintainer: nobody "
                   f"<nobody@example>\nDescription: test\n")
        for path, text in [("DEBIAN/control", control),
                           *((file, version) for file in files)]:
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
        package = tree.with_suffix(".deb")
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group",
                        str(tree), str(package)], check=True,
                       stdout=subprocess.DEVNULL)
        data = package.read_bytes()
        with open(self.folder / "Packages", "a", encoding="utf-8") as index:
            index.write(f"{control}Filename: ./{package.name}\n"
                        f"Size: {len(data)}\n"
                        f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n")
        return package

    def image(self, update: int) -> Path:
        """The image package of one update."""
        return self.add(f"linux-image-6.1.0-{update}-armmp", f"6.1.{update}-1",
                        f"boot/vmlinuz-6.1.0-{update}-armmp")

    def debug(self, update: int) -> Path:
        """Its debug package."""
        return self.add(f"linux-image-6.1.0-{update}-armmp-dbg",
                        f"6.1.{update}-1",
                        f"usr/lib/debug/boot/vmlinux-6.1.0-{update}-armmp")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """An archive that has a busybox and no kernel."""
    made = Archive(tmp_path / "repo")
    made.add("busybox-static", "1.35", "bin/busybox")
    monkeypatch.setattr(sources, "machine_sources", lambda: [])
    monkeypatch.setenv("MMSCOPE_APT_SOURCE",
                       f"deb [trusted=yes] file:{made.folder} ./")
    return made


def row() -> Kernel:
    """A kernel of this archive: no device tree, to keep it small."""
    full = kernel("armmp-6.1")
    return replace(full, suite="lab-test")


def test_the_table_has_each_kernel_once_on_a_machine_of_its_kind() -> None:
    assert len(KERNELS) == len({k.name for k in KERNELS})
    assert {k.name for k in KERNELS} == NAMES
    for each in KERNELS:
        assert each.board.qemu in QEMU[each.arch]
        assert re.fullmatch(r"\d+[MG]", each.board.memory)
        assert f"{each.flavour}-" in each.name + "-"
        for package in (each.image_package, each.debug_package):
            assert package.format(abi="1", flavour=each.flavour) \
                .startswith("linux-")
        release = re.search(r"\d+\.\d+", each.name)[0]
        assert each.abi.startswith(release + ".") and "*" in each.abi


def test_kernels_that_share_files_are_of_one_archive() -> None:
    folders: dict[Path, set[tuple[str, str, str]]] = {}
    for each in KERNELS:
        folders.setdefault(kernel_files.folder(each), set()).add(
            (each.suite, each.arch, each.abi))
    assert all(len(kinds) == 1 for kinds in folders.values())
    assert kernel_files.folder(kernel("armmp-6.1")) \
        == kernel_files.folder(kernel("armmp-6.1-sabrelite"))


def test_an_unknown_name_lists_the_names_there_are() -> None:
    with pytest.raises(LabError, match="arm64-16k-7.2"):
        kernel("armmp-9.9")


def test_an_update_without_its_debug_package_is_passed_over(
        archive: Archive) -> None:
    archive.image(1), archive.debug(1)
    archive.image(2)
    files = kernel_files.fetch(row())
    assert files.version == "6.1.1-1"
    assert files.vmlinux.name == "vmlinux-6.1.0-1-armmp"
    assert files.image.name == "vmlinuz-6.1.0-1-armmp"


@pytest.mark.parametrize("lost", ["image", "debug"])
def test_an_update_that_the_archive_removed_is_passed_over(
        archive: Archive, lost: str) -> None:
    archive.image(9), archive.debug(9)
    newest = {"image": archive.image(10), "debug": archive.debug(10)}
    newest[lost].unlink()
    files = kernel_files.fetch(row())
    assert files.version == "6.1.9-1"
    # Nothing of the other update stays in the cache, and no package does.
    kept = [path.name for path in kernel_files.folder(row()).rglob("*")]
    assert not [n for n in kept if "6.1.0-10" in n or n.endswith(".deb")]


def test_when_all_updates_are_gone_the_newest_is_named(
        archive: Archive) -> None:
    for update in (1, 2):
        archive.image(update).unlink()
        archive.debug(update)
    with pytest.raises(LabError, match="6.1.0-2-armmp: "):
        kernel_files.fetch(row())


def test_an_unwhole_folder_is_fetched_anew_and_a_whole_one_is_not(
        archive: Archive) -> None:
    archive.image(1), archive.debug(1)
    first = kernel_files.fetch(row())
    assert kernel_files.cached(row()) == first
    first.vmlinux.unlink()
    assert kernel_files.cached(row()) is None
    assert kernel_files.fetch(row()) == first
