/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list.h - circular doubly linked lists with a head, Linux's names.
 *
 *   LIST-1  next and prev of every entry point at list_heads of the list
 *   LIST-2  following next from the head comes back to the head
 *   LIST-3  entry->next->prev == entry
 */
#ifndef MM_LIST_H
#define MM_LIST_H

#include <mm/bug.h>
#include <mm/types.h>

struct list_head {
	struct list_head *next, *prev;
};

/* What a deleted entry's links read: a mark for debuggers, and unmapped. */
#define LIST_POISON1	((struct list_head *)0x100)
#define LIST_POISON2	((struct list_head *)0x200)

#define LIST_HEAD_INIT(name) { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline void __list_add(struct list_head *entry, struct list_head *prev,
			      struct list_head *next)
{
	VM_BUG_ON(next->prev != prev);		/* LIST-3 */
	VM_BUG_ON(prev->next != next);
	next->prev = entry;
	entry->next = next;
	entry->prev = prev;
	prev->next = entry;
}

/** list_add - put @entry behind @head: the new first entry */
static inline void list_add(struct list_head *entry, struct list_head *head)
{
	__list_add(entry, head, head->next);
}

/** list_add_tail - put @entry before @head: the new last entry */
static inline void list_add_tail(struct list_head *entry,
				 struct list_head *head)
{
	__list_add(entry, head->prev, head);
}

/** __list_del_entry - list_del() of an entry that goes on a list at once */
static inline void __list_del_entry(struct list_head *entry)
{
	VM_BUG_ON(entry->next->prev != entry);	/* LIST-3 */
	VM_BUG_ON(entry->prev->next != entry);
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
}

static inline void list_del(struct list_head *entry)
{
	__list_del_entry(entry);
	entry->next = LIST_POISON1;
	entry->prev = LIST_POISON2;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))

#define list_for_each_entry(pos, head, member) \
	for (pos = list_entry((head)->next, __typeof__(*pos), member); \
	     &pos->member != (head); \
	     pos = list_entry(pos->member.next, __typeof__(*pos), member))

/** list_for_each_entry_safe - the same; @pos may leave the list meanwhile */
#define list_for_each_entry_safe(pos, n, head, member) \
	for (pos = list_entry((head)->next, __typeof__(*pos), member), \
	     n = list_entry(pos->member.next, __typeof__(*pos), member); \
	     &pos->member != (head); \
	     pos = n, n = list_entry(n->member.next, __typeof__(*n), member))

#endif
