# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command on every real kernel there is a recording of, at every stop: against what that kernel said."""
import json

import pytest

from harness.recordings import COMMANDS, FILES
from mmscope.command import load_commands
from mmscope.model.info import target
from mmscope.view.json import document
from mmscope.view.problems import problems_text
from recording import NotRecorded, load

KERNELS = sorted(FILES.glob("*.json"))
CASES = [(stop, command) for stop, commands in COMMANDS.items() for command in commands]
ROWS = 17       # of scripts/lab/kernels.py


@pytest.fixture(params=KERNELS, ids=lambda path: path.stem, scope="module")
def recording(request):
    """One kernel."""
    return load(request.param)


def answer(recording, stop, line):
    """The text and the document of one command, as GDB's session makes them."""
    name, *words = line.split()
    command = load_commands()[name]
    ctx = recording.context(stop)
    args = command.parser().parse_args(words)
    for need in command.needs:
        need(ctx)
    result = command.run(ctx, args)
    text = command.text(result) + problems_text(result.problems)
    return text, json.loads(document(name, target(ctx), result))


def test_there_is_a_recording_of_every_kernel_of_the_lab():
    assert len(KERNELS) == ROWS


@pytest.mark.parametrize("stop,command", CASES, ids=lambda value: value.replace(" ", "_"))
def test_a_command_decodes_a_real_kernel_and_finds_it_sound(recording, stop, command):
    text, found = answer(recording, stop, command)
    assert found["problems"] == []
    assert found["target"]["kind"] == "linux"
    assert text.isascii() and max(map(len, text.splitlines())) <= 300


def test_a_question_that_was_not_recorded_is_no_answer(recording):
    ctx = recording.context("handed_over")
    with pytest.raises(NotRecorded):
        ctx.memory.read(8, 8)
    with pytest.raises(NotRecorded):
        ctx.layout.find_struct("no_such_struct")


def test_what_proc_prints_is_what_the_kernel_printed(recording):
    """One call of the function that prints: for buddyinfo a node, for slabinfo a cache ..."""
    for stop in COMMANDS:
        for file, said in recording.said(stop).items():
            if file in COMMANDS[stop]:
                assert said and said in answer(recording, stop, file)[0]


def test_memblock_is_what_the_kernel_logged(recording):
    """As ranges: the log does not tell regions that touch."""
    _, found = answer(recording, "memblock_free_all", "memblock")
    for which, said in recording.said("memblock_free_all").items():
        assert json.loads(said) and merged(found[which]) == merged(
            [{"base": start, "size": end - start} for start, end in json.loads(said)])


def merged(regions):
    """[start, end) of sorted regions, those that touch as one."""
    ranges = []
    for region in regions:
        if ranges and ranges[-1][1] == region["base"]:
            ranges[-1][1] += region["size"]
        else:
            ranges.append([region["base"], region["base"] + region["size"]])
    return ranges
