# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting with a limit that says what it waited for."""
from __future__ import annotations

import time
from pathlib import Path
from typing import Callable, Optional, TypeVar

T = TypeVar("T")


class WaitError(Exception):
    """A wait ran into its limit; the text says what it waited for."""


def wait_for(what: str, poll: Callable[[], Optional[T]],
             limit_seconds: float, interval_seconds: float = 0.05) -> T:
    """Call `poll` until it returns something true, and return that.

    Raises WaitError naming `what` when it did not in `limit_seconds`.
    """
    deadline = time.monotonic() + limit_seconds
    while True:
        result = poll()
        if result:
            return result
        if time.monotonic() > deadline:
            raise WaitError(f"waited {limit_seconds:g} s for {what}")
        time.sleep(interval_seconds)


def wait_for_text(path: Path, text: str, limit_seconds: float) -> str:
    """Wait until the file holds `text`; Return: all it holds by then.

    The end of the file is in the message when the text does not come.
    """
    def poll() -> str:
        content = read_console(path)
        return content if text in content else ""
    try:
        return wait_for(f"{text!r} in {path}", poll, limit_seconds)
    except WaitError as error:
        tail = read_console(path)[-1000:]
        raise WaitError(f"{error}; it ends with:\n{tail}") from None


def read_console(path: Path) -> str:
    """A guest's console so far, with plain line ends; "" before it exists."""
    try:
        return path.read_bytes().decode("utf-8", "replace").replace("\r", "")
    except FileNotFoundError:
        return ""
