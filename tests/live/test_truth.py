# SPDX-License-Identifier: GPL-2.0-or-later
"""What the commands decode is what the guest found itself, page by page, on every board."""
import pytest

ZONES = 3
STAT_THRESHOLD = 125                # no CPU's difference may be larger; one CPU runs
TRUTHS = {"mem_init": "truth_mem_init", "mm_init": "truth_mm_init", "cma": "truth_cma"}


def digest(blocks):
    """FNV-1a over (pfn, order) by ascending pfn, 32 bits each, little endian: as truth.h says."""
    value = 0x811C9DC5
    for block in sorted(blocks, key=lambda block: block["pfn"]):
        for byte in block["pfn"].to_bytes(4, "little") + block["order"].to_bytes(4, "little"):
            value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def stop_at_transition(guest, name):
    """Run to the moment when the guest records what phase `name` leaves."""
    while True:
        guest.run_to("truth_transition")
        if guest.gdb.run("output name").endswith(f'"{name}"'):
            return


@pytest.fixture(scope="module")
def looks(each_board):
    """What the commands say, and what the guest says, after the hand-over, mm_init and the CMA areas' return."""
    gdb = each_board.gdb
    looks = {}
    for moment in TRUTHS:
        stop_at_transition(each_board, moment)
        looks[moment] = (gdb.json("mm zones --json"), gdb.json("mm buddy --blocks --json"), gdb.run("mm buddyinfo"))
        for zone in looks[moment][0]["zones"]:
            zone["exactly_free"] = gdb.number(
                f"zone_page_state_snapshot(&contig_page_data.node_zones[{zone['index']}], NR_FREE_PAGES)")
    each_board.run_to("cpu_idle")
    truths = {}
    for name, variable in TRUTHS.items():
        assert gdb.number(f"{variable}.recorded") == 1
        orders = looks[name][1]["orders"]
        truths[name] = {"free_pages": gdb.number(f"{variable}.free_pages"), "zones": [
            {**{field: gdb.number(f"{variable}.zones[{zone}].{field}")
                for field in ("memory_pages", "reserved_pages", "free_pages", "cma_blocks", "free_digest")},
             "blocks": [gdb.number(f"{variable}.zones[{zone}].blocks[{order}]") for order in range(orders)]}
            for zone in range(ZONES)]}
    return {name: (*looks[name], truths[name]) for name in TRUTHS}


@pytest.mark.parametrize("moment", TRUTHS)
def test_free_blocks_are_the_guests_own(looks, moment):
    zones, buddy, _, truth = looks[moment]
    for zone, expected in zip(zones["zones"], truth["zones"]):
        blocks = [block for block in buddy["blocks"] if block["zone"] == zone["name"]]
        orders = [block["order"] for block in blocks]
        assert [orders.count(order) for order in range(buddy["orders"])] == expected["blocks"]
        assert digest(blocks) == expected["free_digest"]
        assert sum(1 << order for order in orders) == expected["free_pages"]


@pytest.mark.parametrize("moment", TRUTHS)
def test_zone_counts_are_the_guests_own(looks, moment):
    zones, _, _, truth = looks[moment]
    if moment == "mem_init":
        assert zones["totalram_pages"] == truth["free_pages"]
    for zone, expected in zip(zones["zones"], truth["zones"]):
        assert zone["present_pages"] == expected["memory_pages"]
        assert zone["exactly_free"] == expected["free_pages"]
        # The counter itself lags by what the CPUs have not passed on yet.
        assert abs(zone["free_pages"] - expected["free_pages"]) <= (STAT_THRESHOLD if moment == "cma" else 0)
        assert zone["present_pages"] - zone["managed_pages"] == expected["reserved_pages"]


@pytest.mark.parametrize("moment", TRUTHS)
def test_buddyinfo_has_a_line_for_each_zone_with_memory(looks, moment):
    zones, _, text, truth = looks[moment]
    names = [zone["name"] for zone in zones["zones"] if zone["present_pages"]]
    assert text == "".join(
        f"Node 0, zone {name.rjust(8)} " + "".join(f"{count} ".rjust(7) for count in expected["blocks"]) + "\n"
        for name, expected in zip(names, truth["zones"]))


@pytest.mark.parametrize("moment", TRUTHS)
def test_nothing_is_reported_on_a_sound_guest(looks, moment):
    zones, buddy, _, _ = looks[moment]
    assert zones["problems"] == buddy["problems"] == []
