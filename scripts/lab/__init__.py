# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts/fetch-deb and scripts/kernel-lab are made of."""
