# SPDX-License-Identifier: GPL-2.0-or-later
"""What mm step knew of the boot at each of its stops in a replay, so that it can go on from there after going back."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from ..target.control import Control

PAST = "step.past"      # in the memo


def note(control: Control, boot: Any) -> None:
    """Keep what is known now. boot is a step.Boot."""
    boot.at = control.instructions()
    if boot.at is not None:
        past = control.memo.setdefault(PAST, [])
        past[:] = [each for each in past if each.at < boot.at]
        past.append(_copy(boot))


def known_at(control: Control, boot: Any) -> Any:
    """What was known where the target is now: boot itself, unless somebody has gone back since."""
    here = control.instructions()
    if here is None or boot.at is None or here >= boot.at:
        return boot
    past = [each for each in control.memo.get(PAST, ()) if isinstance(each, type(boot)) and each.at <= here]
    control.memo[PAST] = past
    return _copy(past[-1]) if past else type(boot)()


def begun_before(control: Control, here: int) -> Optional[tuple[int, str]]:
    """Where mm step last saw a phase begin before a moment up to which it has seen all: its count, and the phase."""
    past = control.memo.get(PAST, ())
    if not past or not any(each.at == here for each in past):
        return None
    return next(((each.at, each.begun[-1]) for each in reversed(past) if each.at < here and each.begun), None)


def _copy(boot: Any) -> Any:
    return replace(boot, open=list(boot.open), done=set(boot.done), ended=[])
