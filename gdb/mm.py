# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads the mm commands: source this file in GDB, before or after the target is there.

Sourcing it again reloads everything. The package is found next to this file, wherever that is.
"""
import importlib
import os
import sys


def _load():
    """Drop an earlier copy of the package with its hooks, then load this one."""
    if sys.version_info < (3, 9):
        print("mm: this GDB embeds Python %d.%d; 3.9 or later is needed" % sys.version_info[:2])
        return
    earlier = sys.modules.get("mmscope.session.load")
    kept = earlier.unload() if earlier is not None else None
    for name in [name for name in sys.modules if name.partition(".")[0] == "mmscope"]:
        del sys.modules[name]
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path.insert(0, here)
    try:
        importlib.invalidate_caches()
        importlib.import_module("mmscope.session.load").load(kept)
    finally:
        sys.path.remove(here)


_load()
