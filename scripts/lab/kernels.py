# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernels and the boards they boot on. One row a kernel: add one here.

`abi` is the part of the package names that changes with each update; the
newest that matches is fetched. Everything that differs between two rows of
one release and flavour is the board and the command line.
"""
from __future__ import annotations

from dataclasses import dataclass

from .common import LabError


@dataclass(frozen=True)
class Board:
    """What QEMU is told to be."""
    qemu: str               # the binary
    machine: str            # -M
    memory: str             # -m
    console: str            # console= of the kernel
    cpu: str = ""           # -cpu; "" is the machine's own
    cpus: int = 1
    dtb: str = ""           # a file of the image package; "" is QEMU's own tree
    console_uart: int = 0   # which of the board's -serial it is


@dataclass(frozen=True)
class Kernel:
    """One Debian kernel on one board."""
    name: str
    suite: str
    arch: str               # Debian's name
    abi: str                # glob, like "6.1.0-*[0-9]"
    flavour: str
    board: Board
    append: str = ""        # more for the command line
    image_package: str = "linux-image-{abi}-{flavour}"
    debug_package: str = "linux-image-{abi}-{flavour}-dbg"
    image: str = "./boot/vmlinuz-*"
    vmlinux: str = "./usr/lib/debug/boot/vmlinux-*"


VIRT_ARM = Board("qemu-system-arm", "virt,highmem=off", "2G",
                 "ttyAMA0", cpu="cortex-a15", cpus=2)
SABRELITE = Board("qemu-system-arm", "sabrelite", "1536M",
                  "ttymxc1,115200", dtb="imx6q-sabrelite.dtb", console_uart=1)

KERNELS = (
    Kernel("armmp-6.1", "bookworm", "armhf", "6.1.0-*[0-9]", "armmp",
           VIRT_ARM),
    # The article's situation: 1.5 GB at 0x10000000, a CMA pool at its top.
    Kernel("armmp-6.1-sabrelite", "bookworm", "armhf", "6.1.0-*[0-9]", "armmp",
           SABRELITE, append="cma=320M"),
    Kernel("armmp-5.10", "bullseye", "armhf", "5.10.0-*[0-9]", "armmp",
           VIRT_ARM),
    Kernel("armmp-6.12", "trixie", "armhf", "6.12.*+deb13", "armmp",
           VIRT_ARM),
)


def kernel(name: str) -> Kernel:
    """The row called `name`; LabError names the ones there are."""
    for row in KERNELS:
        if row.name == name:
            return row
    raise LabError(f"no kernel {name!r}; there are: "
                   + " ".join(row.name for row in KERNELS))
