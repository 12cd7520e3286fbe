# SPDX-License-Identifier: GPL-2.0-or-later
# replay-demo.gdb - `make replay-demo`: from the end of a recorded run backwards. Each command is shown as it would be
# typed, then run; those that only look for something to show are not.
set pagination off
set confirm off

python
import gdb
import json

STEPS, MERGES = 40, 8

def say(text):
    print("\n--- " + text)

def type_in(*commands):
    for command in commands:
        print("(gdb) " + command, flush=True)
        gdb.execute(command)

def ask(command):
    return json.loads(gdb.execute(command + " --json", to_string=True))

def back_until(x, fits, most):
    """Further and further back, to where the next mm when finds a change that fits; whether there is one so near."""
    for _ in range(most):
        report = ask("mm when " + x)
        if report["event"] is None:
            return False
        if fits(report["event"]):
            gdb.execute("mm back --at %d" % report["before"], to_string=True)
            return True
    return False
end

python type_in("hbreak cpu_idle", "continue", "delete")
python say("A free block of CMA's memory, as it is at the end:")
python
blocks = [each for each in ask("mm buddy --blocks")["blocks"] if each["migratetype"] == "CMA"]
here = ask("mm info") and int(gdb.execute("monitor info replay", to_string=True).split("=")[1])
for block in blocks:
    pfn = "pfn:%#x" % block["pfn"]
    gdb.execute("mm back --at %d" % here, to_string=True)
    if back_until(pfn, lambda event: event["kind"] in ("merge", "returned") and event["steps"], MERGES):
        break
else:
    raise gdb.GdbError("no block of this run was merged")
gdb.execute("mm back --at %d" % here, to_string=True)
type_in("mm page " + pfn)
end
python say("When was its memory last merged, and by whom? Back to there:")
python
back_until(pfn, lambda event: event["kind"] in ("merge", "returned") and event["steps"], MERGES)
type_in("mm when " + pfn, "bt 4")
end
python say("And before that, further and further back: when did the page become reserved?")
python
back_until(pfn, lambda event: event["kind"] == "reserved", STEPS)
type_in("mm when " + pfn)
end
python say("It was reserved because memblock said so. Who told memblock, first of all?")
python
phys = block["phys"]
back_until("memblock.reserved", lambda event: any(
    each["after"] is not None and each["start"] <= phys < each["end"] for each in event["ranges"]), STEPS)
type_in("mm when memblock.reserved")
end
python say("Phases of the boot, backwards and forwards again:")
python type_in("mm back", "mm step")
python say("The same counts each time: mm when, mm back and mm watch, in this recording, at your leisure.")
# Not kill: QEMU may be gone before it has answered. scripts/replay-demo ends it.
detach
