# SPDX-License-Identifier: GPL-2.0-or-later
"""One browser for all tests, one boot of the article's board for those that need a real one."""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "gdb"), str(ROOT / "tests" / "live"), str(Path(__file__).parent)]

from browser import Page, start                 # noqa: E402
from recorded import Recorded, record           # noqa: E402
from mmscope.view.report import report          # noqa: E402


@pytest.fixture(scope="session")
def driver():
    """Chromium, ended whatever happens."""
    found = start()
    try:
        yield found
    finally:
        found.quit()


@pytest.fixture
def page_of(driver, tmp_path) -> Iterator[Callable[..., Page]]:
    """page_of(snapshots): their report, not opened yet. No test leaves a complaint or a request behind."""
    made = []

    def make(snapshots) -> Page:
        file = tmp_path / f"report{len(made)}.html"
        file.write_text(report(tuple(snapshots)), encoding="ascii")
        made.append(Page(driver, file))
        return made[-1]

    yield make
    assert [page.complaints() for page in made] == [[]] * len(made)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory) -> Recorded:
    """The article's board, from its first memblock on until a workload is done."""
    return record(tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def page(recorded, page_of) -> Page:
    """Its report, not opened yet."""
    return page_of(recorded.snapshots)
