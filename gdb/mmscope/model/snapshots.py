# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots by name: the session keeps them until it ends, as documents, so that they outlive a reload of this code."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import MmError
from .context import Context
from .problem import Problem
from .snapshot import take
from .state import Snapshot
from .snapshotfile import SCHEMA, from_document, read_snapshot

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,63}")
NOW = "now"


@dataclass(frozen=True)
class Summary:
    """One snapshot in a line."""

    name: str
    stage: str
    where: Optional[str]
    release: Optional[str]
    free_pages: Optional[int]       # on the zones' lists
    free_blocks: Optional[int]
    reserved: Optional[int]         # regions of memblock.reserved
    slabs: Optional[int]
    areas: Optional[int]


@dataclass(frozen=True)
class SnapshotReport:
    """Those that are kept; state is the one that was taken now, in full."""

    snapshots: tuple[Summary, ...]
    state: Optional[Snapshot]
    file: Optional[str]             # that it was written into
    replaced: bool                  # there was one of this name
    problems: tuple[Problem, ...] = ()
    deleted: Optional[str] = None   # the name of the one that was forgotten


def check_name(name: str) -> None:
    """Raises MmError for a name that a snapshot cannot have."""
    if NAME.fullmatch(name) is None or name == NOW:
        raise MmError(f"a snapshot cannot be named '{name}': letters, digits and _ . : + - make a name, "
                      f"at most 64 of them; '{NOW}' is the present state")


def keep(ctx: Context, name: str, document: dict[str, Any]) -> None:
    """Keep a document under a name; an earlier one of this name is gone."""
    ctx.host.kept[name] = document


def delete(ctx: Context, name: str) -> None:
    """Forget one. Raises MmError when none of that name is kept."""
    if ctx.host.kept.pop(name, None) is None:
        raise MmError(f"no snapshot '{name}' is kept; kept: {_kept_text(ctx)}")


def _kept_text(ctx: Context) -> str:
    return ", ".join(kept_names(ctx)) or "none"


def kept_names(ctx: Context) -> list[str]:
    """The names, in the order in which the snapshots were taken."""
    return list(ctx.host.kept)


def find_snapshot(ctx: Context, name: str) -> Snapshot:
    """A snapshot by its name, else in a file of that name. Raises MmError."""
    document = ctx.host.kept.get(name)
    if document is not None:
        return from_document({"schema": SCHEMA, **document}, f"snapshot {name}")
    if "/" in name or os.path.exists(os.path.expanduser(name)):
        return read_snapshot(name)
    raise MmError(f"no snapshot '{name}' is kept, and there is no file of that name; kept: {_kept_text(ctx)}")


def present(ctx: Context) -> tuple[Snapshot, tuple[Problem, ...]]:
    """The state of this moment."""
    return ctx.once("snapshots.present", lambda ctx: take(ctx, NOW))


def summary(snapshot: Snapshot) -> Summary:
    """What the list of snapshots says of one."""
    lists = snapshot.free_lists
    return Summary(
        snapshot.name, snapshot.stage, snapshot.where, snapshot.release,
        sum(len(each.pfns) << each.order for each in lists) if lists is not None else None,
        sum(len(each.pfns) for each in lists) if lists is not None else None,
        len(snapshot.reserved) if snapshot.reserved is not None else None,
        sum(each.slabs for each in snapshot.caches) if snapshot.caches is not None else None,
        len(snapshot.areas) if snapshot.areas is not None else None)
