# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that a command writes beside its output."""
from __future__ import annotations

import os

from ..errors import MmError


def write_text(path: str, text: str) -> None:
    """Write text as UTF-8. Raises MmError."""
    try:
        with open(os.path.expanduser(path), "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise MmError(f"cannot write '{path}': {getattr(error, 'strerror', None) or error}") from None
