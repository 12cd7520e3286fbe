# SPDX-License-Identifier: GPL-2.0-or-later
"""Each invariant stands where it is meant to: at the C struct, in C's check, in the model, in mm check, in a test."""
import pathlib
import re

import pytest

from breaks import BREAKS
from mmscope.model.check import check_report
from mmscope.model.checks import load_checks
from mmscope.model.invariants import CAUSES

ROOT = pathlib.Path(__file__).resolve().parents[2]
C = "\n".join(path.read_text() for path in sorted((ROOT / "helper").rglob("*.[ch]"))
              if "dump" not in path.relative_to(ROOT).parts)       # the engine is no part of the guest
MODEL = "\n".join(path.read_text() for path in sorted((ROOT / "gdb" / "mmscope" / "model").glob("*.py"))
                  if path.name != "invariants.py")
UNIT_TESTS = "\n".join(path.read_text() for path in sorted((ROOT / "tests" / "unit").glob("*.[ch]")))
AT_STRUCTS = re.findall(r"^ \*   ([A-Z]+-[0-9]+)  ", C, re.MULTILINE)
CHECKED = {id_ for each in load_checks() for id_ in each.ids}


def test_each_id_is_said_at_one_struct():
    assert len(AT_STRUCTS) == len(set(AT_STRUCTS)) > 60


@pytest.mark.parametrize("id_", AT_STRUCTS)
def test_what_the_guest_promises_is_checked_everywhere(id_):
    assert f'"{id_}"' in C, "no C function names it when it is broken"
    assert re.search(rf"^ +{id_} +\S", MODEL, re.MULTILINE), "no module's docstring says what it is"
    assert id_ in CHECKED, "mm check does not look at it"
    assert id_ in CAUSES, "nothing says what usually breaks it"
    assert re.search(id_.replace("-", "[-_]") + r"\b", UNIT_TESTS), "no test of the C function names it"


@pytest.mark.parametrize("id_", sorted(CHECKED))
def test_what_mm_check_looks_at_is_explained(id_):
    assert id_ in CAUSES
    assert re.search(rf"^ +{id_} +\S", MODEL, re.MULTILINE)


def test_each_cause_is_of_an_id_that_is_looked_at():
    assert set(CAUSES) == CHECKED


def named(machine):
    """IDs of what mm check finds broken."""
    return {problem.id for problem in check_report(machine.context()).problems}


@pytest.mark.parametrize("id_", sorted(CAUSES))
def test_each_is_named_once_it_is_broken_and_not_before(id_):
    row = BREAKS[id_]
    built = row.build()
    assert id_ not in named(row.machine(built))
    row.make(built)
    assert id_ in named(row.machine(built))
