# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/lab/sources.py: the machine's apt sources, for another suite."""
from __future__ import annotations

from pathlib import Path

from lab import sources

DEB822 = """\
# comment
Types: deb deb-src
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
# comment inside
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Types: deb
URIs: http://archive.example/security
Suites: bookworm-security
Components: main
Architectures: amd64

Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""
LIST = """\
deb [arch=amd64,arm64 signed-by=/k.gpg] http://list.example/debian bookworm main # why
# deb http://comment.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb http://third.example/linux bookworm stable
deb http://other.example/apt nodistro main
deb cdrom:[Disc]/ bookworm main
"""


def read(tmp_path: Path) -> list[sources.Source]:
    """Both files, as a machine has them."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(LIST)
    (tmp_path / "sources.list.d" / "debian.sources").write_text(DEB822)
    (tmp_path / "sources.list.d" / "off.list.disabled").write_text(LIST)
    return sources.machine_sources(tmp_path)


def uris(text: str) -> list[str]:
    """The URIs of a .sources text."""
    return [line[6:] for line in text.splitlines()
            if line.startswith("URIs: ")]


def test_only_the_distributions_own_archives_are_taken(
        tmp_path: Path) -> None:
    text = sources.stanzas(read(tmp_path), "bookworm", "bookworm")
    assert uris(text) == ["http://list.example/debian",
                          "http://archive.example/debian",
                          "http://archive.example/security"]


def test_updates_and_security_follow_to_another_release(
        tmp_path: Path) -> None:
    text = sources.stanzas(read(tmp_path), "bookworm", "bullseye")
    assert "Suites: bullseye bullseye-updates\n" in text
    assert "Suites: bullseye-security\n" in text
    assert "bookworm" not in text


def test_sid_has_neither_updates_nor_security(tmp_path: Path) -> None:
    text = sources.stanzas(read(tmp_path), "bookworm", "sid")
    assert uris(text) == ["http://list.example/debian",
                          "http://archive.example/debian"]
    assert text.count("Suites: sid\n") == 2


def test_keys_stay_and_architectures_go(tmp_path: Path) -> None:
    text = sources.stanzas(read(tmp_path), "bookworm", "bookworm")
    assert "signed-by: /k.gpg\n" in text
    assert "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n" in text
    assert "amd64" not in text


def test_a_machine_that_follows_stable_is_served_too() -> None:
    found = sources.parse_list("deb http://a.example/debian stable main")
    assert "Suites: trixie\n" in sources.stanzas(found, "bookworm", "trixie")


def test_no_archive_of_the_distribution_gives_nothing() -> None:
    found = sources.parse_list("deb http://a.example/x focal universe")
    assert sources.stanzas(found, "focal", "focal") == ""
