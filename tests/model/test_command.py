# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands parse their arguments, explain themselves, and give the JSON that INTERFACES promises."""
import json

import pytest

from machine import HIGH_START, LOW_START
from mmscope.command import load_commands
from mmscope.errors import UsageError
from mmscope.model.info import target
from mmscope.view.json import document
from mmscope.view.problems import problems_text

COMMANDS = load_commands()
READING = sorted(name for name, each in COMMANDS.items() if not each.runs and not each.opens)
KEYS = {
    "memblock": {"memory", "reserved", "free", "state"},
    "zones": {"totalram_pages", "max_pfn", "max_low_pfn", "zones"},
    "buddy": {"orders", "migratetypes", "free_areas", "blocks"},
}
ZONE_KEYS = {"node", "index", "name", "start_pfn", "spanned_pages", "present_pages", "managed_pages", "free_pages",
             "cma_pages", "watermark", "lowmem_reserve"}
ARGUMENTS = {"page": ["pfn:0x10010"], "why": ["pfn:0x10010"], "buddy": ["--blocks"], "pgtable": ["0xc0100000"],
             "snapshot": ["b"], "diff": ["a"]}
BEFORE = {"diff": ("snapshot", "a")}       # a command and its argument, without which it has nothing to show
PRINTED = {"buddyinfo", "pagetypeinfo", "slabinfo", "vmallocinfo", "zoneinfo"}      # formats of the kernel


def output(machine, name):
    """The JSON document of a command."""
    if name in BEFORE:
        first, word = BEFORE[name]
        COMMANDS[first].run(machine.context(), COMMANDS[first].parser().parse_args([word]))
    command, ctx = COMMANDS[name], machine.context()
    args = command.parser().parse_args(ARGUMENTS.get(name, []))
    for need in command.needs:
        need(ctx)
    return json.loads(document(name, target(ctx), command.run(ctx, args)))


@pytest.mark.parametrize("name", READING)
def test_every_command_gives_one_document_and_one_text(machine, name):
    machine.free(machine.low, 0, 1, LOW_START)
    machine.pagesets()
    data = output(machine, name)
    assert data["schema"] == f"mmscope/{name}/1"
    assert set(data["target"]) == {"kind", "release", "arch", "stage", "transport"}
    assert data["target"]["arch"] == "arm" and data["target"]["stage"] == "booted"
    assert data["problems"] == []
    assert KEYS.get(name, set()) <= set(data)
    command, ctx = COMMANDS[name], machine.context()
    text = command.text(command.run(ctx, command.parser().parse_args(ARGUMENTS.get(name, []))))
    assert text.isascii() and text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 80 or name in PRINTED


def test_zone_and_block_keys(machine):
    machine.free(machine.high, 0, 1, HIGH_START)
    assert ZONE_KEYS <= set(output(machine, "zones")["zones"][0])
    buddy = output(machine, "buddy")
    assert set(buddy["blocks"][0]) == {"node", "zone", "order", "migratetype", "pfn", "phys", "page", "virt"}
    assert buddy["blocks"][0]["virt"] is None
    assert set(buddy["free_areas"][0]) == {"node", "zone", "order", "nr_free", "by_migratetype"}


def test_region_keys(machine):
    assert {"base", "size", "flags", "nid", "owner", "owner_source"} <= set(output(machine, "memblock")["memory"][0])


def test_problems_are_in_document_and_text(machine):
    machine.put(machine.zone(machine.low), "zone", "free_area[2].nr_free", 2)
    problem, = output(machine, "buddy")["problems"]
    assert set(problem) == {"id", "where", "expected", "actual", "text", "cause"}
    assert (problem["id"], problem["expected"], problem["actual"]) == ("BUDDY-1", 0, 2)
    command = COMMANDS["buddy"]
    assert "BUDDY-1: " in problems_text(command.run(machine.context(), command.parser().parse_args([])).problems)


@pytest.mark.parametrize("name, words", [
    ("buddy", ["--order", "x"]), ("zones", ["--frob"]), ("page", []), ("pgtable", []), ("zones", ["-o"])])
def test_wrong_arguments_are_one_line_and_do_not_exit(name, words):
    with pytest.raises(UsageError) as error:
        COMMANDS[name].parser().parse_args(words)
    assert "\n" not in str(error.value) and f"help mm {name}" in str(error.value)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_has_a_summary_that_fits_an_example_and_every_option(name):
    text = COMMANDS[name].help
    assert len("mm buddyinfo -- " + text.splitlines()[0]) <= 80
    assert f"Example: mm {name}" in text and "--json" in text and "-o FILE" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", sorted(name for name, each in COMMANDS.items() if each.runs))
def test_a_command_that_runs_the_target_says_so_before_all_else(name):
    paragraphs = COMMANDS[name].help.split("\n\n")
    assert "runs the target" in paragraphs[1] and "breakpoints" in paragraphs[1]
