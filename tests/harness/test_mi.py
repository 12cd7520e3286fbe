# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/harness/mi.py: lines as GDB writes them."""
from __future__ import annotations

from harness.mi import Record, parse


def test_a_result_has_its_token_and_values() -> None:
    assert parse('5^done,bkpt={number="1",ignore="0"},list=["a","b"]') \
        == Record("5", "^", "done", {"bkpt": {"number": "1", "ignore": "0"},
                                     "list": ["a", "b"]})


def test_a_list_of_named_values_keeps_their_order() -> None:
    line = '*stopped,stack=[frame={level="0"},frame={level="1"}]'
    assert parse(line).values == {
        "stack": [{"level": "0"}, {"level": "1"}]}


def test_text_escapes_are_decoded_octal_bytes_as_utf8() -> None:
    assert parse(r'~"a\tb\n\"\\n\" \303\251\033[0m"').name \
        == 'a\tb\n"\\n" \u00e9\x1b[0m'


def test_an_unnamed_second_location_does_not_end_the_record() -> None:
    assert parse('=breakpoint-created,bkpt={number="1"},{number="1.1"},x="y"') \
        .values == {"bkpt": {"number": "1"}, "x": "y"}


def test_the_prompt_and_other_lines_are_no_records() -> None:
    assert parse("(gdb) ") is None
    assert parse("warning: something") is None
