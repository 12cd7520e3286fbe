# SPDX-License-Identifier: GPL-2.0-or-later
"""mmdump-stub: GDB's remote protocol over dumps, spoken here by hand and by a GDB."""
from __future__ import annotations

import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from elfcore import EM_AARCH64, EM_ARM, EM_X86_64, PT_NOTE, Core, Segment, note
from probing import BUILD

STUB = BUILD / "mmdump-stub"
RAM = bytes(range(256)) * 32
GDB = shutil.which("gdb-multiarch") or "gdb"


def packet(text: str) -> bytes:
    """As GDB sends it."""
    return b"$%s#%02x" % (text.encode(), sum(text.encode()) & 255)


def exchange(data: bytes, *arguments: object) -> bytes:
    """What the stub answers until its input ends. It must end by itself, and well."""
    assert STUB.is_file(), "build/dump-san/mmdump-stub is not there: run make dump-tests"
    done = subprocess.run([STUB, *map(str, arguments)], input=data, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr[-4000:]
    return done.stdout


def answers(*texts: str, arguments: tuple[object, ...]) -> list[str]:
    """One answer for each packet; checksums are right."""
    out = exchange(packet("QStartNoAckMode") + b"+" + b"".join(map(packet, texts)), *arguments)
    assert out.startswith(b"+$OK#9a")
    found = []
    for part in out[7:].split(b"$")[1:]:
        text, _, given = part.partition(b"#")
        assert int(given, 16) == sum(text) & 255
        found.append(text.decode())
    return found


@pytest.fixture(name="core")
def core_file(tmp_path: Path) -> Path:
    """Two CPUs of ARM, one segment with a virtual address."""
    regs = [note(b"CORE", 1, bytes(72) + struct.pack("<18I", *range(cpu, cpu + 18)) + bytes(4)) for cpu in (16, 64)]
    path = tmp_path / "core"
    path.write_bytes(Core([Segment(b"".join(regs), kind=PT_NOTE), Segment(RAM, phys=0x1000, virt=0xc0001000)],
                          bits=32, machine=EM_ARM).to_bytes())
    return path


def test_memory_is_read(core: Path) -> None:
    """As much as there is; nothing is E01; a wrong question is E02."""
    end = 0xc0001000 + len(RAM)
    assert answers("mc0001010,4", f"m{end - 2:x},10", f"m{end:x},1", "m0,1", "mc0001000,0", "m", "mx,1", "m1,",
                   "m11111111111111111,1", "mffffffffffffffff,ffffffffffffffff", arguments=(core,)) == [
        "10111213", "feff", "E01", "E01", "", "E02", "E02", "E02", "E02", "E01"]


def test_a_large_answer_has_room(core: Path) -> None:
    """All of a bank at once, and no more than a packet."""
    whole, = answers("mc0001000,ffffffff", arguments=(core,))
    assert bytes.fromhex(whole) == RAM


def test_each_cpu_has_its_registers(core: Path) -> None:
    """As its note has them; threads are CPUs."""
    first, second = (b"".join(struct.pack("<I", n) for n in range(cpu, cpu + 17)).hex() for cpu in (16, 64))
    assert answers("?", "qfThreadInfo", "qsThreadInfo", "qC", "g", "Hg2", "g", "pf", "p10", "p11", "qC", "T2", "T3",
                   "Hg3", "Hg0", "Hc-1", "qThreadExtraInfo,2", arguments=(core,)) == [
        "T05thread:1;", "m1,2", "l", "QC1", first, "OK", second, "4f000000", "50000000", "E02", "QC2", "OK", "E02",
        "E02", "OK", "OK", b"CPU#1".hex()]


def test_nothing_runs_and_nothing_is_written(core: Path) -> None:
    """Each is an error that says why."""
    refusals = answers("c", "s", "C05", "Mc0001000,1:00", "Xc0001000,1:a", "P0=00000000", "G00", "Z0,c0001000,4",
                       "mc0001000,1", arguments=(core,))
    assert refusals[:-1] == ["E.this is a dump: it cannot be run or changed"] * 8 and refusals[-1] == "00"


def test_what_is_not_known_is_answered_with_nothing(core: Path) -> None:
    """As the protocol wants it."""
    assert answers("vMustReplyEmpty", "vCont?", "qTStatus", "qL1200", "!", "", "x", arguments=(core,)) == [""] * 7


def test_detach_and_kill_end_it(core: Path) -> None:
    """With OK, and with nothing; what comes after is not read."""
    assert answers("D", "?", arguments=(core,)) == ["OK"]
    assert answers("k", "?", arguments=(core,)) == []


def test_a_checksum_that_is_wrong_is_asked_for_again(core: Path) -> None:
    """Until acknowledgements are off."""
    assert exchange(b"$?#00" + packet("?"), core) == b"-+" + packet("T05thread:1;")


def test_a_description_in_pieces(core: Path) -> None:
    """GDB reads it by offset and length."""
    texts = [f"qXfer:features:read:target.xml:{at:x},100" for at in range(0, 0x600, 0x100)]
    parts = answers(*texts, "qXfer:features:read:other.xml:0,100", "qXfer:features:read:target.xml:x", arguments=(core,))
    assert parts[-2:] == ["", "E02"]
    body = [part for part in parts[:-2] if len(part) > 1]
    assert [part[0] for part in body] == ["m"] * (len(body) - 1) + ["l"]
    xml = "".join(part[1:] for part in body)
    assert xml.startswith("<?xml") and "<architecture>arm</architecture>" in xml and xml.endswith("</target>\n")


def test_hostile_peers_do_no_harm(core: Path) -> None:
    """Packets without an end, too long, in one another; noise of all kinds."""
    rng = random.Random(11)
    long = b"$m" + b"0" * 300_000 + b"#00"
    assert exchange(packet("QStartNoAckMode") + long + packet("qC"), core).endswith(packet("") + packet("QC1"))
    assert exchange(b"$qC$$?#3f", core) == b"+" + packet("T05thread:1;")
    for noise in (b"", b"$", b"#", b"$#", b"\x03" * 50, b"$m0,1#", b"$" * 1000):
        exchange(noise, core)
    letters = b"$#+-mgpHTqQDcZXv0123456789abcdef,:;\x00\xff\x03"
    starts = [packet(text) for text in ("QStartNoAckMode", "mc0001000,40", "Hg2", "qXfer:features:read:target.xml:0,fff")]
    for _ in range(60):
        noise = b"".join(rng.choice(starts) if rng.random() < 0.3 else
                         bytes(rng.choice(letters) for _ in range(rng.randint(1, 30))) for _ in range(40))
        exchange(noise, core)


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    """One line, or how it is used; status 2."""
    ram = tmp_path / "ram"
    ram.write_bytes(RAM)
    for arguments in ([], ["--mmu"], ["--what"], ["--ram", "x:y"], ["--ram", f"0:{tmp_path}/none"], [tmp_path / "none"],
                      ["--mmu", "mips,12,48,0", "--ram", f"0:{ram}"], ["--mmu", "arm64,12", "--ram", f"0:{ram}"],
                      ["--mmu", "arm64,12,48,0x", "--ram", f"0:{ram}"], ["--arch", "mips"], [ram],
                      ["--ram", f"0:{ram}:99999999"]):
        done = subprocess.run([STUB, *map(str, arguments)], input=b"", capture_output=True, timeout=60, check=False)
        assert done.returncode == 2 and not done.stdout
        assert done.stderr.startswith((b"mmdump-stub: ", b"usage: ")), done.stderr


def test_it_finds_its_library_from_any_folder(tmp_path: Path) -> None:
    program = BUILD.parent / "dump" / "mmdump-stub"
    done = subprocess.run([program, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 0 and done.stdout.startswith("usage: mmdump-stub"), done.stderr


def test_banks_of_a_ram_file(tmp_path: Path) -> None:
    """Numbers in both forms; a name may have colons; without tables addresses are physical."""
    ram = tmp_path / "a:1:b"
    ram.write_bytes(RAM)
    out = answers("m1000,2", "m2003,2", "m1100,1", "g", arguments=(
        "--ram", f"0x1000:{ram}:0:256", "--ram", f"8192:{ram}:0x10:0x20", "--arch", "arm64"))
    assert out[:3] == ["0001", "1314", "E01"]
    assert set(out[3]) == {"0"} and len(out[3]) == 2 * (33 * 8 + 4)


REGISTERS = {       # as the kernel's struct elf_prstatus has them: words before pr_reg, their bytes, where pc is
    EM_ARM: ("arm", 32, 72, 4, 18, 15, "pc", "sp", 13),
    EM_AARCH64: ("aarch64", 64, 112, 8, 34, 32, "pc", "sp", 31),
    EM_X86_64: ("i386:x86-64", 64, 112, 8, 27, 16, "rip", "rsp", 19),
}


@pytest.mark.parametrize("machine", REGISTERS)
def test_gdb_reads_a_core_through_it(tmp_path: Path, machine: int) -> None:
    """Registers, threads, memory; a change and a continue are plain errors."""
    arch, bits, before, word, count, pc_at, pc, sp, sp_at = REGISTERS[machine]
    values = [0x1000 + 16 * n for n in range(count)]
    regs = bytes(before) + struct.pack(f"<{count}{'I' if word == 4 else 'Q'}", *values) + bytes(8)
    core, script = tmp_path / "core", tmp_path / "script"
    core.write_bytes(Core([Segment(note(b"CORE", 1, regs) * 3, kind=PT_NOTE), Segment(RAM, phys=0x1000, virt=0x1000),
                           Segment(RAM, phys=0x8000, virt=0x9000)], bits=bits, machine=machine).to_bytes())
    script.write_text(f"""set confirm off
target remote | exec {STUB} {core}
show architecture
info threads
thread 3
printf "pc %lx sp %lx\\n", (long)${pc}, (long)${sp}
x/2xb 0x9010
python
for command in ("x/1xb 0xb000", "set *(char *)0x9000 = 1", "p $pc = 0", "stepi"):
    try:
        print("answer:", gdb.execute(command, to_string=True).strip().splitlines()[:1])
    except gdb.error as error:
        print("error:", error)
end
x/1xb 0x9000
detach
""")
    done = subprocess.run([GDB, "-nx", "-batch", "-x", script], capture_output=True, text=True, timeout=60, check=False)
    assert f'"{arch}"' in done.stdout and "CPU#2" in done.stdout and done.stdout.count("Thread ") >= 3, done.stdout
    assert f"pc {values[pc_at]:x} sp {values[sp_at]:x}" in done.stdout
    assert "0x9010:\t0x10\t0x11" in done.stdout
    assert "error: Cannot access memory at address 0xb000" in done.stdout
    assert "error: Cannot access memory at address 0x9000" in done.stdout
    assert "0x9000:\t0x00" in done.stdout and "cannot be run or changed" in done.stdout + done.stderr
