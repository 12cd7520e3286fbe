# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a 32-bit ARM kernel without sparsemem has in memblock when it enters
# mem_init, and on its free lists when it leaves it: by GDB's own expressions,
# nothing of gdb/mmscope. The target is connected and before mem_init.
# A line a fact, "mmscope: NAME VALUE ...", numbers in hexadecimal.
#
# Hardware breakpoints at the first instruction: code is not yet where it will
# be, and a prologue may have done something.

define mm_regions
  # mm_regions memory|reserved
  set $i = 0
  while $i < memblock.$arg0.cnt
    set $rgn = &memblock.$arg0.regions[$i]
    # An empty list has one region without a size.
    if $rgn->size
      printf "mmscope: $arg0 %lx %lx %lx\n", (unsigned long)$rgn->base, (unsigned long)$rgn->size, (unsigned long)$rgn->flags
    end
    set $i = $i + 1
  end
end

define mm_list
  # The blocks of $zone->free_area[$order].free_list[$type], first one first.
  set $head = &$zone->free_area[$order].free_list[$type]
  set $at = $head->next
  while $at != $head
    set $page = (struct page *)((unsigned long)$at - (unsigned long)&((struct page *)0)->lru)
    printf "mmscope: block %s %lx %s %lx %lx\n", $zone->name, $order, migratetype_names[$type], (unsigned long)($page - mem_map) + __pv_phys_pfn_offset, $page->private
    if $at->next->prev != $at
      printf "mmscope: broken %s %lx\n", $zone->name, $order
    end
    set $at = $at->next
  end
end

define mm_zone
  printf "mmscope: zone %s %lx %lx %lx %lx %lx\n", $zone->name, $zone->zone_start_pfn, $zone->spanned_pages, $zone->present_pages, (unsigned long)$zone->managed_pages.counter, (unsigned long)$zone->vm_stat[NR_FREE_PAGES].counter
  # A zone without pages never got its lists.
  set $order = $zone->spanned_pages ? 0 : 1000
  while $order < sizeof($zone->free_area) / sizeof($zone->free_area[0])
    printf "mmscope: area %s %lx %lx\n", $zone->name, $order, $zone->free_area[$order].nr_free
    set $type = 0
    while $type < sizeof($zone->free_area[0].free_list) / sizeof($zone->free_area[0].free_list[0])
      mm_list
      set $type = $type + 1
    end
    set $order = $order + 1
  end
end

define mm_go
  # mm_go FUNCTION: run to its first instruction
  delete
  hbreak *$arg0
  continue
  delete
  printf "mmscope: at $arg0 %lx\n", (unsigned long)$pc - (unsigned long)&$arg0
end

mm_go mem_init
printf "mmscope: release %s\n", init_uts_ns.name.release
printf "mmscope: lowmem %lx\n", (unsigned long)arm_lowmem_limit
printf "mmscope: mem_map %lx %lx %lx\n", __pv_phys_pfn_offset, ((unsigned long)mem_map + (unsigned long)__pv_offset) & 0xffffffff, sizeof(struct page)
mm_regions memory
mm_regions reserved

mm_go kmem_cache_init
printf "mmscope: totalram %lx\n", (unsigned long)_totalram_pages.counter
printf "mmscope: orders %lx\n", sizeof(contig_page_data.node_zones[0].free_area) / sizeof(contig_page_data.node_zones[0].free_area[0])
set $index = 0
while $index < sizeof(contig_page_data.node_zones) / sizeof(contig_page_data.node_zones[0])
  set $zone = &contig_page_data.node_zones[$index]
  mm_zone
  set $index = $index + 1
end
detach
