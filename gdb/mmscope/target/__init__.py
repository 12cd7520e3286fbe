# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes of the target: transports that fetch them and the cache that keeps them for one stop."""
