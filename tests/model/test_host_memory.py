# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest RAM of a process on this machine: this very process plays QEMU."""
import mmap
import os
import socket
import subprocess
import sys

import pytest

from mmscope.errors import BrokenPath, FaultError
from mmscope.target import peer
from mmscope.target.host import PROCESS, RAM_FILE, compare, open_host
from mmscope.target.mtree import Range
from mmscope.target.procmaps import covering, is_file, parse
from mmscope.target.transport import Meter

MAPS = """\
55e0-55e8 r--p 00000000 fe:00 1097 /usr/bin/qemu system
1000-3000 rw-s 00004000 fe:01 77                         /var/a b/ram
3000-4000 rw-s 00006000 fe:01 77 /var/a b/ram (deleted)
4000-5000 ---p 00000000 00:00 0
5000-6000 rw-p 00000000 00:00 0                          [heap]
6000-7000 rw-s 00000000 00:01 9                          /memfd:ram (deleted)
garbage
"""
PAGE = mmap.PAGESIZE


def address(area):
    """Where a writable mmap lies."""
    import ctypes
    return ctypes.addressof(ctypes.c_char.from_buffer(area))


@pytest.fixture
def ram(tmp_path):
    """A shared mapping of a file with two pages, and that file."""
    path = tmp_path / "guest ram"
    path.write_bytes(bytes(range(256)) * (2 * PAGE // 256))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 2 * PAGE), path


def opened(*placed):
    """HostMemory of (physical start, host address, size) in this process."""
    hosts = {start: host for start, host, _ in placed}
    ranges = tuple(Range(start, start + size, "ram") for start, _, size in placed)
    return open_host(os.getpid(), ranges, hosts.get, Meter())


def test_maps_are_understood():
    rows = parse(MAPS)
    assert len(rows) == 6
    assert (rows[1].path, rows[1].shared, rows[1].offset, rows[1].inode) == ("/var/a b/ram", True, 0x4000, 77)
    assert rows[1].device == os.makedev(0xFE, 1)
    assert [row.path for row in rows[2:]] == ["", "", "", ""]
    assert not rows[3].readable and not rows[4].shared


def test_a_range_must_be_mapped_without_a_gap():
    rows = tuple(sorted(parse(MAPS), key=lambda row: row.start))
    assert [row.start for row in covering(rows, 0x1800, 0x3800)] == [0x1000, 0x3000]
    assert covering(rows, 0x1800, 0x4800) is None       # not readable
    assert covering(rows, 0x800, 0x1800) is None
    assert covering(rows, 0x6800, 0x7800) is None


def test_a_shared_file_is_read(ram):
    area, path = ram
    area[PAGE:PAGE + 4] = b"new!"
    memory = opened((0x10000000, address(area), 2 * PAGE))
    assert (memory.name, memory.line_bytes) == (RAM_FILE, 0) and str(path) in memory.detail
    assert memory.read(0x10000000 + PAGE - 2, 6) == b"\xfe\xffnew!"
    assert (memory.meter.cost.requests, memory.meter.cost.host_reads, memory.meter.cost.host_bytes) == (0, 1, 6)
    memory.close()


def test_ranges_on_both_sides_of_a_hole_are_parts_of_one_file(ram):
    area, _ = ram
    area[0:1], area[PAGE:PAGE + 1] = b"L", b"H"
    memory = opened((0, address(area), PAGE), (0x100000000, address(area) + PAGE, PAGE))
    assert memory.read(0, 1) + memory.read(0x100000000, 1) == b"LH"
    for phys, size in ((PAGE, 1), (PAGE - 1, 2), (0x100000000 + PAGE, 1), (0xFFFFFFFF, 1)):
        with pytest.raises(FaultError):
            memory.read(phys, size)


@pytest.mark.parametrize("how", ["private", "deleted", "replaced", "anonymous"])
def test_what_is_not_in_the_file_is_read_from_the_process(ram, how):
    area, path = ram
    if how == "deleted":
        path.unlink()
    elif how == "replaced":
        path.unlink()
        path.write_bytes(bytes(2 * PAGE))
    elif how == "private":
        with path.open("r+b") as file:
            area = mmap.mmap(file.fileno(), 2 * PAGE, flags=mmap.MAP_PRIVATE)
    else:
        area = mmap.mmap(-1, 2 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area[0:4] = b"mine"
    memory = opened((0, address(area), 2 * PAGE))
    assert memory.name == PROCESS and memory.read(0, 4) == b"mine"


def test_a_file_cut_short_is_an_error_and_stays_one(ram):
    area, path = ram
    memory = opened((0, address(area), 2 * PAGE))
    os.truncate(path, PAGE)
    assert memory.read(0, PAGE)
    for _ in range(2):
        with pytest.raises(BrokenPath, match="ends before"):
            memory.read(PAGE - 4, 8)
    os.truncate(path, 2 * PAGE)
    with pytest.raises(BrokenPath):
        memory.read(0, 4)


def test_a_process_that_ended_is_an_error():
    child = subprocess.Popen([sys.executable, "-c", """
import ctypes, mmap, sys
area = mmap.mmap(-1, 65536)
print(ctypes.addressof(ctypes.c_char.from_buffer(area)), flush=True)
sys.stdin.read()"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        host = int(child.stdout.readline())
        memory = open_host(child.pid, (Range(0, 65536, "ram"),), lambda _: host, Meter())
        assert memory.read(0, 4) == bytes(4)
    finally:
        child.kill()
        child.communicate()
    with pytest.raises(BrokenPath):
        memory.read(0, 4)
    with pytest.raises(BrokenPath, match="mappings"):
        open_host(child.pid, (Range(0, 65536, "ram"),), lambda _: host, Meter())


def test_another_process_is_not_taken_for_qemu(ram):
    free = os.sysconf("SC_PAGESIZE")        # low addresses are never mapped
    with pytest.raises(BrokenPath, match="not the QEMU"):
        opened((0, free, PAGE))
    with pytest.raises(BrokenPath, match="not the QEMU"):
        open_host(os.getpid(), (Range(0, PAGE, "ram"),), lambda _: None, Meter())


@pytest.mark.parametrize("change, agrees", [(b"", True), (b"other", False)])
def test_a_line_is_held_to_what_the_stub_has(ram, change, agrees):
    area, path = ram
    area[:PAGE] = bytes(PAGE)
    host = opened((0, address(area), 2 * PAGE))
    other = opened((0, address(area), 2 * PAGE))
    asked = []
    other.read = lambda phys, size: asked.append(phys) or (change + host.read(phys, size))[:size]
    ranges = (Range(0, 2 * PAGE, "ram"),)
    if agrees:
        compare(host, other, ranges)
    else:
        with pytest.raises(BrokenPath, match="other bytes than the stub at physical 0x1000"):
            compare(host, other, ranges)
    assert asked == [PAGE]      # what is empty everywhere proves nothing


def test_no_permission_is_said(ram, monkeypatch):
    area = mmap.mmap(-1, PAGE)
    real = os.open

    def refuse(path, *args):
        if str(path).endswith("/mem"):
            raise PermissionError(13, "Permission denied")
        return real(path, *args)
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(BrokenPath, match="Permission denied.*ptrace_scope"):
        opened((0, address(area), PAGE))
    # Some RAM on the chip beside that of the file: only that is left out.
    memory = opened((0, address(area), PAGE), (PAGE, address(ram[0]), 2 * PAGE))
    assert memory.name == RAM_FILE and memory.read(PAGE, 2) == b"\0\1"
    with pytest.raises(FaultError):
        memory.read(0, 1)


def test_a_file_that_the_mapping_shows_with_another_device_is_known_by_who_has_it_open(ram):
    _, path = ram
    with path.open("rb") as file:
        row = parse(f"1000-2000 rw-s 00000000 00:00 {os.stat(path).st_ino} {path}")[0]
        assert is_file(row, os.getpid(), file.fileno())
        other = parse(f"1000-2000 rw-s 00000000 00:00 {os.stat(path).st_ino + 1} {path}")[0]
        assert not is_file(other, os.getpid(), file.fileno())


LISTENER = """
import socket, sys
listener = socket.socket(getattr(socket, sys.argv[1]))
listener.bind(eval(sys.argv[2]))
listener.listen()
print(listener.getsockname()[1] if sys.argv[1] != "AF_UNIX" else 0, flush=True)
connection, _ = listener.accept()
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def listen(tmp_path):
    """listen(family, address): a process that listens there, its port, and a connection to it."""
    started = []

    def start(family, where):
        child = subprocess.Popen([sys.executable, "-c", LISTENER, family, repr(where)], cwd=tmp_path,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        port = int(child.stdout.readline())
        started.append(child)
        end = socket.socket(getattr(socket, "AF_INET" if family == "AF_INET6" else family))
        end.connect(str(tmp_path / where) if family == "AF_UNIX" else ("127.0.0.1", port))
        started.append(end)
        return child.pid, port
    yield start
    for each in started:
        if isinstance(each, socket.socket):
            each.close()
        else:
            each.kill()
            each.communicate()


def test_the_process_behind_a_unix_socket(listen, tmp_path):
    pid, _ = listen("AF_UNIX", "gdb.sock")      # a relative path of another process's folder
    other, _ = listen("AF_UNIX", "other.sock")
    assert peer.find_peer(str(tmp_path / "gdb.sock")) == pid
    assert peer.find_peer(str(tmp_path / "other.sock")) == other
    assert peer.find_peer(None) is None         # could be either


@pytest.mark.parametrize("family, where", [("AF_INET", ("127.0.0.1", 0)), ("AF_INET6", ("::", 0))])
def test_the_process_behind_a_tcp_port(listen, family, where):
    pid, port = listen(family, where)
    listen(family, where)
    for name in (f"localhost:{port}", f":{port}", f"tcp:127.0.0.1:{port}"):
        assert peer.find_peer(name) == pid


def test_one_connection_is_found_under_any_name_and_none_is_none(listen, monkeypatch):
    find, others = peer.connections, set(peer.connections())       # a browser's, of other tests in this process
    monkeypatch.setattr(peer, "connections", lambda: (each for each in find() if each not in others))
    assert peer.find_peer("host:1234") is None
    pid, _ = listen("AF_INET", ("127.0.0.1", 0))
    assert peer.find_peer("by some other name") == pid, list(peer.connections())


def test_tcp_tables_are_understood():
    rows = peer.tcp_rows(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:04D2 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 2079195 1 0 20\n"
        "   1: 0000000000000000FFFF00000100007F:04D2 00000000000000000000000001000000:D431 01 0:0 00:0 0 0 0 7 1\n"
        "   2: short\n")
    assert rows[0].local == ("0100007F", 1234) == rows[1].local
    assert (rows[0].remote, rows[0].inode, rows[1].inode) == (("0100007F", 0xD431), 2079195, 7)
