# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines typed on the console of a guest that sleeps: they are run, and the lists move."""
import re
import subprocess
import threading
import time

import pytest

from harness.process import wait_for

from .machine import QEMU, elf

LIMIT_SECONDS = 60


class Typist:
    """A guest whose console is a pipe."""

    def __init__(self, *arguments: str, image: str = "guest") -> None:
        self.process = subprocess.Popen([str(QEMU), "--image", str(elf(image)), *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while data := self.process.stdout.read1(4096):
            self.text += data.decode(errors="replace").replace("\r", "")

    def __enter__(self) -> "Typist":
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def expect(self, pattern: str, start: int = 0) -> re.Match:
        """Wait for a pattern on the console from position `start` on."""
        return wait_for(f"{pattern!r} on the console, which has {self.text[-500:]!r}",
                        lambda: re.search(pattern, self.text[start:], re.M), LIMIT_SECONDS)

    def type(self, line: str, answer: str) -> re.Match:
        """Type a line when the guest sleeps; its answer, up to the next prompt."""
        start = len(self.text)
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        self.expect(answer, start)
        self.expect(r"^mm> \Z", start)
        return self.expect(answer, start)       # the first may have ended where the console did by then


@pytest.fixture(scope="module", params=["article", "sabrelite", "virt"])
def guest(request):
    with Typist("--board", request.param) as typist:
        typist.expect("^mmscope: idle$")
        time.sleep(0.2)                 # it sleeps by now
        yield typist


def test_a_typed_line_wakes_the_guest_and_is_run(guest):
    guest.type("help", r"^alloc +ORDER \[KIND\]")


def test_blocks_move_on_the_lists(guest):
    guest.type("drain", "drain$")
    before = guest.type("buddyinfo", r"zone   Normal (.*)$")[1].split()
    number = guest.type("alloc 10 unmovable", r"^(\d+): pages pfn 0x\w+, 1024 pages$")[1]
    assert guest.type("buddyinfo", r"zone   Normal (.*)$")[1].split() != before
    guest.type(f"free {number}", rf"free {number}$")
    assert guest.type("buddyinfo", r"zone   Normal (.*)$")[1].split() == before


def test_a_scenario_runs_and_everything_comes_back(guest):
    held = guest.type("run mixed 3 300", r"^scenario mixed,3,300: .* 0 spoilt, (\d+) held$")[1]
    guest.type("check", "^sound$")
    guest.type("release", rf"^{held} given back$")
    guest.type("check", "^sound$")


@pytest.mark.parametrize("line, answer", [
    ("nonsense", "no such command"), ("alloc", "usage: alloc"), ("alloc 99", "not a number up to"),
    ("free 4000", "nothing is held"), ("run nonsense", "no such scenario"), ("x" * 300, "no such command"),
    ("\x00\x01\xff\x7f\b\bhel\x7flp", "buddyinfo")])
def test_mistakes_are_answered_in_a_line(guest, line, answer):
    guest.type(line, answer)
