# SPDX-License-Identifier: GPL-2.0-or-later
"""What live and kernel tests share: GDB over a pipe, waits with a limit."""
