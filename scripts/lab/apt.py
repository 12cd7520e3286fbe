# SPDX-License-Identifier: GPL-2.0-or-later
"""A private apt: its own sources, lists and caches, nothing of the machine's.

The machine's configuration (proxies, certificates, keys) is still read; its
package state, its sources and its update hooks are not used.
"""
from __future__ import annotations

import fnmatch
import functools
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ContextManager

from . import sources
from .common import LabError, cache_dir, locked, one_line, say

LISTS_FRESH_SECONDS = 24 * 3600
UPDATE_LIMIT_SECONDS = 900
DOWNLOAD_LIMIT_SECONDS = 3 * 3600
EXTRA_SOURCE = "MMSCOPE_APT_SOURCE"
NO_NETWORK = re.compile(
    "Could not resolve|Temporary failure|Could not connect|Cannot initiate"
    "|Unable to connect|Network is unreachable|Connection (refused|timed out)")
GONE = re.compile("404 +Not Found|File not found")

CONFIG = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
#clear Acquire::Languages;
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages {{ "none"; }};
Acquire::PDiffs "false";
Acquire::Retries "3";
Acquire::http::Timeout "60";
Acquire::https::Timeout "60";
Dir::State "{root}/state";
Dir::State::lists "{root}/state/lists";
Dir::State::status "{root}/state/status";
Dir::Cache "{root}/cache";
Dir::Cache::archives "{root}/cache/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "{root}/log";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{root}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
"""


@dataclass(frozen=True)
class Package:
    """One version of a package, as the archive's index has it."""
    name: str
    version: str
    size_bytes: int     # of the .deb


class NotThere(LabError):
    """The lists have a package that the archive has removed."""


class PrivateApt:
    """apt for one suite and one architecture, all its state in the cache."""

    kind = "deb"        # what its sources serve

    def __init__(self, suite: str, arch: str) -> None:
        self.suite = suite or sources.machine_release()
        self.arch = arch
        if not self.suite:
            raise LabError("this machine does not say which release it is; "
                           "give --suite")
        self.root = cache_dir() / "apt" / f"{self.suite}-{arch}"
        self.config = self.root / "apt.conf"
        self.update_errors = ""
        self._updates = 0       # how often we read the lists

    def find(self, pattern: str, version: str = "") -> Package:
        """The newest package whose name matches `pattern` (a name or a glob).

        Reads the archive's lists first when they are older than a day or do
        not have it. Raises LabError saying what is missing: network, a source
        for this architecture, or the package.
        """
        return self.find_all(pattern, version)[0]

    def find_all(self, pattern: str, version: str = "") -> list[Package]:
        """Every package whose name matches, newest first: as find()."""
        with self._lock():
            fresh = self._prepare()
            if fresh:
                packages = self._candidates(pattern, version)
                if packages:
                    return packages
            self._update()
            packages = self._candidates(pattern, version)
            if not packages:
                raise LabError(self._why_missing(pattern, version))
            if self.update_errors:
                say(f"not all package lists were read: {self.update_errors}")
                self._mark_fresh()
        return packages

    def download(self, package: Package, folder: Path) -> Path:
        """Put the .deb of `package` into the empty `folder`; its path.

        Raises NotThere when only the lists have it.
        """
        say(f"downloading {package.name} {package.version} for {self.arch}, "
            f"{package.size_bytes / 1e6:.1f} MB")
        error = self._get(package, folder)
        if error and not NO_NETWORK.search(error) and not self._updates:
            # the archive may have replaced it since the lists were read
            with self._lock():
                self._update()
            error = self._get(package, folder)
        debs = list(folder.glob("*.deb"))
        if error or len(debs) != 1:
            reason = ("no network" if NO_NETWORK.search(error)
                      else one_line(error) or "apt-get left no file")
            kind = NotThere if GONE.search(reason) else LabError
            raise kind(f"cannot download {package.name}: {reason}")
        return debs[0]

    def _lock(self) -> ContextManager[None]:
        """Held while the lists are read or written."""
        return locked(self.root / "lock", UPDATE_LIMIT_SECONDS + 60,
                      f"reading package lists of {self.suite} {self.arch}")

    def _prepare(self) -> bool:
        """Write the configuration; True when the lists are there and fresh."""
        for name in ("state/lists/partial", "cache/archives/partial",
                     "sources", "log"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "state/status").touch()
        self.config.write_text(CONFIG.format(arch=self.arch, root=self.root),
                               encoding="utf-8")
        main = sources.stanzas(sources.machine_sources(),
                               sources.machine_release(), self.suite,
                               self.kind)
        extra = os.environ.get(EXTRA_SOURCE, "")
        if not main and not extra:
            raise LabError(f"found no Debian or Ubuntu archive in this "
                           f"machine's apt sources; set {EXTRA_SOURCE} to an "
                           f"apt source line for {self.suite} {self.arch}")
        (self.root / "sources/machine.sources").write_text(main, "utf-8")
        (self.root / "sources/extra.list").write_text(extra + "\n", "utf-8")
        stamp = self.root / "updated"
        return (stamp.exists() and stamp.read_text("utf-8") == main + extra
                and 0 <= time.time() - stamp.stat().st_mtime
                < LISTS_FRESH_SECONDS)

    def _update(self) -> None:
        """Read the package lists; what went wrong stays in update_errors."""
        say(f"reading the package lists of {self.suite} for {self.arch}")
        self._updates += 1
        self.update_errors = self._run("update", None, UPDATE_LIMIT_SECONDS)
        if not self.update_errors:
            self._mark_fresh()

    def _mark_fresh(self) -> None:
        """The lists read now are good enough for LISTS_FRESH_SECONDS."""
        (self.root / "updated").write_text(
            (self.root / "sources/machine.sources").read_text("utf-8")
            + os.environ.get(EXTRA_SOURCE, ""), "utf-8")

    def _get(self, package: Package, folder: Path) -> str:
        return self._run("download", folder, DOWNLOAD_LIMIT_SECONDS,
                         f"{package.name}={package.version}")

    def _run(self, verb: str, folder: Path | None, limit_seconds: float,
             *args: str) -> str:
        """Run apt-get; its error messages, "" when it did all."""
        tty = sys.stderr.isatty()
        command = ["apt-get", "-c", str(self.config), verb, *args]
        try:
            done = subprocess.run(
                command if tty else command[:1] + ["-qq"] + command[1:],
                cwd=folder, stdin=subprocess.DEVNULL,
                stdout=sys.stderr if tty else subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, timeout=limit_seconds,
                env={**os.environ, "LC_ALL": "C"}, check=False)
        except FileNotFoundError:
            raise LabError("apt-get is not on this machine") from None
        except subprocess.TimeoutExpired:
            return f"apt-get {verb} took more than {limit_seconds:.0f} s"
        if done.returncode == 0:
            return ""
        lines = [line[2:].strip() for line in done.stderr.splitlines()
                 if line.startswith(("E:", "W:"))
                 and "Some index files failed" not in line]
        return "; ".join(lines) or f"apt-get {verb} failed"

    def _cache(self, *args: str) -> str:
        done = subprocess.run(["apt-cache", "-c", str(self.config), *args],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, timeout=300, check=False)
        return done.stdout

    def _candidates(self, pattern: str, version: str) -> list[Package]:
        names = [pattern]
        if any(c in pattern for c in "*?["):
            names = fnmatch.filter(self._cache("pkgnames").split(), pattern)
        if not names:
            return []
        text = self._cache("show", *names)
        found = []
        for block in text.split("\n\n"):
            fields = dict(re.findall(r"^(Package|Version|Size|Filename): (.*)$",
                                     block, re.MULTILINE))
            if fields.keys() >= {"Package", "Version", "Size", "Filename"}:
                package = Package(fields["Package"], fields["Version"],
                                  int(fields["Size"]))
                if version in ("", package.version):
                    found.append(package)
        return sorted(found, key=functools.cmp_to_key(newer), reverse=True)

    def _why_missing(self, pattern: str, version: str) -> str:
        wanted = f"{pattern}={version}" if version else pattern
        where = f"{self.suite} for {self.arch}"
        if NO_NETWORK.search(self.update_errors):
            return (f"cannot fetch {wanted}: no network, the package lists of "
                    f"{where} were not read")
        if not self._cache("pkgnames"):
            return (f"the machine's apt sources do not serve {where} (on "
                    f"Ubuntu armhf is on another mirror); set {EXTRA_SOURCE} "
                    f"to an apt source line that does; apt says: "
                    f"{self.update_errors}")
        unread = (f"; not all package lists were read: {self.update_errors}"
                  if self.update_errors else "")
        return f"no package {wanted} in {where}{unread}"


def newer(a: Package, b: Package) -> int:
    """Compare versions as dpkg does: positive when `a` is newer."""
    if a.version == b.version:
        return 0
    done = subprocess.run(["dpkg", "--compare-versions", a.version, "gt",
                           b.version], check=False)
    return 1 if done.returncode == 0 else -1
