# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot a kernel of the table under QEMU, ready for a debugger."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import initramfs, runs
from .kernel_files import Files
from .kernels import Kernel

# debugfs is off in some distributions' kernels, memblock's list is logged
# only on request, and a kernel that moves is not where vmlinux says.
APPEND = "memblock=debug debugfs=on nokaslr"


@dataclass(frozen=True)
class Options:
    """What the command line may change."""
    gdb: Path | None = None         # socket; None: in the run folder
    serial: Path | None = None
    ram: Path | None = None
    stop: bool = False              # wait for GDB before the first instruction
    append: str = ""


def boot(kernel: Kernel, files: Files, options: Options) -> dict:
    """Start the guest; Return: what run.json says of it."""
    folder = runs.new_run(kernel.name)
    gdb = (options.gdb or folder / "gdb.sock").absolute()
    serial = (options.serial or folder / "serial.txt").absolute()
    ram = (options.ram or folder / "ram").absolute()
    initrd = folder / "initramfs.cpio"
    initrd.write_bytes(initramfs.build(files.busybox))
    gdb.unlink(missing_ok=True)
    append = " ".join(filter(None, (f"console={kernel.board.console}", APPEND,
                                    kernel.append, options.append)))
    board = kernel.board
    command = [
        board.qemu, "-M", f"{board.machine},memory-backend=ram",
        "-m", board.memory, "-smp", str(board.cpus),
        "-object", f"memory-backend-file,id=ram,size={board.memory},"
                   f"mem-path={ram},share=on",
        "-kernel", str(files.image), "-initrd", str(initrd), "-append", append,
        "-gdb", f"unix:{gdb},server=on,wait=off",
        "-display", "none", "-monitor", "none", "-net", "none", "-no-reboot"]
    command += ["-serial", "null"] * board.console_uart
    command += ["-serial", f"file:{serial}"]
    if board.cpu:
        command += ["-cpu", board.cpu]
    if files.dtb:
        command += ["-dtb", str(files.dtb)]
    if options.stop:
        command.append("-S")
    return runs.start(command, folder, gdb, {
        "name": kernel.name, "gdb": str(gdb), "vmlinux": str(files.vmlinux),
        "serial": str(serial), "ram": str(ram), "run": str(folder),
        "package": f"{files.package} {files.version}", "append": append,
        "command": command})
