# SPDX-License-Identifier: GPL-2.0-or-later
"""The reader of layouts on files that somebody has changed: an answer that holds together, or one line."""
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmscope.alone.expression import evaluate
from mmscope.errors import FaultError, MmError
from mmscope.layout.debuginfo import ARRAY, STRUCT
from mmscope.layout.exported import MAX_SIZE, MAX_STRUCT, ExportedDebug, read_layout
from mmscope.layout.layout import Layout
from mmscope.layout.questions import ENUMS, FUNCTIONS
from mmscope.layout.reader import Reader
from mmscope.layout.versions import FIELDS, VARIABLES
from mmscope.target.cache import CachedMemory
from mmscope.target.dump import Nothing
from mmscope.target.transport import Meter
from test_export import document, lines

LEAVES = st.none() | st.booleans() | st.integers(-1 << 70, 1 << 70) | st.floats() | st.text(max_size=6) | \
    st.sampled_from(["int", "uint", "pointer", "struct", "array", "other", "page", "list_head"])
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
    st.sampled_from(["page", "zone", "flags", "zone_type", "_text"]), inner, max_size=3), max_leaves=8)
# What looks like a type, a member, a struct.
TYPES = st.recursive(
    st.tuples(st.sampled_from(["int", "uint", "pointer", "other", "struct"]), st.integers(-1, 1 << 27)).map(list),
    lambda inner: st.tuples(st.just("array"), st.integers(0, 1 << 27), inner, st.integers(-1, 1 << 64)).map(list) |
    st.tuples(st.just("struct"), st.integers(0, 64), st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(-1, 80), inner).map(list), max_size=3)).map(list), max_leaves=6)
MEMBERS = st.lists(st.tuples(st.sampled_from(["flags", "mapping", "lru"]), st.integers(-1, 70), TYPES).map(list) |
                   st.tuples(st.just("flags"), st.integers(0, 70), TYPES, st.integers(-1, 9), st.integers(-1, 70)).map(
                       list), max_size=4)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ask_all(debug):
    """Each question by itself: it is answered soundly, or refused in one line."""
    layout = Layout(debug)
    asks = [*(lambda name=name: layout.find_field(name) for name in FIELDS),
            *(lambda name=name: layout.find_variable(name) for name in VARIABLES),
            *(lambda tag=tag: sound(debug.struct(tag)) for tag in ("page", "list_head", "zone")),
            *(lambda tag=tag: debug.enum(tag) for tag in ENUMS),
            *(lambda name=name: debug.parameter_count(name) for name in FUNCTIONS),
            *(lambda addr=addr: debug.static(addr, 256) for addr in (0, 0xffffffff80e00040, 0xffffffff80f00000)),
            *(lambda addr=addr: debug.around(addr) for addr in (0, 0xffffffff80e00011, (1 << 64) - 1, -5)),
            *(lambda name=name: debug.find(name) for name in ("a", "b", "", "a\n", "\xe4"))]
    for ask in asks:
        try:
            ask()
        except MmError as error:
            assert "\n" not in str(error)


def sound(struct):
    """A struct in which every member lies."""
    if struct is None:
        return
    assert 0 <= struct.size <= MAX_STRUCT
    for member in struct.members.values():
        assert 0 <= member.offset and member.offset + (0 if member.bits else member.type.size) <= struct.size
        held(member.type)


def held(kind):
    """A type that is no larger than it says."""
    assert 0 <= kind.size <= MAX_SIZE
    if kind.kind == ARRAY:
        assert kind.count * kind.element.size <= kind.size and kind.count <= kind.size
        held(kind.element)
    elif kind.kind == STRUCT:
        for member in kind.members:
            assert member.offset + (0 if member.bits else member.type.size) <= kind.size
            held(member.type)


@FEW
@given(st.dictionaries(st.sampled_from(sorted(document())), ANYTHING, max_size=4))
def test_parts_of_any_form_are_refused_or_answer(changes):
    try:
        debug = ExportedDebug(document(**changes), "'x'")
    except MmError:
        return
    ask_all(debug)


@FEW
@given(st.integers(-1, 1 << 23), MEMBERS)
def test_a_struct_of_any_members_is_refused_or_holds_them(size, members):
    ask_all(ExportedDebug(document(structs={"page": [size, members], "list_head": None}), "'x'"))


@FEW
@given(st.text(alphabet="0123456789abcdefABCXx t\n_-", max_size=120), st.integers(0, 9))
def test_a_table_of_any_lines_is_refused_or_answers(text, count):
    ask_all(ExportedDebug(document(symbols=lines(text, count), sections=[[0, 1 << 64]]), "'x'"))


@FEW
@given(st.binary(max_size=60), st.integers(0, 2000), st.integers(0, 60))
def test_a_file_with_any_bytes_in_it_is_refused_or_answers(tmp_path_factory, data, at, cut):
    whole = json.dumps(document()).encode("ascii")
    path = tmp_path_factory.getbasetemp() / "hostile.layout"
    path.write_bytes(whole[:at] + data + whole[at + cut:])
    try:
        debug = read_layout(str(path))
    except MmError as error:
        assert "\n" not in str(error)
        return
    ask_all(debug)


@FEW
@given(st.text(max_size=24) | st.from_regex(r"[&(]?[A-Za-z_0-9.+-]{1,12}\)?", fullmatch=True))
def test_any_expression_is_a_number_or_one_line(text):
    debug = ExportedDebug(document(variables={}), "'x'")
    read = Reader(CachedMemory(Nothing(Meter())), Layout(debug))
    try:
        assert isinstance(evaluate(read, debug, text).value, int)
    except (MmError, FaultError) as error:
        assert str(error)


@pytest.mark.parametrize("text,value", [
    ("0x10", 16), ("010", 8), ("10", 10), ("-1", -1), ("0xffffffff81000000UL", 0xffffffff81000000), ("(12)", 12),
    ("0", 0), (" &c ", 0xffffffff80e00040), ("b", 0xffffffff80e00010), ("slab_caches", 0xffffffff80e00100)])
def test_an_expression_has_the_value_that_it_has_in_c(text, value):
    debug = ExportedDebug(document(variables={"slab_caches": [0xffffffff80e00100, ["struct", 16, "list_head"]]}), "'x'")
    read = Reader(CachedMemory(Nothing(Meter())), Layout(debug))
    assert evaluate(read, debug, text).value == value
