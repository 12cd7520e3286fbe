# SPDX-License-Identifier: GPL-2.0-or-later
"""A layout that mm layout --export wrote, as debug information. The file is not trusted; docs/layout.md describes it.

Nothing is looked at before somebody asks for it. A question that the file has no answer to is an error that says so,
never the answer "there is none".
"""
from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Optional

from ..errors import MmError
from ..target.jsonfile import parse, read_file
from .debuginfo import ARRAY, INT, OTHER, POINTER, STRUCT, UINT, Member, Struct, Symbol, Type

SCHEMA = "mmscope/layout/1"
KINDS = (INT, UINT, POINTER, STRUCT, ARRAY, OTHER)
MAX_FILE_BYTES = 64 << 20
MAX_SYMBOL_BYTES = 64 << 20         # their lines, unpacked
MAX_ALIASES = 1024                  # symbols of one address
MAX_DEPTH = 32                      # of types in types
MAX_SIZE = 64 << 20                 # bytes of any type
MAX_STRUCT = 4 << 20


class ExportedDebug:
    """A DebugInfo out of a file. offset: how far KASLR has moved the kernel."""

    def __init__(self, document: dict[str, Any], where: str, offset: int = 0) -> None:
        self._document = document
        self.where = where
        self.offset = offset
        self.arch = self._text(document.get("arch"), "arch")
        self.byte_order = self._text(document.get("byte_order"), "byte_order")
        self.pointer_bytes = self._number(document.get("pointer_bytes"), 8, "pointer_bytes")
        if self.byte_order not in ("little", "big"):
            self._wrong("byte_order")
        if self.pointer_bytes not in (4, 8):
            self._wrong("pointer_bytes")
        self._mask = (1 << self.pointer_bytes * 8) - 1
        self._symbols: Optional[SymbolTable] = None

    def moved(self, offset: int) -> ExportedDebug:
        """The same kernel, moved by an offset from where its file has it."""
        other = ExportedDebug(self._document, self.where, offset)
        other._symbols = self._symbols
        return other

    # --- layout/debuginfo.py's questions ---

    def struct(self, tag: str) -> Optional[Struct]:
        """struct TAG, or None. Raises MmError where the file does not say."""
        found = self._asked("structs", tag, f"struct {tag}")
        if found is None:
            return None
        what = f"struct {tag}"
        size, members = self._list(found, 2, 2, what)
        size = self._number(size, MAX_STRUCT, what)
        return Struct(tag, size, {each.name: each for each in self._members(members, size, what, 0)})

    def enum(self, tag: str) -> Optional[dict[str, int]]:
        """Enumerators of enum TAG in the order of their declaration, or None."""
        found = self._asked("enums", tag, f"enum {tag}")
        if found is not None and not (isinstance(found, dict) and all(_is_number(each) for each in found.values())):
            self._wrong(f"enum {tag}")
        return found

    def symbol(self, name: str) -> Optional[Symbol]:
        """A variable or function that is asked for by the version table, or None."""
        found = self._asked("variables", name, f"variable {name}")
        if found is None:
            return None
        addr, kind = self._list(found, 2, 2, f"variable {name}")
        addr = self._number(addr, self._mask, f"variable {name}")
        return Symbol(name, addr + self.offset & self._mask,
                      self._type(kind, f"variable {name}", 0) if kind is not None else None)

    def parameter_count(self, function: str) -> Optional[int]:
        """How many parameters a function takes, or None when it is not known."""
        found = self._asked("parameters", function, f"function {function}")
        return self._number(found, 64, f"function {function}") if found is not None else None

    # --- what only the symbol file knows ---

    def static(self, addr: int, size: int) -> Optional[bytes]:
        """Bytes that the symbol file loads at an address; None when the file does not have them.

        Of the constants it has format strings alone, one behind the other.
        """
        addr = addr - self.offset & self._mask
        constants = self._document.get("constants")
        if constants is not None:
            start, texts = self._list(constants, 2, 2, "constants")
            if start == addr:
                if not isinstance(texts, list):
                    self._wrong("constants")
                joined = "\0".join(["", *(self._text(each, "constants") for each in texts), ""])
                return joined.encode("latin-1", "replace")
        for each in self._list(self._document.get("static"), 0, 64, "static"):
            start, text = self._list(each, 2, 2, "static")
            start = self._number(start, self._mask, "static")
            try:
                data = bytes.fromhex(self._text(text, "static"))
            except ValueError:
                self._wrong("static")
            if start <= addr < start + len(data):
                return data[addr - start:addr - start + size]
        return None

    @property
    def symbols(self) -> SymbolTable:
        """All symbols, at their addresses in the file. Raises MmError."""
        if self._symbols is None:
            count, text = self._list(self._document.get("symbols"), 2, 2, "symbols")
            sections = [self._list(each, 2, 2, "sections") for each in
                        self._list(self._document.get("sections"), 0, 1 << 16, "sections")]
            try:
                unpack = zlib.decompressobj()
                data = unpack.decompress(base64.b64decode(self._text(text, "symbols"), validate=True),
                                         MAX_SYMBOL_BYTES)
                if unpack.unconsumed_tail or not unpack.eof:
                    self._wrong("symbols")
            except (zlib.error, binascii.Error, ValueError):
                self._wrong("symbols")
            if data.count(b"\n") != count:
                self._wrong("symbols")
            self._symbols = SymbolTable(data, self.pointer_bytes * 2, [
                (self._number(start, self._mask, "sections"), self._number(end, self._mask + 1, "sections"))
                for start, end in sections])
        return self._symbols

    def find(self, name: str) -> Optional[Found]:
        """A symbol of the whole table, where it is now, or None."""
        try:
            found = self.symbols.find(name)
        except ValueError:
            self._wrong("symbols")
        return replace(found, addr=found.addr + self.offset & self._mask) if found is not None else None

    def around(self, addr: int) -> Optional[Found]:
        """The symbol that an address belongs to, where it is now; None outside the file's sections."""
        try:
            found = self.symbols.around(addr - self.offset & self._mask)
        except ValueError:
            self._wrong("symbols")
        return replace(found, addr=found.addr + self.offset & self._mask) if found is not None else None

    # --- reading ---

    def _asked(self, part: str, name: str, what: str) -> Any:
        """An answer that the file has. Raises MmError."""
        answers = self._document.get(part)
        if not isinstance(answers, dict):
            self._wrong(part)
        if name not in answers:
            raise MmError(f"{self.where} does not say whether there is a {what}: another version of mmscope wrote it; "
                          "write it anew with 'mm layout --export'")
        return answers[name]

    def _members(self, found: Any, size: int, what: str, depth: int) -> list[Member]:
        """Members within size bytes."""
        members = []
        for each in self._list(found, 0, 1 << 16, what):
            name, offset, kind, *bits = self._list(each, 3, 5, what)
            kind = self._type(kind, what, depth + 1)
            offset = self._number(offset, size, what)
            bit, count = (self._number(value, 64, what) for value in bits) if len(bits) == 2 else (0, 0)
            if len(bits) == 1 or offset + (-(-(bit + count) // 8) if count else kind.size) > size:
                self._wrong(what)
            members.append(Member(self._text(name, what), offset, kind, bit, count))
        return members

    def _type(self, found: Any, what: str, depth: int) -> Type:
        """A type."""
        if depth > MAX_DEPTH:
            self._wrong(what)
        kind, size, *rest = self._list(found, 2, 4, what)
        size = self._number(size, MAX_SIZE, what)
        if kind not in KINDS or len(rest) != {STRUCT: 1, ARRAY: 2}.get(kind, 0):
            self._wrong(what)
        if kind == STRUCT:
            if isinstance(rest[0], str):
                return Type(STRUCT, size, tag=rest[0])
            return Type(STRUCT, size, members=tuple(self._members(rest[0], size, what, depth)))
        if kind == ARRAY:
            element = self._type(rest[0], what, depth + 1)
            count = self._number(rest[1], MAX_SIZE, what)
            if count * max(element.size, 1) > size:
                self._wrong(what)
            return Type(ARRAY, size, element=element, count=count)
        return Type(kind, size)

    def _list(self, found: Any, least: int, most: int, what: str) -> list:
        if not isinstance(found, list) or not least <= len(found) <= most:
            self._wrong(what)
        return found

    def _number(self, found: Any, most: int, what: str) -> int:
        if not _is_number(found) or not 0 <= found <= most:
            self._wrong(what)
        return found

    def _text(self, found: Any, what: str) -> str:
        if not isinstance(found, str):
            self._wrong(what)
        return found

    def _wrong(self, what: str) -> NoReturn:
        raise MmError(f"{self.where}: its {what} is not as docs/layout.md has it")


@dataclass(frozen=True)
class Found:
    """A symbol of the file's table."""

    addr: int
    size: int
    code: bool          # a function
    name: str


class SymbolTable:
    """All symbols of a file, as lines that are sorted by address: a look costs some lines, not all of them.

    A line that is not as it should be raises ValueError when it is met; wrong order gives wrong answers.
    """

    def __init__(self, lines: bytes, digits: int, sections: list[tuple[int, int]]) -> None:
        self._lines = lines
        self._digits = digits
        self._sections = sections
        self._at = 0                    # where the line begins that was given last

    def find(self, name: str) -> Optional[Found]:
        """The symbol of a name, of several that with the lowest address; None without any."""
        if not name or not name.isascii() or not name.isprintable() or " " in name:
            return None
        at = self._lines.find(f" {name}\n".encode("ascii"))
        return self._line(at) if at >= 0 else None

    def around(self, addr: int) -> Optional[Found]:
        """The last symbol that does not lie behind addr, in the same section; a function that covers it comes first."""
        section = next((each for each in self._sections if each[0] <= addr < each[1]), None)
        if section is None:
            return None
        last = found = self._before(addr + 1)
        for _ in range(MAX_ALIASES):
            if found is None or last is None or found.addr != last.addr:
                break
            if found.code and addr < found.addr + found.size:
                return found
            found = self._previous()
        return last if last is not None and last.addr >= section[0] else None

    def _before(self, addr: int) -> Optional[Found]:
        """The last symbol below addr."""
        low, high = 0, len(self._lines)         # low is where a line begins, and so is high
        while low < high:
            middle = self._lines.rfind(b"\n", 0, (low + high) // 2) + 1
            if self._addr(middle) < addr:
                low = self._lines.find(b"\n", (low + high) // 2) + 1 or high
            else:
                high = middle
        self._at = low
        return self._previous()

    def _previous(self) -> Optional[Found]:
        """The line before the last one that was given."""
        if self._at <= 0:
            return None
        self._at = self._lines.rfind(b"\n", 0, self._at - 1) + 1
        return self._line(self._at)

    def _addr(self, start: int) -> int:
        return int(self._lines[start:start + self._digits], 16)

    def _line(self, at: int) -> Found:
        """The line that has a byte."""
        start, end = self._lines.rfind(b"\n", 0, at) + 1, self._lines.find(b"\n", at)
        addr, size, kind, name = self._lines[start:end].decode("ascii").split(" ", 3)
        if max(len(addr), len(size)) > self._digits:
            raise ValueError("a number with too many digits")
        return Found(int(addr, 16), int(size, 16), kind == "t", name)


def _is_number(found: Any) -> bool:
    return isinstance(found, int) and not isinstance(found, bool)


def read_layout(path: str) -> ExportedDebug:
    """The layout in a file. Raises MmError with one line that says what is wrong with the file."""
    where, data = f"'{path}'", read_file(path, MAX_FILE_BYTES, "a layout")
    if data[:1] != b"{":
        told = " (an ELF file: 'mm layout --export' makes a layout of a vmlinux, in GDB)" if data[:4] == b"\x7fELF" \
            else ""
        raise MmError(f"{where} is no layout{told}")
    return ExportedDebug(parse(data, where, SCHEMA, "a layout"), where)
