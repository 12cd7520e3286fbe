# SPDX-License-Identifier: GPL-2.0-or-later
"""What the bytes mean: structures of the memory management as plain objects. Every claim is checked, none trusted."""
