# SPDX-License-Identifier: GPL-2.0-or-later
"""mmscope: the memory of a Linux-style kernel, decoded from the bytes of a stopped target.

Data flows one way: target -> layout -> model -> view. A command picks, the session shows.
Only session/ imports gdb; everything else runs, and is tested, without it.
"""
