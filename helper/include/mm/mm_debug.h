/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mm_debug.h - transitions: the moments between two phases, at which every
 * structure is whole and may be checked and recorded.
 */
#ifndef MM_MM_DEBUG_H
#define MM_MM_DEBUG_H

/**
 * mm_check - every invariant of everything that exists by now
 * Return: NULL, or the ID of the first one found broken.
 */
const char *mm_check(void);

/**
 * mm_transition - phase @name is over; CONFIG_DEBUG_VM: mm_check(), or panic
 *
 * Then mm_transition_hook is called, where somebody has set it.
 */
void mm_transition(const char *name);
extern void (*mm_transition_hook)(const char *name);

#endif
