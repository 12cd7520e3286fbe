# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests booted on generated device trees, and read out at rest."""
