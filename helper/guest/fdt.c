// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fdt.c - from the flattened device tree to memblock.memory, the command line
 * and the console.
 *
 * Contract: after setup_machine_fdt() memblock.memory holds the tree's RAM, in
 *           whole pages, from PHYS_OFFSET up.
 * May call: libfdt, mm/, lib/.  Called by: main.c, arch's console.
 * Fails:    panics with one line when there is no tree, or none to be used.
 */
#include <arch.h>
#include <libfdt.h>
#include <mm/bug.h>
#include <mm/cma.h>
#include <mm/mm.h>
#include <mm/page_ext.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "fdt.h"

const void *initial_boot_params;
phys_addr_t __atags_pointer;
char boot_command_line[COMMAND_LINE_SIZE];

phys_addr_t fdt_reg_cells(const u32 **prop, int cells)
{
	u64 value = 0;

	while (cells-- > 0)
		value = value << 32 | fdt32_ld((*prop)++);
	return value > PHYS_ADDR_MAX ? PHYS_ADDR_MAX : (phys_addr_t)value;
}

int fdt_cells(int node, const char *name, int missing)
{
	int len;
	const u32 *prop = fdt_getprop(initial_boot_params, node, name, &len);
	u32 cells = prop && len == 4 ? fdt32_ld(prop) : (u32)missing;

	if (cells > 2)
		panic("device tree: %s is %u, more than 2", name, cells);
	return (int)cells;
}

/* --- memory --------------------------------------------------------------- */

/* One bank; what the linear map cannot describe is left out, and said. */
static void early_init_dt_add_memory_arch(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t start = PAGE_ALIGN(base);
	phys_addr_t end = (base + min(size, PHYS_ADDR_MAX - base)) & PAGE_MASK;

	if (base == PHYS_ADDR_MAX || start < base || start >= end) {
		pr_warn("memory at 0x%lx, size 0x%lx: no page of it is usable\n",
			base, size);
		return;
	}
	if (start < PHYS_OFFSET) {
		pr_warn("memory [0x%08lx-0x%08lx] below the image is ignored\n",
			start, min(end, PHYS_OFFSET) - 1);
		start = PHYS_OFFSET;
	}
	if (start < end && memblock_add(start, end - start))
		panic("device tree: more than %d memory banks",
		      INIT_MEMBLOCK_REGIONS);
}

static void scan_memory(void)
{
	const void *fdt = initial_boot_params;
	int address_cells = fdt_cells(0, "#address-cells", 2);
	int size_cells = fdt_cells(0, "#size-cells", 1);
	int entry = 4 * (address_cells + size_cells), node, len;

	fdt_for_each_subnode(node, fdt, 0) {
		const char *type = fdt_getprop(fdt, node, "device_type", &len);
		const u32 *reg;

		if (!type || len != sizeof("memory") ||
		    memcmp(type, "memory", sizeof("memory")))
			continue;
		reg = fdt_getprop(fdt, node, "reg", &len);
		if (!reg || !entry || len % entry)
			panic("device tree: %s has no valid reg",
			      fdt_get_name(fdt, node, NULL));
		for (; len >= entry; len -= entry) {
			phys_addr_t base = fdt_reg_cells(&reg, address_cells);
			phys_addr_t size = fdt_reg_cells(&reg, size_cells);

			if (size)
				early_init_dt_add_memory_arch(base, size);
		}
	}
	if (!memblock_phys_mem_size())
		panic("device tree: no memory at or above 0x%lx", PHYS_OFFSET);
}

/* --- the command line ----------------------------------------------------- */

static void scan_chosen(void)
{
	const void *fdt = initial_boot_params;
	int node = fdt_path_offset(fdt, "/chosen"), len;
	const char *args;

	args = node < 0 ? NULL : fdt_getprop(fdt, node, "bootargs", &len);
	if (!args)
		return;
	if (len > COMMAND_LINE_SIZE || !len || args[len - 1])
		panic("device tree: bootargs must end within %d bytes",
		      COMMAND_LINE_SIZE);
	memcpy(boot_command_line, args, (size_t)len);
}

#define MAX_USERMEM 8

static struct {
	phys_addr_t start, end;
} usermem[MAX_USERMEM];
static unsigned int usermem_count;

/*
 * mem=SIZE[@START]: of the tree's memory, keep only this, in whole pages. May
 * come often. Linux on ARM believes it where it names more than there is.
 */
static bool early_mem(const char *arg)
{
	const char *end;
	phys_addr_t size = memparse(arg, &end), start = PHYS_OFFSET;

	if (end == arg || usermem_count == MAX_USERMEM)
		return false;
	if (*end == '@') {
		arg = end + 1;
		start = memparse(arg, &end);
		if (end == arg)
			return false;
	}
	if (*end || size < PAGE_SIZE || start > PHYS_ADDR_MAX - size)
		return false;
	usermem[usermem_count].start = PAGE_ALIGN(start);
	usermem[usermem_count].end = (start + size) & PAGE_MASK;
	usermem_count++;
	return true;
}

static bool in_usermem(phys_addr_t addr, phys_addr_t *same_until)
{
	bool inside = false;

	*same_until = PHYS_ADDR_MAX;
	for (unsigned int i = 0; i < usermem_count; i++) {
		phys_addr_t start = usermem[i].start, end = usermem[i].end;

		if (start <= addr && addr < end) {
			inside = true;
			*same_until = min(*same_until, end);
		} else if (addr < start) {
			*same_until = min(*same_until, start);
		}
	}
	return inside;
}

static void apply_usermem(void)
{
	phys_addr_t addr = 0, next;

	for (; addr < PHYS_ADDR_MAX; addr = next)
		if (!in_usermem(addr, &next) &&
		    memblock_remove(addr, next - addr))
			panic("mem=: too many pieces");
	if (!memblock_phys_mem_size())
		panic("mem= leaves no memory");
}

static bool early_param(const char *word)
{
	const char *end;
	phys_addr_t size;

	if (!strncmp(word, "memblock=", 9)) {
		memblock_debug |= !strcmp(word + 9, "debug");
		return !strcmp(word + 9, "debug");
	}
	if (!strncmp(word, "mem=", 4))
		return early_mem(word + 4);
	if (!strncmp(word, "cma=", 4))
		return early_cma(word + 4) == 0;
	if (!strncmp(word, "page_owner=", 11))
		return early_page_owner_param(word + 11) == 0;
	if (!strncmp(word, "vmalloc=", 8)) {
		size = memparse(word + 8, &end);
		if (end == word + 8 || *end)
			return false;
		early_vmalloc(size);
	}
	return true;		/* somebody else's word */
}

void parse_early_param(void)
{
	char word[COMMAND_LINE_SIZE];
	const char *s = boot_command_line;

	while (*s) {
		size_t len = 0;

		while (s[len] && s[len] != ' ')
			len++;
		memcpy(word, s, len);
		word[len] = 0;
		if (!early_param(word))
			pr_warn("bootargs: cannot use \"%s\"\n", word);
		s += len;
		while (*s == ' ')
			s++;
	}
	if (usermem_count)
		apply_usermem();
}

#define FDT_V16 16	/* the oldest format that Linux's trees can have */

/* --- the tree itself ------------------------------------------------------ */

void setup_machine_fdt(const void *fdt, size_t max_bytes)
{
	int err;

	if (!fdt)
		panic("device tree: none at an address that is a multiple of 8 (r2 = 0x%lx)",
		      __atags_pointer);
	if (max_bytes < sizeof(struct fdt_header))
		panic("device tree at 0x%lx: only %lu bytes of it are there",
		      __atags_pointer, (unsigned long)max_bytes);
	err = fdt_check_header(fdt);
	/* Older formats have no names where libfdt's own check expects them. */
	if (!err && fdt_version(fdt) < FDT_V16)
		err = -FDT_ERR_BADVERSION;
	if (err)
		panic("device tree at 0x%lx: %s", __atags_pointer,
		      fdt_strerror(err));
	if (fdt_totalsize(fdt) > max_bytes)
		panic("device tree at 0x%lx: %u bytes, more than the %lu mapped",
		      __atags_pointer, fdt_totalsize(fdt),
		      (unsigned long)max_bytes);
	err = fdt_check_full(fdt, fdt_totalsize(fdt));
	if (err)
		panic("device tree at 0x%lx: %s", __atags_pointer,
		      fdt_strerror(err));
	initial_boot_params = fdt;
	scan_chosen();
	scan_memory();
}

void early_init_fdt_reserve_self(void)
{
	if (memblock_reserve(__atags_pointer,
			     fdt_totalsize(initial_boot_params)))
		panic("device tree: no room to reserve it");
}

/* A child's address as its parents see it; ranges as in the specification. */
static int translate_address(int node, phys_addr_t *addr)
{
	const void *fdt = initial_boot_params;
	int bus = fdt_parent_offset(fdt, node);

	while (bus > 0) {
		int parent = fdt_parent_offset(fdt, bus), len;
		const u32 *ranges = fdt_getprop(fdt, bus, "ranges", &len);
		int child_cells = fdt_cells(bus, "#address-cells", 2);
		int size_cells = fdt_cells(bus, "#size-cells", 1);
		int parent_cells, entry;
		bool found = len == 0;

		if (!ranges || parent < 0)
			return -ENOENT;
		parent_cells = fdt_cells(parent, "#address-cells", 2);
		entry = 4 * (child_cells + parent_cells + size_cells);
		for (; !found && entry && len >= entry; len -= entry) {
			phys_addr_t from = fdt_reg_cells(&ranges, child_cells);
			phys_addr_t to = fdt_reg_cells(&ranges, parent_cells);
			phys_addr_t size = fdt_reg_cells(&ranges, size_cells);

			if (from <= *addr && *addr - from < size) {
				*addr += to - from;
				found = true;
			}
		}
		if (!found)
			return -ENOENT;
		bus = parent;
	}
	return 0;
}

int fdt_console(const char **ret_compatible, phys_addr_t *ret_phys)
{
	const void *fdt = initial_boot_params;
	int node = fdt_path_offset(fdt, "/chosen"), len, parent;
	const char *path, *options;
	const u32 *reg;

	path = node < 0 ? NULL : fdt_getprop(fdt, node, "stdout-path", &len);
	if (!path)
		return -ENOENT;
	options = strchr(path, ':');
	node = fdt_path_offset_namelen(fdt, path, options ?
				       (int)(options - path) :
				       (int)strlen(path));
	if (node < 0)
		return -ENOENT;
	parent = fdt_parent_offset(fdt, node);
	reg = fdt_getprop(fdt, node, "reg", &len);
	*ret_compatible = fdt_getprop(fdt, node, "compatible", NULL);
	if (parent < 0 || !reg || !*ret_compatible ||
	    len < 4 * fdt_cells(parent, "#address-cells", 2))
		return -ENOENT;
	*ret_phys = fdt_reg_cells(&reg, fdt_cells(parent, "#address-cells", 2));
	return translate_address(node, ret_phys);
}
