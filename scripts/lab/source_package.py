# SPDX-License-Identifier: GPL-2.0-or-later
"""Named files out of a source package's tarball, into a folder, once."""
from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Sequence

from .apt import DOWNLOAD_LIMIT_SECONDS, PrivateApt
from .common import LabError, locked, one_line, say
from .deb import LOCK_WAIT_SECONDS, UNPACK_LIMIT_SECONDS, read_stamp


class SourceApt(PrivateApt):
    """apt for the sources of one suite."""

    kind = "deb-src"

    def __init__(self, suite: str) -> None:
        super().__init__(suite, "source")

    def tarball(self, name: str, folder: Path) -> Path:
        """Put the newest upstream tarball of `name` into the empty `folder`."""
        with self._lock():
            if not self._prepare():
                self._update()
        say(f"downloading the source of {name} in {self.suite}")
        error = self._run("source", folder, DOWNLOAD_LIMIT_SECONDS,
                          "--download-only", "--tar-only", "--only-source",
                          name)
        tarballs = list(folder.glob("*.orig.tar.*"))
        if error or len(tarballs) != 1:
            raise LabError(f"no source of {name} in {self.suite}: "
                           f"{one_line(error) or 'apt-get left no tarball'}")
        return tarballs[0]


def fetch(name: str, suites: Sequence[str], patterns: Sequence[str],
          dest: Path) -> str:
    """Have what matches `patterns` in a tarball of `name` under `dest`.

    suites: tried in this order; "" is the machine's own. The patterns begin
    below the tarball's own folder. Return: the tarball's name.
    """
    with locked(dest / ".fetch-source/lock", LOCK_WAIT_SECONDS,
                f"fetching into {dest}"):
        stamp = dest / ".fetch-source/stamp.json"
        old = read_stamp(stamp)
        if old.get("patterns") == list(patterns) and all(
                (dest / file).exists() for file in old["files"]):
            return old["tarball"]
        errors = []
        for suite in suites:
            with tempfile.TemporaryDirectory(dir=dest) as work:
                try:
                    tarball = SourceApt(suite).tarball(name, Path(work))
                except LabError as error:
                    errors.append(str(error))
                    continue
                files = unpack(tarball, patterns, dest)
            stamp.write_text(json.dumps(
                {"patterns": list(patterns), "tarball": tarball.name,
                 "files": files}), "utf-8")
            return tarball.name
        raise LabError("; ".join(errors))


def unpack(tarball: Path, patterns: Sequence[str], dest: Path) -> list[str]:
    """Take the files that match out of `tarball`; their names under `dest`."""
    done = subprocess.run(
        ["tar", "--extract", "--verbose", "--no-same-owner", "--wildcards",
         "--strip-components=1", "--show-transformed-names", "--directory",
         str(dest), "--file", str(tarball), "--",
         *(f"*/{pattern}" for pattern in patterns)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
        timeout=UNPACK_LIMIT_SECONDS, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise LabError(f"cannot unpack {tarball.name}: {one_line(done.stderr)}")
    return [file for file in done.stdout.splitlines()
            if not file.endswith("/")]
