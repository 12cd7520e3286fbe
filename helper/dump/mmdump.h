/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmdump.h - the memory of a machine that stands still: out of a core, a RAM
 * file, or the memory of a QEMU; and passes over all of it.
 *
 * A machine is made empty, is given memory (files), then page tables, and is
 * asked. It knows no kernel: what is where in a struct page, where a list
 * begins, which table is the first one, is said by the caller, who has it
 * from a layout (docs/layout.md) and from the memory itself.
 *
 * Nothing here trusts the files. Every count, offset and pointer out of them
 * is checked before it is used, no allocation is sized by one, every walk is
 * bounded by the caller's limit, and an answer is the same whatever the
 * number of threads.
 *
 * Files are mapped, not copied, but for compressed and flattened ones. One that
 * somebody cuts is noticed by the next call: what it has lost is no memory from
 * then on, and mmdump_warning() says so. Only one that is cut while a call looks
 * at it ends the process with SIGBUS, as with any mapped file.
 *
 * Calls:    one thread at a time for one machine; different machines are
 *           independent. Nothing is printed, and nothing exits.
 * Returns:  enum mmdump_status; but for MMDUMP_OK mmdump_message() says what
 *           was wrong, and where, in one line. Out-parameters, last, are
 *           written with MMDUMP_OK only, unless a call says otherwise; what is
 *           in a caller's buffer or array then is not said.
 * Strings and arrays that a call gives out belong to the machine, until it is
 * destroyed or given more memory, unless a call says otherwise.
 */
#ifndef MMDUMP_H
#define MMDUMP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
/* The library shows what is here, and no more. */
#pragma GCC visibility push(default)

#define MMDUMP_VERSION	1	/* of this interface: raised when a call or a
				 * struct of it changes */

enum mmdump_status {
	MMDUMP_OK,
	MMDUMP_ERR_SYSTEM,	/* the system refused: open, mmap, memory */
	MMDUMP_ERR_FORMAT,	/* a file of no kind that is known */
	MMDUMP_ERR_CORRUPT,	/* a file that contradicts itself, or is cut */
	MMDUMP_ERR_UNSUPPORTED,	/* a known kind that this build cannot read */
	MMDUMP_ERR_FAULT,	/* no memory there, or it is not mapped */
	MMDUMP_ERR_ARGUMENT,	/* the caller's mistake */
	MMDUMP_ERR_LIMIT,	/* more than the caller's limit */
};

struct mmdump;

/* The MMDUMP_VERSION that the library was built with. */
uint32_t mmdump_version(void);

/* A machine without memory; MMDUMP_ERR_SYSTEM without memory for itself. */
enum mmdump_status mmdump_create(struct mmdump **ret);

/* Gives everything back. NULL is nothing. */
void mmdump_destroy(struct mmdump *m);

/*
 * Why the last call of this machine failed: one line without a newline,
 * "" when it did not. What comes out of a file is escaped in it.
 */
const char *mmdump_message(const struct mmdump *m);

/* Threads for passes over all memory; 0, as at first: one a processor. */
void mmdump_set_threads(struct mmdump *m, unsigned int threads);

/* --- memory ------------------------------------------------------------- */

/*
 * mmdump_open - add all memory that a core has
 * @path: an ELF core of 32 or 64 bits and either byte order (QEMU's
 *        dump-guest-memory, a kdump vmcore, a copy of /proc/kcore), or a
 *        kdump-compressed file, where libkdumpfile was there at build time
 *
 * One whose end is missing is opened as far as it goes: mmdump_warning().
 * Errors: SYSTEM, FORMAT, CORRUPT, UNSUPPORTED. Nothing was added then.
 */
enum mmdump_status mmdump_open(struct mmdump *m, const char *path);

/*
 * mmdump_add_file - add a bank of RAM that lies in a file as it is
 * @offset: in the file
 * @phys:   physical address of the byte there
 * @size:   bytes; 0: to the end of the file
 */
enum mmdump_status mmdump_add_file(struct mmdump *m, const char *path,
				   uint64_t offset, uint64_t phys,
				   uint64_t size);

/* The same of an open file, which is duplicated, and read, not mapped: it is
 * somebody else's, who may cut it. size is not 0. */
enum mmdump_status mmdump_add_fd(struct mmdump *m, int fd, uint64_t offset,
				 uint64_t phys, uint64_t size);

/* "ELF core", "kdump file", "RAM file", "process memory"; of the first. */
const char *mmdump_format(const struct mmdump *m);

/* What is not as it should be with a file that can be read; NULL: nothing. */
const char *mmdump_warning(const struct mmdump *m);

/* Whether memory is missing that a file says it has: 1 or 0. Then there is a
 * warning that says so. */
int mmdump_is_cut(const struct mmdump *m);

/* Physical memory [start, end) that there is. */
struct mmdump_range {
	uint64_t start;
	uint64_t end;
};

/* All of it: sorted, disjoint, merged where pieces touch. */
enum mmdump_status mmdump_ranges(struct mmdump *m,
				 const struct mmdump_range **ret,
				 size_t *count);

/* A piece of a core that says its virtual address (PT_LOAD's p_vaddr). */
struct mmdump_segment {
	uint64_t virt;
	uint64_t phys;		/* UINT64_MAX: not known */
	uint64_t size;
};

enum mmdump_status mmdump_segments(struct mmdump *m,
				   const struct mmdump_segment **ret,
				   size_t *count);

/* A note of a core: NT_PRSTATUS and the like, "VMCOREINFO", "QEMU". */
struct mmdump_note {
	const char *name;	/* ends with 0; not escaped */
	uint32_t type;
	const void *desc;
	size_t size;		/* of desc */
};

enum mmdump_status mmdump_notes(struct mmdump *m,
				const struct mmdump_note **ret, size_t *count);

/* e_machine and bits of the core: 40 and 32 for ARM; 0 and 0 without one. */
void mmdump_machine(const struct mmdump *m, uint32_t *machine, uint32_t *bits,
		    uint32_t *big_endian);

/*
 * mmdump_vmcoreinfo - the kernel's own notes for who reads its cores
 *
 * Lines "KEY=VALUE" as the kernel wrote them (Documentation/admin-guide/
 * kdump/vmcoreinfo.rst): not ended by 0. *ret NULL and *size 0 without any.
 */
enum mmdump_status mmdump_vmcoreinfo(struct mmdump *m, const char **ret,
				     size_t *size);

/*
 * mmdump_read_phys - copy physical memory
 * @fault: first address that is not there, with MMDUMP_ERR_FAULT
 */
enum mmdump_status mmdump_read_phys(struct mmdump *m, uint64_t phys,
				    void *buffer, size_t size,
				    uint64_t *fault);

/*
 * mmdump_search - the lowest physical address, from @from on, of some bytes
 *
 * Found where they are in one piece of RAM. size is 1 to 4096.
 * MMDUMP_ERR_FAULT: nowhere.
 */
enum mmdump_status mmdump_search(struct mmdump *m, const void *bytes,
				 size_t size, uint64_t from, uint64_t *ret);

/* --- address space ------------------------------------------------------ */

enum mmdump_mmu_kind {
	MMDUMP_MMU_NONE,
	MMDUMP_MMU_ARM_SHORT,	/* ARMv7 short descriptors, 1 MiB and 4 KiB */
	MMDUMP_MMU_ARM_LPAE,	/* long descriptors, 32 bits of address */
	MMDUMP_MMU_ARM64,	/* page_shift 12, 14 or 16, va_bits 36 to 52 */
	MMDUMP_MMU_X86_64,	/* va_bits 48: four levels, 57: five */
};

struct mmdump_mmu {
	uint32_t kind;		/* enum mmdump_mmu_kind */
	uint32_t page_shift;
	uint32_t va_bits;	/* that are translated; 32 on ARM */
	uint32_t big_endian;
	uint64_t root;		/* physical address of the first table */
	uint64_t start;		/* addresses below are not translated: a
				 * kernel's tables have no user space */
	uint64_t encryption;	/* bits of an entry that are no address
				 * (sme_me_mask) */
};

/*
 * Virtual memory from now on. kind NONE: as the core's segments say.
 *
 * What is translated is kept until the next call: who lets the machine run
 * sets it again at each stop. Errors: ARGUMENT, and it is as it was.
 */
enum mmdump_status mmdump_set_mmu(struct mmdump *m,
				  const struct mmdump_mmu *mmu);

/* [virt, virt + size) is at phys: what one entry maps, a page or a block; or
 * its sixteenth of ARM's large pages and supersections, as each of the sixteen
 * entries may say something else. */
struct mmdump_mapping {
	uint64_t virt;
	uint64_t phys;
	uint64_t size;
};

/* The mapping that holds an address. FAULT: none, or a table is not there. */
enum mmdump_status mmdump_translate(struct mmdump *m, uint64_t virt,
				    struct mmdump_mapping *ret);

/* As mmdump_read_phys(), of virtual memory; memory of which only the virtual
 * address is known can be read, but not translated. */
enum mmdump_status mmdump_read_virt(struct mmdump *m, uint64_t virt,
				    void *buffer, size_t size,
				    uint64_t *fault);

/* --- struct pages -------------------------------------------------------- */

/* A number of @size bytes (1, 2, 4, 8) at @offset; size 0: there is none. */
struct mmdump_field {
	uint32_t offset;
	uint32_t size;
};

/* Page frames [start_pfn, end_pfn): the struct page of pfn is at virtual
 * address zero + pfn * page_bytes, modulo 1 << 64. */
struct mmdump_page_run {
	uint64_t zero;
	uint64_t start_pfn;
	uint64_t end_pfn;
};

/* Where struct pages are; runs are sorted and disjoint. A struct page of
 * which a byte cannot be read is unreadable as a whole. */
struct mmdump_page_map {
	const struct mmdump_page_run *runs;
	size_t nr_runs;
	uint32_t page_bytes;		/* sizeof(struct page), 1 to 4096 */
	uint32_t big_endian;
};

/* A colour for each page frame of some ranges: 0 at first. */
struct mmdump_strip;

/*
 * mmdump_strip_create - for the page frames of some ranges
 * @pfns: sorted and disjoint
 *
 * 4 bytes a page frame. It is the caller's, and may outlive the machine.
 */
enum mmdump_status mmdump_strip_create(struct mmdump *m,
				       const struct mmdump_range *pfns,
				       size_t count,
				       struct mmdump_strip **ret);

/* Gives it back, and the keys that were found with it. NULL is nothing. */
void mmdump_strip_destroy(struct mmdump_strip *strip);

/* Page frames [start_pfn, end_pfn) of one colour. */
struct mmdump_colour_run {
	uint64_t start_pfn;
	uint64_t end_pfn;
	uint64_t colour;		/* 0 to UINT32_MAX */
};

/* Gives page frames a colour, run by run; later ones win. What of them is not
 * in the strip is left out. */
enum mmdump_status mmdump_strip_paint(struct mmdump *m,
				      struct mmdump_strip *strip,
				      const struct mmdump_colour_run *runs,
				      size_t count);

/*
 * mmdump_strip_map - give what has a colour another one, in some ranges
 * @ranges: of page frames
 * @first:  a colour c in [first, first + size) becomes table[c - first]
 */
enum mmdump_status mmdump_strip_map(struct mmdump *m,
				    struct mmdump_strip *strip,
				    const struct mmdump_range *ranges,
				    size_t count, uint32_t first,
				    const uint32_t *table, size_t size);

/* How many page frames there are of each colour below count. LIMIT: there is
 * another one. */
enum mmdump_status mmdump_strip_sums(struct mmdump *m,
				     const struct mmdump_strip *strip,
				     uint64_t *sums, size_t count);

/*
 * mmdump_strip_runs - page frames in a row that have one colour
 * @from:  only page frames from this one on
 * @runs:  room for max of them, each as long as it is; they do not reach from
 *         a range to the next
 * @count: how many there are; 0: no more. Go on from the last one's end_pfn.
 */
enum mmdump_status mmdump_strip_runs(struct mmdump *m,
				     const struct mmdump_strip *strip,
				     uint64_t from,
				     struct mmdump_colour_run *runs,
				     size_t max, size_t *count);

/*
 * What a struct page says that the page is for. The first that holds, in this
 * order, where KEY_TYPE is the one or the other by struct mmdump_page_type:
 *
 *   UNREADABLE  the struct page
 *   RESERVED    it has one of the flags @reserved
 *   of a later page of a compound page: what its first one says. That is one
 *   that a link (bit 0 is set) leads to, below it; PLAIN, where it leads
 *   nowhere else, and links of the first page itself are not followed
 *   SLAB        it has one of the flags @slab, or a type that is SLAB;
 *               value: what is in the field @cache
 *   TYPE        a type of rank FIRST; value: its index
 *   HELD        its pfn is one of @held; value: the tag there
 *   HUGETLB     a type that is HUGETLB; or one of the flags @head, and
 *               @dtor_value in the field @dtor of the page after it
 *   TYPE        any other type; value: its index
 *   MAPPED      @mapping is not 0 but for mapping_bits, and @count is not;
 *               value: these bits
 *   HEAD        it has one of the flags @head
 *   PLAIN       nothing of all this
 */
enum mmdump_key_kind {
	MMDUMP_KEY_PLAIN,
	MMDUMP_KEY_UNREADABLE,
	MMDUMP_KEY_RESERVED,
	MMDUMP_KEY_SLAB,
	MMDUMP_KEY_TYPE,
	MMDUMP_KEY_HELD,
	MMDUMP_KEY_HUGETLB,
	MMDUMP_KEY_MAPPED,
	MMDUMP_KEY_HEAD,
};

/* What a page says of itself beside, whatever its kind is. */
enum mmdump_key_bits {
	MMDUMP_OWN_RESERVED = 1,	/* one of the flags own_reserved */
	MMDUMP_FOREIGN = 2,		/* flags & zone_mask != zone_value */
	MMDUMP_UNTOUCHED = 4,		/* @link holds its own struct page's
					 * address + untouched */
	MMDUMP_NAMED = 8,		/* one of the flags named */
	MMDUMP_ONE = 16,		/* @count is 1 */
};

/* A type: what @type holds & mask == value; the first row that holds. */
struct mmdump_page_type {
	uint32_t mask;
	uint32_t value;
	uint32_t rank;		/* enum mmdump_type_rank */
};

enum mmdump_type_rank {
	MMDUMP_TYPE_LATER,
	MMDUMP_TYPE_FIRST,
	MMDUMP_TYPE_SLAB,
	MMDUMP_TYPE_HUGETLB,
};

struct mmdump_held {
	uint64_t pfn;		/* sorted by it, none twice */
	uint64_t tag;
};

struct mmdump_page_rules {
	struct mmdump_field flags, link, mapping, count;
	struct mmdump_field type, cache, dtor;	/* may be none */
	uint64_t reserved, slab, head;		/* masks of flags */
	uint64_t own_reserved, named;
	uint64_t zone_mask, zone_value;
	uint64_t mapping_bits;
	uint64_t dtor_value;
	uint64_t untouched;			/* offset of the list_head */
	const struct mmdump_page_type *types;
	size_t nr_types;
	const struct mmdump_held *held;
	size_t nr_held;
	uint32_t link_masks;	/* link - 1 is a mask of the struct page's own
				 * address, not the first one's address */
	uint32_t bits;		/* enum mmdump_key_bits that are wanted ... */
	uint32_t plain_bits;	/* and more of PLAIN pages, */
	uint32_t reserved_bits;	/* and of RESERVED ones */
};

struct mmdump_page_key {
	uint64_t value;
	uint64_t pfn;		/* the first page that has the key */
	uint32_t kind;
	uint32_t bits;
};

/*
 * mmdump_classify - look at all page frames of a strip that have colour 0
 * @first: the colour of the first key, more than any that the strip has. Keys
 *         are numbered in the order of the first pages that have them.
 * @limit: of keys; MMDUMP_ERR_LIMIT: there are more of them, and the strip is
 *         as it was
 * @keys:  they belong to the strip, until this is called again with it
 *
 * A page frame that no run has is UNREADABLE.
 */
enum mmdump_status mmdump_classify(struct mmdump *m,
				   const struct mmdump_page_map *map,
				   const struct mmdump_page_rules *rules,
				   struct mmdump_strip *strip, uint32_t first,
				   size_t limit,
				   const struct mmdump_page_key **keys,
				   size_t *count);

/* One test of struct pages: field & mask == value, or != where not is set. */
struct mmdump_page_test {
	struct mmdump_field field;
	uint64_t mask;
	uint64_t value;
	uint32_t not;
	uint32_t group;		/* 0 to 63. A page is in a group that has tests
				 * when it passes all of them. */
};

struct mmdump_page_query {
	const struct mmdump_page_test *tests;
	size_t nr_tests;
	struct mmdump_field value;	/* that is told of pages that match */
	uint64_t value_mask;		/* as much of it */
};

/* Page frames in a row that are in the same groups, one at least, and have
 * the same value. Unreadable ones are in none. */
struct mmdump_page_match {
	uint64_t start_pfn;
	uint64_t end_pfn;
	uint64_t value;
	uint64_t groups;	/* bit by bit */
};

/*
 * mmdump_select - which page frames of some ranges match, or are unreadable
 * @ranges:  sorted and disjoint; what no run has is left out
 * @from:    only page frames from this one on
 * @matches: room for max, at least 1, of them, sorted. Where they are cut says
 *           nothing: those that touch and are alike belong together.
 * @found:   how many there are
 * @next:    where to go on: UINT64_MAX when all has been looked at
 */
enum mmdump_status mmdump_select(struct mmdump *m,
				 const struct mmdump_page_map *map,
				 const struct mmdump_page_query *query,
				 const struct mmdump_range *ranges,
				 size_t count, uint64_t from,
				 struct mmdump_page_match *matches, size_t max,
				 size_t *found, uint64_t *next);

/* --- lists -------------------------------------------------------------- */

/*
 * Where entries of a list may lie: count of them, step bytes apart, from
 * first on. They are numbered, as page frames are.
 */
struct mmdump_entries {
	uint64_t first;
	uint64_t step;
	uint64_t count;
	uint64_t number;	/* of the first one */
};

/* A circular list of list_heads: two pointers, next and prev. */
struct mmdump_list {
	uint64_t head;
	uint64_t link;		/* offset of the list_head in an entry */
	const struct mmdump_entries *entries;
	size_t nr_entries;	/* where two overlap the first counts; then
				 * they are 64 at most */
	uint64_t limit;		/* entries; a list with more is broken */
	uint32_t word;		/* bytes of a pointer: 4 or 8 */
	uint32_t big_endian;
};

/*
 * How a walk ended, and what it has seen. The names of invariants are those
 * of gdb/mmscope/model/walk.py, which says the same of the same list.
 */
enum mmdump_list_end {
	MMDUMP_LIST_HEAD,	/* back at its head: whole */
	MMDUMP_LIST_INVALID,	/* LIST-1: no entry can be at next */
	MMDUMP_LIST_UNREADABLE,	/* LIST-1: next cannot be read */
	MMDUMP_LIST_LOOP,	/* LIST-2: next was an entry before */
	MMDUMP_LIST_LONG,	/* LIST-2: more than limit entries */
};

/* LIST-3: prev of a node is not the node that it was reached from. */
struct mmdump_list_break {
	uint64_t entry;		/* nodes in front of it; the head is last */
	uint64_t from;
	uint64_t node;
	uint64_t prev;
};

struct mmdump_walk {
	const uint64_t *nodes;		/* list_heads but the head, in order */
	const uint64_t *numbers;	/* of the entries that they are in */
	size_t nr_nodes;
	const struct mmdump_list_break *breaks;	/* all, in order */
	size_t nr_breaks;
	uint32_t end;			/* enum mmdump_list_end */
	uint64_t from;			/* the last node, or the head */
	uint64_t at;			/* next of from; HEAD: the head */
};

/*
 * mmdump_walk_list - follow a list from its head
 *
 * Whatever the links are, it ends after limit nodes, or less than three times
 * as many as there are until the first one that comes again.
 * @ret: written with MMDUMP_OK, which a broken list is, too: for
 *       mmdump_walk_free(), before or after the machine is destroyed
 * Errors: FAULT when the head cannot be read, ARGUMENT, SYSTEM.
 */
enum mmdump_status mmdump_walk_list(struct mmdump *m,
				    const struct mmdump_list *list,
				    struct mmdump_walk *ret);

void mmdump_walk_free(struct mmdump_walk *walk);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
