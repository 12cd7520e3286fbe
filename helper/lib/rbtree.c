// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rbtree.c - red-black trees.
 *
 * Contract: rb_insert_color() and rb_erase() keep RB-1 to RB-3, and the order
 *           of the nodes as it is.
 * May call: nothing.  Called by: vmalloc.c, vmap_block.c.
 * Fails:    never.
 *
 * Both repairs are the textbook's, bottom up. What differs between left and
 * right is the side, so each case is written once.
 */
#include <mm/rbtree.h>

enum side { LEFT, RIGHT };

static struct rb_node **child_link(struct rb_node *node, enum side side)
{
	return side == LEFT ? &node->rb_left : &node->rb_right;
}

static struct rb_node *child(const struct rb_node *node, enum side side)
{
	return side == LEFT ? node->rb_left : node->rb_right;
}

static enum side side_of(const struct rb_node *node,
			 const struct rb_node *parent)
{
	return parent->rb_left == node ? LEFT : RIGHT;
}

static enum side other(enum side side)
{
	return side == LEFT ? RIGHT : LEFT;
}

/* A missing child is black. */
static bool is_black(const struct rb_node *node)
{
	return !node || node->__rb_parent_color & RB_BLACK;
}

static void set_color(struct rb_node *node, unsigned long color)
{
	node->__rb_parent_color = (node->__rb_parent_color & ~1UL) | color;
}

static void set_parent(struct rb_node *node, struct rb_node *parent)
{
	if (node)
		node->__rb_parent_color = (unsigned long)parent |
					  (node->__rb_parent_color & 1);
}

/* @parent, or the root, has @new where it had @old. */
static void replace_child(struct rb_root *root, struct rb_node *parent,
			  const struct rb_node *old, struct rb_node *new)
{
	if (!parent)
		root->rb_node = new;
	else
		*child_link(parent, side_of(old, parent)) = new;
}

/* @top goes down on @side, its other child takes its place. */
static void rotate(struct rb_root *root, struct rb_node *top, enum side side)
{
	struct rb_node *riser = child(top, other(side));
	struct rb_node *middle = child(riser, side);
	struct rb_node *parent = rb_parent(top);

	*child_link(top, other(side)) = middle;
	set_parent(middle, top);
	replace_child(root, parent, top, riser);
	set_parent(riser, parent);
	*child_link(riser, side) = top;
	set_parent(top, riser);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent, *grandparent, *uncle;
	enum side side;

	/* Only RB-2 can be broken, and only between @node and its parent. */
	while ((parent = rb_parent(node)) && !is_black(parent)) {
		grandparent = rb_parent(parent);
		side = side_of(parent, grandparent);
		uncle = child(grandparent, other(side));
		if (!is_black(uncle)) {
			set_color(parent, RB_BLACK);
			set_color(uncle, RB_BLACK);
			set_color(grandparent, RB_RED);
			node = grandparent;
			continue;
		}
		if (child(parent, side) != node) {
			rotate(root, parent, side);
			parent = node;
		}
		set_color(parent, RB_BLACK);
		set_color(grandparent, RB_RED);
		rotate(root, grandparent, other(side));
		break;
	}
	set_color(root->rb_node, RB_BLACK);
}

/*
 * The ways through @node, a child of @parent that may be missing, have one
 * black too few.
 */
static void erase_repair(struct rb_root *root, struct rb_node *node,
			 struct rb_node *parent)
{
	while (parent && is_black(node)) {
		enum side side = side_of(node, parent);
		struct rb_node *sibling = child(parent, other(side));

		if (!is_black(sibling)) {
			set_color(sibling, RB_BLACK);
			set_color(parent, RB_RED);
			rotate(root, parent, side);
			sibling = child(parent, other(side));
		}
		if (is_black(sibling->rb_left) && is_black(sibling->rb_right)) {
			set_color(sibling, RB_RED);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (is_black(child(sibling, other(side)))) {
			set_color(child(sibling, side), RB_BLACK);
			set_color(sibling, RB_RED);
			rotate(root, sibling, other(side));
			sibling = child(parent, other(side));
		}
		set_color(sibling, is_black(parent) ? RB_BLACK : RB_RED);
		set_color(parent, RB_BLACK);
		set_color(child(sibling, other(side)), RB_BLACK);
		rotate(root, parent, side);
		return;
	}
	if (node)
		set_color(node, RB_BLACK);
}

static struct rb_node *end_below(struct rb_node *node, enum side side)
{
	while (child(node, side))
		node = child(node, side);
	return node;
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *heir, *orphan, *parent = rb_parent(node);
	bool lost_black = is_black(node);

	if (!node->rb_left || !node->rb_right) {
		orphan = node->rb_left ? node->rb_left : node->rb_right;
		set_parent(orphan, parent);
		replace_child(root, parent, node, orphan);
	} else {
		/* The next in order has one child at most, and takes over. */
		heir = end_below(node->rb_right, LEFT);
		lost_black = is_black(heir);
		orphan = heir->rb_right;
		replace_child(root, parent, node, heir);
		parent = heir;
		if (rb_parent(heir) != node) {
			parent = rb_parent(heir);
			parent->rb_left = orphan;
			set_parent(orphan, parent);
			heir->rb_right = node->rb_right;
			set_parent(heir->rb_right, heir);
		}
		heir->rb_left = node->rb_left;
		set_parent(heir->rb_left, heir);
		heir->__rb_parent_color = node->__rb_parent_color;
	}
	if (lost_black)
		erase_repair(root, orphan, parent);
}

/* --- in order ------------------------------------------------------------- */

static struct rb_node *step(const struct rb_node *node, enum side side)
{
	struct rb_node *parent;

	if (child(node, side))
		return end_below(child(node, side), other(side));
	while ((parent = rb_parent(node)) && side_of(node, parent) == side)
		node = parent;
	return parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return root->rb_node ? end_below(root->rb_node, LEFT) : NULL;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return root->rb_node ? end_below(root->rb_node, RIGHT) : NULL;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return step(node, RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return step(node, LEFT);
}

/* --- checking ------------------------------------------------------------- */

/* Twice log2 of more nodes than fit into memory: no sound tree is deeper. */
#define MAX_DEPTH (2 * 8 * (int)sizeof(long))

/* Blacks on each way down from @node, which is one of them; -1: @broken. */
static int black_height(const struct rb_node *node,
			const struct rb_node *parent, int depth,
			const char **broken)
{
	int left, right;

	if (!node)
		return 0;
	if (depth > MAX_DEPTH || rb_parent(node) != parent) {
		*broken = "RB-1";
		return -1;
	}
	if (!is_black(node) && (!parent || !is_black(parent))) {
		*broken = "RB-2";
		return -1;
	}
	left = black_height(node->rb_left, node, depth + 1, broken);
	right = black_height(node->rb_right, node, depth + 1, broken);
	if (left < 0 || right < 0)
		return -1;
	if (left != right) {
		*broken = "RB-3";
		return -1;
	}
	return left + is_black(node);
}

const char *rb_check(const struct rb_root *root)
{
	const char *broken = NULL;

	black_height(root->rb_node, NULL, 0, &broken);
	return broken;
}
