# SPDX-License-Identifier: GPL-2.0-or-later
"""A JSON document in a file that a user names, and that is not trusted."""
from __future__ import annotations

import json
import os
import stat
from typing import Any

from ..errors import MmError

MOST_DIGITS = 32        # of a number


def read_file(path: str, most_bytes: int, what: str) -> bytes:
    """All of a file that is to be WHAT. Raises MmError in one line: it cannot be read, or is too large for that."""
    where = f"'{path}'"
    try:
        found = os.stat(os.path.expanduser(path))
        if not stat.S_ISREG(found.st_mode):
            raise MmError(f"{where} is not a file")
        if found.st_size > most_bytes:
            raise MmError(f"{where} has {found.st_size >> 20} MiB: {what} has at most {most_bytes >> 20}")
        with open(os.path.expanduser(path), "rb") as file:
            return file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        raise MmError(f"cannot read {where}: {getattr(error, 'strerror', None) or error}") from None


def parse(data: bytes, where: str, schema: str, what: str) -> dict[str, Any]:
    """The document, of that schema. Raises MmError in one line."""
    try:
        document = json.loads(data.decode("ascii"), parse_int=_number)
    except (ValueError, RecursionError, MemoryError) as error:
        line = str(error).split("\n", maxsplit=1)[0] or type(error).__name__
        raise MmError(f"{where} is not a whole JSON document: {line}") from None
    return of_schema(document, where, schema, what)


def of_schema(document: Any, where: str, schema: str, what: str) -> dict[str, Any]:
    """A document, if it is of that schema. Raises MmError in one line."""
    found = document.get("schema") if isinstance(document, dict) else None
    if found != schema:
        told = f"of schema {str(found)[:40]!r}" if found is not None else "a JSON document without a schema"
        raise MmError(f"{where} is {told}: {what}'s is {schema!r}")
    return document


def _number(text: str) -> int:
    """Before it is worked out: that takes long for many digits, and no number here has them."""
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)
