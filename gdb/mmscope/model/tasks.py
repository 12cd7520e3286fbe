# SPDX-License-Identifier: GPL-2.0-or-later
"""Every task: threads of every process, and each CPU's idle task. For who has kernel stacks and page tables.

Source: init_task.tasks links processes, signal->thread_head the threads of one; idle tasks are on no list.
"""
from __future__ import annotations

from ..errors import FaultError, MissingError
from .context import Context
from .percpu import cpu_offsets, per_cpu_addr, percpu_pointer
from .walk import walk_list

MAX_TASKS = 1 << 17


def tasks(ctx: Context) -> tuple[int, ...]:
    """Address of each struct task_struct, as far as the lists can be followed; empty where there are no tasks."""
    return ctx.once("tasks.tasks", _tasks)


def _tasks(ctx: Context) -> tuple[int, ...]:
    """Processes, their threads, idle tasks."""
    try:
        first = ctx.read.address("init_task")
        offset = ctx.layout.field("task_struct.tasks").offset
        leaders = [first, *(node - offset for node in _nodes(ctx, first + offset, "tasks"))]
    except (MissingError, FaultError):
        return ()
    found = dict.fromkeys(leaders)
    for leader in leaders:
        found.update(dict.fromkeys(_threads(ctx, leader)))
    found.update(dict.fromkeys(_idle(ctx)))
    return tuple(found)


def _nodes(ctx: Context, head: int, where: str) -> tuple[int, ...]:
    """The nodes of a list of tasks, which come from the slab allocator."""
    def _valid(addr: int) -> bool:
        return addr % ctx.read.word == 0 and ctx.arch.virt_to_phys(addr) is not None
    return walk_list(ctx, head, where, _valid, MAX_TASKS).nodes


def _threads(ctx: Context, leader: int) -> tuple[int, ...]:
    """All threads of a process."""
    try:
        signal = ctx.read.member("task_struct", leader, "signal")
        head = signal + ctx.layout.field("signal_struct.thread_head").offset
        offset = ctx.layout.field("task_struct.thread_node").offset
        return tuple(node - offset for node in _nodes(ctx, head, "threads")) if signal else ()
    except (MissingError, FaultError):
        return ()


def _idle(ctx: Context) -> tuple[int, ...]:
    """The task that each CPU runs when there is nothing to do."""
    try:
        queues = percpu_pointer(ctx, ctx.read.address("run queues"))
        idle = tuple(ctx.read.member("rq", per_cpu_addr(ctx, queues, offset), "idle")
                     for offset in cpu_offsets(ctx).values())
        return tuple(addr for addr in idle if addr)
    except (MissingError, FaultError):
        return ()
