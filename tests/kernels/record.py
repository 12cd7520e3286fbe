# SPDX-License-Identifier: GPL-2.0-or-later
"""Sourced in GDB behind gdb/mm.py: keeps what the commands ask of a kernel.

    python recorder = Recorder()    the layout is recorded from here on
    python recorder.begin("NAME")   memory and registers, of this stop
    mm zones ...
    python recorder.end()
    python recorder.write("FILE", said)

What is in the file: tests/model/recording.py.
"""
import base64
import dataclasses
import json
import lzma
import os
import struct

from mmscope.errors import FaultError
from mmscope.layout.debuginfo import Struct
from mmscope.layout.layout import Layout
from mmscope.layout.versions import FIELDS, VARIABLES
from mmscope.session import load
from mmscope.session.debuginfo import GdbDebugInfo
from mmscope.target.cache import CachedMemory
from mmscope.target.engine import OFF, SETTING


MOST_STATIC_BYTES = 4096
PHYSICAL = "physical read"      # tests/model/recording.py, too


def packed(data):
    """Bytes as text."""
    return base64.b64encode(lzma.compress(
        data, preset=9 | lzma.PRESET_EXTREME)).decode()


def type_json(kind):
    """A Type as JSON: kind, size, then tag, members or element and count."""
    if kind is None:
        return None
    found = [kind.kind, kind.size]
    if kind.kind == "struct":
        found.append(kind.tag or [member_json(m) for m in kind.members])
    elif kind.kind == "array":
        found += [type_json(kind.element), kind.count]
    return found


def member_json(member):
    """A Member as JSON."""
    found = [member.name, member.offset, type_json(member.type)]
    return found + [member.bit, member.bits] if member.bits else found


def _formats(data):
    """Bytes of the symbol file; of all its constants only the formats of
    whole lines, one behind the other: megabytes that nobody asks for."""
    if len(data) <= MOST_STATIC_BYTES:
        return data
    return b"\0".join(
        [b"", *(text for text in data.split(b"\0")
                if text.startswith(b"\n") and b"%" in text
                and text.isascii() and text[1:].replace(b"\n", b"")
                .decode().isprintable()), b""])


class Members(dict):
    """Members of a struct; which of them were asked for is kept."""

    def __init__(self, members):
        super().__init__(members)
        self.asked = {}

    def get(self, name, default=None):
        """One member."""
        self.asked[name] = super().get(name)
        return super().get(name, default)

    def values(self):
        """All of them."""
        self.asked.update(self)
        return super().values()

    __getitem__ = None
    __contains__ = None


class RecordingDebug:
    """GDB's debug information; what was asked of it is kept."""

    def __init__(self, debug):
        self._debug = debug
        self.arch, self.byte_order = debug.arch, debug.byte_order
        self.pointer_bytes = debug.pointer_bytes
        self.answers = {}

    def struct(self, tag):
        """A struct, which keeps what is asked of it in turn."""
        key = ("struct", tag)
        if key not in self.answers:
            found = self._debug.struct(tag)
            self.answers[key] = found and Struct(tag, found.size,
                                                 Members(found.members))
        return self.answers[key]

    def __getattr__(self, what):
        """Any other question, by its name."""
        def ask(*args):
            key = (what, *args)
            if key not in self.answers:
                self.answers[key] = getattr(self._debug, what)(*args)
            return self.answers[key]
        return ask

    def json(self):
        """Everything that was asked for: [question, arguments, answer]."""
        return sorted(([what, list(args), self._answer(what, found)]
                       for (what, *args), found in self.answers.items()),
                      key=str)

    @staticmethod
    def _answer(what, found):
        if found is not None and what == "struct":
            asked = found.members.asked
            return [found.size, [name for name in asked if asked[name] is None],
                    [member_json(m) for m in asked.values() if m is not None]]
        if found is not None and what == "symbol":
            return [found.addr, type_json(found.type)]
        return found


class Recorder:
    """One recording, of one kernel at several stops."""

    def __init__(self):
        self._debug = RecordingDebug(GdbDebugInfo())
        self._stops = {}
        self._read = CachedMemory.read

    def begin(self, name):
        """Keep what is read at this stop: without the dump engine, which
        reads without us."""
        os.environ[SETTING] = OFF
        self._memory, self._host = {}, {}
        self._name = name
        current = load._current
        current.context()
        current.forget_symbols()
        current._layout = Layout(self._debug)
        context = self._context = current.context()
        context.host = dataclasses.replace(context.host, **{
            field.name: self._question(field.name,
                                       getattr(context.host, field.name))
            for field in dataclasses.fields(context.host)
            if callable(getattr(context.host, field.name))
            and field.name != "progress"})
        memory, read = self._memory, self._read

        def recording(cache, addr, size):
            try:
                data = read(cache, addr, size)
            except FaultError as fault:
                memory.setdefault((addr, size), fault.addr)
                raise
            memory[addr, size] = data
            return data
        CachedMemory.read = recording

    def _whole_table(self):
        """Ask for each spelling of the version table, whoever uses it."""
        layout = Layout(self._debug)
        for name, spellings in FIELDS.items():
            tag = name.split(".")[0]
            for spelling in spellings:
                struct = layout.find_struct(tag)
                layout._dig(struct, spelling.path.split("."))
        for spellings in VARIABLES.values():
            for spelling in spellings:
                layout._resolve_variable((spelling,))

    def _question(self, name, ask):
        def recording(*args):
            found = ask(*args)
            if callable(found):         # a way to physical memory
                self._host[json.dumps([name])] = ["way"]
                return self._question(name + " read", found)
            if isinstance(found, bytes):
                kept = ["hex", (found if name == PHYSICAL else
                                _formats(found)).hex()]
            elif dataclasses.is_dataclass(found):
                kept = [type(found).__name__, dataclasses.asdict(found)]
            else:
                kept = found
            self._host[json.dumps([name, *args])] = kept
            return found
        return recording

    def end(self):
        """The stop is over."""
        CachedMemory.read = self._read
        del os.environ[SETTING]
        same = load._current._context is self._context
        load._current.forget_symbols()
        if not same:
            raise RuntimeError(f"the target ran while {self._name} "
                               "was recorded")
        pieces, blob = b"", b""
        faults = sorted([*key, data] for key, data in self._memory.items()
                        if isinstance(data, int))
        for start, data in self._merged():
            pieces += struct.pack("<QI", start, len(data))
            blob += data
        self._stops[self._name] = {
            "transport": self._context.memory.transport.name,
            "host": [[*json.loads(key), found]
                     for key, found in sorted(self._host.items())],
            "faults": faults,
            "pieces": packed(pieces), "bytes": packed(blob)}

    def _merged(self):
        """What was read, each byte once: start and bytes, sorted."""
        found = []
        for (addr, _), data in sorted(
                (each for each in self._memory.items()
                 if isinstance(each[1], bytes) and each[1]),
                key=lambda each: (each[0][0], -each[0][1])):
            if found and addr <= found[-1][0] + len(found[-1][1]):
                start, have = found[-1]
                have += data[max(start + len(have) - addr, 0):]
            else:
                found.append((addr, bytearray(data)))
        return found

    def write(self, path, said, **about):
        """Write the file; said: what the kernel printed, by stop; `about`
        are words on where it comes from."""
        self._whole_table()
        head = {**about, "arch": self._debug.arch,
                "byte_order": self._debug.byte_order,
                "pointer_bytes": self._debug.pointer_bytes}
        with open(path, "w", encoding="ascii") as file:
            lines = [json.dumps(head)[1:-1]]
            layout = ",\n".join(map(json.dumps, self._debug.json()))
            lines.append(f'"layout": [\n{layout}\n]')
            stops = ",\n".join(
                f"{json.dumps(name)}: {json.dumps({**stop, 'said': said[name]})}"
                for name, stop in self._stops.items())
            lines.append(f'"stops": {{\n{stops}\n}}')
            file.write("{" + ",\n".join(lines) + "}\n")
