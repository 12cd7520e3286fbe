# SPDX-License-Identifier: GPL-2.0-or-later
"""Physical reads of the stub put its switch back; translated reads are right or are the stub's."""
import signal
import threading

import pytest

from machine import Ram
from mmscope.errors import BrokenPath, FaultError
from mmscope.target.cache import CachedMemory
from mmscope.target.mtree import Range
from mmscope.target.stubphys import StubPhysical, physical_mode
from mmscope.target.translated import Translated
from mmscope.target.transport import Meter

PHYS, VIRT = 0x80000000, 0xC0000000
PAGE = 4096
RANGES = (Range(PHYS, PHYS + 64 * PAGE, "ram"), Range(1 << 32, (1 << 32) + PAGE, "ram"))


class Stub:
    """A stub with the switch. trouble(number of the packet) may raise, before or after the packet was obeyed."""

    def __init__(self):
        self.mode = "0"
        self.sent = []
        self.before = self.after = lambda number: None

    def __call__(self, text):
        number = len(self.sent)
        self.sent.append(text)
        self.before(number)
        answer = self.obey(text)
        self.after(number)
        return answer

    def obey(self, text):
        if text == "qqemu.PhyMemMode":
            return self.mode
        if text.startswith("Qqemu.PhyMemMode:"):
            self.mode = text[-1]
            return "OK"
        addr, size = (int(number, 16) for number in text[1:].split(","))
        assert text[0] == "m" and self.mode == "1"
        return bytes((addr + at >> 12) & 0xFF for at in range(size)).hex()


@pytest.fixture
def stub():
    return Stub()


def physical(stub, packet_bytes=2048):
    return StubPhysical(stub, RANGES, packet_bytes, Meter())


def test_physical_bytes_in_the_largest_requests(stub):
    memory = physical(stub)
    assert memory.read(PHYS + PAGE - 1, 2) == b"\0\1"
    assert memory.read(1 << 32, 1) == b"\0"         # no address is cut to 32 bits
    stub.sent.clear()
    memory.meter.take()
    assert len(memory.read(PHYS, 40 * PAGE)) == 40 * PAGE
    reads = [text for text in stub.sent if text.startswith("m")]
    assert len(reads) == 80 and set(text.split(",")[1] for text in reads) == {"800"}
    assert len(stub.sent) == 1 + 80 + 3 * 2         # each 32 of them in one go
    assert (memory.meter.cost.requests, memory.meter.cost.bytes) == (87, 40 * PAGE)
    assert stub.mode == "0"


def test_what_is_not_ram_is_not_read(stub):
    for phys, size in ((0, 4), (PHYS - 1, 2), (PHYS + 64 * PAGE - 1, 2), ((1 << 32) + PAGE, 1)):
        with pytest.raises(FaultError):
            physical(stub).read(phys, size)
    assert stub.sent == []                          # a device's register may change when it is read


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPath, RuntimeError])
def test_the_switch_is_put_back_whatever_happens(stub, number, when, error):
    def trouble(at):
        if at == number:
            raise error("trouble")
    setattr(stub, when, trouble)
    try:
        physical(stub).read(PHYS, 2 * PAGE)
    except (KeyboardInterrupt, BrokenPath, RuntimeError) as raised:
        assert isinstance(raised, error)
    else:
        assert number == 6 and error is BrokenPath      # putting back again did it
    assert stub.mode == "0"


def interrupt():
    """^C for this thread: GDB's others, too, do not take it."""
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)


def test_a_real_interrupt_waits_until_the_switch_is_back(stub):
    stub.after = lambda number: interrupt() if number == 2 else None
    before = signal.signal(signal.SIGINT, signal.default_int_handler)      # a shell's background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            physical(stub).read(PHYS, 2 * PAGE)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stub.mode == "0"
    assert len(stub.sent) == 1 + 1 + 4 + 1
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_switch_that_was_on_stays_on(stub):
    memory = physical(stub)
    for mode in "1010":                             # set by the user between two commands
        stub.mode = mode
        assert memory.read(PHYS, 1) + memory.read(PHYS + PAGE, 1) == b"\0\1"
        assert stub.mode == mode
        memory.meter.take()


@pytest.mark.parametrize("answer", ["", "E22", "OK"])
def test_a_stub_without_the_switch_is_not_used(answer):
    assert not physical_mode(lambda _: answer)
    with pytest.raises(BrokenPath, match="does not read physical"):
        physical(lambda _: answer).read(PHYS, 4)


def test_an_error_answer_is_a_fault(stub):
    good = stub.obey
    stub.obey = lambda text: "E14" if text.startswith("m") else good(text)
    with pytest.raises(FaultError):
        physical(stub).read(PHYS, 4)
    assert stub.mode == "0"


class Physical:
    """64 pages of physical memory, each byte the number of its page."""

    name, detail, line_bytes = "test RAM", "of a test", 0

    def __init__(self):
        self.meter = Meter()
        self.reads = []
        self.broken = None

    def drop(self):
        pass

    def read(self, phys, size):
        self.reads.append((phys, size))
        if self.broken:
            raise BrokenPath(self.broken)
        if not PHYS <= phys <= phys + size <= PHYS + 64 * PAGE:
            raise FaultError(phys, size)
        return bytes((phys + at >> 12) & 0xFF for at in range(size))


class Tables:
    """Translations of pages, counted; and the stub that has the same memory."""

    def __init__(self, pages):
        self.pages = pages          # number of the virtual page -> number of the physical one, or a span
        self.walks = 0
        self.physical, self.stub = Physical(), Ram()
        self.stub.meter = self.physical.meter
        self.stub.add(VIRT, 64 * PAGE)
        for page, frame in pages.items():
            if isinstance(frame, int) and frame < 64:
                self.stub.write(VIRT + page * PAGE, bytes([frame]) * PAGE)

    def translate(self, addr):
        self.walks += 1
        frame = self.pages.get((addr - VIRT) // PAGE)
        if frame is None or not isinstance(frame, int):
            return frame
        start = addr - addr % PAGE
        return start, start + PAGE, PHYS + frame * PAGE - start

    def transport(self, region_shift=28):
        return Translated(self.physical, lambda _: self.translate, 12, region_shift, self.stub)


def test_reads_are_split_where_physical_memory_is_not_in_one_piece():
    tables = Tables({0: 5, 1: 6, 2: 9, 3: 3})
    memory = tables.transport(None)
    data = memory.read(VIRT + 4000, 3 * PAGE)
    assert data == bytes([5]) * 96 + bytes([6]) * PAGE + bytes([9]) * PAGE + bytes([3]) * 4000
    assert [size for _, size in tables.physical.reads] == [96 + PAGE, PAGE, 4000]
    assert memory.meter.cost.requests == 0


def test_each_page_is_walked_once_a_stop():
    tables = Tables({0: 5, 1: 7})
    memory = CachedMemory(tables.transport())
    for _ in range(5):
        assert memory.read(VIRT + PAGE - 1, 2) == b"\5\7"
        memory.read(VIRT + 8, 8)
    assert tables.walks == 2 and len(memory) == 0
    memory.drop()
    memory.read(VIRT, 1)
    assert tables.walks == 3


def test_a_block_is_walked_once():
    block = (VIRT, VIRT + 16 * PAGE, PHYS - VIRT)
    tables = Tables({page: block for page in range(16)})
    memory = tables.transport(None)
    for page in (3, 9, 0, 15):
        assert memory.read(VIRT + page * PAGE + 5, 1) == bytes([page])
    assert memory.read(VIRT, 16 * PAGE)[-1] == 15
    assert tables.walks == 1


def test_what_is_not_mapped_is_the_stubs():
    tables = Tables({0: 5, 2: 6})
    tables.stub.write(VIRT + PAGE, b"mapped by this CPU")
    memory = tables.transport()
    assert memory.read(VIRT + PAGE, 6) == b"mapped"
    assert memory.read(VIRT + PAGE - 1, 2) == b"\5m"
    with pytest.raises(FaultError):
        memory.read(VIRT + 64 * PAGE, 4)
    before = memory.meter.cost.requests
    for _ in range(3):
        with pytest.raises(FaultError):
            memory.read(VIRT + 64 * PAGE, 4)
    assert memory.meter.cost.requests == before     # it is not asked again


def test_what_is_not_ram_is_the_stubs():
    tables = Tables({1: 1000})
    tables.stub.write(VIRT + PAGE, b"a device")
    assert tables.transport().read(VIRT + PAGE, 8) == b"a device"


def test_tables_that_say_otherwise_than_the_stub_are_not_believed():
    tables = Tables({0: 5, 1: 6})
    tables.stub.write(VIRT + PAGE, bytes([5]) * PAGE)
    memory = tables.transport()
    assert memory.read(VIRT + PAGE + 200, 1) == b"\5"
    assert memory.name == "test memory" and "differ at 0xc00010c0" in memory.detail
    assert memory.read(VIRT, 1) == b"\5" and tables.physical.reads[-1][0] == PHYS + 6 * PAGE + 192


def test_each_region_is_compared_once():
    tables = Tables({page: page for page in range(40)})
    memory = tables.transport(region_shift=12 + 4)      # of 16 pages
    for page in range(40):
        memory.read(VIRT + page * PAGE, 8)
    assert memory.meter.cost.requests == 3


def test_nothing_is_compared_where_the_stub_reads_nothing():
    tables = Tables({0: 5})
    tables.stub.areas.clear()
    assert tables.transport().read(VIRT, 1) == b"\5"


def test_a_cpu_without_the_kernel_is_not_asked_again_and_again():
    tables = Tables({page: page for page in range(40)})
    tables.stub.areas.clear()
    memory = tables.transport(region_shift=13)
    for page in range(40):
        assert memory.read(VIRT + page * PAGE, 1) == bytes([page])
    assert memory.meter.cost.requests == 4


def test_physical_memory_that_fails_is_replaced_by_the_stub_within_the_read():
    tables = Tables({0: 5, 1: 9, 2: 7})
    memory = tables.transport()
    assert memory.read(VIRT, 1) == b"\5"
    tables.physical.broken = "the file was cut short"
    tables.stub.write(VIRT + PAGE, b"!")
    assert memory.read(VIRT, PAGE + 1) == bytes([5]) * PAGE + b"!"
    asked = len(tables.physical.reads)
    assert memory.read(VIRT + 2 * PAGE, 1) == b"\7"
    assert len(tables.physical.reads) == asked
    assert memory.name == "test memory"
    assert memory.detail == "test RAM is not used any more: the file was cut short"


def test_tables_that_cannot_be_read_map_nothing():
    tables = Tables({0: 5})

    def fault(addr):
        raise FaultError(0)
    memory = Translated(tables.physical, lambda _: fault, 12, 28, tables.stub)
    assert memory.read(VIRT, 1) == b"\5"
    with pytest.raises(FaultError):
        memory.direct(VIRT, 1)
