/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * buddy.h - what sequence.c asks of a buddy allocator; one adapter each.
 */
#ifndef BENCH_BUDDY_H
#define BENCH_BUDDY_H

#include <stdbool.h>

/** buddy_setup - a fresh allocator of 1 << @order pages, all free */
void buddy_setup(unsigned int order);

/**
 * buddy_take - 1 << @order pages
 * @ret: what buddy_give() wants back
 * Return: false when there are none.
 */
bool buddy_take(unsigned int order, unsigned long *ret);
void buddy_give(unsigned long block, unsigned int order);

/** die - for an adapter that cannot set its allocator up */
void die(const char *why);

#endif
