# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's own apt sources, turned to another suite.

Both formats that apt reads are read here: deb822 (*.sources) and one line a
source (*.list). Only the distribution's own archives are taken: an entry for
the machine's release with the component "main". A third party's repository
knows nothing of other architectures and suites.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

APT_DIR = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
# A source may name its release by what it is rather than by what it is called.
ALIASES = ("stable", "oldstable", "testing", "unstable", "sid")
# These have no security or update suites beside them.
ROLLING = ("sid", "unstable", "experimental")
ROLES = ("", "-updates", "-security")
# Said again for each stanza that is written, so not copied from the source.
OWN_FIELDS = ("types", "uris", "suites", "components", "architectures",
              "enabled", "targets", "languages")


@dataclass(frozen=True)
class Source:
    """One archive: where, which suites and components, and how to trust it."""
    uris: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: dict[str, str] = field(default_factory=dict)   # Signed-By, ...


def machine_release() -> str:
    """The machine's release name, like "bookworm"; "" when it has none."""
    try:
        text = OS_RELEASE.read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r'^VERSION_CODENAME="?([\w.-]+)"?', text, re.MULTILINE)
    return found.group(1) if found else ""


def parse_deb822(text: str) -> list[Source]:
    """The enabled "deb" stanzas of a .sources file."""
    result = []
    kept = (line for line in text.splitlines() if not line.startswith("#"))
    for block in re.split(r"\n\s*\n", "\n".join(kept)):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" not in fields.get("types", "").split():
            continue
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        result.append(Source(
            " ".join(fields.get("uris", "").split()),
            tuple(fields.get("suites", "").split()),
            tuple(fields.get("components", "").split()),
            {k: v for k, v in fields.items() if k not in OWN_FIELDS}))
    return result


def parse_list(text: str) -> list[Source]:
    """The "deb" lines of a .list file."""
    result = []
    line_form = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s*)?"
                           r"(?P<uri>\S+)\s+(?P<suite>\S+)(?P<rest>[^#]*)")
    for line in text.splitlines():
        found = line_form.match(line.strip())
        if not found:
            continue
        options = {}
        for option in (found["options"] or "").split():
            name, _, value = option.partition("=")
            if name not in ("arch", "lang", "target"):
                options[name] = value.replace(",", " ")
        result.append(Source(found["uri"], (found["suite"],),
                             tuple(found["rest"].split()), options))
    return result


def machine_sources(apt_dir: Path = APT_DIR) -> list[Source]:
    """Every enabled binary source of this machine."""
    result = []
    files = [apt_dir / "sources.list"]
    parts = apt_dir / "sources.list.d"
    if parts.is_dir():
        files += sorted(parts.iterdir())
    for path in files:
        parse = {".list": parse_list, ".sources": parse_deb822}.get(path.suffix)
        if parse and path.is_file():
            result += parse(path.read_text(encoding="utf-8"))
    return result


def split_suite(suite: str) -> tuple[str, str]:
    """("bookworm", "-security") from "bookworm-security"."""
    for role in ROLES[1:]:
        if suite.endswith(role):
            return suite[:-len(role)], role
    return suite, ""


def stanzas(sources: list[Source], release: str, suite: str,
            kind: str = "deb") -> str:
    """A .sources file with `suite` from the archives that serve `release`.

    kind: "deb" for packages, "deb-src" for what they are built of. Empty when none of `sources` is an archive of the distribution.
    """
    blocks = []
    for source in sources:
        if "main" not in source.components or source.uris.startswith("cdrom:"):
            continue
        roles = []
        for name in source.suites:
            base, role = split_suite(name)
            if base not in (release, *ALIASES) or "/" in base:
                continue
            if not (role and suite in ROLLING):
                roles.append(role)
        if not roles:
            continue
        index = "Sources" if kind == "deb-src" else "Packages"
        lines = [f"Types: {kind}", f"URIs: {source.uris}",
                 "Suites: " + " ".join(suite + role for role in roles),
                 "Components: main", f"Targets: {index}"]
        lines += [f"{name}: {value}" for name, value in source.options.items()]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)
