# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/qemu: what it refuses, what it prints, and what it hands on."""
import re
import subprocess

import pytest

from harness.gdbmi import Gdb
from harness.process import wait_for, wait_for_text

from .board import MIB, PAGE, RAM, Board
from .machine import BOOT_SECONDS, QEMU, ROOT, Job, Qemu, elf

PAGE_OFFSET = 0xC0000000


def run(*arguments: str) -> subprocess.CompletedProcess:
    """The script to its end, which must come at once."""
    return subprocess.run([str(QEMU), *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=BOOT_SECONDS)


@pytest.mark.parametrize("arguments, says", [
    (["--board", "beagle"], "beagle"),
    (["--bord", "article"], "--bord"),
    (["article"], "article"),
    (["--dts"], "--dts"),
    (["--dts", "no/such.dts"], "no/such.dts"),
    (["--dts", "."], "no device tree"),
    (["--dts", "{bad}"], "dtc"),
    (["--dts", "{noise}", "--append", "x"], "fdt"),
    (["--dts", "{noise}", "--memory", "64M"], "fdt"),
    (["--image", "no/such.elf"], "no/such.bin"),
    (["--memory", "512M"], "article"),
    (["--board", "article", "--memory", "1536M"], "article"),
    (["--board", "virt", "--dts", "{good}"], "virt"),
    (["--dts", "{two}", "--memory", "64M"], "one bank"),
    (["--record", "a", "--replay", "b"], "--record"),
    (["--replay", "no/such"], "no/such"),
    (["--record", "no/such"], "no/such"),
    *[(["--board", board, "--memory", size], "--memory")
      for board in ("sabrelite", "virt")
      for size in ("many", "", "0", "-5", "-5M", "1.5G", "1T0", "0x", "M")],
    (["--board", "sabrelite", "--memory", "4G"], "--memory 4G"),
    (["--board", "sabrelite", "--memory", "100G"], "--memory 100G"),
    (["--board", "sabrelite", "--memory", "100000000G"], "--memory"),
])
def test_usage_error_is_one_line_and_status_1(tmp_path, arguments, says):
    files = {"good": Board("good", [[(RAM, 32 * MIB)]]).write(tmp_path),
             "two": Board("two", [[(RAM, MIB)], [(RAM + MIB, MIB)]]).write(
                 tmp_path), "bad": tmp_path / "bad.dts",
             "noise": tmp_path / "noise.dtb"}
    files["bad"].write_text("not a tree\n")
    files["noise"].write_bytes(bytes(range(256)))
    done = run(*(text.format(**files) for text in arguments))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("scripts/qemu: ") and says in done.stderr


def test_missing_folder_of_an_output_file_ends_with_its_name(tmp_path):
    for option in ("--serial", "--ram", "--gdb"):
        done = run(option, str(tmp_path / "none" / "file"))
        assert done.returncode == 1 and done.stdout == ""
        assert "none/file" in done.stderr and "Traceback" not in done.stderr


def test_help_names_every_option_of_the_interface():
    text = run("--help").stdout
    for option in ("--board", "--dts", "--memory", "--image", "--gdb", "--stop",
                   "--serial", "--ram", "--record", "--replay", "--append"):
        assert option in text


def lines_of(path, *arguments: str) -> list[str]:
    """stdout of a boot to idle, without --serial."""
    with path.open("wb") as out, subprocess.Popen(
            [str(QEMU), *arguments], stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.DEVNULL) as process:
        try:
            text = wait_for_text(path, "mmscope: idle\n", BOOT_SECONDS)
            assert process.poll() is None
        finally:
            process.kill()
    return text.splitlines()


@pytest.mark.parametrize("board", ["article", "sabrelite", "virt"])
def test_stdout_is_the_console_and_nothing_else(tmp_path, board):
    """As --serial FILE has it."""
    found = lines_of(tmp_path / "out", "--board", board)
    assert found[0].startswith("mmscope 4.9.0 (debug)")
    assert found[-1] == "mmscope: idle"
    serial = tmp_path / "serial"
    with Qemu("--board", board, "--serial", str(serial)) as qemu:
        wait_for("idle", lambda: qemu.alive() and serial.exists() and
                 b"idle" in serial.read_bytes(), BOOT_SECONDS)
        assert serial.read_text().replace("\r", "").splitlines() == found


def test_memory_sizes_the_tree_and_the_machine(farm):
    jobs = [Job(size, ["--board", "sabrelite", "--memory", size])
            for size in ("512M", "256", "1G", "16384K", "3840M")]
    for size, outcome in farm.boot(jobs).items():
        mib = {"512M": 512, "1G": 1024, "16384K": 16, "3840M": 3840}.get(size, 256)
        assert outcome.end == "idle", (size, outcome.console)
        assert outcome.state["max_pfn"] == min(RAM // PAGE + mib * 256, 0xFFFFF)
        assert outcome.state["nr_bad_pages"] == 0
        # sabrelite.dts asks for more CMA than a small machine has.
        assert outcome.state["totalcma_pages"] == (81920 if mib >= 512 else 0)


def test_append_goes_behind_the_trees_words_and_makes_chosen(farm, tmp_path):
    source = Board("x", [[(RAM, 32 * MIB)]]).source()
    start, end = source.index("\tchosen"), source.index("\tmemory")
    bare = tmp_path / "bare.dts"
    bare.write_text(source[:start] + source[end:])
    found = farm.boot([
        Job("bare", ["--dts", str(bare), "--append", "mem=16M x=\"y, z\""]),
        Job("more", ["--board", "sabrelite", "--append", "mem=512M"]),
        Job("virt", ["--board", "virt", "--append", "mem=64M"])])
    assert 'line: mem=16M x="y, z"\n' in found["bare"].console
    assert found["bare"].state["max_pfn"] == RAM // PAGE + 4096
    assert "command line: cma=320M mem=512M\n" in found["more"].console
    assert found["virt"].state["max_pfn"] == 0x44000


def test_tree_of_the_users_is_not_changed(farm, tmp_path):
    path = tmp_path / "own.dtb"
    path.write_bytes((ROOT / "build/boards/sabrelite.dtb").read_bytes())
    found = farm.boot([Job("own", ["--dts", str(path), "--append", "mem=64M",
                                   "--memory", "128M"])])
    assert found["own"].state["max_pfn"] == RAM // PAGE + 64 * 256
    assert path.read_bytes() == (
        ROOT / "build/boards/sabrelite.dtb").read_bytes()


def test_names_with_commas_and_blanks_reach_qemu_whole(tmp_path):
    folder = tmp_path / "a, b"
    folder.mkdir()
    tree = Board("t, u", [[(RAM, 32 * MIB)]]).write(folder)
    ram, serial = folder / "r,am", folder / "s,erial"
    with Qemu("--dts", str(tree), "--ram", str(ram), "--serial", str(serial)):
        wait_for_text(serial, "mmscope: idle", BOOT_SECONDS)
        assert ram.stat().st_size == 32 * MIB


@pytest.mark.parametrize("board", ["sabrelite", "virt"])
def test_ram_file_holds_the_guests_ram(tmp_path, board):
    """What the stub reads is in the file, and what goes in there it reads."""
    file = tmp_path / "ram"
    with Gdb(elf("guest"), limit_seconds=BOOT_SECONDS) as gdb, \
            Qemu("--board", board, "--memory", "64M", "--ram", str(file)) as qemu:
        assert qemu.wait_end(BOOT_SECONDS) == "idle"
        qemu.connected(gdb)
        at = gdb.number("(unsigned) mmscope_banner") - PAGE_OFFSET
        assert file.stat().st_size == 64 * MIB
        with file.open("r+b") as ram:
            ram.seek(at)
            assert ram.read(8) == b"mmscope "
            ram.seek(32 * MIB)
            ram.write(b"\x78\x56\x34\x12")
        word = PAGE_OFFSET + 32 * MIB
        assert gdb.number(f"*(unsigned *) {word:#x}") == 0x12345678
        gdb.run("disconnect")


def test_stop_waits_for_gdb_before_the_first_instruction(tmp_path):
    with Gdb(elf("guest"), limit_seconds=BOOT_SECONDS) as gdb, \
            Qemu("--stop") as qemu:
        qemu.connected(gdb)
        assert gdb.number("(unsigned) $pc") == RAM
        assert not qemu.serial.exists() or qemu.serial.read_bytes() == b""
        gdb.run("disconnect")


def recorded_count(gdb: Gdb, log: str) -> int:
    """Instructions at mm_init under replay."""
    with Qemu("--replay", log, "--stop") as qemu:
        qemu.connected(gdb)
        gdb.run("hbreak mm_init")
        assert gdb.go().function == "mm_init"
        gdb.run("delete")
        text = gdb.run("python print(gdb.execute('monitor info replay', "
                       "to_string=True))")
        gdb.run("disconnect")
    return int(re.search(r"instruction count = (\d+)", text)[1])


def test_replay_comes_to_mm_init_after_the_same_instructions(tmp_path):
    log = str(tmp_path / "run,1.rr")
    with Qemu("--record", log) as qemu:
        assert qemu.wait_end(4 * BOOT_SECONDS) == "idle"
        qemu.process.terminate()
        qemu.process.wait(BOOT_SECONDS)
    with Gdb(elf("guest"), limit_seconds=4 * BOOT_SECONDS) as gdb:
        counts = [recorded_count(gdb, log) for _ in range(2)]
    assert counts[0] == counts[1] > 1000000
