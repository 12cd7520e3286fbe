# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands work from the first instruction on, and say what is not there yet."""
STAGES = ["reset", "early", "memblock", "zones", "handover", "buddy", "slab", "booted"]


def test_first_instruction_is_a_clear_sentence_then_each_stage_follows(each_board):
    gdb = each_board.gdb
    first = gdb.json("mm info --json")
    assert first["target"] == {"kind": "guest", "release": "4.9.0", "arch": "arm", "stage": "reset",
                               "transport": "remote stub"}
    assert first["phys_offset"] is None and first["zones"] == []
    assert "MMU is off" in gdb.run("mm info")
    for command in ("memblock", "zones", "buddy", "buddyinfo", "page pfn:0x10000", "zones --json"):
        message = each_board.fails(f"mm {command}")
        assert "MMU is off" in message and "start_kernel" in message
    for _ in range(5):
        gdb.go("stepi")
        assert gdb.json("mm info --json")["stage"] == "reset"

    each_board.run_to("start_kernel")
    assert gdb.json("mm info --json")["stage"] == "early"
    assert gdb.json("mm memblock --json")["memory"] == []
    assert "zones" in each_board.fails("mm zones")

    each_board.run_to("paging_init")
    assert gdb.json("mm info --json")["stage"] == "memblock"
    found = gdb.json("mm memblock --json")
    assert found["memory"] and found["reserved"] and found["problems"] == []
    assert "stage memblock" in each_board.fails("mm buddy")


def test_stepping_line_by_line_through_mm_init(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    stop = guest.run_to("mm_init")
    seen = []
    for _ in range(40):
        seen.append(gdb.json("mm info --json")["stage"])
        zones = gdb.json("mm zones --json")
        assert zones["problems"] == [] and zones["zones"][0]["present_pages"] == 0x30000
        stop = gdb.go("next")
        if stop.function != "mm_init":
            break
    assert stop.function == "start_kernel"
    seen.append(gdb.json("mm info --json")["stage"])
    assert seen[0] == "zones" and seen[-1] == "slab"
    assert [STAGES.index(stage) for stage in seen] == sorted(STAGES.index(stage) for stage in seen)
    assert gdb.json("mm zones --json")["totalram_pages"] == 0x4a2c8


def test_stop_in_the_middle_of_the_hand_over(boot):
    guest = boot("article").load()
    guest.run_to("free_highpages")
    assert guest.gdb.json("mm info --json")["stage"] == "buddy"
    buddy = guest.gdb.json("mm buddy --json")
    assert buddy["problems"] == []
    assert sum(sum(area["by_migratetype"].values()) << area["order"] for area in buddy["free_areas"]
               if area["zone"] == "Normal") == 0x2e2c8
