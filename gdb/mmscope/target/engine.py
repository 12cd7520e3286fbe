# SPDX-License-Identifier: GPL-2.0-or-later
"""libmmdump.so, the dump engine, as Python objects. helper/dump/mmdump.h says what each call does.

The only module that loads the library: build/dump/libmmdump.so beside the tree, or what $MMSCOPE_ENGINE names; "off"
there is to do without. It makes things faster, never different: who finds no engine does the same in Python.
A part of the engine with calls of its own adds them to CALLS, and methods that use Machine.call().
"""
from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_size_t, c_uint, c_uint32, c_uint64, c_void_p
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, NoReturn, Optional, Union

from ..errors import BrokenPath, FaultError, MmError

VERSION = 1                         # MMDUMP_VERSION
SETTING, OFF = "MMSCOPE_ENGINE", "off"
BESIDE = Path(__file__).resolve().parents[3] / "build" / "dump" / "libmmdump.so"
OK, SYSTEM, FORMAT, CORRUPT, UNSUPPORTED, FAULT, ARGUMENT, LIMIT = range(8)
MMU_NONE, MMU_ARM_SHORT, MMU_ARM_LPAE, MMU_ARM64, MMU_X86_64 = range(5)
MMU_NAMES = "none", "arm", "lpae", "arm64", "x86_64"
SMALL_BYTES = 1 << 14               # of a read that needs no buffer of its own
LARGEST_INFO = 1 << 20              # of VMCOREINFO; a kernel has a page or two of it


class _Range(Structure):
    _fields_ = [("start", c_uint64), ("end", c_uint64)]


class _Segment(Structure):
    _fields_ = [("virt", c_uint64), ("phys", c_uint64), ("size", c_uint64)]


class _Note(Structure):
    _fields_ = [("name", c_char_p), ("type", c_uint32), ("desc", c_void_p), ("size", c_size_t)]


class _Mmu(Structure):
    _fields_ = [("kind", c_uint32), ("page_shift", c_uint32), ("va_bits", c_uint32), ("big_endian", c_uint32),
                ("root", c_uint64), ("start", c_uint64), ("encryption", c_uint64)]


class _Mapping(Structure):
    _fields_ = [("virt", c_uint64), ("phys", c_uint64), ("size", c_uint64)]


CALLS: dict[str, tuple] = {         # what each takes behind the machine; it returns a status
    "mmdump_open": (c_char_p,),
    "mmdump_add_file": (c_char_p, c_uint64, c_uint64, c_uint64),
    "mmdump_add_fd": (c_int, c_uint64, c_uint64, c_uint64),
    "mmdump_ranges": (POINTER(POINTER(_Range)), POINTER(c_size_t)),
    "mmdump_segments": (POINTER(POINTER(_Segment)), POINTER(c_size_t)),
    "mmdump_notes": (POINTER(POINTER(_Note)), POINTER(c_size_t)),
    "mmdump_vmcoreinfo": (POINTER(c_void_p), POINTER(c_size_t)),
    "mmdump_read_phys": (c_uint64, c_void_p, c_size_t, POINTER(c_uint64)),
    "mmdump_search": (c_void_p, c_size_t, c_uint64, POINTER(c_uint64)),
    "mmdump_set_mmu": (POINTER(_Mmu),),
    "mmdump_translate": (c_uint64, POINTER(_Mapping)),
    "mmdump_read_virt": (c_uint64, c_void_p, c_size_t, POINTER(c_uint64)),
}


@dataclass(frozen=True)
class Segment:
    """A piece of a core that says its virtual address. phys None: not known."""

    virt: int
    phys: Optional[int]
    size: int


@dataclass(frozen=True)
class Note:
    """A note of a core."""

    name: str
    type: int
    desc: bytes


@dataclass(frozen=True)
class Mapping:
    """What one entry of the page tables maps: [virt, virt + size) is at phys."""

    virt: int
    phys: int
    size: int


@dataclass(frozen=True)
class EngineMmu:
    """An address space (struct mmdump_mmu): kind is one of MMU_*."""

    kind: int = MMU_NONE
    page_shift: int = 12
    va_bits: int = 32
    root: int = 0               # physical address of the first table
    start: int = 0              # addresses below are not translated
    encryption: int = 0
    big_endian: bool = False

    @property
    def text(self) -> str:
        """As mmdump-stub's option --mmu takes it."""
        numbers = (self.page_shift, self.va_bits, self.root, self.start, self.encryption, int(self.big_endian))
        return ",".join([MMU_NAMES[self.kind], *map(hex, numbers)])


class Library:
    """The library, loaded. Raises BrokenPath saying why it cannot be used."""

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = str(path)
        try:
            self._library = ctypes.CDLL(self.path)
            version = self._library.mmdump_version
        except (OSError, AttributeError) as error:
            raise BrokenPath(f"the dump engine cannot be used: {error}") from None
        version.restype, version.argtypes = c_uint32, ()
        if version() != VERSION:
            raise BrokenPath(f"the dump engine {self.path} has version {version()}, not {VERSION}: run 'make dump'")
        self._calls: dict[str, Any] = {}

    def has(self, name: str) -> bool:
        """Whether it has a call."""
        return hasattr(self._library, name)

    def function(self, name: str, result: Any, *arguments: Any) -> Any:
        """A call by its name. Raises BrokenPath when the library does not have it."""
        if name not in self._calls:
            try:
                found = getattr(self._library, name)
            except AttributeError:
                raise BrokenPath(f"the dump engine {self.path} has no {name}(): run 'make dump'") from None
            found.restype, found.argtypes = result, arguments
            self._calls[name] = found
        return self._calls[name]

    def status(self, name: str) -> Any:
        """One of CALLS."""
        return self._calls.get(name) or self.function(name, c_int, c_void_p, *CALLS[name])


_found: dict[str, Union[Library, str]] = {}         # by what $MMSCOPE_ENGINE says; a str is why there is none


def _find() -> Union[Library, str]:
    """The library, or one line that says why it is not used; "" where nobody has built it, or wants it."""
    said = os.environ.get(SETTING, "")
    if said == OFF or not said and not BESIDE.exists():
        return ""
    if said not in _found:
        try:
            _found[said] = Library(said or BESIDE)
        except BrokenPath as error:
            _found[said] = str(error)
    return _found[said]


def library() -> Optional[Library]:
    """The engine; None without one."""
    found = _find()
    return found if isinstance(found, Library) else None


def why_not() -> Optional[str]:
    """One line when there is an engine that cannot be used; None when there is none, or all is well."""
    found = _find()
    return found if isinstance(found, str) and found else None


class Machine:
    """The memory of a machine that stands still, or of one that is not looked at while it runs.

    Errors: FaultError where there is no memory; BrokenPath where a file cannot be read; MmError for what is asked
    wrongly, or is too much. One thread at a time. close() gives everything back, and is called once at most.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.mmu: Optional[EngineMmu] = None        # what set_mmu() was told
        self._pointer = c_void_p()
        create = library.function("mmdump_create", c_int, POINTER(c_void_p))
        if create(byref(self._pointer)) != OK:
            raise BrokenPath("the dump engine has no memory for itself")
        self._small = ctypes.create_string_buffer(SMALL_BYTES)
        self._fault = c_uint64()

    def close(self) -> None:
        """Give everything back: no other call after this one."""
        pointer, self._pointer = self._pointer, c_void_p()
        self.library.function("mmdump_destroy", None, c_void_p)(pointer)

    def call(self, name: str, *arguments: Any) -> None:
        """One of CALLS; anything but OK is raised. A FaultError of it has no address: see read_phys()."""
        status = self.library.status(name)(self._alive, *arguments)
        if status != OK:
            self.fail(status)

    def fail(self, status: int) -> NoReturn:
        """Raise what a status means, with the library's line."""
        message = self.library.function("mmdump_message", c_char_p, c_void_p)(self._alive)
        line = (message or b"").decode("latin-1") or f"the dump engine failed with status {status}"
        if status == FAULT:
            error = FaultError(0)
            error.args = (line,)
            raise error
        raise (MmError if status in (ARGUMENT, LIMIT) else BrokenPath)(line)

    @property
    def _alive(self) -> c_void_p:
        if not self._pointer:
            raise BrokenPath("the dump is closed")
        return self._pointer

    # --- memory ---

    def open(self, path: str) -> None:
        """Add all memory that a core has."""
        self.call("mmdump_open", os.fsencode(path))

    def add_file(self, path: str, offset: int, phys: int, size: int = 0) -> None:
        """Add a bank of RAM that lies in a file as it is; size 0: to its end."""
        self.call("mmdump_add_file", os.fsencode(path), *map(_number, (offset, phys, size)))

    def add_fd(self, fd: int, offset: int, phys: int, size: int) -> None:
        """The same of an open file, which is duplicated."""
        self.call("mmdump_add_fd", fd, *map(_number, (offset, phys, size)))

    def set_threads(self, threads: int) -> None:
        """Threads for passes over all memory; 0: one a processor."""
        self.library.function("mmdump_set_threads", None, c_void_p, c_uint)(self._alive, threads)

    @property
    def format(self) -> str:
        """What the first file is: "ELF core", ..."""
        return self._text("mmdump_format") or ""

    @property
    def warning(self) -> Optional[str]:
        """What is not as it should be with a file that can be read; None: nothing."""
        return self._text("mmdump_warning")

    @property
    def cut(self) -> bool:
        """Whether memory is missing that a file says it has."""
        return bool(self.library.function("mmdump_is_cut", c_int, c_void_p)(self._alive))

    def _text(self, name: str) -> Optional[str]:
        """What a call that gives a string says."""
        found = self.library.function(name, c_char_p, c_void_p)(self._alive)
        return found.decode("latin-1") if found is not None else None

    def ranges(self) -> tuple[tuple[int, int], ...]:
        """[start, end) of all physical memory there is: sorted, disjoint."""
        return tuple((each.start, each.end) for each in self._array("mmdump_ranges", _Range))

    def segments(self) -> tuple[Segment, ...]:
        """Pieces of a core that say their virtual address."""
        return tuple(Segment(each.virt, each.phys if each.phys != (1 << 64) - 1 else None, each.size)
                     for each in self._array("mmdump_segments", _Segment))

    def notes(self) -> tuple[Note, ...]:
        """The notes of a core."""
        return tuple(Note((each.name or b"").decode("latin-1"), each.type,
                          ctypes.string_at(each.desc, each.size) if each.desc else b"")
                     for each in self._array("mmdump_notes", _Note))

    def _array(self, name: str, kind: type) -> list:
        """What a call that gives an array has."""
        found, count = POINTER(kind)(), c_size_t()
        self.call(name, byref(found), byref(count))
        return found[:count.value] if count.value else []

    def machine(self) -> tuple[int, int, bool]:
        """e_machine and bits of the core, and whether it is big-endian; 0 and 0 without one."""
        found = [c_uint32() for _ in range(3)]
        self.library.function("mmdump_machine", None, c_void_p, *[POINTER(c_uint32)] * 3)(
            self._alive, *map(byref, found))
        return found[0].value, found[1].value, bool(found[2].value)

    def vmcoreinfo(self) -> dict[str, str]:
        """The kernel's own notes for who reads its cores, by key; empty without any. The first of a key counts."""
        found, size = c_void_p(), c_size_t()
        self.call("mmdump_vmcoreinfo", byref(found), byref(size))
        text = ctypes.string_at(found, min(size.value, LARGEST_INFO)).decode("latin-1") if found else ""
        pairs = (line.partition("=") for line in text.split("\0")[0].split("\n"))
        return {key: value for key, equal, value in reversed(list(pairs)) if equal}

    def read_phys(self, phys: int, size: int) -> bytes:
        """Exactly size bytes. Raises FaultError with the first address that is not there."""
        return self._read("mmdump_read_phys", phys, size)

    def search(self, data: bytes, start: int = 0) -> Optional[int]:
        """The lowest physical address, from start on, of these bytes (1 to 4096); None: nowhere."""
        if not 0 <= start < 1 << 64:
            return None
        found = c_uint64()
        status = self.library.status("mmdump_search")(self._alive, data, len(data), start, byref(found))
        if status not in (OK, FAULT):
            self.fail(status)
        return found.value if status == OK else None

    # --- address space ---

    def set_mmu(self, kind: int, page_shift: int = 12, va_bits: int = 32, root: int = 0, start: int = 0,
                encryption: int = 0, big_endian: bool = False) -> None:
        """Virtual memory from now on; what was known of other page tables, or of these, is forgotten. See EngineMmu."""
        self.mmu = None
        self.call("mmdump_set_mmu", byref(_Mmu(kind, page_shift, va_bits, big_endian,
                                               *map(_number, (root, start, encryption)))))
        self.mmu = EngineMmu(kind, page_shift, va_bits, root, start, encryption, bool(big_endian))

    def forget(self) -> None:
        """The tables may have changed: they are looked at anew."""
        if self.mmu is not None:
            self.set_mmu(*astuple(self.mmu))

    def translate(self, virt: int) -> Mapping:
        """The mapping that holds an address. Raises FaultError."""
        found = _Mapping()
        if not 0 <= virt < 1 << 64:
            raise FaultError(virt)
        status = self.library.status("mmdump_translate")(self._alive, virt, byref(found))
        if status == FAULT:
            raise FaultError(virt)
        if status != OK:
            self.fail(status)
        return Mapping(found.virt, found.phys, found.size)

    def read_virt(self, addr: int, size: int) -> bytes:
        """As read_phys(), of virtual memory."""
        return self._read("mmdump_read_virt", addr, size)

    def _read(self, name: str, addr: int, size: int) -> bytes:
        """Exactly size bytes."""
        if addr < 0 or size < 0 or addr + size > 1 << 64:
            raise FaultError(addr, size)
        buffer = self._small if size <= SMALL_BYTES else ctypes.create_string_buffer(size)
        status = self.library.status(name)(self._alive, addr, buffer, size, byref(self._fault))
        if status == OK:
            return ctypes.string_at(buffer, size)
        if status == FAULT:
            raise FaultError(self._fault.value, size)
        self.fail(status)


def _number(value: int) -> int:
    """ctypes would cut it. Raises MmError."""
    if not 0 <= value < 1 << 64:
        raise MmError(f"{value:#x} is no address, offset or size")
    return value
