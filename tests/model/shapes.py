# SPDX-License-Identifier: GPL-2.0-or-later
"""Debug information from text: the structs of a kernel, as short as they can be said.

struct TAG, enum TAG and var begin a line; members follow, indented. A type is u8 s8 u16 u32 s32 u64 ptr bool, long
and ulong (of a pointer's size), atomic and atomic_long (a struct around a counter), char (for arrays) or the tag of a
struct. name@other overlays another member,
name@other+4 what is 4 bytes behind it. name:15@other+2 is a bit field: 15 bits, in the byte
2 bytes behind it and on; name:1.7@other+3: from bit 7 of that one on.
"""
import re

from mmscope.layout.debuginfo import ARRAY, INT, POINTER, STRUCT, UINT, Member, Struct, Symbol, Type

from vm_shapes import VM_4_9, VM_5_10, VM_6_1, VM_6_12

def plain(word):
    """Types by name, where a pointer has so many bytes."""
    def atomic(size):
        return Type(STRUCT, size, members=(Member("counter", 0, Type(INT, size)),))
    return {"u8": Type(UINT, 1), "bool": Type(UINT, 1), "char": Type(UINT, 1), "u16": Type(UINT, 2),
            "u32": Type(UINT, 4), "s8": Type(INT, 1), "s32": Type(INT, 4), "u64": Type(UINT, 8),
            "ptr": Type(POINTER, word), "long": Type(INT, word), "ulong": Type(UINT, word),
            "atomic": atomic(4), "atomic_long": atomic(word)}


MEMBER = re.compile(r"(\w+) (\w+)(?:\[(\d+)\])?(?::(\d+)(?:\.(\d+))?)?(?:@(\w+)(?:\+(\d+))?)?$")

COMMON = """
struct list_head
    ptr next
    ptr prev
enum migratetype MIGRATE_UNMOVABLE MIGRATE_MOVABLE MIGRATE_RECLAIMABLE MIGRATE_PCPTYPES MIGRATE_HIGHATOMIC=3
    MIGRATE_CMA MIGRATE_ISOLATE MIGRATE_TYPES
enum system_states SYSTEM_BOOTING SYSTEM_SCHEDULING SYSTEM_RUNNING
enum slab_state DOWN PARTIAL UP FULL
enum pageblock_bits PB_migrate PB_migrate_end=2 PB_migrate_skip NR_PAGEBLOCK_BITS
struct memblock_type
    u32 cnt
    u32 max
    u32 total_size
    ptr regions
struct memblock
    bool bottom_up
    u32 current_limit
    memblock_type memory
    memblock_type reserved
struct free_area
    list_head free_list[6]
    u32 nr_free
struct per_cpu_pages
    s32 count
    s32 high
    s32 batch
    list_head lists[PCP_LISTS]
struct oo
    u32 x
struct kmem_cache_node
    spinlock list_lock
    u32 nr_partial
    list_head partial
    atomic nr_slabs
    atomic total_objects
    list_head full
struct kmem_cache
    ptr CPU_PART
    u32 flags
    u32 min_partial
    u32 size
    u32 object_size
    u32 offset
    u32 cpu_partial
    oo oo
    oo min
    s32 refcount
    u32 inuse
    u32 align
    u32 red_left_pad
    ptr name
    list_head list
    HARDENED
    ptr NODES[1]
var u32 __per_cpu_offset[4]
var u32 nr_cpu_ids
var ptr mem_map
var u32 max_pfn
var u32 max_low_pfn
var u32 min_low_pfn
var ptr high_memory
var memblock memblock
var u32 system_state
var u32 slab_state
var list_head slab_caches
var u32 __pv_phys_pfn_offset
var ptr initial_boot_params
var pglist_data contig_page_data
var cma cma_areas[4]
var u32 cma_area_count
var u32 swapper_pg_dir
var u32 _stext
var u32 _end
"""



def common(**words: str) -> str:
    """COMMON with its words in capitals filled in; an empty one drops its line."""
    text = COMMON
    for word, value in words.items():
        text = re.sub(rf"^.*\b{word}\b.*\n", "", text, flags=re.M) if not value else text.replace(word, value)
    return text


LINUX_4_9 = common(PCP_LISTS="3", CPU_PART="cpu_slab", HARDENED="", NODES="node") + """
enum pageflags PG_locked PG_error PG_referenced PG_uptodate PG_dirty PG_lru PG_active PG_slab PG_owner_priv_1
    PG_arch_1 PG_reserved PG_private PG_head __NR_PAGEFLAGS PG_checked=8
enum zone_type ZONE_NORMAL ZONE_HIGHMEM ZONE_MOVABLE __MAX_NR_ZONES
enum zone_stat_item NR_FREE_PAGES NR_FREE_CMA_PAGES
enum zone_watermarks WMARK_MIN WMARK_LOW WMARK_HIGH NR_WMARK
struct memblock_region
    u32 base
    u32 size
    u32 flags
    s32 nid
struct page
    u32 flags
    ptr mapping
    u32 index
    atomic _mapcount
    atomic _refcount
    list_head lru
    ptr compound_head@lru
    u32 private
    u32 compound_order@private
    ptr slab_cache@private
    ptr next@lru
    s32 pages@lru+4
    ptr freelist@index
    u32 counters@_mapcount
    u32 inuse:16@_mapcount
    u32 objects:15@_mapcount+2
    u32 frozen:1.7@_mapcount+3
struct kmem_cache_cpu
    ptr freelist
    u32 tid
    ptr page
    ptr partial
struct per_cpu_pageset
    u32 before
    per_cpu_pages pcp
struct spinlock
    u32 locked
struct zone
    u32 watermark[3]
    u32 lowmem_reserve[3]
    ptr pageset
    ptr pageblock_flags
    u32 zone_start_pfn
    u32 managed_pages
    u32 spanned_pages
    u32 present_pages
    ptr name
    free_area free_area[11]
    spinlock lock
    atomic vm_stat[2]
struct cma
    u32 base_pfn
    u32 count
    ptr name
struct pglist_data
    zone node_zones[3]
    ptr node_mem_map
    u32 node_start_pfn
    u32 node_spanned_pages
    u32 node_id
var char mmscope_banner[64]
var u32 totalram_pages
var u32 totalhigh_pages
"""

LINUX_4_9 += VM_4_9

LINUX_6_1 = common(PCP_LISTS="12", CPU_PART="cpu_slab", HARDENED="u32 random", NODES="node") + """
enum pageflags PG_locked PG_referenced PG_uptodate PG_dirty PG_lru PG_active PG_workingset PG_waiters PG_error
    PG_slab PG_owner_priv_1 PG_arch_1 PG_reserved PG_private PG_head __NR_PAGEFLAGS PG_checked=10
enum zone_type ZONE_DMA ZONE_NORMAL ZONE_HIGHMEM ZONE_MOVABLE __MAX_NR_ZONES
enum zone_stat_item NR_FREE_PAGES NR_FREE_CMA_PAGES
enum zone_watermarks WMARK_MIN WMARK_LOW WMARK_HIGH WMARK_PROMO NR_WMARK
enum memblock_flags MEMBLOCK_NONE=0 MEMBLOCK_HOTPLUG=1 MEMBLOCK_MIRROR=2 MEMBLOCK_NOMAP=4 MEMBLOCK_DRIVER_MANAGED=8
struct memblock_region
    u32 base
    u32 size
    u32 flags
struct page
    u32 flags
    list_head lru
    list_head buddy_list@lru
    list_head pcp_list@lru
    ptr compound_head@lru
    ptr mapping
    u32 index
    u32 private
    u32 compound_order@private
    atomic _mapcount
    u32 page_type@_mapcount
    atomic _refcount
    u32 memcg_data
struct slab
    u32 __page_flags
    list_head slab_list
    ptr next@slab_list
    s32 slabs@slab_list+4
    ptr slab_cache
    ptr freelist
    u32 counters
    u32 inuse:16@counters
    u32 objects:15@counters+2
    u32 frozen:1.7@counters+3
    u32 __unused
    atomic __page_refcount
    u32 memcg_data
struct kmem_cache_cpu
    ptr freelist
    u32 tid
    ptr slab
    ptr partial
struct tickets
    u16 owner
    u16 next
struct raw_lock
    tickets tickets
struct rlock
    raw_lock raw_lock
struct spinlock
    rlock rlock
struct zone
    u32 _watermark[4]
    u32 lowmem_reserve[4]
    ptr per_cpu_pageset
    ptr pageblock_flags
    u32 zone_start_pfn
    atomic managed_pages
    u32 spanned_pages
    u32 present_pages
    u32 cma_pages
    ptr name
    free_area free_area[12]
    spinlock lock
    atomic vm_stat[2]
struct cma
    u32 base_pfn
    u32 count
    char name[64]
struct pglist_data
    zone node_zones[4]
    ptr node_mem_map
    u32 node_start_pfn
    u32 node_spanned_pages
    u32 node_id
var char linux_banner[64]
var atomic _totalram_pages
var atomic _totalhigh_pages
"""

LINUX_6_1 += VM_6_1

LINUX_5_10 = LINUX_6_1.replace(VM_6_1, VM_5_10)
LINUX_6_12 = LINUX_6_1.replace(VM_6_1, VM_6_12)
# Of 7.2 only what its slab allocator has: CPUs and nodes keep sheaves of objects, and CPUs have no slabs.
LINUX_7_2 = re.sub(r"struct kmem_cache_cpu\n(?:    .*\n)+", "", LINUX_6_1).replace(
    "ptr cpu_slab", "ptr cpu_sheaves\n    u32 sheaf_capacity").replace(
    "ptr node[1]", "kmem_cache_per_node_ptrs per_node[1]").replace("    u32 cpu_partial\n", "") + """
enum _slab_flag_bits _SLAB_CONSISTENCY_CHECKS _SLAB_RED_ZONE _SLAB_HWCACHE_ALIGN _SLAB_FLAGS_LAST_BIT
struct kmem_cache_per_node_ptrs
    ptr barn
    ptr node
struct slub_percpu_sheaves
    u32 lock
    ptr main
    ptr spare
    ptr rcu_free
struct slab_sheaf
    list_head barn_list
    ptr cache
    u32 size
    s32 node
    ptr objects[0]
struct node_barn
    u32 lock
    list_head sheaves_full
    list_head sheaves_empty
    u32 nr_full
    u32 nr_empty
"""


class Shapes:
    """A DebugInfo made from text. Variables are laid out from base on, each at a multiple of 64."""

    byte_order = "little"

    def __init__(self, text: str, base: int, arch: str = "arm", word: int = 4) -> None:
        self.arch, self.pointer_bytes, self._plain = arch, word, plain(word)
        self.structs: dict[str, Struct] = {}
        self.enums: dict[str, dict[str, int]] = {}
        self.symbols: dict[str, Symbol] = {}
        self._bodies: dict[str, list[str]] = {}
        variables = self._read(text)
        for tag in self._bodies:
            self.struct(tag)
        for line in variables:
            name, kind = self._member(line)[:2]
            self.symbols[name] = Symbol(name, base, kind)
            base += -(-kind.size // 64) * 64

    def struct(self, tag):
        """Lay a struct out, each member at a multiple of its alignment."""
        if tag not in self.structs and tag in self._bodies:
            members, offset = {}, 0
            for line in self._bodies[tag]:
                name, kind, bits, overlay, behind = self._member(line)
                if overlay:
                    members[name] = Member(name, members[overlay].offset + behind, kind, *bits)
                    continue
                align = min(kind.element.size if kind.element else kind.size, self.pointer_bytes)
                offset += -offset % align
                members[name] = Member(name, offset, kind)
                offset += kind.size
            self.structs[tag] = Struct(tag, offset + -offset % self.pointer_bytes, members)
        return self.structs.get(tag)

    def enum(self, tag):
        return self.enums.get(tag)

    def symbol(self, name):
        return self.symbols.get(name)

    def parameter_count(self, function):
        return None

    def place(self, tag: str, path: str) -> tuple[int, Type]:
        """Offset and type of a path like free_area[3].nr_free: counted by hand, not by the code under test."""
        offset, kind = 0, Type(STRUCT, 0, tag=tag)
        for part in path.split("."):
            name, _, index = part.rstrip("]").partition("[")
            members = self.structs[kind.tag].members if kind.tag else {m.name: m for m in kind.members}
            offset, kind = offset + members[name].offset, members[name].type
            if index:
                offset, kind = offset + int(index) * kind.element.size, kind.element
        return offset, kind

    def _read(self, text):
        variables, body = [], None
        for line in filter(None, map(str.rstrip, text.splitlines())):
            words = line.split()
            if words[0] == "struct":
                body = self._bodies.setdefault(words[1], [])
            elif words[0] == "enum":
                self.enums[words[1]] = {}
                body = words[1]
                self._enumerators(body, words[2:])
            elif words[0] == "var":
                variables.append(" ".join(words[1:]))
            elif isinstance(body, str):
                self._enumerators(body, words)
            else:
                body.append(line.strip())
        return variables

    def _enumerators(self, tag, words):
        for word in words:
            name, _, value = word.partition("=")
            values = self.enums[tag]
            values[name] = int(value) if value else (list(values.values())[-1] + 1 if values else 0)

    def _member(self, line):
        kind, name, count, bits, bit, overlay, behind = MEMBER.match(line).groups()
        if kind in self._plain:
            found = self._plain[kind]
        else:
            found = Type(STRUCT, self.struct(kind).size, tag=kind)
        if count:
            found = Type(ARRAY, found.size * int(count), element=found, count=int(count))
        return name, found, (int(bit or 0), int(bits or 0)), overlay, int(behind or 0)
