# SPDX-License-Identifier: GPL-2.0-or-later
# replay-demo.gdb - `make replay-demo`: from the end of a recorded run backwards. Each command is shown as it would be
# typed, then run; those that only look for something to show are not.
set pagination off
set confirm off

python
import gdb
import json

STEPS = 40

def say(text):
    print("\n--- " + text)

def type_in(*commands):
    for command in commands:
        print("(gdb) " + command, flush=True)
        gdb.execute(command)

def ask(command):
    return json.loads(gdb.execute(command + " --json", to_string=True))

def back_until(x, fits):
    """Further and further back, to a change that fits; then that change is forwards of here."""
    for _ in range(STEPS):
        found = ask("mm when " + x)["event"]
        if found is None:
            raise gdb.GdbError("nothing of " + x + " is like that")
        if fits(found):
            return found
    raise gdb.GdbError("nothing of " + x + " is like that so shortly before")
end

python type_in("hbreak cpu_idle", "continue", "delete")
python say("A free block of CMA's memory, as large as one that was merged last:")
python
blocks = [each for each in ask("mm buddy --blocks")["blocks"] if each["migratetype"] == "CMA" and each["order"] > 1]
here = None
for block in sorted(blocks, key=lambda each: each["order"]):
    report = ask("mm when block pfn:%#x" % block["pfn"])
    here = here or report["before"]
    gdb.execute("mm back --at %d" % here, to_string=True)
    if report["event"] is not None and len(report["event"]["steps"]) > 1:
        break
pfn = "pfn:%#x" % block["pfn"]
type_in("mm page " + pfn)
end
python say("When was it merged, and by whom? Back to there:")
python type_in("mm when block " + pfn, "bt 4")
python say("And before that, further and further back: when did the page become reserved?")
python
back_until(pfn, lambda event: event["kind"] == "reserved")
gdb.execute("mm watch " + pfn, to_string=True)
type_in("mm when " + pfn)
end
python say("It was reserved because memblock said so. Who told memblock, first of all?")
python
phys = block["phys"]
back_until("memblock.reserved", lambda event: any(
    each["after"] is not None and each["start"] <= phys < each["end"] for each in event["ranges"]))
gdb.execute("mm watch memblock.reserved", to_string=True)
type_in("mm when memblock.reserved")
end
python say("Phases of the boot, backwards and forwards again:")
python type_in("mm back", "mm step")
python say("The same counts each time: mm when, mm back and mm watch, in this recording, at your leisure.")
# Not kill: QEMU may be gone before it has answered. scripts/replay-demo ends it.
detach
