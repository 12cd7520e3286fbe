# SPDX-License-Identifier: GPL-2.0-or-later
"""The session inside GDB. The only package that imports gdb."""
