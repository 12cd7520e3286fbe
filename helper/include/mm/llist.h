/* SPDX-License-Identifier: GPL-2.0-or-later */
/* llist.h - stacks of nodes, of which all are taken at once. */
#ifndef MM_LLIST_H
#define MM_LLIST_H

#include <mm/types.h>

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

static inline void llist_add(struct llist_node *node, struct llist_head *head)
{
	node->next = head->first;
	head->first = node;
}

/** llist_del_all - empty the list; returns its first node */
static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	struct llist_node *first = head->first;

	head->first = NULL;
	return first;
}

#define llist_entry(ptr, type, member) container_of(ptr, type, member)

#endif
