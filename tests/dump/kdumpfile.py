# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump-compressed files as a test wants them, plain or flattened (makedumpfile's diskdump format, version 6)."""
from __future__ import annotations

import struct
import zlib
from typing import Optional

BLOCK = 4096
ZLIB = 1


def kdump(pages: dict[int, Optional[bytes]], *, bits: int = 64, machine: bytes = b"x86_64", notes: bytes = b"",
          compress: bool = True, padded: bool = False, **lies: int) -> bytes:
    """A file with these pages by pfn; a page that is None is RAM that was left out. lies: header fields."""
    max_mapnr = max(pages) + 1
    bitmap = [bytearray(-(-max_mapnr // (8 * BLOCK)) * BLOCK) for _ in range(2)]
    for pfn, data in pages.items():
        bitmap[0][pfn // 8] |= 1 << pfn % 8
        if data is not None:
            bitmap[1][pfn // 8] |= 1 << pfn % 8
    bitmap_blocks = sum(map(len, bitmap)) // BLOCK
    sub_blocks = 1 + -(-len(notes) // BLOCK)
    fields = {"status": ZLIB if compress else 0, "block_size": BLOCK, "sub_hdr_size": sub_blocks,
              "bitmap_blocks": bitmap_blocks, "max_mapnr": max_mapnr, **lies}
    uts = b"".join(text.ljust(65, b"\0") for text in (b"Linux", b"host", b"6.1", b"#1", machine, b""))
    head = (b"KDUMP   " + struct.pack("<i", 6) + uts).ljust(408 if bits == 64 else 404, b"\0")
    head += bytes(16 if bits == 64 else 8)
    head += struct.pack("<iiIIIiiiii", *fields.values(), 0, 0, 0, 0, 1)
    sub = sub_header(bits, BLOCK * 2, len(notes), max_mapnr, padded)
    file = head.ljust(BLOCK, b"\0") + sub.ljust(BLOCK, b"\0")
    file += notes.ljust((sub_blocks - 1) * BLOCK, b"\0") + bytes(bitmap[0]) + bytes(bitmap[1])
    return file + page_data(len(file), [data for _, data in sorted(pages.items()) if data is not None], compress)


def sub_header(bits: int, offset_note: int, size_note: int, max_mapnr: int, padded: bool) -> bytes:
    """struct kdump_sub_header; with 32 bits as x86 and QEMU align it, or padded as ARM does."""
    form = "<QiiQQqQqQqQQQQ" if bits == 64 else "<IiiII4xqI4xqI4xqI4xQQQ" if padded else "<IiiIIqIqIqIQQQ"
    return struct.pack(form, 0, 0, 0, 0, 0, 0, 0, offset_note, size_note, 0, 0, 0, 0, max_mapnr)


def page_data(at: int, pages: list[bytes], compress: bool) -> bytes:
    """struct page_desc of each page, and the pages."""
    descs, body = b"", b""
    at += 24 * len(pages)
    for page in pages:
        packed = zlib.compress(page) if compress else page
        small = compress and len(packed) < len(page)
        packed = packed if small else page
        descs += struct.pack("<qIIQ", at + len(body), len(packed), ZLIB if small else 0, 0)
        body += packed
    return descs + body


def flattened(file: bytes, piece: int = 5000, end: bool = True) -> bytes:
    """The same file as a list of pieces, the first one last."""
    out = (b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1)).ljust(4096, b"\0")
    starts = list(range(0, len(file), piece))
    for at in starts[1:] + starts[:1]:
        data = file[at:at + piece]
        out += struct.pack(">qq", at, len(data)) + data
    return out + struct.pack(">qq", -1, -1) if end else out
