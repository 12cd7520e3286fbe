# SPDX-License-Identifier: GPL-2.0-or-later
"""How results look: text for people, JSON for programs. Reads no memory."""
