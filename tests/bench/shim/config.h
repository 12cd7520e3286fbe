/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.h - what rdma-core's own build finds out about a GCC. */
#define HAVE_STATEMENT_EXPR 1
#define HAVE_TYPEOF 1
#define HAVE_BUILTIN_TYPES_COMPATIBLE_P 1
#define HAVE_ISBLANK 1
