# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands in a plain Python, on cores and RAM files: what mmdump runs. Like session/, the outermost layer."""
