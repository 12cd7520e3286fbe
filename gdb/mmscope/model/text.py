# SPDX-License-Identifier: GPL-2.0-or-later
"""Small questions about strings that kernels make."""
from __future__ import annotations


def release_of(banner: str) -> str:
    """The release in a banner: "Linux version 6.1.0-18-armmp (..." or "mmscope 4.9.0 (..."."""
    words = banner.split()
    at = 2 if words[:2] == ["Linux", "version"] else 1
    return words[at] if len(words) > at else "an unknown release"
