# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes `harness` importable in every test folder."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
