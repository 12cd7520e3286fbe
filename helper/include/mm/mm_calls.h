/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mm_calls.h - the calls of mm_init(), in its order; mem_init() is in mm.h. */
#ifndef MM_MM_CALLS_H
#define MM_MM_CALLS_H

void page_ext_init_flatmem(void);
void kmem_cache_init(void);
void percpu_init_late(void);
void pgtable_init(void);
void vmalloc_init(void);
void ioremap_huge_init(void);
void kaiser_init(void);

#endif
