# SPDX-License-Identifier: GPL-2.0-or-later
"""A layout in a file answers what the debug information does, and refuses all else."""
import ast
import base64
import json
import pathlib
import zlib

import pytest

from harness.recordings import FILES
from mmscope.errors import MmError
from mmscope.layout import versions
from mmscope.layout.debuginfo import Member, Struct, Symbol, Type
from mmscope.layout.export import SCHEMA, export
from mmscope.layout.exported import ExportedDebug, read_layout
from mmscope.layout.layout import Layout
from mmscope.layout.questions import ENUMS, FUNCTIONS, struct_tags, symbol_names
from recording import NotRecorded, RecordedDebug

PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "gdb" / "mmscope"
ASKING = {"enum": ENUMS, "parameter_count": FUNCTIONS}
STRUCTS = ("struct", "find_struct", "record", "inner", "member")


class Whole(RecordedDebug):
    """A recording's debug information; a struct has the members that were asked for, and these only."""

    def struct(self, tag):
        try:
            found = super().struct(tag)
        except NotRecorded:
            return None
        return found and Struct(tag, found.size, dict(found.members))

    def enum(self, tag):
        try:
            return self._answer("enum", tag)
        except NotRecorded:
            return None


def of_recording(path):
    """Debug information of a recorded kernel, and the same through a file."""
    debug = Whole(json.loads(path.read_text("ascii")))
    document = export(debug, {}, 0, (), None, (), ())
    return debug, ExportedDebug(json.loads(json.dumps(document)), "'layout'")


@pytest.fixture(params=sorted(FILES.glob("*.json")), ids=lambda path: path.stem, scope="module")
def both(request):
    return of_recording(request.param)


def test_what_was_once_asked_of_a_kernel_is_in_its_layout(both):
    debug, exported = both
    for what, *args in debug._answers:
        assert getattr(exported, what)(*args) == getattr(debug, what)(*args), (what, args)


def test_the_version_table_resolves_to_the_same(both):
    debug, exported = both
    ours, theirs = Layout(exported), Layout(debug)
    for name in versions.FIELDS:
        assert ours.find_field(name) == theirs.find_field(name), name
    for name in versions.VARIABLES:
        assert ours.find_variable(name) == theirs.find_variable(name), name


def calls():
    """Every call in the package by its name, with its words: (file, name, [words of its first argument ...])."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                words = [[each.value for each in ast.walk(arg) if isinstance(each, ast.Constant)
                          and isinstance(each.value, str)] for arg in node.args]
                yield path, node.func.attr, words


def test_every_enumeration_and_function_that_the_package_names_is_declared():
    found = set()
    for path, name, words in calls():
        if name in ASKING and words and path.parent.name in ("model", "layout", "view", "command"):
            said = [word for word in words[0] if word not in ("zone",)]     # in "... if tag == "zone" else ..."
            assert set(said) <= set(ASKING[name]), f"{path}: {name}({said})"
            found |= set(said)
    assert {"pageflags", "get_pfnblock_flags_mask", "fixed_addresses"} <= found


def test_every_struct_that_the_package_names_is_in_the_version_table():
    tags = {name.partition(".")[0] for name in versions.FIELDS}
    asked = set()
    for path, name, words in calls():
        if name in STRUCTS and words and path.parent.name in ("model", "layout"):
            place = 1 if name == "inner" else 0
            asked |= set(words[place]) if len(words) > place else set()
    assert asked >= {"page", "list_head", "zone", "memblock_type"}
    assert asked - tags == set(), "a struct that no row of the table names is not exported"


def test_bytes_of_the_symbol_file_are_asked_for_in_three_places():
    asked = sorted(f"{path.parent.name}/{path.stem}" for path, name, _ in calls()
                   if name == "static" and path.parent.name not in ("session", "alone"))
    assert asked == ["model/context"] * 2 + ["model/export", "model/procformat"]


# --- by hand --------------------------------------------------------------------------

UINT, WORD = Type("uint", 4), Type("uint", 8)
TYPES = {
    "page": Struct("page", 64, {
        "flags": Member("flags", 0, WORD), "order": Member("order", 8, UINT, 3, 5),
        "lru": Member("lru", 16, Type("struct", 16, tag="list_head")),
        "inner": Member("inner", 32, Type("struct", 8, members=(Member("a", 4, UINT),))),
        "words": Member("words", 40, Type("array", 16, element=UINT, count=4))}),
    "list_head": Struct("list_head", 16, {"next": Member("next", 0, Type("pointer", 8)),
                                          "prev": Member("prev", 8, Type("pointer", 8))}),
}


class ByHand:
    """A kernel of two structs."""

    arch, byte_order, pointer_bytes = "i386:x86-64", "little", 8

    def struct(self, tag):
        return TYPES.get(tag)

    def enum(self, tag):
        return {"A": -1, "B": 3} if tag == "zone_type" else None

    def symbol(self, name):
        known = {"slab_caches": Symbol("slab_caches", 0xffffffff81000100, Type("struct", 16, tag="list_head")),
                 "_text": Symbol("_text", 0xffffffff81000000)}
        return known.get(name)

    def parameter_count(self, function):
        return 4


def document(**changes):
    """Of that kernel, moved by 2 MiB in GDB."""
    found = export(ByHand(), {"kind": "linux"}, 0x200000, [(0xffffffff80e00040, b"banner\0")],
                   (0xffffffff80f00000, ("\n%u", "\nx %lu")), [(0xffffffff80e00000, 0xffffffff81000000)],
                   [(0xffffffff80e00010, 0x20, True, "b"), (0xffffffff80e00000, 0x10, True, "a"),
                    (0xffffffff80e00040, 0, False, "c")])
    return {**json.loads(json.dumps(found)), **changes}


def test_addresses_are_those_of_the_file_and_move_with_the_kernel():
    exported = ExportedDebug(document(), "x")
    assert exported.symbol("_text") == Symbol("_text", 0xffffffff80e00000)
    moved = exported.moved(0x1000000)
    assert moved.symbol("_text").addr == 0xffffffff81e00000
    assert moved.static(0xffffffff81e00042, 3) == b"nne"
    assert moved.static(0xffffffff80e00042, 3) is None
    assert moved.find("b").addr == 0xffffffff81e00010
    assert moved.around(0xffffffff81e00011).name == "b"


def test_a_function_is_where_the_linker_has_it():
    """Two definitions, one of them weak: debug information has both."""
    class Weak(ByHand):
        def symbol(self, name):
            return Symbol(name, 0x1000, Type("other", 1)) if name == "free_initmem" else None

    found = export(Weak(), {}, 0, (), None, (), [(0x2000, 8, True, "free_initmem")])
    assert found["variables"]["free_initmem"] == [0x2000, ["other", 1]]


def test_all_forms_of_types_come_back():
    exported = ExportedDebug(document(), "x")
    assert exported.struct("page") == TYPES["page"]
    assert exported.struct("zone") is None
    assert exported.enum("zone_type") == {"A": -1, "B": 3} and exported.enum("migratetype") is None
    assert exported.parameter_count("get_pfnblock_flags_mask") == 4


def test_of_the_constants_there_are_formats_between_zeros():
    assert ExportedDebug(document(), "x").static(0xffffffff80f00000, 99) == b"\0\n%u\0\nx %lu\0"


def test_a_question_that_was_not_asked_is_an_error_that_says_so():
    exported = ExportedDebug(document(), "'kernel.layout'")
    for ask in (lambda: exported.struct("no_such"), lambda: exported.enum("no_such"),
                lambda: exported.symbol("no_such"), lambda: exported.parameter_count("no_such")):
        with pytest.raises(MmError, match=r"'kernel.layout' does not say .* write it anew"):
            ask()


@pytest.mark.parametrize("addr,expected", [
    (0x0, "a"), (0xf, "a"), (0x10, "b"), (0x2f, "b"), (0x30, "b"), (0x40, "c"), (0x1fffff, "c"), (0x200000, None),
    (-1, None)])
def test_a_symbol_reaches_to_the_next_one_and_no_further_than_its_section(addr, expected):
    found = ExportedDebug(document(), "x").around(0xffffffff80e00000 + addr)
    assert (found.name if found else None) == expected


def lines(text, count=None):
    """A table of symbols."""
    return [text.count("\n") if count is None else count, base64.b64encode(zlib.compress(text.encode())).decode()]


@pytest.mark.parametrize("symbols", [
    None, [], [1], [1, "!"], [1, "AAAA"], lines("", 1), lines("a\nb\n"), lines("xyz 1 t n\n"),
    [10 ** 9, lines("a" * 1000)[1]], [0, base64.b64encode(zlib.compress(bytes(65 << 20))).decode()]])
def test_broken_symbols_are_refused_in_one_line(symbols):
    exported = ExportedDebug(document(symbols=symbols), "'x'")
    with pytest.raises(MmError, match=r"^'x': its symbols is not as docs/layout.md has it$"):
        exported.around(0xffffffff80e00001)
        exported.find("n")


@pytest.mark.parametrize("member", [
    ["a", 61, ["uint", 4]], ["a", -1, ["uint", 4]], ["a", 0, ["uint", 65]], ["a", 0, ["array", 8, ["uint", 4], 3]],
    ["a", 0, ["array", 8, ["other", 0], 1 << 40]], ["a", 0, ["struct", 4]], ["a", 0, ["what", 4]], ["a", 0], "a", None,
    ["a", True, ["uint", 4]], ["a", 0, ["uint", 4], 3], ["a", 63, ["uint", 4], 7, 2], [1, 0, ["uint", 4]]])
def test_a_member_that_cannot_be_is_refused(member):
    exported = ExportedDebug(document(structs={"page": [64, [member]]}), "'x'")
    with pytest.raises(MmError, match="its struct page is not as"):
        exported.struct("page")


def test_types_without_an_end_are_refused():
    kind = ["uint", 4]
    for _ in range(200):
        kind = ["array", 4, kind, 1]
    with pytest.raises(MmError, match="its struct page"):
        ExportedDebug(document(structs={"page": [64, [["a", 0, kind]]]}), "'x'").struct("page")


@pytest.mark.parametrize("content,said", [
    (b"", "is no layout"), (b"\x7fELF", "in GDB"), (b"[]", "is no layout"), (b"{", "not a whole JSON"),
    (b"{" + b"[" * 100000, "not a whole JSON"), (b'{"a":' + b"[" * 100000, "not a whole JSON"),
    (b'{"schema":' + b"1" * 5000 + b"}", "5000 digits"), (b'{"schema": "mmscope/snapshot/1"}', "mmscope/snapshot/1"),
    (b"{}", "without a schema"), (b'{"\xff": 1}', "not a whole JSON"),
    (json.dumps({"schema": SCHEMA}).encode(), "its arch")])
def test_a_file_that_is_no_layout_is_refused_in_one_line(tmp_path, content, said):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(MmError, match=said) as error:
        read_layout(str(path))
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "none", "/dev/zero"):
        with pytest.raises(MmError, match=str(path)):
            read_layout(str(path))
