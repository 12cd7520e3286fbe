# SPDX-License-Identifier: GPL-2.0-or-later
"""Names to offsets: what the debug information says, which spelling a kernel uses, one file an architecture."""
