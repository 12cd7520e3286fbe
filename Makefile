# SPDX-License-Identifier: GPL-2.0-or-later
# mmscope: one list of sources, two toolchains. `make help` lists the targets.

MMSCOPE_CACHE ?= $(HOME)/.cache/mmscope
export MMSCOPE_CACHE

CROSS   ?= arm-linux-gnueabihf-
ARMCC   := $(CROSS)gcc
HOSTCC  ?= gcc
FUZZCC  ?= clang
PYTHON  := /usr/bin/python3
LIBFDT  := $(MMSCOPE_CACHE)/libfdt-armhf/usr

# A new file is one word.
PERCPU := percpu percpu_first percpu_area percpu-vm percpu_check
SLUB  := slub slub_slab slub_partial slub_cache slub_param slub_debug \
	 slub_report slub_check slab_common kmalloc
VMALLOC := vmalloc vm_area vmap vmap_block vmalloc_check
MM    := memblock memblock_type memblock_alloc early_pool mm_init \
	 page_alloc page_buddy page_pcp page_compound page_boot bad_page \
	 page_fallback page_slowpath watermark \
	 vmscan show_mem vmstat zone_check mm_debug nobootmem cma \
	 cma_alloc contig page_isolation init \
	 page_ext page_owner $(SLUB) $(PERCPU) \
	 $(VMALLOC) pgtable highmem ioremap kaiser
LIB   := printk cmdline kallsyms rbtree
GUEST := fdt fdt_console cpus of_reserved_mem truth truth_allocs truth_events \
	 scenario monitor bench
ARM   := head vectors traps console mmu pgtable stacktrace

COMMON := $(MM:%=mm/%) $(LIB:%=lib/%) $(GUEST:%=guest/%)
ARM_OBJS  := $(COMMON) $(ARM:%=arch/arm/%) lib/string lib/abi \
	     guest/main
HOST_OBJS := $(COMMON) arch/host/pgtable

REPLAY := replay map json
DUMP_STUB := stub_main stub stub_cpu
DUMP := status space source ram open flat elf kdump notes search \
	mmu mmu_arm mmu_arm64 mmu_x86 virt list \
	pages keys strip rules classify select

BOARDS     := article sabrelite
MAX_ORDERS := 11 12 14
FUZZ       := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
UNIT_TESTS := $(basename $(notdir $(wildcard tests/unit/test_*.c)))

CFLAGS := -std=gnu11 -g3 -fno-common -fno-omit-frame-pointer \
	  -fno-optimize-sibling-calls -Ihelper/include \
	  -Ihelper/arch -Wall -Wextra -Wundef -Wshadow -Wmissing-prototypes \
	  -Werror
A9     := -ffreestanding -marm -mcpu=cortex-a9 -mgeneral-regs-only \
	  -fno-pic -fno-tree-loop-distribute-patterns \
	  -fno-tree-vectorize -Ihelper/arch/arm -isystem $(LIBFDT)/include
HOST   := -O1 -fno-pie -Ihelper/arch/host -DCONFIG_DEBUG_VM \
	  -fsanitize=address,undefined -fno-sanitize-recover=all

# `make V=1` shows whole commands.
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@echo "  $1	$@")

.PHONY: all guest host-tests dump dump-tests fuzz demo replay-demo shell test test-kernels bench setup clean help
all: guest host-tests

help:
	@echo "make demo          boot the article's board, show its figures in GDB"
	@echo "make replay-demo   record a run, and go backwards in it to who did what"
	@echo "make shell         the same, then stay in GDB, stopped at mm_init"
	@echo "make test          every test that needs no real kernel"
	@echo "make test-kernels  the tests on real kernels [KERNELS=\"armmp-6.1 ...\"]"
	@echo "make bench         what calls cost, in instructions, beside Linux's"
	@echo "make all           build the guest and the host tests"
	@echo "make dump          the engine for cores and RAM files: build/dump"
	@echo "make fuzz          the fuzz targets (clang's libFuzzer) in build/fuzz"
	@echo "make clean         remove build/"

setup:
	@scripts/setup

# --- the guest: build/guest (debug) and build/guest-release -------------------

guest: $(foreach f,guest guest-release,build/$f/mm.elf build/$f/mm.bin) \
       $(BOARDS:%=build/boards/%.dtb)

build/guest/%: FLAVOUR := -DCONFIG_DEBUG_VM -DMMSCOPE_FLAVOUR='"debug"'
build/guest/mm/%.o build/guest/guest/%.o: OPT := -O0
build/guest/lib/%.o build/guest/arch/%.o: OPT := -O1
build/guest-release/%: FLAVOUR := -DMMSCOPE_FLAVOUR='"release"'
build/guest-release/%: OPT := -O2

define guest_rules
build/$1/%.o: helper/%.c $(MAKEFILE_LIST)
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$$(ARMCC) $$(CFLAGS) $$(A9) $$(OPT) $$(FLAVOUR) -MMD -MP -c $$< -o $$@
build/$1/%.o: helper/%.S $(MAKEFILE_LIST)
	@mkdir -p $$(@D)
	$$(call say,AS)
	$$(Q)$$(ARMCC) $$(CFLAGS) $$(A9) -MMD -MP -c $$< -o $$@

# Twice: the table of functions is made of the first image.
build/$1/mm.elf: $(ARM_OBJS:%=build/$1/%.o) helper/arch/arm/mm.lds \
		 scripts/kallsyms.awk
	$$(call say,LD)
	$$(Q)$$(call link_guest,build/$1/first.elf,$(ARM_OBJS:%=build/$1/%.o))
	$$(Q)$(CROSS)nm -n build/$1/first.elf | LC_ALL=C awk -f scripts/kallsyms.awk \
		> build/$1/kallsyms.S
	$$(Q)$$(ARMCC) -c build/$1/kallsyms.S -o build/$1/kallsyms.o
	$$(Q)$$(call link_guest,$$@,$(ARM_OBJS:%=build/$1/%.o) build/$1/kallsyms.o)
	@rm build/$1/first.elf
build/$1/mm.bin: build/$1/mm.elf
	$$(call say,BIN)
	$$(Q)$(CROSS)objcopy -O binary $$< $$@
endef
link_guest = $(ARMCC) -nostdlib -static -Wl,--build-id=none \
	     -Wl,--fatal-warnings -Wl,--no-warn-rwx-segments \
	     -T helper/arch/arm/mm.lds -o $1 $2 \
	     $(LIBFDT)/lib/arm-linux-gnueabihf/libfdt.a -lgcc
$(foreach f,guest guest-release,$(eval $(call guest_rules,$f)))

build/boards/%.dtb: helper/guest/boards/%.dts helper/guest/boards/imx6q.dtsi
	@mkdir -p $(@D)
	$(call say,DTC)
	$(Q)dtc -q -I dts -O dtb -o $@ $<

# --- the host build: build/host-oN for MAX_ORDER N ----------------------------

# Relocatable as one object, its data in sections that host.c can put back.
host_library = ld -r -o $@ $^ && \
	objcopy --rename-section .data=mm_data --rename-section .bss=mm_bss \
		--set-section-alignment mm_percpu=4096 $@
define host_rules
build/host-o$1/obj/%.o: helper/%.c $(MAKEFILE_LIST)
	@mkdir -p $$(@D)
	$$(call say,HOSTCC)
	$$(Q)$$(HOSTCC) $$(CFLAGS) $$(HOST) $$(HOST_RENAME) \
		-DCONFIG_FORCE_MAX_ZONEORDER=$1 -MMD -MP -c $$< -o $$@
build/host-o$1/libmm.o: $(HOST_OBJS:%=build/host-o$1/obj/%.o)
	$$(call say,LD)
	$$(Q)$$(host_library)
build/host-o$1/tests/%: tests/unit/%.c build/host-o$1/libmm.o \
		build/host-o$1/obj/arch/host/host.o $(MAKEFILE_LIST)
	@mkdir -p $$(@D)
	$$(call say,HOSTLD)
	$$(Q)$$(HOSTCC) $$(CFLAGS) $$(HOST) -DCONFIG_FORCE_MAX_ZONEORDER=$1 \
		-Ihelper -MMD -MP -no-pie -o $$@ $$(filter-out %.h Makefile,$$^) \
		-lcmocka -lfdt
build/host-o$1/replay: $(REPLAY:%=build/host-o$1/obj/replay/%.o) \
		build/host-o$1/libmm.o \
		build/host-o$1/obj/arch/host/host.o
	$$(call say,HOSTLD)
	$$(Q)$$(HOSTCC) $$(HOST) -no-pie -o $$@ $$^ -lfdt
host-tests: build/host-o$1/replay $(UNIT_TESTS:%=build/host-o$1/tests/%)
endef
# The library's own printf family does not take the C library's names.
build/%/obj/lib/printk.o: HOST_RENAME := -Dsnprintf=mm_snprintf \
				     -Dvsnprintf=mm_vsnprintf
HOST_ORDERS := $(sort $(MAX_ORDERS) $(REPLAY_ORDER))
$(foreach n,$(HOST_ORDERS),$(eval $(call host_rules,$n)))

# --- the dump engine: build/dump, and build/dump-san for the tests -------------

# libkdumpfile is not in every release: without it, no kdump-compressed files.
KDUMP := $(shell echo '\#include <libkdumpfile/kdumpfile.h>' | \
		 $(HOSTCC) -E - >/dev/null 2>&1 && echo 1)
DUMP_CFLAGS := -std=gnu11 -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -fPIC \
	       -fvisibility=hidden -pthread -Ihelper/dump -Wall -Wextra \
	       -Wundef -Wshadow -Wmissing-prototypes -Werror \
	       $(if $(KDUMP),-DMMDUMP_KDUMP=1)
DUMP_LIBS := -lelf $(if $(KDUMP),-lkdumpfile -laddrxlat) -pthread
build/dump/%:     DUMP_OPT := -O2
DUMP_SAN := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	    -fno-sanitize-recover=all
build/dump-san/%: DUMP_OPT := $(DUMP_SAN)
build/dump-tsan/%: DUMP_OPT := -O1 -fsanitize=thread

define dump_rules
build/$1/%.o: helper/dump/%.c $(MAKEFILE_LIST)
	@mkdir -p $$(@D)
	$$(call say,HOSTCC)
	$$(Q)$$(HOSTCC) $$(DUMP_CFLAGS) $$(DUMP_OPT) -MMD -MP -c $$< -o $$@
build/$1/libmmdump.so: $(DUMP:%=build/$1/%.o)
	$$(call say,HOSTLD)
	$$(Q)$$(HOSTCC) $$(DUMP_OPT) -shared -Wl,--no-undefined \
		-Wl,-soname,$$(@F) -o $$@ $$^ $$(DUMP_LIBS)
endef
$(foreach f,dump dump-san dump-tsan,$(eval $(call dump_rules,$f)))
build/dump/mmdump-stub: $(DUMP_STUB:%=build/dump/%.o) build/dump/libmmdump.so
	$(call say,HOSTLD)
	$(Q)$(HOSTCC) $(DUMP_OPT) -o $@ $^ -Wl,-rpath,'$$ORIGIN'
dump: build/dump/libmmdump.so build/dump/mmdump build/dump/mmdump-stub
build/dump/mmdump: helper/dump/mmdump
	@mkdir -p $(@D)
	$(call say,LN)
	$(Q)ln -sf ../../$< $@

# All of it in the program: its sanitizers see every byte.
define dump_test_rules
build/$1/$2: build/$1/obj/$2.o $(DUMP:%=build/$1/%.o)
	$$(call say,HOSTLD)
	$$(Q)$$(HOSTCC) $$(DUMP_OPT) -o $$@ $$^ $$(DUMP_LIBS)
build/$1/obj/$2.o: tests/dump/$2.c $(MAKEFILE_LIST)
	@mkdir -p $$(@D)
	$$(call say,HOSTCC)
	$$(Q)$$(HOSTCC) $$(DUMP_CFLAGS) $$(DUMP_OPT) -MMD -MP -c $$< -o $$@
dump-tests: build/$1/$2
endef
$(eval $(call dump_test_rules,dump-san,probe))
$(eval $(call dump_test_rules,dump-san,hostile))
$(eval $(call dump_test_rules,dump-tsan,hostile))
build/dump-san/mmdump-stub: $(DUMP_STUB:%=build/dump-san/%.o) \
		$(DUMP:%=build/dump-san/%.o)
	$(call say,HOSTLD)
	$(Q)$(HOSTCC) $(DUMP_OPT) -o $@ $^ $(DUMP_LIBS)
dump-tests: build/dump-san/mmdump-stub

# --- fuzz targets: the host build once more, by clang, with libFuzzer ----------

FUZZ_FLAGS := $(HOST) -DCONFIG_FORCE_MAX_ZONEORDER=11

build/fuzz/obj/%.o: helper/%.c $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(call say,FUZZCC)
	$(Q)$(FUZZCC) $(CFLAGS) $(FUZZ_FLAGS) $(HOST_RENAME) \
		-fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
build/fuzz/libmm.o: $(HOST_OBJS:%=build/fuzz/obj/%.o)
	$(call say,LD)
	$(Q)$(host_library)
build/fuzz/%: tests/fuzz/%.c build/fuzz/libmm.o \
		build/fuzz/obj/arch/host/host.o $(MAKEFILE_LIST)
	$(call say,FUZZLD)
	$(Q)$(FUZZCC) $(CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -MMD -MP \
		-no-pie -o $@ $(filter-out %.h Makefile,$^) -lfdt

# Those of the dump engine: with all of it, and nothing of the guest.
build/fuzz/dump/%.o: helper/dump/%.c $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(call say,FUZZCC)
	$(Q)$(FUZZCC) $(DUMP_CFLAGS) $(DUMP_SAN) -fsanitize=fuzzer-no-link \
		-MMD -MP -c $< -o $@
build/fuzz/fuzz_dump_%: tests/fuzz/fuzz_dump_%.c \
		$(DUMP:%=build/fuzz/dump/%.o) $(MAKEFILE_LIST)
	$(call say,FUZZLD)
	$(Q)$(FUZZCC) $(DUMP_CFLAGS) $(DUMP_SAN) -fsanitize=fuzzer -MMD -MP \
		-o $@ $(filter-out %.h Makefile,$^) $(DUMP_LIBS)
.SECONDARY: $(DUMP:%=build/fuzz/dump/%.o)
fuzz: $(FUZZ:%=build/fuzz/%)

# --- make bench: the host build, fast, with no checks but a kernel's ----------

BENCH_FLAGS := -O2 -fno-pie -Ihelper/arch/host -DCONFIG_FORCE_MAX_ZONEORDER=11
RDMA_CORE   := $(MMSCOPE_CACHE)/rdma-core

build/host-bench/obj/%.o: helper/%.c $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(call say,HOSTCC)
	$(Q)$(HOSTCC) $(CFLAGS) $(BENCH_FLAGS) $(HOST_RENAME) -MMD -MP -c $< -o $@
build/host-bench/libmm.o: $(HOST_OBJS:%=build/host-bench/obj/%.o)
	$(call say,LD)
	$(Q)$(host_library)
build/host-bench/mmscope: tests/bench/sequence.c tests/bench/mmscope.c \
		tests/bench/buddy.h build/host-bench/libmm.o \
		build/host-bench/obj/arch/host/host.o
	$(call say,HOSTLD)
	$(Q)$(HOSTCC) $(CFLAGS) $(BENCH_FLAGS) -no-pie -o $@ \
		$(filter-out %.h,$^) -lfdt
build/host-bench/rdma_core: tests/bench/sequence.c tests/bench/rdma_core.c \
		tests/bench/buddy.h $(wildcard tests/bench/shim/*.h) \
		$(RDMA_CORE)/providers/mlx5/dr_buddy.c \
		$(RDMA_CORE)/util/bitmap.c
	@mkdir -p $(@D)
	$(call say,HOSTLD)
	$(Q)$(HOSTCC) -std=gnu11 -g -O2 -fno-pie -no-pie -Itests/bench/shim \
		-Itests/bench -I$(RDMA_CORE) -o $@ $(filter-out %.h,$^)

# --- what people call ---------------------------------------------------------

demo: setup
	@$(MAKE) --no-print-directory guest >/dev/null
	@scripts/demo
replay-demo: setup
	@$(MAKE) --no-print-directory guest >/dev/null
	@scripts/replay-demo
shell: setup
	@$(MAKE) --no-print-directory guest >/dev/null
	@scripts/demo --shell
test:
	@scripts/setup --test
	@$(MAKE) --no-print-directory -j$$(nproc) guest host-tests dump dump-tests \
		fuzz >/dev/null
	$(PYTHON) -m pytest -q -n auto --dist loadfile tests --ignore=tests/kernels
# Only amd64's kernels need what setup adds here.
AMD64 = $(if $(KERNELS),$(filter amd64-%,$(KERNELS)),all)
test-kernels:
	@scripts/setup $(if $(AMD64),--kernels)
	@$(MAKE) --no-print-directory guest dump >/dev/null
	KERNELS="$(KERNELS)" $(PYTHON) -m pytest -q -n auto --dist loadgroup \
		tests/kernels
bench:
	@scripts/setup --bench
	@$(MAKE) --no-print-directory guest >/dev/null
	@scripts/bench
clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
