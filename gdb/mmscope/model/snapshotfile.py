# SPDX-License-Identifier: GPL-2.0-or-later
"""A snapshot as a JSON document, in a file or kept in the session. A file is not trusted."""
from __future__ import annotations

import json
import os
from typing import Any, Iterable, Sequence

from ..errors import MmError
from ..target.jsonfile import of_schema, parse, read_file
from .rebuild import rebuild
from .state import FreeList, Snapshot

SCHEMA = "mmscope/snapshot/1"
MAX_FILE_BYTES = 256 << 20
MAX_ORDER = 24          # no kernel has blocks of 64 GiB; one page of such a block leaves that many pieces of it


def read_snapshot(path: str) -> Snapshot:
    """The snapshot in a file. Raises MmError with one line that says what is wrong with the file."""
    where = f"'{path}'"
    return from_document(parse(read_file(path, MAX_FILE_BYTES, "a snapshot"), where, SCHEMA, "a snapshot"), where)


def write_snapshot(path: str, document: dict[str, Any]) -> None:
    """Write the document, without line breaks. Raises MmError."""
    try:
        with open(os.path.expanduser(path), "w", encoding="ascii") as file:
            json.dump(document, file, separators=(",", ":"))
            file.write("\n")
    except OSError as error:
        raise MmError(f"cannot write '{path}': {error.strerror}") from None


def from_document(document: Any, where: str) -> Snapshot:
    """The snapshot that a document holds. Raises MmError."""
    document = of_schema(document, where, SCHEMA, "a snapshot")
    if document.get("state") is None:
        raise MmError(f"{where} lists snapshots, but holds none: write one with 'mm snapshot NAME --file FILE'")
    snapshot = rebuild(Snapshot, document["state"], f"{where}: state")
    _check(snapshot, f"{where}: state")
    return snapshot


def _check(snapshot: Snapshot, where: str) -> None:
    """What the comparison relies on, beyond types. Raises MmError."""
    if not 0 < snapshot.page_shift < 64:
        raise MmError(f"{where}.page_shift is {snapshot.page_shift}")
    for index, zone in enumerate(snapshot.zones or ()):
        if len(zone.nr_free) > MAX_ORDER + 1:
            raise MmError(f"{where}.zones[{index}].nr_free has {len(zone.nr_free)} orders: there are {MAX_ORDER + 1}")
    for name in ("free_lists", "pcp_lists"):
        lists: Sequence[FreeList] = getattr(snapshot, name) or ()
        for index, each in enumerate(lists):
            if not 0 <= each.order <= MAX_ORDER:
                raise MmError(f"{where}.{name}[{index}].order is {each.order}: it can be 0 to {MAX_ORDER}")
            if each.pfns and min(each.pfns) < 0:
                raise MmError(f"{where}.{name}[{index}] has a pfn below 0")
    for name in ("memory", "reserved", "owners", "areas"):
        for index, each in enumerate(getattr(snapshot, name) or ()):
            _check_ranges((each.start, each.end), f"{where}.{name}[{index}]")
    for index, frames in enumerate(snapshot.frames or ()):
        _check_ranges(frames.ranges, f"{where}.frames[{index}].ranges")


def _check_ranges(numbers: Iterable[int], where: str) -> None:
    """Starts and ends, by turns; a range may be empty, but not end before it starts."""
    found = tuple(numbers)
    if len(found) % 2 or any(not 0 <= start <= end for start, end in zip(found[::2], found[1::2])):
        raise MmError(f"{where} is no pairs of start and end")
