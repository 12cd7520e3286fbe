# SPDX-License-Identifier: GPL-2.0-or-later
"""From an address to the function around it, as the kernel itself names it: its own table, read from its memory.

Sources: scripts/kallsyms.c (what is in the table), kernel/kallsyms.c. Symbols are sorted by address. The address of one
is a word, or 32 bits that count from a base, or from where they stand, or are the address. A name is a length and so
many tokens, each of which stands for a piece of text; the first character is the symbol's type. There is a marker for
every 256th name.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import FaultError, MissingError
from .context import Context, Symbolized
from .percpu import percpu_shift

MARKED = 256
MAX_SYMBOLS = 1 << 24
MAX_ALIASES = 1024          # names of one address
MAX_NAME = 512
LONG_NAME = 0x80            # of a length byte: seven more bits follow (v6.1)


@dataclass(frozen=True)
class Kallsyms:
    """Where one kernel's table is, and how its addresses are kept."""

    ctx: Context
    count: int
    form: str                   # "word", "based", "signed" (above 0 a per-CPU offset), "here" or "plain"
    table: int
    base: int
    names: int
    markers: int
    marker_bytes: int
    tokens: int
    token_index: int

    def address(self, index: int) -> int:
        """Address of a symbol. Raises FaultError."""
        read, mask = self.ctx.read, (1 << self.ctx.read.word * 8) - 1
        if self.form == "word":
            return read.unsigned(self.table + index * read.word)
        at = self.table + index * 4
        offset = read.unsigned(at, 4)
        signed = offset - (1 << 32) if offset >> 31 else offset
        if self.form == "signed":
            return signed if signed >= 0 else self.base - 1 - signed & mask
        if self.form == "here":
            return at + signed & mask
        return self.base + offset & mask

    def name(self, index: int) -> str:
        """Name of a symbol, without its type. Raises FaultError."""
        read = self.ctx.read
        at = self.names + read.unsigned(self.markers + index // MARKED * self.marker_bytes, self.marker_bytes)
        for _ in range(index % MARKED):
            length, taken = self._length(at)
            at += taken + length
        length, taken = self._length(at)
        text = "".join(self._token(byte) for byte in self.ctx.memory.read(at + taken, length))
        return text[1:]

    def _length(self, at: int) -> tuple[int, int]:
        """How many tokens a name has, and how many bytes say so."""
        first = self.ctx.read.unsigned(at, 1)
        if not first & LONG_NAME:
            return first, 1
        return first & ~LONG_NAME | self.ctx.read.unsigned(at + 1, 1) << 7, 2

    def _token(self, byte: int) -> str:
        read = self.ctx.read
        return read.string(self.tokens + read.unsigned(self.token_index + byte * 2, 2), MAX_NAME) or ""

    def lookup(self, addr: int) -> Optional[Symbolized]:
        """The symbol that an address belongs to: of several at one address the first; None outside the kernel."""
        low, high = 0, self.count
        while high - low > 1:
            middle = (low + high) // 2
            if self.address(middle) <= addr:
                low = middle
            else:
                high = middle
        start = self.address(low)
        if start > addr:
            return None
        for _ in range(MAX_ALIASES):
            if not low or self.address(low - 1) != start:
                break
            low -= 1
        end = self.address(high) if high < self.count else self.ctx.read.address("kernel end")
        return Symbolized(self.name(low), addr - start, end - start)


def symbolize(ctx: Context, addr: int) -> Optional[Symbolized]:
    """The kernel's own name for an address in its image; without its table the symbol file's; None without either."""
    try:
        table = find_kallsyms(ctx)
        start = min(ctx.read.address("kernel text"), ctx.read.address("kernel start"))
        if start <= addr < ctx.read.address("kernel end"):
            return table.lookup(addr)
        return None
    except (MissingError, FaultError):
        return ctx.host.symbolize(addr)


def find_kallsyms(ctx: Context) -> Kallsyms:
    """The table of this kernel. Raises MissingError, FaultError."""
    read, layout = ctx.read, ctx.layout
    count = read.value("symbol count")
    if not 0 < count < MAX_SYMBOLS:
        raise MissingError("the kernel's table of symbols is empty")
    base = 0
    if layout.find_variable("symbol offsets") is None:
        form, table = "word", read.address("symbol addresses")
    else:
        table = read.address("symbol offsets")
        if layout.find_variable("symbol base") is not None:
            base = read.value("symbol base")
            form = "signed" if percpu_shift(ctx) is not None else "based"
        else:
            form = "here" if read.word == 8 else "plain"
    kind = layout.variable("symbol markers").type
    marker = kind.element.size if kind is not None and kind.element is not None else 4
    return Kallsyms(ctx, count, form, table, base, read.address("symbol names"), read.address("symbol markers"), marker,
                    read.address("symbol tokens"), read.address("symbol token index"))
