# SPDX-License-Identifier: GPL-2.0-or-later
"""Dataclasses from JSON that somebody else may have written: every value has to be of the type that its field says."""
from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import MmError

T = TypeVar("T")
LARGEST = 1 << 65       # of a number, either sign: the end of a range whose base and size were overwritten
MOST_SHOWN = 40         # characters of a value that is wrong


def rebuild(cls: type[T], data: Any, where: str) -> T:
    """An instance of a dataclass. Raises MmError that says which value is wrong, and what it should be."""
    if not isinstance(data, dict):
        raise _wrong(where, data, "an object")
    hints = _hints(cls)
    for name in hints:
        if name not in data and not hasattr(cls, name):         # those with a default came later
            raise MmError(f"{where} has no {name}")
    return cls(**{name: _value(hint, data[name], f"{where}.{name}") for name, hint in hints.items() if name in data})


@lru_cache(maxsize=None)
def _hints(cls: type) -> dict[str, Any]:
    """Types of the fields that JSON has."""
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _value(hint: Any, data: Any, where: str) -> Any:
    """One value."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Union:                             # Optional
        return None if data is None else _value(inner[0], data, where)
    if origin is tuple:
        if not isinstance(data, list):
            raise _wrong(where, data, "a list")
        if inner[0] is int:
            _check_numbers(data, where)
            return tuple(data)
        return tuple(_value(inner[0], each, f"{where}[{index}]") for index, each in enumerate(data))
    if origin is dict:
        if not isinstance(data, dict):
            raise _wrong(where, data, "an object")
        return {key: _value(inner[1], each, f"{where}.{key[:MOST_SHOWN]}") for key, each in data.items()}
    if dataclasses.is_dataclass(hint):
        return rebuild(hint, data, where)
    if hint is int:
        _check_numbers([data], where)
    elif type(data) is not hint:
        raise _wrong(where, data, {str: "a string", bool: "true or false"}.get(hint, hint.__name__))
    return data


def _check_numbers(data: list[Any], where: str) -> None:
    """All are integers that a 64-bit machine can have, or sums of two."""
    if all(type(each) is int for each in data) and (not data or -LARGEST < min(data) and max(data) < LARGEST):
        return
    for index, each in enumerate(data):
        if type(each) is not int or not -LARGEST < each < LARGEST:
            raise _wrong(where if len(data) == 1 else f"{where}[{index}]", each, "a number of 64 bits")


def _wrong(where: str, data: Any, expected: str) -> MmError:
    text = type(data).__name__ if isinstance(data, (dict, list, int)) else repr(data)[:MOST_SHOWN]
    return MmError(f"{where} is {text}, not {expected}")
