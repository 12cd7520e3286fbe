# SPDX-License-Identifier: GPL-2.0-or-later
"""One line of GDB/MI, decoded (GDB manual, "GDB/MI Output Syntax")."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

ESCAPES = {"n": b"\n", "t": b"\t", "r": b"\r", "a": b"\a", "b": b"\b",
           "f": b"\f", "v": b"\v", "e": b"\x1b"}
ESCAPE = re.compile(r"\\([0-7]{1,3}|.)", re.DOTALL)
NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Record:
    """A result ("^done"), an event ("*stopped") or text ("~", "@", "&")."""
    token: str          # of the command that it answers, "" for an event
    kind: str           # the first character
    name: str           # "done", "error", "stopped"; the text of a stream
    values: dict[str, Any]


def parse(line: str) -> Record | None:
    """Decode one line; None for the prompt and for what is not MI."""
    found = re.match(r"(\d*)([\^*+=~@&])", line)
    if not found:
        return None
    token, kind = found.groups()
    rest = line[found.end():]
    if kind in "~@&":
        return Record(token, kind, Reader(rest).value(), {})
    name, _, fields = rest.partition(",")
    return Record(token, kind, name, Reader(fields).fields(""))


class Reader:
    """A cursor over the values of one record."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        """The next character, "" at the end."""
        return self.text[self.at:self.at + 1]

    def value(self) -> Any:
        """A string, a tuple as dict, or a list."""
        first = self.peek()
        self.at += 1
        if first == '"':
            return self.string()
        if first == "{":
            return self.fields("}")
        if first == "[":
            return self.items()
        raise ValueError(f"no MI value at {self.at - 1} in {self.text!r}")

    def string(self) -> str:
        """The rest of a C string; bytes above 127 come as octal escapes."""
        start = self.at
        while self.peek() != '"':
            if not self.peek():
                raise ValueError(f"open string in {self.text!r}")
            self.at += 2 if self.peek() == "\\" else 1
        raw = self.text[start:self.at]
        self.at += 1
        out, last = b"", 0
        for found in ESCAPE.finditer(raw):
            out += raw[last:found.start()].encode()
            code = found.group(1)
            out += (bytes([int(code, 8) & 0xff]) if code[0] in "01234567"
                    else ESCAPES.get(code, code.encode()))
            last = found.end()
        return (out + raw[last:].encode()).decode("utf-8", "replace")

    def fields(self, closing: str) -> dict[str, Any]:
        """name=value pairs up to `closing` ("": the end of the line)."""
        result: dict[str, Any] = {}
        while self.peek() and self.peek() != closing:
            if self.peek() == ",":
                self.at += 1
                continue
            name = NAME.match(self.text, self.at)
            if not name:    # mi2 gives a second breakpoint location unnamed
                self.value()
                continue
            self.at = name.end() + 1
            result[name.group()] = self.value()
        self.at += 1
        return result

    def items(self) -> list[Any]:
        """The rest of a list: values, or name=value pairs as values."""
        result = []
        while self.peek() and self.peek() != "]":
            if self.peek() == ",":
                self.at += 1
                continue
            name = NAME.match(self.text, self.at)
            if name:
                self.at = name.end() + 1
            result.append(self.value())
        self.at += 1
        return result
