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
# 4 GB from 1 GiB on: a part of it lies above 4 GiB. The 32-bit emulator
# fails on this machine with an abort on a walk of the page tables.
VIRT_LPAE = Board("qemu-system-aarch64", "virt,highmem=on", "4G",
                  "ttyAMA0", cpu="cortex-a15", cpus=2)
VIRT_ARM64 = Board("qemu-system-aarch64", "virt", "4G",
                   "ttyAMA0", cpu="cortex-a57", cpus=2)
# 16 KiB pages and 52-bit addresses are not in the older CPU models.
VIRT_ARM64_MAX = Board("qemu-system-aarch64", "virt", "4G",
                       "ttyAMA0", cpu="max,pauth=off", cpus=2)
# 2 GB below the hole under 4 GiB, 1 GB above it.
Q35 = Board("qemu-system-x86_64", "q35", "3G", "ttyS0", cpu="Nehalem", cpus=2)

# From 7.2 on the kernel itself is in a package of its own.
BINARY = {"image_package": "linux-binary-{abi}-{flavour}",
          "image": "*/vmlinuz*", "vmlinux": "*/vmlinux*"}
TWO_NODES = "numa=fake=2"

KERNELS = (
    Kernel("armmp-5.10", "bullseye", "armhf", "5.10.0-*[0-9]", "armmp",
           VIRT_ARM),
    Kernel("armmp-6.1", "bookworm", "armhf", "6.1.0-*[0-9]", "armmp",
           VIRT_ARM),
    # The article's situation: 1.5 GB at 0x10000000, a CMA pool at its top.
    Kernel("armmp-6.1-sabrelite", "bookworm", "armhf", "6.1.0-*[0-9]", "armmp",
           SABRELITE, append="cma=320M"),
    Kernel("armmp-6.12", "trixie", "armhf", "6.12.*+deb13", "armmp",
           VIRT_ARM),
    Kernel("armmp-7.2", "sid", "armhf", "7.2.*+deb14", "armmp", VIRT_ARM, **BINARY),
    Kernel("armmp-lpae-6.1", "bookworm", "armhf", "6.1.0-*[0-9]",
           "armmp-lpae", VIRT_LPAE),
    Kernel("armmp-lpae-7.2", "sid", "armhf", "7.2.*+deb14", "armmp-lpae", VIRT_LPAE,
           **BINARY),
    Kernel("arm64-5.10", "bullseye", "arm64", "5.10.0-*[0-9]", "arm64",
           VIRT_ARM64),
    Kernel("arm64-6.1", "bookworm", "arm64", "6.1.0-*[0-9]", "arm64",
           VIRT_ARM64),
    Kernel("arm64-6.12", "trixie", "arm64", "6.12.*+deb13", "arm64",
           VIRT_ARM64),
    Kernel("arm64-7.2", "sid", "arm64", "7.2.*+deb14", "arm64", VIRT_ARM64,
           **BINARY),
    Kernel("arm64-16k-6.12", "trixie", "arm64", "6.12.*+deb13", "arm64-16k",
           VIRT_ARM64_MAX),
    Kernel("arm64-16k-7.2", "sid", "arm64", "7.2.*+deb14", "arm64-16k",
           VIRT_ARM64_MAX, **BINARY),
    Kernel("amd64-5.10", "bullseye", "amd64", "5.10.0-*[0-9]", "amd64", Q35),
    Kernel("amd64-6.1", "bookworm", "amd64", "6.1.0-*[0-9]", "amd64", Q35),
    Kernel("amd64-6.12", "trixie", "amd64", "6.12.*+deb13", "amd64", Q35,
           append=TWO_NODES),
    Kernel("amd64-7.2", "sid", "amd64", "7.2.*+deb14", "amd64", Q35,
           append=TWO_NODES, **BINARY),
)


def kernel(name: str) -> Kernel:
    """The row called `name`; LabError names the ones there are."""
    for row in KERNELS:
        if row.name == name:
            return row
    raise LabError(f"no kernel {name!r}; there are: "
                   + " ".join(row.name for row in KERNELS))
