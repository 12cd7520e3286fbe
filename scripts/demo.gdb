# SPDX-License-Identifier: GPL-2.0-or-later
# demo.gdb - `make demo`: through mm_init() on the article's board, then all
# phases of its boot, as a page. Each command is shown as it would be typed, then run.
set pagination off
set confirm off

python
import gdb

def say(text):
    print("\n--- " + text)

def type_in(*commands):
    for command in commands:
        print("(gdb) " + command, flush=True)
        gdb.execute(command)
end

python say("The board waits at its first instruction; MMU off, nothing there yet.")
python type_in("mm info")

python say("Run to mm_init(). Memory is memblock's until here.")
python type_in("hbreak mm_init", "continue", "mm info", "mm memblock")
python say("The article's first two questions, before mem_init().")
python type_in("print memblock.reserved.cnt", "print/x contig_page_data.node_zones[0].present_pages", "print/x contig_page_data.node_zones[1].present_pages")

python say("Step through mm_init(), line by line: mem_init() hands memory over.")
python
while not int(gdb.parse_and_eval("totalram_pages")):
    type_in("next", "print/x totalram_pages")
end

python say("The article's figures, typed as they stand.")
python type_in("print/x contig_page_data.node_zones[0].managed_pages", "print/x contig_page_data.node_zones[1].managed_pages", "print/x totalram_pages", "mm zones", "mm buddy")

python say("Where did 0x1d38 and 0x14000 pages go? Each page frame is in one row.")
python type_in("mm account", "mm why phys:0x5c000000")

python say("On to mm_init()'s end: slabs, per-CPU memory and vmalloc take their pages.")
python
while gdb.selected_frame().name() == "mm_init":
    type_in("next")
end
python type_in("print slab_state", "mm buddy --zone Normal")

python say("0x14000 HighMem pages are missing: the CMA pool, which is given back now.")
python type_in("tbreak cpu_idle", "continue", "print/x contig_page_data.node_zones[1].managed_pages", "mm buddy --zone HighMem")
python say("The same boot once more, from its first instruction, phase by phase.")
python
type_in("delete", "monitor system_reset")
gdb.execute("disconnect")               # GDB does not notice a reset: ask anew
gdb.execute("target remote " + gdb.parse_and_eval("$mm_gdb").string())
type_in("mm step --all --quiet", "mm map --html build/article.html")
end
python say("That is the article; a browser shows it, phase by phase: build/article.html")
python say("`make shell` is the same machine, for you to drive.")
# Not kill: QEMU may be gone before it has answered. scripts/demo ends it.
detach
