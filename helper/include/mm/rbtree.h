/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rbtree.h - red-black trees whose nodes lie in the caller's structures.
 *
 * The caller walks down to the place of a new node itself, by its own order,
 * links it there with rb_link_node() and balances with rb_insert_color().
 *
 *   RB-1  a node's parent is the node that has it as a child; the root has none
 *   RB-2  the root is black, and a red node's children are black
 *   RB-3  every way from a node down to a missing child meets as many blacks
 */
#ifndef MM_RBTREE_H
#define MM_RBTREE_H

#include <mm/types.h>

#define RB_RED		0UL
#define RB_BLACK	1UL

struct rb_node {
	unsigned long __rb_parent_color;	/* parent | color */
	struct rb_node *rb_right;
	struct rb_node *rb_left;
} __attribute__((aligned(sizeof(long))));

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT		((struct rb_root){ NULL })
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->__rb_parent_color & ~3UL);
}

/** RB_CLEAR_NODE - mark a node as being in no tree: it is its own parent */
static inline void RB_CLEAR_NODE(struct rb_node *node)
{
	node->__rb_parent_color = (unsigned long)node;
}

static inline bool RB_EMPTY_NODE(const struct rb_node *node)
{
	return node->__rb_parent_color == (unsigned long)node;
}

/** rb_link_node - put a red @node at @link, a missing child of @parent */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	node->__rb_parent_color = (unsigned long)parent | RB_RED;
	node->rb_left = NULL;
	node->rb_right = NULL;
	*link = node;
}

/** rb_insert_color - balance after rb_link_node() */
void rb_insert_color(struct rb_node *node, struct rb_root *root);
/** rb_erase - take @node out; its own fields are not cleared */
void rb_erase(struct rb_node *node, struct rb_root *root);

/* In order; NULL behind the ends and for an empty tree. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/** rb_check - RB-1 to RB-3; NULL or the broken ID */
const char *rb_check(const struct rb_root *root);

#endif
