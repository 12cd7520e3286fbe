// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * elf.c - ELF cores: which memory lies where in the file, and the notes.
 *
 * libelf reads the headers, in whatever class and byte order. What it would
 * believe without a look at the file's size is looked at before it is asked.
 *
 * A segment has as much memory as it has bytes in the file: what p_memsz says
 * beyond p_filesz was left out (QEMU: a filter; kdump: excluded pages), and
 * left out is not zero.
 *
 * QEMU writes an LPAE machine with 32-bit headers, and cuts addresses and sizes
 * to them. The size can be had back where it is that of the last segment: then
 * the file goes on behind it, by some times 4 GiB and the names of its sections
 * and not by a byte more.
 *
 * Contract: after a failure the machine is as it was.
 * May call: source, ram, notes.
 */
#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAX_SEGMENTS	(1UL << 20)
#define MAX_SECTIONS	(1UL << 16)
#define MAX_NOTES	64	/* note segments; a core has one */

/* What is read of a core before anything is kept. */
struct core {
	struct mmdump *m;
	const char *path;
	struct source *source;
	Elf *elf;
	GElf_Ehdr ehdr;
	size_t nr_headers;
	struct piece *phys, *virt;
	size_t nr_phys, nr_virt;
	struct note_list notes;
	uint64_t nr_cut;	/* segments whose end is missing */
	uint64_t needs;		/* bytes that the file would have, whole */
	size_t longer;		/* a segment that is longer than it says... */
	uint64_t by;		/* ...by so much; 0: none is */
	bool virtual_only;	/* no segment knows its physical address */
	bool physical_only;	/* none knows its virtual one */
};

/* Fields of the file's own header, before libelf allocates by them. */
static uint64_t field(const unsigned char *at, size_t size, bool big)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)at[big ? size - 1 - i : i] << (8 * i);
	return value;
}

/* libelf allocates by the number of sections: a core has none, or the one
 * that says how many segments there are. */
static enum mmdump_status sections_bounded(const struct core *core)
{
	unsigned char head[sizeof(Elf64_Ehdr)] = { 0 }, size[8];
	uint64_t table, count, in_section = 0;
	bool wide, big;

	if (!source_read(core->source, 0, head, sizeof(Elf32_Ehdr)))
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    "%s: ends in its ELF header", core->path);
	wide = head[EI_CLASS] == ELFCLASS64;
	big = head[EI_DATA] == ELFDATA2MSB;
	if (wide && !source_read(core->source, 0, head, sizeof(head)))
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    "%s: ends in its ELF header", core->path);
	if (wide) {
		table = field(head + offsetof(Elf64_Ehdr, e_shoff), 8, big);
		count = field(head + offsetof(Elf64_Ehdr, e_shnum), 2, big);
	} else {
		table = field(head + offsetof(Elf32_Ehdr, e_shoff), 4, big);
		count = field(head + offsetof(Elf32_Ehdr, e_shnum), 2, big);
	}
	if (!table || count)
		return MMDUMP_OK;
	if (table < core->source->size &&
	    source_read(core->source,
			table + (wide ? offsetof(Elf64_Shdr, sh_size) :
					offsetof(Elf32_Shdr, sh_size)),
			size, wide ? 8 : 4))
		in_section = field(size, wide ? 8 : 4, big);
	if (in_section > MAX_SECTIONS)
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    "%s: says it has %llu sections", core->path,
			    (unsigned long long)in_section);
	return MMDUMP_OK;
}

static enum mmdump_status read_header(struct core *core)
{
	enum mmdump_status status = sections_bounded(core);

	if (status)
		return status;
	core->elf = elf_begin(core->source->fd, ELF_C_READ, NULL);
	if (!core->elf || elf_kind(core->elf) != ELF_K_ELF ||
	    !gelf_getehdr(core->elf, &core->ehdr))
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    "%s: its ELF header cannot be read: %s",
			    core->path, elf_errmsg(-1));
	if (core->ehdr.e_type != ET_CORE)
		return fail(core->m, MMDUMP_ERR_FORMAT,
			    "%s: an ELF file of type %u, not a core",
			    core->path, core->ehdr.e_type);
	if (core->ehdr.e_phentsize != gelf_fsize(core->elf, ELF_T_PHDR, 1,
						 EV_CURRENT))
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    "%s: has program headers of %u bytes",
			    core->path, core->ehdr.e_phentsize);
	if (!core->ehdr.e_phnum)
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    "%s: has no program headers", core->path);
	if (elf_getphdrnum(core->elf, &core->nr_headers))
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    "%s: its program headers cannot be counted: %s",
			    core->path, elf_errmsg(-1));
	if (core->nr_headers > MAX_SEGMENTS)
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    "%s: has %zu program headers, more than %lu",
			    core->path, core->nr_headers, MAX_SEGMENTS);
	if (!core->nr_headers)
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    "%s: its program headers are not in it",
			    core->path);
	return MMDUMP_OK;
}

/* As much of [offset, offset + size) as the file has. */
static uint64_t in_file(struct core *core, uint64_t offset, uint64_t size)
{
	uint64_t end = end_of(offset, size);

	if (end > core->needs)
		core->needs = end;
	if (end <= core->source->size)
		return end - offset;
	core->nr_cut++;
	return offset < core->source->size ? core->source->size - offset : 0;
}

static void add_segment(struct core *core, const GElf_Phdr *phdr,
			uint64_t longer_by)
{
	uint64_t size = longer_by + (phdr->p_filesz < phdr->p_memsz ||
				     !phdr->p_memsz ? phdr->p_filesz :
						      phdr->p_memsz);
	bool virt = !core->physical_only &&
		    (phdr->p_vaddr || core->virtual_only);
	bool phys = !core->virtual_only && phdr->p_paddr != UINT64_MAX &&
		    !(gelf_getclass(core->elf) == ELFCLASS32 && virt &&
		      phdr->p_paddr == UINT32_MAX);

	size = size ? in_file(core, phdr->p_offset, size) : 0;
	if (!size)
		return;
	if (phys && phdr->p_paddr < UINT64_MAX)
		core->phys[core->nr_phys++] = (struct piece){
			.bank = { phdr->p_paddr, end_of(phdr->p_paddr, size),
				  phdr->p_offset, core->source },
			.alias = virt ? phdr->p_vaddr - phdr->p_paddr : 0,
		};
	if (virt && phdr->p_vaddr < UINT64_MAX)
		core->virt[core->nr_virt++] = (struct piece){
			.bank = { phdr->p_vaddr, end_of(phdr->p_vaddr, size),
				  phdr->p_offset, core->source },
			.alias = phys ? phdr->p_paddr : UINT64_MAX,
		};
}

/*
 * Which addresses the segments know. QEMU that was not told to walk the page
 * tables says 0, or p_paddr once more, as p_vaddr. /proc/kcore of old kernels
 * says 0 for a p_paddr that it does not know: but one piece of memory alone
 * can be at 0.
 */
static void find_kinds(struct core *core)
{
	size_t loads = 0;
	GElf_Phdr phdr;

	core->virtual_only = core->physical_only = true;
	for (size_t i = 0; i < core->nr_headers; i++) {
		if (!gelf_getphdr(core->elf, (int)i, &phdr) ||
		    phdr.p_type != PT_LOAD)
			continue;
		loads++;
		if (phdr.p_paddr)
			core->virtual_only = false;
		if (phdr.p_vaddr && phdr.p_vaddr != phdr.p_paddr)
			core->physical_only = false;
	}
	core->virtual_only &= loads > 1 && !core->physical_only;
}

/* Bytes of the names of sections, which are the last that QEMU writes. */
static uint64_t name_bytes(const struct core *core)
{
	GElf_Shdr shdr;
	Elf_Scn *section;
	size_t index;

	if (!core->ehdr.e_shnum || elf_getshdrstrndx(core->elf, &index))
		return 0;
	section = elf_getscn(core->elf, index);
	return section && gelf_getshdr(section, &shdr) ? shdr.sh_size : 0;
}

/* Whether the last segment of a 32-bit core is longer than it can say. */
static void find_longer(struct core *core)
{
	uint64_t last = 0, file = core->source->size, beyond;
	GElf_Phdr phdr;

	if (gelf_getclass(core->elf) != ELFCLASS32 || file == UINT64_MAX)
		return;
	for (size_t i = 0; i < core->nr_headers; i++) {
		if (!gelf_getphdr(core->elf, (int)i, &phdr) ||
		    phdr.p_type != PT_LOAD ||
		    phdr.p_offset + phdr.p_filesz < last)
			continue;
		last = phdr.p_offset + phdr.p_filesz;
		core->longer = i;
	}
	last += name_bytes(core);
	beyond = file > last ? file - last : 0;
	core->by = beyond & UINT32_MAX ? 0 : beyond;
}

static enum mmdump_status read_segments(struct core *core)
{
	bool big = core->ehdr.e_ident[EI_DATA] == ELFDATA2MSB;
	enum mmdump_status status;
	size_t nr_notes = 0;
	GElf_Phdr phdr;

	core->phys = calloc(core->nr_headers, sizeof(*core->phys));
	core->virt = calloc(core->nr_headers, sizeof(*core->virt));
	if (!core->phys || !core->virt)
		return fail(core->m, MMDUMP_ERR_SYSTEM, "%s: out of memory",
			    core->path);
	find_kinds(core);
	find_longer(core);
	for (size_t i = 0; i < core->nr_headers; i++) {
		if (!gelf_getphdr(core->elf, (int)i, &phdr))
			return fail(core->m, MMDUMP_ERR_CORRUPT,
				    "%s: program header %zu: %s", core->path,
				    i, elf_errmsg(-1));
		if (phdr.p_type == PT_LOAD)
			add_segment(core, &phdr,
				    i == core->longer ? core->by : 0);
		if (phdr.p_type != PT_NOTE || !phdr.p_filesz)
			continue;
		if (nr_notes++ >= MAX_NOTES) {
			core->notes.cut = true;
			continue;
		}
		status = notes_read(core->m, core->source, phdr.p_offset,
				    in_file(core, phdr.p_offset,
					    phdr.p_filesz),
				    phdr.p_align, big, &core->notes);
		if (status)
			return fail(core->m, status, "%s", core->path);
	}
	if (!core->nr_phys && !core->nr_virt)
		return fail(core->m, MMDUMP_ERR_CORRUPT,
			    core->nr_cut ? "%s: ends before its first segment" :
					   "%s: has no memory", core->path);
	return MMDUMP_OK;
}

static void say_warnings(const struct core *core)
{
	uint64_t size = core->source->size;

	core->m->cut |= core->nr_cut > 0;
	if (core->nr_cut)
		warn(core->m, "%s: is cut: has %llu of %llu bytes, and %llu "
			      "segments are not whole", core->path,
		     (unsigned long long)size,
		     (unsigned long long)core->needs,
		     (unsigned long long)core->nr_cut);
	if (core->notes.cut)
		warn(core->m, "%s: its notes do not end where they should",
		     core->path);
	if (core->by)
		warn(core->m, "%s: its last segment is taken as %llu bytes "
			      "longer than its 32-bit header can say",
		     core->path, (unsigned long long)core->by);
	if (gelf_getclass(core->elf) == ELFCLASS32 && size != UINT64_MAX &&
	    size > core->needs && size - core->needs > UINT32_MAX) {
		core->m->cut = true;
		warn(core->m, "%s: %llu bytes of it are in no segment: its "
			      "32-bit headers cannot say sizes and addresses "
			      "beyond 4 GiB", core->path,
		     (unsigned long long)(size - core->needs));
	}
}

enum mmdump_status elf_add(struct mmdump *m, const char *path,
			   struct source *source)
{
	struct core core = { .m = m, .path = path, .source = source };
	struct addition addition = {
		.path = path, .format = "ELF core", .source = source,
	};
	enum mmdump_status status;
	bool first = !m->bits;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return fail(m, MMDUMP_ERR_SYSTEM, "libelf: %s",
			    elf_errmsg(-1));
	status = read_header(&core);
	if (!status)
		status = read_segments(&core);
	if (!status) {
		addition.phys = core.phys;
		addition.nr_phys = core.nr_phys;
		addition.virt = core.virt;
		addition.nr_virt = core.nr_virt;
		status = notes_reserve(m, &core.notes) ?
			 ram_add(m, &addition) :
			 fail(m, MMDUMP_ERR_SYSTEM, "%s: out of memory", path);
	}
	if (!status) {
		notes_append(m, &core.notes);
		say_warnings(&core);
		if (first) {
			m->machine = core.ehdr.e_machine;
			m->bits = gelf_getclass(core.elf) == ELFCLASS64 ?
				  64 : 32;
			m->big_endian = core.ehdr.e_ident[EI_DATA] ==
					ELFDATA2MSB;
		}
	}
	notes_drop(&core.notes);
	free(core.virt);
	free(core.phys);
	elf_end(core.elf);
	return status;
}
