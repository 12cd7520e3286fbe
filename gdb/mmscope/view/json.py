# SPDX-License-Identifier: GPL-2.0-or-later
"""One JSON document for one result."""
from __future__ import annotations

import dataclasses
import json
from typing import Any

from ..model.info import Target


def document(name: str, target: Target, result: Any) -> str:
    """The text of one."""
    return json.dumps(contents(name, target, result), indent=1) + "\n"


def contents(name: str, target: Target, result: Any) -> dict[str, Any]:
    """schema and target first, the result's own fields, problems last."""
    body = plain(result)
    problems = body.pop("problems")
    return {"schema": f"mmscope/{name}/1", "target": plain(target), **body, "problems": problems}


def plain(value: Any) -> Any:
    """Dataclasses as dicts, tuples as lists, all the way down. A field marked json=False is left out."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
                if field.metadata.get("json", True)}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value
