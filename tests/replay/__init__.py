# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory maps handed over by scripts/replay, against counting by hand."""
