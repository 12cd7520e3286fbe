# SPDX-License-Identifier: GPL-2.0-or-later
"""Named files out of a package, into a folder, once.

A stamp in the folder says what it holds. It is written last, so an
interrupted fetch leaves none and the next one starts over.
"""
from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Sequence

from .apt import NotThere, Package, PrivateApt
from .common import LabError, locked, one_line, say

LOCK_WAIT_SECONDS = 2 * 3600
UNPACK_LIMIT_SECONDS = 3600


def fetch(apt: PrivateApt, spec: str, patterns: Sequence[str],
          dest: Path) -> list[str]:
    """Have the files of package `spec` that match `patterns` under `dest`.

    spec: NAME or NAME=VERSION; the name may be a glob, the newest is taken
    that the archive still has.
    Return: the files, relative to `dest`.
    """
    name, _, version = spec.partition("=")
    request = {"package": spec, "suite": apt.suite, "arch": apt.arch,
               "patterns": list(patterns)}
    folder = dest / ".fetch-deb"
    stamp = folder / (name.replace("*", "+") + ".json")
    with locked(folder / "lock", LOCK_WAIT_SECONDS, f"fetching into {dest}"):
        old = read_stamp(stamp)
        if old.get("request") == request and all(
                (dest / f).is_symlink() or (dest / f).exists()
                for f in old["files"]):
            return old["files"]
        packages = apt.find_all(name, version)
        stamp.unlink(missing_ok=True)
        for leftover in folder.glob("download-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="download-",
                                         dir=folder) as work:
            package, deb = download(apt, packages, Path(work))
            files = unpack(deb, package, patterns, dest)
        for stale in set(old.get("files", ())) - set(files):
            (dest / stale).unlink(missing_ok=True)
        part = stamp.with_suffix(".part")
        part.write_text(json.dumps({"request": request, "name": package.name,
                                    "version": package.version,
                                    "files": files}, indent=1), "utf-8")
        part.replace(stamp)
    return files


def download(apt: PrivateApt, packages: Sequence[Package],
             folder: Path) -> tuple[Package, Path]:
    """The first of `packages` that the archive has, and its .deb."""
    missing: list[NotThere] = []
    for package in packages:
        try:
            return package, apt.download(package, folder)
        except NotThere as error:
            missing.append(error)
    raise missing[0]


def read_stamp(stamp: Path) -> dict:
    """What `stamp` says, {} when it is missing or damaged."""
    try:
        data = json.loads(stamp.read_text("utf-8"))
        return data if isinstance(data.get("files"), list) else {}
    except (OSError, ValueError, AttributeError):
        return {}


def unpack(deb: Path, package: Package, patterns: Sequence[str],
           dest: Path) -> list[str]:
    """Take the files that match out of `deb` through a pipe; their names."""
    say(f"unpacking {' '.join(patterns)}")
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)],
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as reader:
        try:
            done = subprocess.run(
                ["tar", "--extract", "--verbose", "--no-same-owner",
                 "--wildcards", "--directory", str(dest), "--", *patterns],
                stdin=reader.stdout, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, check=False,
                timeout=UNPACK_LIMIT_SECONDS)
        except BaseException:
            reader.kill()
            raise
        reader.stdout.close()
        status = reader.wait(timeout=60)
    if done.returncode or status:
        error = one_line(done.stderr)
        missing = [p for p in patterns if f"{p}: Not found in archive" in error]
        if missing:
            raise LabError(f"{package.name} {package.version} has no file "
                           f"that matches {' '.join(missing)}")
        raise LabError(f"cannot unpack {package.name}: {error or 'bad .deb'}")
    return [name[2:] if name.startswith("./") else name
            for name in done.stdout.splitlines() if not name.endswith("/")]
