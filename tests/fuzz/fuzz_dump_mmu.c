// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_dump_mmu.c - page tables out of the input: a translation is the same
 * whatever was translated before, and for each address of its mapping; bytes
 * are those of physical memory there.
 */
#include "fuzz_dump.h"

#define RAM_PHYS	0x40000000ULL
#define RAM_BYTES	(8U << 12)
#define MAX_LOOKS	64

static uint8_t ram[RAM_BYTES];

static struct mmdump_mmu some_mmu(struct input *in)
{
	static const struct {
		uint32_t kind, page_shift, va_bits;
	} kinds[] = {
		{ MMDUMP_MMU_ARM_SHORT, 12, 32 }, { MMDUMP_MMU_ARM_LPAE, 12, 32 },
		{ MMDUMP_MMU_ARM64, 12, 39 }, { MMDUMP_MMU_ARM64, 12, 48 },
		{ MMDUMP_MMU_ARM64, 12, 52 }, { MMDUMP_MMU_ARM64, 14, 36 },
		{ MMDUMP_MMU_ARM64, 14, 47 }, { MMDUMP_MMU_ARM64, 14, 52 },
		{ MMDUMP_MMU_ARM64, 16, 42 }, { MMDUMP_MMU_ARM64, 16, 52 },
		{ MMDUMP_MMU_X86_64, 12, 48 }, { MMDUMP_MMU_X86_64, 12, 57 },
	};
	unsigned int which = take(in, 1) % (sizeof(kinds) / sizeof(*kinds));
	unsigned int odd = take(in, 1);
	struct mmdump_mmu mmu = {
		.kind = kinds[which].kind,
		.page_shift = kinds[which].page_shift,
		.va_bits = kinds[which].va_bits,
		.root = RAM_PHYS + (take(in, 1) % 8 << 12),
	};

	if (odd & 1)
		mmu.start = take(in, 8);
	if (odd & 2)
		mmu.root += take(in, 2);
	if (odd & 4)
		mmu.root = take(in, 8);
	if (mmu.kind == MMDUMP_MMU_X86_64)
		mmu.encryption = odd & 8 ? take(in, 8) : 0;
	else
		mmu.big_endian = !!(odd & 8);
	if (odd == 0xF0) {		/* most are refused */
		mmu.kind = take(in, 1);
		mmu.page_shift = take(in, 1);
		mmu.va_bits = take(in, 1);
	}
	return mmu;
}

/* An entry: of RAM that there is, mostly, with any low bits; or anything. */
static uint64_t some_entry(struct input *in)
{
	unsigned int low = (unsigned int)take(in, 2);
	uint64_t phys = RAM_PHYS + ((uint64_t)(low >> 12) % 8 << 12);

	if ((low & 0xF00) == 0xF00)
		return take(in, 8);
	if ((low & 0xF00) == 0xE00)	/* bits that not all formats ignore */
		phys |= take(in, 2) << 48;
	return phys | (low & 0xFF) | (low & 0x800 ? 0 : low & 0x700);
}

/* RAM is entries over and over, by word from here or there in the input. */
static void fill(struct input *in, const struct mmdump_mmu *mmu)
{
	unsigned int bytes = mmu->kind == MMDUMP_MMU_ARM_SHORT ? 4 : 8;
	uint64_t entries[32];
	unsigned int n = 1 + (unsigned int)take(in, 1) % 32;
	unsigned int step = (unsigned int)take(in, 1);

	for (unsigned int i = 0; i < n; i++)
		entries[i] = some_entry(in);
	for (unsigned int i = 0; i < RAM_BYTES; i++) {
		unsigned int at = mmu->big_endian ? bytes - 1 - i % bytes :
				  i % bytes;
		unsigned int word = i / bytes;

		ram[i] = (uint8_t)(entries[(word + (word >> 9) * step) % n] >>
				   8 * at);
	}
}

/* One of a few thousand, so that some come again. */
static uint64_t some_addr(struct input *in, const struct mmdump_mmu *mmu)
{
	uint64_t bits = take(in, 2), addr;

	if ((bits & 7) == 7)
		return take(in, 8);
	addr = (bits >> 3 & 0x1F) * 0x1041041041041ULL &
	       ((1ULL << (mmu->va_bits & 63)) - 1);
	addr ^= (bits >> 8) << 12;
	return bits & 1 && mmu->va_bits > 32 ? ~addr : addr;
}

static void read_there(struct mmdump *m, const struct mmdump_mapping *map,
		       uint64_t virt)
{
	uint64_t phys = map->phys + (virt - map->virt), fault = 0;
	uint8_t one[16], two[16];
	size_t size = sizeof(one);
	enum mmdump_status status;

	if (map->virt + (map->size - 1) - virt < size)
		size = (size_t)(map->virt + (map->size - 1) - virt) + 1;
	status = mmdump_read_virt(m, virt, one, size, &fault);
	if (!status) {
		fuzz_assert(!mmdump_read_phys(m, phys, two, size, &fault));
		fuzz_assert(!memcmp(one, two, size));
		return;
	}
	fuzz_assert(status == MMDUMP_ERR_FAULT && *mmdump_message(m));
	fuzz_assert(fault - virt < size);
	phys += fault - virt;
	fuzz_assert(mmdump_read_phys(m, phys, two, 1, &fault));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	struct mmdump_mmu mmu = some_mmu(&in);
	struct mmdump *m, *fresh;
	uint8_t buffer[64];
	uint64_t fault;

	fill(&in, &mmu);
	m = fuzz_machine(ram, RAM_BYTES, RAM_PHYS, true);
	fresh = fuzz_machine(ram, RAM_BYTES, RAM_PHYS, true);
	if (mmdump_set_mmu(m, &mmu)) {
		fuzz_assert(*mmdump_message(m));
		goto out;
	}
	for (unsigned int i = 0; i < MAX_LOOKS && in.at < in.end; i++) {
		uint64_t virt = some_addr(&in, &mmu);
		struct mmdump_mapping map, again;
		enum mmdump_status status = mmdump_translate(m, virt, &map);

		fuzz_assert(!mmdump_set_mmu(fresh, &mmu));
		fuzz_assert(mmdump_translate(fresh, virt, &again) == status);
		if (mmdump_read_virt(m, virt + take(&in, 1), buffer,
				     sizeof(buffer), &fault))
			fuzz_assert(*mmdump_message(m));
		if (status)
			continue;
		fuzz_assert(!memcmp(&map, &again, sizeof(map)));
		fuzz_assert(virt >= mmu.start && virt - map.virt < map.size);
		fuzz_assert(!(map.size & (map.size - 1)));
		fuzz_assert(!(map.virt & (map.size - 1)));
		if (map.virt >= mmu.start) {
			fuzz_assert(!mmdump_translate(m, map.virt, &again));
			fuzz_assert(!memcmp(&map, &again, sizeof(map)));
		}
		read_there(m, &map, virt);
	}
out:
	mmdump_destroy(fresh);
	mmdump_destroy(m);
	return 0;
}
