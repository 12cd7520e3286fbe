# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the package and what these tests share importable."""
import pathlib
import sys

from hypothesis import settings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gdb"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

settings.register_profile("mmscope", database=None, deadline=None)      # leaves no files behind
settings.load_profile("mmscope")
