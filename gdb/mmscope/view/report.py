# SPDX-License-Identifier: GPL-2.0-or-later
"""mm map --html: snapshots as one HTML file that needs nothing else, no network either.

The page's own files lie beside this one, in report/. What the target says reaches the page as JSON in a block that no
browser runs, and from there as text alone; the policy in the page lets it run and look like what is in it by its hash,
and load nothing.
"""
from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from ..model.state import Snapshot
from .reportdata import report_data
from .units import size

FOLDER = Path(__file__).with_name("report")
# In the order in which the browser reads them.
STYLES = ("page", "parts", "print")
SCRIPTS = ("text", "runs", "data", "why", "classes", "layout", "columns", "paint", "map", "pointer", "legend", "tables",
           "chart", "timeline", "inspect", "search", "main")
SAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})      # of no meaning in JSON but in strings


def report(snapshots: tuple[Snapshot, ...]) -> str:
    """The file's text, ASCII. Raises MmError when there is no snapshot, or they are of different kernels."""
    data = json.dumps(report_data(snapshots), separators=(",", ":")).translate(SAFE)
    style, script = (_joined(names, ending) for names, ending in ((STYLES, "css"), (SCRIPTS, "js")))
    policy = (f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none'; "
              "form-action 'none'")
    parts = {"@POLICY@": policy, "@STYLE@": style, "@SCRIPT@": script, "@DATA@": data}
    page = (FOLDER / "report.html").read_text(encoding="ascii")
    page = page.replace("@SIZE@", size(len(page) + sum(map(len, parts.values()))))
    for name, text in parts.items():    # the data last: what looks like a name in it stays
        page = page.replace(name, text, 1)
    return page


def _joined(names: tuple[str, ...], ending: str) -> str:
    return "\n".join((FOLDER / f"{name}.{ending}").read_text(encoding="ascii") for name in names)


def _hash(text: str) -> str:
    """As a content security policy names what it allows."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
