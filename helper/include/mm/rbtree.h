/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rbtree.h - red-black trees whose nodes lie in the caller's structures. */
#ifndef MM_RBTREE_H
#define MM_RBTREE_H

#include <mm/types.h>

struct rb_node {
	unsigned long __rb_parent_color;	/* parent | color */
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

#endif
