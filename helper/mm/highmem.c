// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * highmem.c - kmap(): addresses for HighMem pages, LAST_PKMAP of them, shared
 * by all; kmap_atomic(): KM_TYPE_NR of each CPU's own.
 *
 * Contract: a page that is mapped has one kmap() address, however often it is
 *           asked for. Unused slots are unmapped all together, when the search
 *           comes round to the first slot again.
 * May call: pgtable.c.  Called by: page_alloc.c to clear pages, and anybody.
 * Fails:    kmap() with NULL when all slots are used. Giving back what was not
 *           taken is the caller's bug.
 */
#include <mm/bug.h>
#include <mm/highmem.h>
#include <mm/percpu.h>
#include <mm/pgtable.h>
#include <mm/string.h>

#define PKMAP_ADDR(nr)	(PKMAP_BASE + ((unsigned long)(nr) << PAGE_SHIFT))
#define PKMAP_NR(virt)	(((virt) - PKMAP_BASE) >> PAGE_SHIFT)
_Static_assert(LAST_PKMAP == PTRS_PER_PTE, "kmap's area has one table");

/*
 * Slots of kmap_atomic(); they go down from the top, as Linux's do. The first
 * is behind the early console's.
 */
#define FIX_KMAP_SLOTS	(KM_TYPE_NR * NR_CPUS)
enum fixed_addresses {
	FIX_KMAP_BEGIN = 1,
	FIX_KMAP_END = FIX_KMAP_BEGIN + FIX_KMAP_SLOTS - 1,
};
_Static_assert(FIX_KMAP_END < PTRS_PER_PTE,
	       "kmap_atomic's slots have one table");

static unsigned long __fix_to_virt(enum fixed_addresses idx)
{
	return FIXADDR_TOP - ((unsigned long)idx << PAGE_SHIFT);
}

int pkmap_count[LAST_PKMAP];
static unsigned int last_pkmap_nr;
static pte_t *pkmap_page_table;
static spinlock_t kmap_lock;

static DEFINE_PER_CPU(int, __kmap_atomic_idx);	/* slots in use */

void kmap_init(void)
{
	unsigned long fix = __fix_to_virt(FIX_KMAP_BEGIN);

	VM_BUG_ON(PKMAP_BASE & ~PMD_MASK);
	VM_BUG_ON((fix ^ __fix_to_virt(FIX_KMAP_END)) & PMD_MASK);
	pkmap_page_table = early_pte_alloc(pmd_off_k(PKMAP_BASE), PKMAP_BASE);
	early_pte_alloc(pmd_off_k(fix), fix);
}

/* --- from page to address ------------------------------------------------- */

#define PA_HASH_ORDER	7

/* The page that slot i maps, and the next one with the same hash. */
static struct page_address_map {
	const struct page *page;
	struct page_address_map *next;
} page_address_maps[LAST_PKMAP];
static struct page_address_map *page_address_htable[1 << PA_HASH_ORDER];

static struct page_address_map **page_slot(const struct page *page)
{
	/* The golden ratio's digits spread neighbouring pages. */
	u32 hash = (u32)page_to_pfn(page) * 0x61c88647u;

	return &page_address_htable[hash >> (32 - PA_HASH_ORDER)];
}

static void *__kmap_address(const struct page *page)
{
	struct page_address_map *map;

	for (map = *page_slot(page); map; map = map->next)
		if (map->page == page)
			return (void *)PKMAP_ADDR(map - page_address_maps);
	return NULL;
}

static void __set_page_address(const struct page *page, unsigned int nr)
{
	struct page_address_map *map = &page_address_maps[nr];

	map->page = page;
	map->next = *page_slot(page);
	*page_slot(page) = map;
}

static void __clear_page_address(unsigned int nr)
{
	struct page_address_map *map = &page_address_maps[nr];
	struct page_address_map **link = page_slot(map->page);

	while (*link != map)
		link = &(*link)->next;
	*link = map->next;
	map->page = NULL;
}

void *page_virt(const struct page *page)
{
	unsigned long flags;
	void *addr;

	if (!PageHighMem(page))
		return page_address(page);
	flags = spin_lock_irqsave(&kmap_lock);
	addr = __kmap_address(page);
	spin_unlock_irqrestore(&kmap_lock, flags);
	return addr;
}

/* --- kmap ----------------------------------------------------------------- */

static void __flush_all_zero_pkmaps(void)
{
	bool need_flush = false;

	for (unsigned int i = 0; i < LAST_PKMAP; i++) {
		if (pkmap_count[i] != 1)
			continue;
		pkmap_count[i] = 0;
		flush_cache_vunmap(PKMAP_ADDR(i), PKMAP_ADDR(i + 1));
		pte_clear(PKMAP_ADDR(i), &pkmap_page_table[i]);
		__clear_page_address(i);
		need_flush = true;
	}
	if (need_flush)
		flush_tlb_kernel_range(PKMAP_ADDR(0), PKMAP_ADDR(LAST_PKMAP));
}

void kmap_flush_unused(void)
{
	unsigned long flags = spin_lock_irqsave(&kmap_lock);

	__flush_all_zero_pkmaps();
	spin_unlock_irqrestore(&kmap_lock, flags);
}

/* The next free slot, once round; LAST_PKMAP: there is none. */
static unsigned int __find_pkmap(void)
{
	for (int tries = 0; tries < LAST_PKMAP; tries++) {
		last_pkmap_nr = (last_pkmap_nr + 1) % LAST_PKMAP;
		if (!last_pkmap_nr)
			__flush_all_zero_pkmaps();
		if (!pkmap_count[last_pkmap_nr])
			return last_pkmap_nr;
	}
	/* Slots that became free behind the place where the search began. */
	__flush_all_zero_pkmaps();
	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		if (!pkmap_count[i])
			return last_pkmap_nr = i;
	return LAST_PKMAP;
}

static void *__map_new_virtual(struct page *page)
{
	unsigned int nr = __find_pkmap();

	if (nr == LAST_PKMAP)
		return NULL;
	set_pte_at(PKMAP_ADDR(nr), &pkmap_page_table[nr],
		   mk_pte(page, PAGE_KERNEL));
	flush_cache_vmap(PKMAP_ADDR(nr), PKMAP_ADDR(nr + 1));
	pkmap_count[nr] = 1;
	__set_page_address(page, nr);
	return (void *)PKMAP_ADDR(nr);
}

void *kmap(struct page *page)
{
	unsigned long flags;
	void *addr;

	if (!PageHighMem(page))
		return page_address(page);
	flags = spin_lock_irqsave(&kmap_lock);
	addr = __kmap_address(page);
	if (!addr)
		addr = __map_new_virtual(page);
	if (addr)
		pkmap_count[PKMAP_NR((unsigned long)addr)]++;
	spin_unlock_irqrestore(&kmap_lock, flags);
	return addr;
}

void kunmap(struct page *page)
{
	unsigned long flags;
	void *addr;
	int *count;

	if (!PageHighMem(page))
		return;
	flags = spin_lock_irqsave(&kmap_lock);
	addr = __kmap_address(page);
	BUG_ON(!addr);
	count = &pkmap_count[PKMAP_NR((unsigned long)addr)];
	BUG_ON(*count < 2);		/* nobody has it mapped */
	--*count;
	spin_unlock_irqrestore(&kmap_lock, flags);
}

/* --- kmap_atomic ---------------------------------------------------------- */

static unsigned long atomic_slot(int depth)
{
	return __fix_to_virt(FIX_KMAP_BEGIN + (unsigned int)depth +
			     KM_TYPE_NR * smp_processor_id());
}

/* The TLB may know the slot's last page: it goes with each use. */
static void set_fixmap_pte(unsigned long addr, pte_t pte)
{
	set_pte_at(addr, virt_to_kpte(addr), pte);
	flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
}

void *kmap_atomic(struct page *page)
{
	int *depth = this_cpu_ptr(&__kmap_atomic_idx);
	unsigned long addr;

	if (!PageHighMem(page))
		return page_address(page);
	BUG_ON(*depth >= KM_TYPE_NR);
	addr = atomic_slot((*depth)++);
	set_fixmap_pte(addr, mk_pte(page, PAGE_KERNEL));
	return (void *)addr;
}

/*
 * In Linux the last mapping may stay until the slot is used again, unless
 * CONFIG_DEBUG_HIGHMEM; here it always goes, so that late users fault.
 */
void kunmap_atomic(void *addr)
{
	int *depth = this_cpu_ptr(&__kmap_atomic_idx);
	unsigned long at = (unsigned long)addr & PAGE_MASK;

	if (at > FIXADDR_TOP ||
	    at < __fix_to_virt(FIX_KMAP_END))
		return;				/* lowmem's own address */
	BUG_ON(*depth <= 0 || at != atomic_slot(*depth - 1));	/* KMAP-3 */
	--*depth;
	flush_cache_vunmap(at, at + PAGE_SIZE);
	set_fixmap_pte(at, __pte(0));
}

void clear_highpage(struct page *page)
{
	void *addr = kmap_atomic(page);

	memset(addr, 0, PAGE_SIZE);
	kunmap_atomic(addr);
}

/* --- checking ------------------------------------------------------------- */

static const char *check_slot(unsigned int nr)
{
	const struct page_address_map *map = &page_address_maps[nr];
	pte_t pte = pkmap_page_table[nr];

	if (pkmap_count[nr] < 0 || (pkmap_count[nr] == 0) != pte_none(pte))
		return "KMAP-1";
	if (pkmap_count[nr] == 0)
		return map->page ? "KMAP-2" : NULL;
	if (!map->page || !pte_present(pte) || pte_page(pte) != map->page ||
	    __kmap_address(map->page) != (void *)PKMAP_ADDR(nr))
		return "KMAP-2";
	return NULL;
}

static const char *check_stack(unsigned int cpu)
{
	int depth = per_cpu(__kmap_atomic_idx, cpu);

	if (depth < 0 || depth > KM_TYPE_NR)
		return "KMAP-3";
	for (int i = 0; i < KM_TYPE_NR; i++) {
		unsigned long addr = __fix_to_virt(FIX_KMAP_BEGIN +
						   (unsigned int)i +
						   KM_TYPE_NR * cpu);

		if (pte_present(*virt_to_kpte(addr)) != (i < depth))
			return "KMAP-3";
	}
	return NULL;
}

const char *kmap_check(void)
{
	const char *broken = NULL;
	unsigned int cpu;

	if (!pkmap_page_table)
		return NULL;			/* before kmap_init() */
	for (unsigned int i = 0; i < LAST_PKMAP && !broken; i++)
		broken = check_slot(i);
	for_each_possible_cpu(cpu)
		if (!broken)
			broken = check_stack(cpu);
	return broken;
}
