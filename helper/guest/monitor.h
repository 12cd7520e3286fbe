/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor.h - a line of text on the console moves the lists: for somebody who
 * looks on with a debugger, or calls monitor_command() from it.
 */
#ifndef GUEST_MONITOR_H
#define GUEST_MONITOR_H

/** monitor_poll - take what has been typed; runs a line that is complete */
void monitor_poll(void);

/**
 * monitor_command - run one line, such as "alloc 3 movable"
 * Return: 0; -ENOENT: no such command; -EINVAL: wrong arguments; -ENOMEM:
 *         there was nothing to be had. The console says so, too.
 */
int monitor_command(const char *line);

#endif
