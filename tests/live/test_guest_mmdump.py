# SPDX-License-Identifier: GPL-2.0-or-later
"""mmdump on what QEMU dumps of a guest: what GDB says at the same stop, without GDB, and an exit status for scripts."""
import json
import os
import re
import shlex
import signal
import struct
import subprocess
import sys

import pytest

from guest import ELF, ROOT
from harness.process import wait_for
from harness.terminal import Terminal
from mmscope.alone.words import parse
from mmscope.layout.exported import read_layout

MMDUMP = ROOT / "build" / "dump" / "mmdump"
RAM_START = 0x40000000          # of QEMU's machine virt
COMMANDS = ("info", "account", "account --pages --all", "buddy", "buddy --blocks", "buddyinfo", "check", "memblock",
            "zones", "slab", "slab kmalloc-64 --objects", "map", "why pfn:0x40100", "why slab_caches",
            "why &slab_caches", "why mem_map", "page phys:0x40100000", "pagetypeinfo", "pcp", "percpu",
            "pgtable slab_caches", "slabinfo", "vmalloc", "vmallocinfo", "zoneinfo", "layout")
SECONDS = 30
NOWHERE = "needs GDB"


class Dump:
    """A guest's memory in files, and what GDB said of it at that stop."""

    def __init__(self, guest, folder, ram):
        self.folder, self.ram = folder, ram
        self.core, self.layout = folder / "core", folder / "layout"
        self.live = {command: guest.gdb.json(f"mm {command} --json") for command in COMMANDS}
        guest.gdb.run(f"monitor dump-guest-memory {self.core}")
        guest.gdb.run(f"monitor dump-guest-memory -z {folder / 'kdump'}")
        self.said = guest.gdb.run(f"mm layout --export {self.layout}")
        self.refused = [guest.fails(f"mm layout {words}") for words in (
            f"--export {folder}/none/layout", f"--export {folder}", f"page --export {folder}/x", "--export")]


@pytest.fixture(scope="module")
def dump(boot, tmp_path_factory):
    """The guest when it is up."""
    folder = tmp_path_factory.mktemp("dump")
    guest = boot("virt", "--memory", "64M", "--ram", str(folder / "ram")).load()
    guest.run_to("cpu_idle")
    return Dump(guest, folder, folder / "ram")


def mmdump(*words, layout=None, status=0, **options):
    """Its standard output and standard error."""
    done = subprocess.run([MMDUMP, *(["--layout", layout] if layout else []), *words], capture_output=True, text=True,
                          timeout=SECONDS, check=False, **options)
    assert done.returncode == status, (words, done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def at_rest(document, registers=True):
    """But for the way to memory, and for what only registers tell."""
    found = json.loads(json.dumps(document))
    del found["target"]["transport"]
    names = ("transport", "transport_detail", "transport_notes", "mmu") if "banner" in found else ()
    for name in names if registers else (*names, "where"):
        found.pop(name, None)
    return found


@pytest.mark.parametrize("source", ["core", "ram"])
def test_every_command_says_what_it_says_in_gdb(dump, source):
    words = [str(dump.core)] if source == "core" else ["--ram", f"{RAM_START:#x}:{dump.ram}"]
    for command in COMMANDS if source == "core" else COMMANDS[:12:2]:
        out, _ = mmdump(*words, *command.split(), "--json", layout=dump.layout)
        found = json.loads(out)
        assert found.pop("core") == words[-1]
        assert at_rest(found, source == "core") == at_rest(dump.live[command], source == "core"), command
        assert out.count("\n") == 1


def test_without_threads_or_with_many_all_is_the_same(dump):
    assert len({mmdump("--threads", count, dump.core, "account", "--pages", "--json", layout=dump.layout)[0]
                for count in ("1", "2", "7")}) == 1


def test_a_layout_has_the_symbols_that_nm_prints(dump):
    nm = subprocess.run(["nm", ELF], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in nm.splitlines()]
    even = [(row[2], int(row[0], 16) & ~1) for row in rows]             # libgcc is of Thumb instructions
    code = {each for each, row in zip(even, rows) if row[1] in "tT" and not row[2].startswith("$")}
    debug = read_layout(str(dump.layout))
    names = [name for name, _ in code]
    alone = [(name, addr) for name, addr in code if names.count(name) == 1]
    assert len(alone) > 500
    for name, addr in alone:
        assert debug.find(name).addr == addr
        around = debug.around(addr)
        assert (around.name, addr) in even if around is not None else name == "_etext"      # no byte is there
    assert debug.find("no_such_symbol") is None


def test_the_layout_says_what_to_do_with_it(dump):
    assert f"mmdump --layout {dump.layout} CORE account" in dump.said
    found = json.loads(dump.layout.read_text("ascii"))
    assert found["schema"] == "mmscope/layout/1" and found["kernel"]["kind"] == "guest"
    said = ("No such file", "Is a directory", "goes with no STRUCT", "expected one argument")
    for line, why in zip(dump.refused, said):
        assert why in line
    text, _ = mmdump("layout", "page", layout=dump.layout)
    assert text.startswith("struct page: 32 bytes")


def test_what_readme_says_of_mmdump_can_be_typed():
    text = (ROOT / "README.md").read_text("utf-8")
    lines = re.findall(r"^ {4}(?:\$|\(gdb\) shell) build/dump/mmdump (.*)$", text, re.MULTILINE)
    words = [parse(shlex.split(line)) for line in lines]
    assert {each.command for each in words} == {"account", "why", "check", "zones"}
    assert all(each.layout.endswith(".layout") and each.cores for each in words)


def flipped(dump, name):
    """A core in which a free block says another order than its list's: something is broken."""
    data = bytearray(dump.core.read_bytes())
    block = next(each for each in dump.live["buddy --blocks"]["blocks"] if each["order"] >= 8)
    private = block["page"] + next(
        member["offset"] for member in dump.live["layout"]["members"] if member["name"] == "page.private")
    phys = private - dump.live["info"]["page_offset"] + dump.live["info"]["phys_offset"]
    at = offset_of(data, phys)
    assert struct.unpack_from("<I", data, at)[0] == block["order"]
    struct.pack_into("<I", data, at, block["order"] - 1)
    path = dump.folder / name
    path.write_bytes(data)
    return path


def offset_of(data, phys):
    """Where a core has a physical address, by its program headers."""
    phoff, = struct.unpack_from("<I", data, 28)
    count, = struct.unpack_from("<H", data, 44)
    for index in range(count):
        kind, offset, _, start, size, *_ = struct.unpack_from("<8I", data, phoff + index * 32)
        if kind == 1 and start <= phys < start + size:
            return offset + phys - start
    raise AssertionError(f"{phys:#x} is in no segment")


def test_many_cores_are_answered_one_by_one_and_the_worst_is_the_status(dump):
    broken, cut = flipped(dump, "broken"), dump.folder / "cut"
    cut.write_bytes(dump.core.read_bytes()[:100])
    out, _ = mmdump(dump.core, broken, "check", "--json", layout=dump.layout, status=1)
    found = [json.loads(line) for line in out.splitlines()]
    assert [each["core"] for each in found] == [str(dump.core), str(broken)]
    assert not found[0]["problems"] and "BUDDY-2" in {each["id"] for each in found[1]["problems"]}
    out, said = mmdump(broken, cut, dump.core, "zones", "--json", layout=dump.layout, status=2)
    assert [json.loads(line)["core"] for line in out.splitlines()] == [str(broken), str(dump.core)]
    assert str(cut) in said and said.count("\n") == 1
    out, _ = mmdump(broken, dump.core, "zones", layout=dump.layout)
    assert out.startswith(f"==> {broken} <==\n") and f"\n\n==> {dump.core} <==\n" in out


def test_a_file_takes_the_output(dump):
    path = dump.folder / "out"
    out, _ = mmdump(dump.core, dump.core, "zones", "--json", "-o", path, layout=dump.layout)
    assert out == "" and len(path.read_text().splitlines()) == 2
    _, said = mmdump(dump.core, "zones", "-o", dump.folder, layout=dump.layout, status=2)
    assert "Is a directory" in said


@pytest.mark.parametrize("words, line", [
    ("account > /dev/full", "cannot write to standard output: No space left on device"),
    ("account --json >&-", "standard output is closed"),
    ("account -o /dev/full", "cannot write '/dev/full': No space left on device"),
    ("account >&- <&- 2>&-", ""), ("no_such_command >&- 2>&-", ""), ("no_such_command 2>/dev/full", "")])
def test_an_output_that_takes_nothing_is_no_problem_that_was_found(dump, words, line):
    command = f"exec {MMDUMP} --layout {dump.layout} {dump.core} {dump.core} {words}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"mmdump: {line}\n" if line else "")


def test_what_is_said_goes_into_no_file_when_standard_error_is_closed(dump):
    out = dump.folder / "closed"
    command = f"exec {MMDUMP} --layout {dump.layout} {dump.core} {dump.core}.absent zones -o {out} <&- >&- 2>&-"
    assert subprocess.run(command, shell=True, timeout=SECONDS, check=False).returncode == 2
    assert out.read_text("ascii").startswith("==> ") and "mmdump: " not in out.read_text("ascii")


def test_a_core_that_is_cut_is_answered_as_far_as_it_goes_and_said_to_be(dump):
    cut, whole = dump.folder / "cut", dump.core.read_bytes()
    cut.write_bytes(whole[:-len(whole) // 16])
    out, said = mmdump(cut, "zones", "--json", layout=dump.layout, status=2)
    assert said.startswith(f"mmdump: {cut}: is cut: has {cut.stat().st_size} of ") and said.count("\n") == 1
    assert json.loads(out)["zones"] == dump.live["zones"]["zones"]


READS = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from mmscope.alone.main import main
main(sys.argv[1:])
print(open("/proc/self/io").read().split("syscr: ")[1].split()[0])
"""


def rearranged(flat):
    """The kdump file that QEMU has written in pieces, behind 4 KiB of its own: each has a place and a size."""
    data, at = bytearray(), 4096
    while True:
        place, size = struct.unpack_from(">qq", flat, at)
        if place < 0:
            return data
        data.extend(bytes(max(place + size - len(data), 0)))
        data[place:place + size] = flat[at + 16:at + 16 + size]
        at += 16 + size


def test_a_page_that_a_file_lacks_is_looked_for_once_and_not_for_each_struct_in_it(dump):
    info, first = dump.live["info"], dump.live["page phys:0x40100000"]
    data, path = rearranged((dump.folder / "kdump").read_bytes()), dump.folder / "lacks"
    _, block, header, bitmaps = struct.unpack_from("<iiii", data, 412)      # struct disk_dump_header: status, ...
    dumped = int.from_bytes(data[(1 + header + bitmaps // 2) * block:][:bitmaps // 2 * block], "little")
    mem_map = bin(dumped & (1 << (first["page"] - info["page_offset"] + info["phys_offset"]) // 4096) - 1).count("1")
    pages = 14 * 1024 * info["struct_page_size"] // 4096                    # of the 16 Ki page frames behind it
    for at in range(mem_map, mem_map + pages):                              # struct page_desc: offset, ...
        struct.pack_into("<Q", data, (1 + header + bitmaps) * block + at * 24, len(data))
    path.write_bytes(data)
    done = subprocess.run([sys.executable, "-c", READS, ROOT / "gdb", "--layout", dump.layout, path, "account",
                           "--json", "-o", os.devnull], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert "does not close" in done.stderr and int(done.stdout) < 14 * 1024 // 4        # reads, of so many structs


def test_banks_that_overlap_are_said_to(dump):
    _, said = mmdump("--ram", f"{RAM_START:#x}:{dump.ram}", "--ram", f"{RAM_START + 4096:#x}:{dump.ram}", "zones",
                     layout=dump.layout)
    assert f"{dump.ram}: has memory at {RAM_START + 4096:#x} that is there already" in said and said.count("\n") == 1


def test_what_needs_a_debugger_says_so(dump):
    for words in ("why $sp", "why slab_caches.next", "why no_such_symbol", "page 1.5", "page pfn:", "why init_mm+1"):
        _, said = mmdump(dump.core, *words.split(), layout=dump.layout, status=2)
        assert said.startswith("mmdump: ") and said.count("\n") == 1, words
    assert NOWHERE in mmdump(dump.core, "why", "$sp", layout=dump.layout, status=2)[1]


def test_a_core_of_another_kernel_is_refused(dump):
    text = dump.layout.read_text("ascii")
    other = dump.folder / "other.layout"
    banner = b"mmscope ".hex()
    assert banner in text
    other.write_text(text.replace(banner, b"mmscopy ".hex()))
    _, said = mmdump(dump.core, "zones", layout=other, status=2)
    assert str(dump.core) in said and said.count("\n") == 1


def test_without_a_core_only_the_layout_is_asked(dump):
    _, said = mmdump("zones", layout=dump.layout, status=2)
    assert said == "mmdump: no core: name one in front of the command, or RAM files with --ram\n"


def test_a_pipe_that_is_closed_ends_it_quietly(dump):
    with subprocess.Popen([MMDUMP, "--layout", dump.layout, dump.core, "buddy", "--blocks", "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.wait(SECONDS) in (0, -signal.SIGPIPE) and process.stderr.read() == b""


# --- on a terminal --------------------------------------------------------------------

SLOW = """
import dataclasses, sys, time
sys.path.insert(0, {gdb!r})
from mmscope.alone.main import main
from mmscope.command import load_command
from mmscope.command.registry import COMMANDS
whole = load_command("zones")
COMMANDS["zones"] = dataclasses.replace(whole, run=lambda ctx, args: (time.sleep(3), whole.run(ctx, args))[1])
sys.exit(main(sys.argv[1:]))
"""


def slow(dump, *words):
    """mmdump whose command zones takes three seconds a core."""
    return [sys.executable, "-c", SLOW.format(gdb=str(ROOT / "gdb")), "--layout", str(dump.layout), *words]


def test_what_takes_more_than_a_second_has_a_bar_that_goes_away(dump):
    with Terminal(slow(dump, str(dump.core), str(dump.core), "zones", "-o", "/dev/null"), 80, 24) as terminal:
        terminal.wait("a bar", lambda: "1 of 2" in terminal.text and "0%" in terminal.text)
        terminal.wait("its second half", lambda: "2 of 2" in terminal.text and "50%" in terminal.text)
        terminal.wait("an empty screen", lambda: not terminal.text.strip())


def test_what_is_quick_has_no_bar(dump):
    with Terminal([str(MMDUMP), "--layout", str(dump.layout), str(dump.core), "zones"], 100, 40) as terminal:
        terminal.wait("the zones", lambda: "Normal" in terminal.text)
        assert "[" not in terminal.text.splitlines()[0]


def test_ctrl_c_is_one_line(dump):
    with subprocess.Popen(slow(dump, str(dump.core), "zones"), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        wait_for("it to listen", lambda: listens(process.pid), SECONDS)
        os.kill(process.pid, signal.SIGINT)
        out, said = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, said) == (130, b"", b"mmdump: interrupted\n")


def listens(pid):
    """Whether a process catches SIGINT."""
    status = open(f"/proc/{pid}/status", encoding="ascii").read()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return int(caught.split()[1], 16) >> signal.SIGINT - 1 & 1 and len(os.listdir(f"/proc/{pid}/task")) > 1
