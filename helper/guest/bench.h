/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench.h - workloads for scripts/bench to count instructions in.
 *
 * "bench=WORK[:NUMBER]...[,WORK...]" on the command line runs them in this
 * order after the boot. The guest counts nothing itself: scripts/bench stops
 * a replay at a function's entry and at its return, and subtracts.
 *
 *   nops                 two functions of known length
 *   cycle:ORDER:BLOCKS   take BLOCKS of ORDER in a row, give them back in the
 *                        same order; counted after rounds that warm
 *   lists:ORDER:LEN:TAKE the same TAKE blocks beside LEN free ones that cannot
 *                        merge: nothing is split, nothing merged
 *   objs:SIZE:LEN:TAKE   take and give back TAKE objects of SIZE bytes beside
 *                        LEN taken ones, every other one of them given back
 *   batch:PAGES          from here on the per-CPU lists move so many at once
 */
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

/** bench_run - run what the command line asks for; a bad word is reported */
void bench_run(void);

/* Where scripts/bench begins and ends to count; @index: nth word, from 0. */
void bench_begin(unsigned int index);
void bench_end(unsigned int index);

/* 0 and 100 instructions that do nothing, and what a function has to have. */
void bench_nops_0(void);
void bench_nops_100(void);

#endif
