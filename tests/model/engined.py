# SPDX-License-Identifier: GPL-2.0-or-later
"""The dump engine over the memory of a machine made of bytes: a core whose segments say the virtual addresses.

Where GIVEN is set, every hand-made machine has it: the tests that import this run what others test once more.
"""
import os
import pathlib
import sys
import tempfile

from mmscope.target.engine import Library, Machine

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "dump"))

from elfcore import Core, Segment  # noqa: E402

BUILT = TOP / "build" / "dump" / "libmmdump.so"
GIVEN = [bool(os.environ.get("MMSCOPE_TEST_ENGINE"))]


def engine_over(areas):
    """The engine over {address: bytes}, as they are now."""
    segments, phys = [], 0
    for addr, data in areas.items():
        segments.append(Segment(bytes(data), phys, addr))
        phys += len(data) + 0x1000
    with tempfile.NamedTemporaryFile(dir=os.environ.get("TMPDIR", "/tmp")) as file:
        file.write(Core(segments).to_bytes())
        file.flush()
        machine = Machine(Library(BUILT))
        machine.open(file.name)
    return machine


def give(ctx, areas):
    """A context with the engine, where it is to be given."""
    if GIVEN[0] and areas:
        ctx.engine = engine_over(areas)
    return ctx
