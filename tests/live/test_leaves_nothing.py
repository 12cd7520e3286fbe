# SPDX-License-Identifier: GPL-2.0-or-later
"""A command that runs the target, and is ended in the middle in any way, leaves nothing behind: not in GDB, not in the
stub, not in the guest's code, no process and no file. Each command that runs the target forwards has a row; those that
go back are in test_guest_replay."""
import os
import signal
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from guest import ELF, Guest
from harness.gdbmi import Gdb, GdbError
from harness.process import wait_for

END = "mmscope: idle"               # the last that a guest says of its boot
END_SECONDS = 60
MIDDLE_SECONDS = (0.02, 0.3, 0.7)   # after a command has begun


@dataclass(frozen=True)
class Row:
    """A command that goes on for long, and up to where the guest runs before it."""

    command: str
    begin: str = ""
    goes_on: str = ""       # a command that lets the target run, when the first one does not, but stays until it is
    end: str = ""           # ended by this one


ROWS = {
    "step": Row("mm step --all --quiet"),
    "watch": Row("mm watch Normal.free_pages --count 100000", "mm_init"),
    "owners": Row("mm owners record", "", "continue", "mm owners record --stop"),
    "trace": Row("mm trace pages --events 1000000 --seconds 100", "mm_init"),
}


class Session:
    """A guest and a GDB, in a folder for temporary files of their own."""

    def __init__(self, row, folder, monkeypatch):
        monkeypatch.setenv("TMPDIR", str(folder))
        monkeypatch.setattr(tempfile, "tempdir", None)
        self.row, self.folder = row, folder
        self.guest = Guest("article").load()
        if row.begin:
            self.guest.run_to(row.begin)

    def start(self, seconds):
        """Let the command run for so long."""
        if self.row.goes_on:
            self.guest.gdb.run(self.row.command)
        self.guest.gdb.resume(self.row.goes_on or self.row.command)
        time.sleep(seconds)

    def interrupt(self):
        """Ctrl-C, and what the command says to that. One that stays is ended."""
        gdb = self.guest.gdb
        os.kill(gdb.pid, signal.SIGINT)
        try:
            gdb.wait_stop()
        except GdbError as error:
            assert "interrupted" in str(error) and "\n" not in str(error).strip()
        else:
            assert "nterrupt" in "".join(gdb._text)
        if self.row.end:
            gdb.run(self.row.end)

    def kill_gdb(self):
        """End it where it is, and let another one come."""
        self.guest.gdb.close()
        self.guest.gdb = Gdb(ELF)
        self.guest.connect()

    def close(self):
        """End both; what is left then."""
        self.guest.close()
        left = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if os.fsencode(str(self.folder)) in entry.read_bytes():
                    left.append(entry.read_bytes())
            except OSError:         # it has just ended
                continue
        return left, sorted(self.folder.iterdir())


@pytest.fixture(params=ROWS)
def session(request, tmp_path, monkeypatch):
    """One for each row."""
    made = Session(ROWS[request.param], tmp_path, monkeypatch)
    yield made
    assert made.close() == ([], [])


def assert_nothing_is_left(gdb):
    """No breakpoint of anybody's, the kernel's code as it was built, and the stub reads virtual addresses."""
    for which in ("", "maint "):
        assert gdb.run(f"{which}info breakpoints") == "No breakpoints or watchpoints.\n"
    assert 'received: "0"' in gdb.run("maint packet qqemu.PhyMemMode")


def assert_code_is_unchanged(gdb):
    """As in the file. The stub reads by the MMU: once that is on."""
    assert gdb.run("compare-sections .text").strip().endswith("matched.")


def test_ctrl_c_a_killed_gdb_and_detach_in_the_middle(session):
    guest = session.guest
    session.start(MIDDLE_SECONDS[2])
    session.interrupt()
    assert_nothing_is_left(guest.gdb)
    session.start(MIDDLE_SECONDS[1])
    session.kill_gdb()
    assert_nothing_is_left(guest.gdb)
    assert_code_is_unchanged(guest.gdb)
    guest.load()
    assert guest.gdb.json("mm info --json")["stage"]
    session.start(MIDDLE_SECONDS[0])
    session.interrupt()
    assert_nothing_is_left(guest.gdb)
    guest.gdb.run("detach")
    wait_for("the guest to run to its end alone", lambda: END in guest.console(), END_SECONDS)
    guest.connect()
    assert_nothing_is_left(guest.gdb)
    assert_code_is_unchanged(guest.gdb)


# GDB 13's own end when a stub dies while a breakpoint is asked: 4 of 14 times with `hbreak F if 0`, without our code.
OWN_END = "inferior_thread: Assertion `current_thread_ != nullptr' failed"


def test_a_killed_qemu_in_the_middle(session):
    guest = session.guest
    threading.Timer(MIDDLE_SECONDS[1], guest._qemu.kill).start()
    try:
        if session.row.goes_on:
            guest.gdb.run(session.row.command)
        guest.gdb.run(session.row.goes_on or session.row.command)
    except GdbError as error:
        if OWN_END in str(error):
            return              # and no other process, and no file, as the fixture sees
        assert "\n" not in str(error).strip() and "Traceback" not in error.messages
    guest._qemu.wait()
    assert guest.gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n"
    assert "no target" in guest.fails("mm zones")
    with Guest("article", connect=False) as second:
        second.gdb, unused = guest.gdb, second.gdb
        try:
            second.connect()
        except GdbError as error:   # GDB 13's own: it lost the target while it stepped over a breakpoint that stops not
            assert "finish_step_over: Assertion" in str(error)
            second.gdb, unused = unused, second.gdb
            second.load().connect()
        unused.close()
        assert " 1 setup_machine_fdt\n" in second.gdb.run("mm step --quiet")      # nothing is known of the first
        assert_nothing_is_left(second.gdb)


DIE = """
import os, signal
from mmscope.target.stubphys import StubPhysical
def die(*args): os.kill(os.getpid(), signal.SIGKILL)
StubPhysical._one = die
"""


def test_gdb_killed_in_the_middle_of_a_physical_request(boot):
    """The stub keeps its mode then, and no other GDB is told: the next session's first command puts it back."""
    guest = boot("article").load()
    guest.run_to("mm_init")
    (guest.folder / "die.py").write_text(DIE)
    guest.gdb.run(f"source {guest.folder / 'die.py'}")
    guest.gdb.run("set mm-transport physical")
    with pytest.raises(GdbError, match="GDB ended"):
        guest.gdb.run("mm zones")
    guest.gdb.close()
    guest.gdb = Gdb(ELF)
    guest.connect()
    assert 'received: "1"' in guest.gdb.run("maint packet qqemu.PhyMemMode")
    guest.load()
    zones = guest.gdb.json("mm zones --json")
    assert zones["totalram_pages"] == guest.gdb.number("totalram_pages") and "virtual ones now" in "".join(
        guest.gdb.log)
    assert_nothing_is_left(guest.gdb)
