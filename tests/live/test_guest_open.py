# SPDX-License-Identifier: GPL-2.0-or-later
"""mm open: what QEMU dumps of a guest, and its RAM file, say what the guest said; live, the dump engine is never stale."""
import os
import shutil

import pytest

from guest import ELF, MM_PY, ROOT
from harness.gdbmi import Gdb, GdbError

RAM_START = 0x40000000          # of QEMU's machine virt
COMMANDS = ("info", "account --pages --all", "buddy --blocks", "buddyinfo", "check", "memblock", "zones", "slab",
            "slab kmalloc-64 --objects", "map", "why pfn:0x40100", "why mem_map", "page phys:0x40100000",
            "pagetypeinfo", "pcp", "percpu", "pgtable slab_caches", "slabinfo", "vmalloc", "vmallocinfo", "zoneinfo",
            "layout", "snapshot this")
PLAIN = ("print mmscope_banner", "x/8xw &contig_page_data", "print *mem_map", "print memblock.memory.regions[0]",
         "x/2i $pc", "info registers sp pc cpsr", "backtrace")
WAYS = ("transport", "transport_detail", "transport_notes")     # of mm info
BY_REGISTERS = ("mmu", "where")         # what a RAM file does not have
CURRENT = "__import__('sys').modules['mmscope.session.load']._current"
ENGINE = f"{CURRENT}.context().engine"


@pytest.fixture(scope="module")
def guest(boot, tmp_path_factory):
    """The guest when it is up, with a dump of each kind; tests leave it there."""
    folder = tmp_path_factory.mktemp("open")
    guest = boot("virt", "--memory", "64M", "--ram", str(folder / "ram")).load()
    guest.run_to("cpu_idle")
    guest.live = {command: guest.gdb.json(f"mm {command} --json") for command in COMMANDS}
    guest.plain = {command: guest.gdb.run(command) for command in PLAIN}
    guest.dumps = folder
    guest.gdb.run(f"monitor dump-guest-memory {folder / 'core'}")
    guest.gdb.run(f"monitor dump-guest-memory -z {folder / 'kdump'}")
    shutil.copy(folder / "ram", folder / "copy")
    return guest


@pytest.fixture
def gdb():
    """A GDB of its own, with nothing but the symbols."""
    with Gdb(ELF) as gdb:
        gdb.run(f"source {MM_PY}")
        yield gdb


def fails(gdb, command):
    """The one line of a command that must fail."""
    try:
        text = gdb.run(command)
    except GdbError as error:
        assert "\n" not in str(error).strip() and "Traceback" not in str(error) + error.messages
        return str(error)
    raise AssertionError(f"{command!r} did not fail but printed {text[:300]!r}")


def words(guest, source):
    """What mm open is given, and how the way is then called."""
    if source == "ram":
        return f"--ram {RAM_START:#x}:{guest.dumps / 'copy'}", "RAM file"
    return str(guest.dumps / source), {"core": "ELF core", "kdump": "kdump file"}[source]


def at_rest(document, but=()):
    """Without the way to memory."""
    found = dict(document, target={**document["target"], "transport": None})
    for name in (*WAYS, *but) if "banner" in found else but:
        found.pop(name, None)
    if "state" in found and "taken" in found:
        found.pop("taken")
    return found


@pytest.mark.parametrize("source", ["core", "kdump", "ram"])
def test_every_command_says_of_the_dump_what_it_said_live(guest, gdb, source):
    what, transport = words(guest, source)
    assert f"read through    {transport}, " in gdb.run(f"mm open {what}")
    but = BY_REGISTERS if source == "ram" else ()
    for command in COMMANDS:
        if source == "ram" and command.startswith("snapshot"):
            continue                    # it names the function where the CPU stands
        found = gdb.json(f"mm {command} --json")
        assert found["target"]["transport"] == transport
        assert at_rest(found, but) == at_rest(guest.live[command], but), command
    engine = gdb.run(f"python print({ENGINE}.mmu)")
    assert "kind=1" in engine and "root=" in engine


@pytest.mark.parametrize("source", ["core", "kdump"])
def test_gdbs_own_commands_read_the_dump(guest, gdb, source):
    gdb.run(f"mm open {words(guest, source)[0]}")
    for command in PLAIN:
        assert gdb.run(command) == guest.plain[command]


def test_gdbs_own_commands_read_a_ram_file_that_has_no_registers(guest, gdb):
    gdb.run(f"mm open {words(guest, 'ram')[0]}")
    for command in PLAIN[:4]:
        assert gdb.run(command) == guest.plain[command]


def test_through_the_stub_our_commands_say_the_same(guest, gdb):
    gdb.run(f"mm open {words(guest, 'core')[0]}")
    gdb.run("set mm-transport stub")
    found = gdb.json("mm buddy --blocks --json")
    assert found["target"]["transport"] == "remote stub"
    assert at_rest(found) == at_rest(guest.live["buddy --blocks"])
    assert gdb.run(f"python print({ENGINE})").strip() == "None"


def test_what_runs_the_target_or_writes_is_refused_in_one_line_and_the_dump_stays(guest, gdb):
    gdb.run(f"mm open {words(guest, 'core')[0]}")
    for command in ("step", "trace", "watch pfn:0x40100", "when pfn:0x40100", "owners record", "back"):
        line = fails(gdb, f"mm {command}")
        assert "it runs the target" in line and "stands still" in line and "mm close" in line
    before = gdb.json("mm zones --json")
    fails(gdb, "set var max_pfn = 1")
    for command in ("continue", "stepi"):
        try:
            gdb.run(command, 20)
        except GdbError:
            pass
    assert gdb.json("mm zones --json") == before


def stubs(gdb):
    """Processes of mmdump-stub that a GDB has started."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
                name, _, rest = file.read().partition("(")[2].rpartition(")")
        except OSError:
            continue
        if name.startswith("mmdump") and int(rest.split()[1]) == gdb.pid and rest.split()[0] != "Z":
            found.append(int(pid))
    return found


def open_dumps(gdb, folder):
    """Files of a folder that a GDB has open or mapped."""
    names = [os.readlink(f"/proc/{gdb.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{gdb.pid}/fd")]
    with open(f"/proc/{gdb.pid}/maps", encoding="utf-8") as file:
        names += file.read().split()
    return [name for name in names if name.startswith(str(folder))]


def test_close_leaves_nothing_and_another_dump_takes_the_place_of_the_first(guest, gdb):
    assert "no dump is open" in fails(gdb, "mm close")
    gdb.run(f"mm open {words(guest, 'core')[0]}")
    assert len(stubs(gdb)) == 1 and open_dumps(gdb, guest.dumps)
    gdb.run(f"mm open {words(guest, 'ram')[0]}")
    assert len(stubs(gdb)) == 1 and gdb.json("mm info --json")["transport"] == "RAM file"
    assert not any(name.endswith("core") for name in open_dumps(gdb, guest.dumps))
    assert "copy is closed" in gdb.run("mm close")
    assert not stubs(gdb) and not open_dumps(gdb, guest.dumps)
    assert "connect first" in fails(gdb, "mm zones")
    gdb.run(f"mm open {words(guest, 'core')[0]}")
    gdb.run("disconnect")
    assert "connect first" in fails(gdb, "mm zones")
    assert not stubs(gdb) and not open_dumps(gdb, guest.dumps)
    assert "no dump is open" in fails(gdb, "mm close")


def test_a_copy_of_the_commands_that_is_loaded_anew_goes_on_with_the_dump(guest, gdb):
    gdb.run(f"mm open {words(guest, 'core')[0]}")
    for _ in range(2):
        gdb.run(f"source {MM_PY}")
        found = gdb.json("mm zones --json")
        assert found["target"]["transport"] == "ELF core" and at_rest(found) == at_rest(guest.live["zones"])
        assert len(stubs(gdb)) == 1
        assert open_dumps(gdb, guest.dumps).count(str(guest.dumps / "core")) == 2       # a descriptor and a mapping
    gdb.run("mm close")
    gdb.run(f"source {MM_PY}")
    assert "no dump is open" in fails(gdb, "mm close")


def test_a_gdb_that_numbers_no_connections_knows_its_stub_by_the_process(guest, gdb):
    gdb.run(f"python d = {CURRENT}.dumps.open.__globals__; d['_peer'] = d['_stub']")
    gdb.run(f"mm open {words(guest, 'core')[0]}")
    pid, = stubs(gdb)
    assert gdb.run("python print(d['_stub']())").strip() == f"process {pid}"
    assert gdb.json("mm zones --json")["target"]["transport"] == "ELF core"
    gdb.run("disconnect")
    assert gdb.run("python print(d['_stub']())").strip() == "None"
    gdb.run(f"target remote | exec {ROOT / 'build' / 'dump' / 'mmdump-stub'} {guest.dumps / 'core'}")
    assert gdb.json("mm info --json")["transport"] == "remote stub"


def test_what_cannot_be_opened_is_said_in_one_line(guest, gdb, tmp_path):
    text = tmp_path / "text"
    text.write_text("no core\n")
    assert str(text) in fails(gdb, f"mm open {text}")
    assert "No such file" in fails(gdb, f"mm open {tmp_path / 'absent'}")
    assert "needs a FILE" in fails(gdb, "mm open")
    assert "PHYS:FILE" in fails(gdb, f"mm open --ram {text}")
    with open(tmp_path / "zeros", "wb") as file:
        file.truncate(1 << 20)
    assert "no kernel is in it" in fails(gdb, f"mm open --ram 0:{tmp_path / 'zeros'}")
    gdb.run("python __import__('os').environ['MMSCOPE_ENGINE'] = 'off'")
    assert "make dump" in fails(gdb, f"mm open {words(guest, 'core')[0]}")
    gdb.run(f"python __import__('os').environ['MMSCOPE_ENGINE'] = '{text}'")
    assert "cannot be used" in fails(gdb, f"mm open {words(guest, 'core')[0]}")
    assert not stubs(gdb)
    gdb.run("python del __import__('os').environ['MMSCOPE_ENGINE']")
    gdb.run("file")
    assert "no kernel symbols" in fails(gdb, f"mm open {words(guest, 'core')[0]}")


def test_a_live_target_is_not_thrown_away(guest):
    assert "a target is connected" in fails(guest.gdb, f"mm open {words(guest, 'core')[0]}")
    assert at_rest(guest.gdb.json("mm zones --json")) == at_rest(guest.live["zones"])


SAME = f"""
import gdb
def same(place, size):
    "Whether the engine has what GDB has."
    engine = {ENGINE}
    addr = int(gdb.parse_and_eval("(unsigned long)" + place))
    return engine.read_virt(addr, size) == bytes(gdb.selected_inferior().read_memory(addr, size))
"""


@pytest.mark.parametrize("ram", [True, False], ids=["file", "process"])
def test_live_the_engine_has_what_the_stub_has_at_each_stop(boot, tmp_path, ram):
    guest = boot("virt", "--memory", "64M", *(["--ram", str(tmp_path / "ram")] if ram else [])).load()
    gdb = guest.gdb
    (tmp_path / "same.py").write_text(SAME)
    gdb.run(f"source {tmp_path / 'same.py'}")
    assert gdb.run(f"python print({ENGINE})").strip() == "None"         # the MMU is off
    for function in ("mm_init", "__free_one_page", "kmem_cache_init", "cpu_idle"):
        guest.run_to(function)
        for place, size in (("mem_map", 1 << 14), ("&contig_page_data", 4000), ("&mmscope_banner", 16), ("$sp", 64)):
            assert gdb.run(f"python print(same({place!r}, {size}))").strip() == "True", (function, place)
        gdb.run("set mm-transport stub")
        assert gdb.run(f"python print({ENGINE})").strip() == "None"
        gdb.run("set mm-transport auto")
    gdb.run("set var contig_page_data.node_zones[0].free_area[0].nr_free = 77")
    assert gdb.run("python print(same('&contig_page_data', 4000))").strip() == "True"
    assert gdb.run("mm buddyinfo").split()[4] == "77"
    gdb.run(f"python engine = {ENGINE}")
    gdb.run("disconnect")
    with pytest.raises(GdbError) as error:
        gdb.run(f"python {CURRENT}.context(); engine.ranges()")
    assert "the dump is closed" in error.value.messages


def test_live_a_translation_that_is_gone_is_not_remembered(boot, tmp_path):
    """Page tables change under the same root: what the engine maps follows at the next stop."""
    guest = boot("virt", "--memory", "64M", "--ram", str(tmp_path / "ram")).load()
    gdb = guest.gdb
    guest.run_to("cpu_idle")
    entry = "((unsigned *)&swapper_pg_dir)[0xc3f]"
    look = "python print(hex({}.translate(0xc3f80000).phys))".format(ENGINE)
    before = gdb.run(look)
    value = gdb.number(entry)
    gdb.run(f"set var {entry} = {value - (1 << 20)}")
    assert int(gdb.run(look), 16) == int(before, 16) - (1 << 20)
    gdb.run(f"set var {entry} = {value}")
    assert gdb.run(look) == before


def test_live_an_engine_that_cannot_be_used_is_said_once_in_info(boot, tmp_path):
    guest = boot("virt", "--memory", "64M").load()
    guest.run_to("cpu_idle")
    (tmp_path / "engine").write_text("not a library")
    guest.gdb.run(f"python __import__('os').environ['MMSCOPE_ENGINE'] = '{tmp_path / 'engine'}'")
    guest.gdb.run("mm stats --flush")
    note, = guest.gdb.json("mm info --json")["transport_notes"]
    assert "dump engine" in note and "\n" not in note
    assert guest.gdb.json("mm zones --json")["target"]["transport"] == "/proc/PID/mem"
    guest.gdb.run("python __import__('os').environ['MMSCOPE_ENGINE'] = 'off'")
    guest.gdb.run("mm stats --flush")
    assert guest.gdb.json("mm info --json")["transport_notes"] == []
