# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's workloads: each leaves a machine that is sound, and does the same for the same seed."""
import re

import pytest

from .claims import KINDS
from .machine import Job

SCENARIOS = ("orders", "fragment", "exhaust", "slab", "vmalloc", "percpu", "cma", "mixed")
FLAVOURS = {"debug": "guest", "release": "guest-release"}
LIMIT_SECONDS = 60


# -O0 and every check at each step: the workloads that touch everything will do.
RUNS = [(scenario, "release") for scenario in SCENARIOS] + [("exhaust", "debug"), ("mixed", "debug")]
NONSENSE = ("nonsense", "slab,x", "slab,1,2,3", "")


def job(name: str, flavour: str, argument: str, read: bool = True) -> Job:
    return Job(name, ["--board", "article", "--append", f"scenario={argument}"], FLAVOURS[flavour],
               read=read, limit_seconds=LIMIT_SECONDS)


@pytest.fixture(scope="module")
def runs(farm):
    """(scenario, flavour) -> how its boot ended; two more runs of one; and words that are none."""
    jobs = {(scenario, flavour): job(f"{scenario}-{flavour}", flavour, scenario) for scenario, flavour in RUNS}
    jobs["again"] = job("again", "release", "mixed,1", read=False)
    jobs["other"] = job("other", "release", "mixed,2", read=False)
    jobs.update({words: job(f"bad-{words}", "release", words, read=False) for words in NONSENSE})
    found = farm.boot(jobs.values())
    return {key: found[job.name] for key, job in jobs.items()}


def report(outcome) -> dict[str, str]:
    """The line that the scenario prints at its end."""
    line = outcome.line("scenario ")
    found = re.fullmatch(r"scenario (?P<run>[\w,]+): (?P<allocs>\d+) allocs, (?P<frees>\d+) frees, "
                         r"(?P<failures>\d+) failures, (?P<spoilt>\d+) spoilt, (?P<held>\d+) held", line.strip())
    assert found, line                  # a broken invariant would stand behind it
    return found.groupdict()


@pytest.mark.parametrize("scenario, flavour", RUNS)
def test_scenario_leaves_a_sound_machine(runs, scenario, flavour):
    outcome = runs[scenario, flavour]
    assert outcome.end == "idle", outcome.console
    said = report(outcome)
    assert int(said["allocs"]) > 0 and said["spoilt"] == "0"
    assert int(said["allocs"]) - int(said["frees"]) == int(said["held"])
    assert outcome.state["mm_check"] is None
    assert outcome.state["nr_bad_pages"] == outcome.state["nr_warnings"] == 0


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_exhaustion_gives_every_page_back(runs, flavour):
    for zone in runs["exhaust", flavour].state["zones"]:
        free = sum(zone[kind] for kind in KINDS)
        # The pool's bitmap is larger than a slab's objects: it is held.
        assert zone["managed_pages"] - 4 <= free <= zone["managed_pages"]


@pytest.mark.parametrize("scenario", [scenario for scenario, flavour in RUNS if flavour == "debug"])
def test_both_flavours_do_the_same(runs, scenario):
    assert report(runs[scenario, "debug"]) == report(runs[scenario, "release"])


def test_one_seed_is_one_run(runs):
    assert report(runs["again"]) == report(runs["mixed", "release"])
    assert report(runs["other"])["allocs"] != report(runs["again"])["allocs"]


@pytest.mark.parametrize("words", NONSENSE)
def test_nonsense_is_said_and_ignored(runs, words):
    outcome = runs[words]
    assert outcome.end == "idle", outcome.console
    assert f'bootargs: cannot use "scenario={words}"' in outcome.console
    assert "\nscenario " not in outcome.console
