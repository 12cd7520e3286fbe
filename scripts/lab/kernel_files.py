# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of a kernel, out of its packages into the cache.

Kernels of one release and flavour share a folder. kernel.json in it is
written last: with it the folder is complete, without it whatever is there is
what an interrupted fetch left.
"""
from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import deb
from .apt import NotThere, Package, PrivateApt
from .common import LabError, cache_dir, locked, say
from .kernels import KERNELS, Kernel


@dataclass(frozen=True)
class Files:
    """Where a kernel's files are."""
    package: str
    version: str
    image: Path
    vmlinux: Path           # with DWARF
    dtb: Path | None        # None: the board brings its own tree
    busybox: Path           # static, for the kernel's architecture


def folder(kernel: Kernel) -> Path:
    """The folder of this kernel's release and flavour."""
    return cache_dir() / "kernels" / f"{kernel.suite}-{kernel.flavour}"


def cached(kernel: Kernel) -> Files | None:
    """The files if they were fetched before."""
    top = folder(kernel)
    try:
        stamp = json.loads((top / "kernel.json").read_text("utf-8"))
        dtb = stamp["dtbs"][kernel.board.dtb] if kernel.board.dtb else ""
        files = Files(stamp["package"], stamp["version"], top / stamp["image"],
                      top / stamp["vmlinux"], top / dtb if dtb else None,
                      top / stamp["busybox"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    paths = (files.image, files.vmlinux, files.dtb, files.busybox)
    return files if all(p.is_file() for p in paths if p) else None


def fetch(kernel: Kernel) -> Files:
    """Have the kernel's files in the cache and say where they are."""
    top = folder(kernel)
    with locked(top.with_name(top.name + ".lock"), deb.LOCK_WAIT_SECONDS,
                f"fetching {kernel.name}"):
        files = cached(kernel)
        if not files:
            _download(kernel, top)
            files = cached(kernel)
    if not files:
        raise LabError(f"{kernel.name} was fetched but is not whole; "
                       f"remove {top} and try again")
    return files


def _download(kernel: Kernel, top: Path) -> None:
    """Fetch the newest update of which the archive has all.

    It removes an old release's updates, debug packages first, and its lists
    still have them.
    """
    apt = PrivateApt(kernel.suite, kernel.arch)
    pattern = kernel.debug_package.format(abi=kernel.abi,
                                          flavour=kernel.flavour)
    missing: list[NotThere] = []
    for debug in apt.find_all(pattern):
        try:
            _download_update(kernel, top, apt, debug)
            return
        except NotThere as error:
            say(f"{debug.name} {debug.version}: {error}")
            missing.append(error)
    raise missing[0]


def _download_update(kernel: Kernel, top: Path, apt: PrivateApt,
                     debug: Package) -> None:
    """Fetch the image that this debug package is of, and its vmlinux."""
    image = apt.find(kernel.image_package.format(abi=_abi(kernel, debug.name),
                                                 flavour=kernel.flavour),
                     debug.version)
    say(f"{kernel.name} is {image.name} {image.version}")
    _remove_other_versions(top, image.version)
    # Both boards of one kernel find their tree, whichever was asked for.
    dtbs = sorted({row.board.dtb for row in KERNELS
                   if row.board.dtb and folder(row) == top})
    got = deb.fetch(apt, f"{image.name}={image.version}",
                    [kernel.image, *(f"*/{name}" for name in dtbs)], top)
    vmlinux = deb.fetch(apt, f"{debug.name}={debug.version}",
                        [kernel.vmlinux], top)
    busybox = deb.fetch(apt, "busybox-static", ["*bin/busybox"], top)
    trees = {Path(f).name: f for f in got if f.endswith(".dtb")}
    images = [f for f in got if not f.endswith(".dtb")]
    stamp = {"package": image.name, "version": image.version,
             "image": images[0], "vmlinux": vmlinux[0],
             "busybox": busybox[0], "dtbs": trees}
    part = top / "kernel.json.part"
    part.write_text(json.dumps(stamp, indent=1), "utf-8")
    part.replace(top / "kernel.json")


def _abi(kernel: Kernel, package: str) -> str:
    """The part of the package's name that the table's glob stands for."""
    form = re.escape(kernel.debug_package).replace(r"\{abi\}", "(.+)") \
        .replace(r"\{flavour\}", re.escape(kernel.flavour))
    found = re.fullmatch(form, package)
    if not found:
        raise LabError(f"package {package} is not named "
                       f"{kernel.debug_package}")
    return found.group(1)


def _remove_other_versions(top: Path, version: str) -> None:
    """Clear what an interrupted fetch of an older update left."""
    for stamp in (top / ".fetch-deb").glob("linux-*.json"):
        if deb.read_stamp(stamp).get("version") != version:
            shutil.rmtree(top, ignore_errors=True)
            return
