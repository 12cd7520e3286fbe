# SPDX-License-Identifier: GPL-2.0-or-later
# shell.gdb - `make shell`: stop at mm_init and stay.
set confirm off
set pagination off
hbreak mm_init
continue
echo \n
echo The article's board, stopped where mm_init() begins. Some things to type:\n
echo \n
echo \ \ mm info                     what this is, and how far it has booted\n
echo \ \ mm memblock                 who has reserved what\n
echo \ \ next                        one call of mm_init() further\n
echo \ \ mm zones, mm buddy          what it changed\n
echo \ \ break __free_one_page       watch blocks being freed\n
echo \ \ help mm                     all commands\n
echo \n
echo Once it runs idle (tbreak cpu_idle, continue), make the lists move:\n
echo \n
echo \ \ print alloc_pages(0, 1)      call the allocator from here\n
echo \ \ print monitor_command("run fragment")\n
echo \ \ continue                    and type in another terminal, with\n
printf "     scripts/console %s\n", $mm_console
echo \n
set confirm on
set pagination on
