# SPDX-License-Identifier: GPL-2.0-or-later
"""Each way to the guest's memory gives the same bytes, none survives its connection, and ^C leaves the stub as it was."""
import os
import shlex
import signal
import socket
import subprocess
import threading
import time

import pytest

from guest import ELF, MM_PY, ROOT
from harness.gdbmi import Gdb, GdbError
from harness.process import wait_for

NAMES = {"stub": "remote stub", "physical": "remote stub, physical"}
RAM_FILE, PROCESS = "QEMU's RAM file", "/proc/PID/mem"
MEMORY = "__import__('sys').modules['mmscope.session.load']._current.context().memory"
PLACES = (("mem_map", 1 << 16), ("&mmscope_banner", 256), ("0xc0000000", 1 << 20), ("0xc0000ffe", 5),
          ("&contig_page_data", 4000), ("$sp", 64))


def transport(gdb):
    """What mm info says is used."""
    return gdb.json("mm info --json")["transport"]


def contents(gdb, place, size):
    """A hash of what our commands read at an address."""
    return gdb.run(f"python print(__import__('hashlib').sha256({MEMORY}.read("
                   f"int(gdb.parse_and_eval('(unsigned long)({place})')), {size})).hexdigest())")


def physical_mode(gdb):
    """Whether the stub reads physical addresses."""
    return gdb.run("maintenance packet qqemu.PhyMemMode").split('received: "')[1][0]


@pytest.fixture(scope="module", params=[PROCESS, RAM_FILE])
def idle(request, boot, tmp_path_factory):
    """The article's board in its idle loop with 3000 scattered blocks; tests leave it as it is. And its host path."""
    more = ("--ram", str(tmp_path_factory.mktemp("ram") / "guest ram")) if request.param == RAM_FILE else ()
    guest = boot("article", *more).load()
    guest.run_to("cpu_idle")
    guest.gdb.run(f"source {ROOT / 'tests' / 'live' / 'fragment.py'}")
    guest.host = request.param
    return guest


@pytest.fixture(scope="module")
def process(boot):
    """The same, without a RAM file."""
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    guest.gdb.run(f"source {ROOT / 'tests' / 'live' / 'fragment.py'}")
    return guest


@pytest.fixture
def gdb(idle):
    """Its GDB, with the setting as it is at first."""
    idle.gdb.run("set mm-transport auto")
    yield idle.gdb
    assert physical_mode(idle.gdb) == "0"


def test_host_memory_is_used_without_being_asked_and_can_be_turned_off(idle, gdb):
    info = gdb.json("mm info --json")
    assert (info["transport"], info["target"]["transport"]) == (idle.host, idle.host)
    pid = str(idle._qemu.pid)
    assert pid in info["transport_detail"] and info["transport_notes"] == []
    assert pid in gdb.run("mm info") and "set mm-transport" in gdb.run("mm info")
    gdb.run("set mm-transport stub")
    assert transport(gdb) == "remote stub"
    assert "stub" in gdb.run("show mm-transport")


@pytest.mark.parametrize("place, size", PLACES)
def test_the_same_bytes_by_each_way(idle, gdb, place, size):
    expected = None
    for mode in ("stub", "host", "physical", "auto"):
        gdb.run(f"set mm-transport {mode}")
        assert transport(gdb) == NAMES.get(mode, idle.host)
        found = contents(gdb, place, size)
        expected = expected or found
        assert found == expected
        assert transport(gdb) == NAMES.get(mode, idle.host)     # it did not fail on the way


def test_the_same_documents_by_each_way_and_no_requests_by_host_memory(idle, gdb):
    documents, costs = {}, {}
    for mode in ("stub", "host", "physical"):
        gdb.run(f"set mm-transport {mode}")
        document = gdb.json("mm buddy --blocks --json", 60)
        assert document["target"].pop("transport") == NAMES.get(mode, idle.host)
        documents[mode] = document
        costs[mode] = gdb.json("mm stats --json")["last"]["cost"]
    assert documents["stub"] == documents["host"] == documents["physical"]
    assert len(documents["stub"]["blocks"]) > 3000
    assert costs["host"]["requests"] < 10 and costs["host"]["host_reads"] > 1000
    assert costs["stub"]["host_reads"] == 0 == costs["stub"]["host_bytes"]
    assert costs["stub"]["requests"] < 450


def test_a_whole_mem_map_is_one_pass_in_the_largest_requests(gdb):
    gdb.run("set mm-transport stub")
    gdb.run("mm info")
    size = gdb.number("sizeof(struct page) * 0x60000")
    before = gdb.json("mm stats --json")["total"]["requests"]
    gdb.run(f"python {MEMORY}.read(int(gdb.parse_and_eval('(unsigned long) mem_map')), {size})")
    gdb.run("mm info")
    requests = gdb.json("mm stats --json")["total"]["requests"] - before
    assert size // 2048 <= requests < size // 2048 + 20


def test_host_memory_is_seen_anew_at_each_stop_and_after_a_write(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    assert transport(gdb) == "remote stub"          # the MMU is off: there are no page tables
    assert "not known yet" in gdb.run("mm info").replace("\n", " ").replace("  ", "")
    for function in ("mm_init", "__free_one_page", "cpu_idle"):
        guest.run_to(function)
        document = gdb.json("mm buddy --blocks --json")
        assert document["target"].pop("transport") == PROCESS
        zones = gdb.json("mm zones --json")
        gdb.run("set mm-transport stub")
        stub = gdb.json("mm buddy --blocks --json")
        assert stub["target"].pop("transport") == "remote stub" and stub == document
        assert gdb.json("mm zones --json")["zones"] == zones["zones"]
        gdb.run("set mm-transport auto")
    gdb.run("set var contig_page_data.node_zones[0].free_area[0].nr_free = 77")
    assert gdb.run("mm buddyinfo").split()[4] == "77"


def test_each_board_and_the_first_stage_with_page_tables(each_board):
    each_board.run_to("start_kernel")
    gdb = each_board.gdb
    documents = []
    for mode in ("stub", "host"):
        gdb.run(f"set mm-transport {mode}")
        document = gdb.json("mm memblock --json")
        documents.append((document["target"].pop("transport"), document))
    assert documents[0][1] == documents[1][1]
    gdb.run("set mm-transport auto")


REFUSE = """
import os
opened = os.open
def refuse(path, *rest):
    if str(path).endswith("/mem"):
        raise PermissionError(13, "Permission denied")
    return opened(path, *rest)
os.open = refuse
"""


def test_memory_of_the_process_that_cannot_be_read_leaves_the_stub_and_is_said(boot, tmp_path):
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    gdb = guest.gdb
    (tmp_path / "refuse.py").write_text(REFUSE)
    gdb.run(f"source {tmp_path / 'refuse.py'}")
    text = " ".join(gdb.run("mm info").split())
    assert "read through remote stub" in text and "Permission denied" in text and "ptrace_scope" in text
    assert gdb.json("mm zones --json")["target"]["transport"] == "remote stub"


def test_tcp_on_this_machine_is_local_and_a_relay_is_not(boot, tmp_path):
    guest = boot("virt", connect=False)
    gdb = guest.gdb
    with Relay(guest.socket) as relay:
        gdb.run(f"source {MM_PY}")
        gdb.run(f"target remote localhost:{relay.port}")
        guest.run_to("cpu_idle")
        info = gdb.json("mm info --json")
        assert info["transport"] == "remote stub" and "not the QEMU" in info["transport_notes"][0]
    command = shlex.split(subprocess.run([ROOT / "scripts" / "qemu", "--board", "virt", "--print", "--stop", "--serial",
                                          str(tmp_path / "serial"), "--gdb", "x"], capture_output=True, text=True,
                                         check=True).stdout)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command[command.index("-gdb") + 1] = f"tcp:127.0.0.1:{port}"
    qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        with Gdb(ELF) as other:
            other.run(f"source {MM_PY}")
            wait_for("QEMU to listen", lambda: connects(other, f"localhost:{port}"), 20)
            other.run("hbreak cpu_idle")
            other.go()
            info = other.json("mm info --json")
            assert info["transport"] == PROCESS and str(qemu.pid) in info["transport_detail"]
    finally:
        qemu.kill()
        qemu.wait()


def connects(gdb, where):
    """Whether GDB could connect."""
    try:
        gdb.run(f"target remote {where}")
    except GdbError:
        return False
    return True


class Relay:
    """A process's TCP port before a unix socket: GDB is on this machine with someone, but that is not QEMU."""

    def __init__(self, path):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._other = socket.socket(socket.AF_UNIX)
        self._other.connect(str(path))
        self._ends = [self._listener, self._other]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for end in self._ends:
            end.close()

    def _accept(self):
        end, _ = self._listener.accept()
        self._ends.append(end)
        threading.Thread(target=self._copy, args=(end, self._other), daemon=True).start()
        self._copy(self._other, end)

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
        except OSError:
            pass


def test_another_guest_is_another_memory_and_one_that_is_gone_is_none(boot):
    first, second = boot("article").load(), boot("sabrelite")
    second.run_to("cpu_idle")
    second.gdb.run("detach")
    second.gdb.close()
    first.run_to("cpu_idle")
    gdb = first.gdb
    here = gdb.json("mm info --json")
    zones = gdb.json("mm zones --json")["zones"]
    gdb.run("disconnect")
    assert "connect" in first.fails("mm zones")
    wait_for("the second guest's stub", lambda: connects(gdb, second.socket), 20)
    there = gdb.json("mm info --json")
    assert there["transport"] == here["transport"] == PROCESS
    assert str(first._qemu.pid) in here["transport_detail"] and str(second._qemu.pid) in there["transport_detail"]
    assert gdb.json("mm zones --json")["zones"] != zones
    descriptors = os.listdir(f"/proc/{gdb.pid}/fd")
    open_files = [os.readlink(f"/proc/{gdb.pid}/fd/{fd}") for fd in descriptors]
    assert not any(f"/proc/{first._qemu.pid}/" in name for name in open_files)
    second._qemu.kill()
    second._qemu.wait()
    with pytest.raises(GdbError):
        gdb.run("mm stats --flush")
        gdb.run("mm zones")
        gdb.run("mm zones")


BREAK_PACKETS = """
import gdb, sys
from mmscope.session import load
connection = load._current._connection
packet, sent = type(connection).packet, []
def broken(self, text):
    sent.append(text)
    if len(sent) == {number}:
        raise {error}
    return packet(self, text)
stub = connection.physical()
stub._packet = lambda text: broken(connection, text)
"""


@pytest.mark.parametrize("number", [1, 2, 3, 5, 6])
@pytest.mark.parametrize("error", ["KeyboardInterrupt", "RuntimeError('x')"])
def test_the_stub_reads_virtual_addresses_again_after_an_exception(process, tmp_path, number, error):
    gdb = process.gdb
    gdb.run("set mm-transport physical")
    gdb.run("mm info")
    (tmp_path / "broken.py").write_text(BREAK_PACKETS.format(number=number, error=error))
    gdb.run(f"source {tmp_path / 'broken.py'}")
    gdb.run("mm stats --flush")
    try:
        gdb.run("mm zones")
    except GdbError as failed:
        assert "interrupted" in str(failed) or "RuntimeError" in str(failed)
    finally:
        gdb.run("python stub._packet = connection.packet")
    assert physical_mode(gdb) == "0"
    assert gdb.run("print mmscope_banner").count("4.9.0") == 1


def interrupted(guest, command, after=0.15):
    """Press ^C while a command runs; seconds until it ended, or None when it was over before."""
    gdb = guest.gdb
    pressed = []

    def press():
        pressed.append(time.monotonic())
        os.kill(gdb.pid, signal.SIGINT)
    timer = threading.Timer(after, press)
    timer.start()
    try:
        gdb.run(command)
    except GdbError as error:
        assert any(word in str(error) + error.messages for word in ("interrupted", "Quit", "KeyboardInterrupt"))
        return time.monotonic() - pressed[0]
    finally:
        timer.cancel()
    return None


SLOW = "(lambda memory: [memory.drop() or memory.read(0xc0000000, 4 << 20) for _ in range(100)])"


@pytest.mark.parametrize("mode", ["stub", "physical", "host"])
@pytest.mark.parametrize("command", ["mm buddy --blocks", f"python {SLOW}({MEMORY})", "mm buddy --blocks --json"],
                         ids=["text", "bulk", "json"])
def test_interrupt_ends_reading_at_once_and_leaves_the_stub(process, mode, command):
    gdb = process.gdb
    gdb.run(f"set mm-transport {mode}")
    gdb.run("mm info")
    if command.startswith("mm"):
        gdb.run("set remote memory-read-packet-size 64")
        gdb.run("set remote memory-read-packet-size fixed")
        gdb.run("python __import__('sys').modules['mmscope.session.load']._current._forget_connection()")
    try:
        for after in (0.02, 0.07, 0.2):
            gdb.run("mm stats --flush")
            seconds = interrupted(process, command, after)
            assert physical_mode(gdb) == "0"
            assert gdb.run("print mmscope_banner").count("4.9.0") == 1
            assert seconds is None and mode == "host" or seconds < 0.5
    finally:
        gdb.run("set remote memory-read-packet-size 0")
        gdb.run("set remote memory-read-packet-size limit")
        gdb.run("python __import__('sys').modules['mmscope.session.load']._current._forget_connection()")
    assert len(gdb.json("mm buddy --zone Normal --order 0 --blocks --json")["blocks"]) == 3000
