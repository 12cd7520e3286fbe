# SPDX-License-Identifier: GPL-2.0-or-later
"""mm map on a terminal: colours, width and signs are those that GDB and the
terminal have. It draws a snapshot file; there is no target."""
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from guest import MM_PY

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model"))
sys.path.insert(0, str(MM_PY.parent))

from mapmade import made                            # noqa: E402
from mmscope.model.snapshotfile import SCHEMA       # noqa: E402
from mmscope.view.json import plain                 # noqa: E402

SECONDS = 30
COLOUR = "\x1b[38;5;36m"            # of what is free
END = "drawn" + "-here"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """A zone that is free but for one page in the middle."""
    path = tmp_path_factory.mktemp("map") / "state.json"
    state = made((("Normal", 0, 0x8000),), [
        ("free", "Movable order 10", (0, 0x4001, 0x4002, 0x8000)),
        ("slab", "kmalloc-64", (0x4001, 0x4002))])
    path.write_text(json.dumps({"schema": SCHEMA, "state": plain(state)}))
    return path


def shown(*commands, columns=80, typed=True, **environment):
    """What GDB writes on a terminal of that many columns."""
    master, slave = pty.openpty()
    env = {name: value for name, value in os.environ.items()
           if name not in ("NO_COLOR", "TERM", "LC_ALL", "LANG", "COLUMNS")}
    env.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment})
    options = [word for command in (
        "set pagination off", f"source {MM_PY}", f"set width {columns}",
        *commands, f"echo {END}\\n") for word in ("-ex", command)]
    gdb = subprocess.Popen(
        ["gdb-multiarch", "-nx", "-q", *([] if typed else ["-batch"]),
         *options], stdin=slave, stdout=slave, stderr=slave, env=env,
        start_new_session=True)
    os.close(slave)
    text, end = b"", time.monotonic() + SECONDS
    try:
        while time.monotonic() < end and END.encode() not in text:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    text += os.read(master, 65536)
                except OSError:
                    break
    finally:
        gdb.kill()
        gdb.wait()
        os.close(master)
    assert END.encode() in text, f"GDB did not get to the end: {text[-500:]!r}"
    said = text.decode("utf-8").split(END)[0].replace("\r\n", "\n")
    assert "Error" not in said and "Traceback" not in said
    return said


def plain_of(text):
    return re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", text)


def row(text):
    """Signs of the first line of cells."""
    return re.search(r"^0x0+ (.+)$", plain_of(text), re.M)[1].rstrip()


def test_a_person_at_a_terminal_gets_colours_and_unicode(snapshot):
    text = shown(f"mm map --snapshot {snapshot}")
    assert COLOUR in text and row(text) == "\u2591" * 64


@pytest.mark.parametrize("why, commands, environment", [
    ("GDB's styling is off", ["set style enabled off"], {}),
    ("NO_COLOR is set", [], {"NO_COLOR": "1"}),
    ("the terminal is dumb", [], {"TERM": "dumb"})])
def test_there_is_no_colour_when(snapshot, why, commands, environment):
    text = shown(*commands, f"mm map --snapshot {snapshot}", **environment)
    assert COLOUR not in text, why
    assert "\u2591" * 64 in text


def test_a_script_gets_no_colours(snapshot):
    command = f"mm map --snapshot {snapshot}"
    assert COLOUR not in shown(command, typed=False)
    assert COLOUR not in shown(
        f"python print(gdb.execute('{command}', to_string=True))")


@pytest.mark.parametrize("commands, environment", [
    (["set host-charset ASCII"], {}), ([], {"LC_ALL": "C"}),
    ([], {"TERM": "linux"})])
def test_signs_are_ascii_where_others_cannot_be_shown(
        snapshot, commands, environment):
    text = shown(*commands, f"mm map --snapshot {snapshot}", **environment)
    assert row(text) == "." * 64 and text.isascii()


@pytest.mark.parametrize("columns, cells", [(80, 64), (120, 96), (60, 48)])
def test_a_map_is_as_wide_as_the_terminal(snapshot, columns, cells):
    text = shown(f"mm map --snapshot {snapshot}", columns=columns)
    assert len(row(text)) == cells
    drawn = plain_of(text).partition("memory by owner")[2].splitlines()
    assert max(map(len, drawn)) <= max(columns, 80)
