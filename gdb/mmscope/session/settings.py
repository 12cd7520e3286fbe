# SPDX-License-Identifier: GPL-2.0-or-later
"""set mm-transport."""
from __future__ import annotations

from typing import Callable

import gdb

from ..model.reach import AUTO, MODES

NAME = "mm-transport"


class TransportSetting(gdb.Parameter):
    """auto      host memory where the target is a QEMU machine on this machine and
          that is seen to give the right bytes; else through the stub; physical
          where the stub cannot read the kernel's addresses
stub      virtual addresses through the stub, as GDB itself reads
physical  physical addresses through QEMU's stub, page tables walked by mm
host      host memory, else the stub

Host memory is the file of QEMU's RAM, where it has one and shares it, or else
/proc/PID/mem. "mm info" says what is used, and why host memory is not. Nothing
but reading changes: GDB's own commands go through the stub as ever."""

    set_doc = "Set how the mm commands read target memory."
    show_doc = "Show how the mm commands read target memory."

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__(NAME, gdb.COMMAND_DATA, gdb.PARAM_ENUM, MODES)
        self.value = AUTO
        self._changed = changed

    def get_set_string(self) -> str:
        """It was set."""
        self._changed()
        return ""

    def get_show_string(self, value: str) -> str:
        """It is shown."""
        return f"The mm commands read target memory by: {value}."
