# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot a kernel of the table under QEMU, ready for a debugger."""
from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from . import initramfs, runs, tree
from .kernel_files import Files
from .kernels import Kernel

# debugfs is off in some distributions' kernels, and memblock's list is logged
# only on request.
APPEND = "memblock=debug debugfs=on"
STAY = "nokaslr"        # a kernel that moves is not where vmlinux says


@dataclass(frozen=True)
class Options:
    """What the command line may change."""
    gdb: Path | None = None         # socket; None: in the run folder
    serial: Path | None = None
    ram: Path | None = None
    stop: bool = False              # wait for GDB before the first instruction
    append: str = ""
    memory: str = ""                # -m; "" is the board's
    no_map: tuple[str, ...] = ()    # BASE:SIZE that only firmware may use
    initrd: bool = True             # False: the boot ends without a root
    kaslr: bool = False             # True: it may move itself


def boot(kernel: Kernel, files: Files, options: Options) -> dict:
    """Start the guest; Return: what run.json says of it."""
    folder = runs.new_run(kernel.name)
    gdb = (options.gdb or folder / "gdb.sock").absolute()
    serial = (options.serial or folder / "serial.txt").absolute()
    ram = (options.ram or folder / "ram").absolute()
    gdb.unlink(missing_ok=True)
    append = " ".join(filter(None, (
        f"console={kernel.board.console}", APPEND,
        "" if options.kaslr else STAY, kernel.append, options.append)))
    board = kernel.board
    memory = options.memory or board.memory
    try:
        dtb = tree.without_map(board, memory, files.dtb, options.no_map,
                               folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    command = [
        board.qemu, "-M", f"{board.machine},memory-backend=ram",
        "-m", memory, "-smp", str(board.cpus),
        "-object", f"memory-backend-file,id=ram,size={memory},"
                   f"mem-path={ram},share=on",
        "-kernel", str(files.image), "-append", append,
        "-gdb", f"unix:{gdb},server=on,wait=off",
        "-display", "none", "-monitor", "none", "-net", "none", "-no-reboot"]
    command += ["-serial", "null"] * board.console_uart
    command += ["-serial", f"file:{serial}"]
    if options.initrd:
        initrd = folder / "initramfs.cpio"
        initrd.write_bytes(initramfs.build(files.busybox))
        command += ["-initrd", str(initrd)]
    if board.cpu:
        command += ["-cpu", board.cpu]
    if dtb:
        command += ["-dtb", str(dtb)]
    if options.stop:
        command.append("-S")
    return runs.start(command, folder, gdb, {
        "name": kernel.name, "gdb": str(gdb), "vmlinux": str(files.vmlinux),
        "serial": str(serial), "ram": str(ram), "run": str(folder),
        "package": f"{files.package} {files.version}", "append": append,
        "command": command})
