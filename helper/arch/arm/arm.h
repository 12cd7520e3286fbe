/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm.h - what the files of arch/arm share. */
#ifndef ARM_H
#define ARM_H

#include <asm/pgtable.h>
#include <mm/types.h>

/* The first-level translation table: one descriptor a section. */
extern pmd_t swapper_pg_dir[4096];

/** console_fallback - back to the debug UART, if the tree's console is to blame */
void console_fallback(void);

/** flush_tlb_all - and the branch predictor */
void flush_tlb_all(void);

/** map_device_section - one section at @virt, around @phys, as a device */
void map_device_section(unsigned long virt, phys_addr_t phys);

#endif
