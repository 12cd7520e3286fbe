# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a spinlock is held, where its form is known: queued, ticket, or the mmscope guest's."""
from __future__ import annotations

from typing import Optional

from .reader import Record


def held(record: Record) -> Optional[bool]:
    """Whether the spinlock of a struct is held; None where its form is not known.

    The version table has it as lock, a word that is 0 when it is free, or as lock_owner and lock_next: a ticket lock
    is free when the next ticket is the owner's.
    """
    if record.has("lock"):
        return record.get("lock") != 0
    return record.get("lock_owner") != record.get("lock_next") if record.has("lock_owner") else None
