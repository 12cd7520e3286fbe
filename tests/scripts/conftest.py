# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes scripts/lab importable, with a cache of its own for each test."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests off the user's cache and off the network."""
    monkeypatch.setenv("MMSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MMSCOPE_APT_SOURCE", raising=False)
