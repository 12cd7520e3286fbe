# SPDX-License-Identifier: GPL-2.0-or-later
"""Values out of target memory, by name: integers, structs, strings."""
from __future__ import annotations

from typing import Optional, Union

from ..errors import FaultError, MissingError
from ..target.cache import CachedMemory
from .debuginfo import ARRAY, INT, STRUCT, Type
from .layout import Layout

LARGE_BYTES = 8192      # struct pglist_data has some ten times that, of which a few words matter


class Record:
    """One struct read from the target: its bytes, decoded on request."""

    def __init__(self, reader: Reader, tag: str, addr: int, data: Union[bytes, Window]) -> None:
        self._reader = reader
        self.tag = tag
        self.addr = addr
        self.data = data

    def has(self, name: str) -> bool:
        """Whether this kernel's struct has the member."""
        return self._reader.layout.find_field(f"{self.tag}.{name}") is not None

    def get(self, name: str, index: int = 0) -> int:
        """The integer or pointer in a member, or in element index of a member that is an array."""
        field = self._reader.layout.field(f"{self.tag}.{name}")
        kind, offset = field.type, field.offset
        if field.bits:
            data = self.data[offset:offset + (field.bit + field.bits + 7) // 8]
            return int.from_bytes(data, self._reader.order) >> field.bit & (1 << field.bits) - 1
        if kind.kind == ARRAY and kind.element is not None:
            kind, offset = kind.element, offset + index * kind.element.size
        return self._reader.decode(kind, self.data[offset:offset + kind.size])

    def find(self, name: str) -> Optional[int]:
        """The same, or None when this kernel's struct has no such member."""
        return self.get(name) if self.has(name) else None

    def all(self, name: str) -> tuple[int, ...]:
        """Every element of a member that is an array."""
        return tuple(self.get(name, index) for index in range(self.count(name)))

    def count(self, name: str) -> int:
        """Number of elements of a member that is an array."""
        return self._reader.layout.field(f"{self.tag}.{name}").type.count

    def addr_of(self, name: str, index: int = 0) -> int:
        """Address of a member, or of element index of it."""
        field = self._reader.layout.field(f"{self.tag}.{name}")
        step = field.type.element.size if field.type.element is not None else 0
        return self.addr + field.offset + index * step

    def inner(self, name: str, tag: str, index: int = 0) -> Record:
        """A struct inside this one (element index of an array of them), without reading again."""
        at = self.addr_of(name, index) - self.addr
        size = self._reader.layout.struct(tag).size
        return Record(self._reader, tag, self.addr + at, self.data[at:at + size])


class Window:
    """Bytes of a large struct, of which each part is read when it is looked at. A slice raises FaultError."""

    def __init__(self, memory: CachedMemory, addr: int, size: int) -> None:
        self._memory = memory
        self._addr = addr
        self._size = size

    def __getitem__(self, part: slice) -> bytes:
        start, end, _ = part.indices(self._size)
        return self._memory.read(self._addr + start, max(end - start, 0))


class Reader:
    """Target memory seen through a layout."""

    def __init__(self, memory: CachedMemory, layout: Layout) -> None:
        self.memory = memory
        self.layout = layout
        self.order = layout.debug.byte_order
        self.word = layout.debug.pointer_bytes

    def decode(self, kind: Type, data: bytes) -> int:
        """An integer; the only member of a struct that wraps one (atomic_t) counts as that."""
        if kind.kind == STRUCT:
            struct = self.layout.find_struct(kind.tag) if kind.tag else None
            members = tuple(struct.members.values()) if struct is not None else kind.members
            if len(members) == 1:
                kind = members[0].type
        return int.from_bytes(data, self.order, signed=kind.kind == INT)

    def unsigned(self, addr: int, size: int = 0) -> int:
        """An unsigned integer of size bytes, or of a pointer's size."""
        return int.from_bytes(self.memory.read(addr, size or self.word), self.order)

    def record(self, tag: str, addr: int) -> Record:
        """Read a struct; a large one part by part, when it is looked at. Raises FaultError, as that does."""
        size = self.layout.struct(tag).size
        if size > LARGE_BYTES:
            return Record(self, tag, addr, Window(self.memory, addr, size))
        return Record(self, tag, addr, self.memory.read(addr, size))

    def member(self, tag: str, addr: int, name: str) -> int:
        """One integer of a struct that is too large to be read as a whole. Raises MissingError, FaultError."""
        field = self.layout.field(f"{tag}.{name}")
        return self.decode(field.type, self.memory.read(addr + field.offset, field.type.size))

    def address(self, name: str) -> int:
        """Where a variable of the version table is. Raises MissingError."""
        return self.layout.variable(name).addr

    def value(self, name: str) -> int:
        """What a variable of the version table holds. Raises MissingError, FaultError."""
        variable = self.layout.variable(name)
        kind = variable.type
        if kind is None:
            return self.unsigned(variable.addr)
        if kind.kind == ARRAY:
            raise MissingError(f"{variable.path} is an array, not a value")
        return self.decode(kind, self.memory.read(variable.addr, kind.size))

    def find(self, name: str) -> Optional[int]:
        """The same, or None when the symbols have no such variable or it cannot be read."""
        try:
            return self.value(name)
        except (MissingError, FaultError):
            return None

    def name(self, record: Record, member: str, limit: int) -> Optional[str]:
        """A string member, kept as a pointer or in place; None without such a member or a readable string."""
        field = self.layout.find_field(f"{record.tag}.{member}")
        if field is None:
            return None
        if field.type.kind == ARRAY:
            return self.string(record.addr_of(member), min(field.type.count, limit))
        return self.string(record.get(member), limit)

    def string(self, addr: int, limit: int = 256) -> Optional[str]:
        """The C string at addr as far as limit; None when it cannot be read. Not escaped yet."""
        data = bytearray()
        while len(data) < limit:
            step = min(limit - len(data), 32 - (addr + len(data)) % 32)
            try:
                data += self.memory.read(addr + len(data), step)
            except FaultError:
                if not data:
                    return None
                break
            if 0 in data:
                break
        return bytes(data).split(b"\0")[0].decode("latin-1")
