# SPDX-License-Identifier: GPL-2.0-or-later
"""Counting instructions: what scripts/bench is made of."""
