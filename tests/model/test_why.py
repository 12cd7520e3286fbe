# SPDX-License-Identifier: GPL-2.0-or-later
"""mm why: every page has a verdict, its addresses, and who allocated it."""
import dataclasses
import json

import pytest

from checked import PAGE_EXT
from machine import BASE_PFN, HIGH_PAGES, HIGH_START, LOW_PAGES, Machine
from mmscope.errors import MmError
from mmscope.model.frames import machine_spans
from mmscope.model.why import place_of, why
from mmscope.view.json import plain
from mmscope.view.why import why_text
from shapes import LINUX_4_9
from whys import A, ask, reserve, said

EXT = 0xC0208000


# --- page_owner ------------------------------------------------------------------------------------------------------

@pytest.fixture
def owned():
    """A guest with page_owner=on."""
    machine = Machine(LINUX_4_9 + PAGE_EXT)
    for name, value in (("page_ext_table", EXT), ("page_ext_start_pfn", A), ("page_ext_end_pfn", A + 4)):
        machine.poke(machine.addr(name), value)
    machine.poke(machine.addr("page_owner_inited"), 1, 1)
    for at, fields in enumerate(((1, 2, 0xD0, 0xC0101234, 2, 0xC0101234, 0xC0102000), (0, 1, 0xC0, 0xC0101500, 99),
                                 (1, 0, 0, 0, 0), (0, 0, 0, 0, 0))):
        for word, value in enumerate(fields):
            machine.poke(EXT + at * 52 + word * 4, value)
    return machine


def test_page_owner_says_who_allocated_it(owned):
    owner = ask(owned, A).owner
    assert (owner.allocated, owner.order, owner.gfp_mask, owner.caller.addr) == (True, 2, 0xD0, 0xC0101234)
    assert [call.addr for call in owner.trace] == [0xC0101234, 0xC0102000]
    assert ask(owned, A).verdict == "in use: allocated by 0xc0101234, and free when that gives it back"
    assert said(ask(owned, A), "called from") == ["0xc0101234", "0xc0102000"]


def test_a_record_outlives_its_allocation(owned):
    answer = ask(owned, A + 1)
    assert not answer.owner.allocated and said(answer, "page_owner")[-1].startswith("free now, was allocated by")
    assert len(answer.owner.trace) == 8             # it says 99


def test_what_was_the_boots_has_no_caller(owned):
    assert ask(owned, A + 2).owner.caller is None and "by the boot" in said(ask(owned, A + 2), "page_owner")[-1]
    assert ask(owned, A + 3).owner is None and ask(owned, A + 4).owner is None


def test_records_mean_nothing_while_page_owner_is_off(owned):
    owned.poke(owned.addr("page_owner_inited"), 0, 1)
    assert ask(owned, A).owner is None


# --- all of them -----------------------------------------------------------------------------------------------------

def test_every_page_has_a_verdict_and_what_the_sweep_says(machine):
    machine.free(machine.low, 4, 1, A, A + 64)
    reserve(machine, (A + 16, 0x3000))
    ctx = machine.context()
    seen = 0
    for span in machine_spans(ctx):
        for pfn in range(span.start_pfn, span.end_pfn):
            answer = why(ctx, place_of(ctx, pfn), span)
            assert answer.verdict and answer.kind == span.kind
            seen += 1
    assert seen == LOW_PAGES + HIGH_PAGES


def test_one_page_costs_no_sweep(machine):
    machine.free(machine.low, 3, 1, *(A + 64 * at for at in range(8)))
    before = len(machine.ram.reads)
    ask(machine, A)
    read = sum(size for addr, size in machine.ram.reads[before:]
               if machine.page(BASE_PFN) <= addr < machine.page(HIGH_START + HIGH_PAGES))
    assert read < (LOW_PAGES + HIGH_PAGES) * machine.page_bytes // 8


def test_json_has_what_others_rely_on(machine):
    machine.free(machine.low, 1, 1, A)
    document = json.loads(json.dumps(plain(ask(machine, A))))
    assert {"pfn", "phys", "virt", "page", "zone", "kind", "verdict", "evidence", "buddy", "owner"} <= set(document)
    assert document["pfn"] == A and document["buddy"] == {"pfn": A + 2, "reason": "in use"}
    assert all(set(each) == {"what", "text"} for each in document["evidence"])


def test_an_address_that_page_tables_translate_is_a_page(machine):
    machine.poke(0xC0004000 + 0xF05 * 4, (A << 12 & 0xFFF00000) | 2)
    answer = ask(machine, f"{0xF0500000 | A << 12 & 0xFF000 | 0x123:#x}")
    assert (answer.given, answer.pfn, answer.phys) == ("mapped address", A, A << 12 | 0x123)
    assert {"pfn", "phys", "virt"} <= {line.split(" ")[0] for line in why_text(answer).splitlines()}


@pytest.mark.parametrize("text", ["0x5", "0xf0600000", "pfn:-1", "nonsense"])
def test_what_is_no_page_is_one_line(machine, text):
    with pytest.raises(MmError) as error:
        ask(machine, text)
    assert "\n" not in str(error.value)


def test_addresses_but_for_the_one_given_are_shown(machine):
    lines = why_text(ask(machine, A)).splitlines()
    rows = dict(line.split(maxsplit=1) for line in lines if line[:4] in ("phys", "virt"))
    assert rows == {"phys": f"{A << 12:#x}", "virt": f"{0xC0000000 + (A - BASE_PFN << 12):#x}"}
    assert "\npfn " not in why_text(ask(machine, A)) and "\npfn " in why_text(ask(machine, f"{machine.page(A):#x}"))
    assert "none (highmem" in why_text(ask(machine, HIGH_START))


def test_answers_do_not_change(machine):
    answer = ask(machine, A)
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.verdict = ""
