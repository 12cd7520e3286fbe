# SPDX-License-Identifier: GPL-2.0-or-later
"""Trees, chains and xarrays are followed as far as they are sound, and what is broken is named."""
import random

import pytest
from hypothesis import given, settings, strategies

from machine import Machine
from mmscope.errors import FaultError
from mmscope.model.walk import walk_pointers
from mmscope.model.walktree import walk_tree, walk_xarray
from shapes import LINUX_6_1
from vm_machine import VM_HEAP, VM_HEAP_BYTES

PARENT, RIGHT, LEFT = 0, 4, 8           # struct rb_node
NOWHERE = 0xDEAD0000


@pytest.fixture
def vm():
    return Machine(LINUX_6_1).vm


def plant(vm, count):
    """A sound tree; its root and its nodes in order."""
    areas = [vm.add_area(n * 0x1000, 0x1000) for n in range(count)]
    root = vm.take(8)
    vm.tree(root, areas)
    offset = vm.m.shapes.place("vmap_area", "rb_node")[0]
    return root, [area + offset for area in areas]


def walk(vm, root, limit=1000):
    return walk_tree(vm.m.context(), root, "test tree", lambda addr: VM_HEAP <= addr < VM_HEAP + VM_HEAP_BYTES, limit)


def word(vm, addr):
    return int.from_bytes(vm.m.ram.read(addr, 4), "little")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 10, 100])
def test_a_sound_tree_gives_its_nodes_in_order(vm, count):
    root, nodes = plant(vm, count)
    found = walk(vm, root)
    assert found.nodes == tuple(nodes)
    assert found.problems == ()


@pytest.mark.parametrize("broken, id_", [("parent", "RB-1"), ("red root", "RB-2"), ("red child", "RB-2"),
                                         ("height", "RB-3")])
def test_a_broken_rule_is_named_and_the_nodes_are_still_found(vm, broken, id_):
    root, nodes = plant(vm, 7)      # all black but none: three full levels
    top = word(vm, root)
    at = {"parent": nodes[0], "red root": top, "red child": nodes[0], "height": nodes[0]}[broken]
    if broken == "parent":
        vm.m.poke(at + PARENT, nodes[5] | 1)
    elif broken == "red child":
        above = word(vm, nodes[0] + PARENT) & ~3
        vm.m.poke(above + PARENT, word(vm, above + PARENT) & ~1)
        vm.m.poke(at + PARENT, word(vm, at + PARENT) & ~1)
    else:
        vm.m.poke(at + PARENT, word(vm, at + PARENT) ^ 1)
    found = walk(vm, root)
    assert found.nodes == tuple(nodes)
    assert {problem.id for problem in found.problems} == {id_}


@pytest.mark.parametrize("child", [NOWHERE, VM_HEAP + VM_HEAP_BYTES - 4])
def test_a_child_where_no_node_is_ends_its_branch_only(vm, child):
    root, nodes = plant(vm, 7)
    vm.m.poke(nodes[1] + LEFT, child)
    found = walk(vm, root)
    assert found.nodes == tuple(nodes[1:])
    assert [problem.id for problem in found.problems] == ["TREE-1"]


def test_a_loop_ends_the_walk(vm):
    root, nodes = plant(vm, 7)
    vm.m.poke(nodes[0] + LEFT, nodes[5])
    found = walk(vm, root)
    assert "TREE-2" in {problem.id for problem in found.problems}
    assert len(found.nodes) == len(set(found.nodes)) <= 7


def test_a_node_that_is_its_own_child_ends_the_walk(vm):
    root, nodes = plant(vm, 3)
    vm.m.poke(nodes[2] + RIGHT, nodes[2])
    found = walk(vm, root)
    assert found.nodes == tuple(nodes)
    assert [problem.id for problem in found.problems] == ["TREE-2"]


def test_a_tree_has_no_more_nodes_than_it_can(vm):
    root, nodes = plant(vm, 20)
    found = walk(vm, root, limit=10)
    assert len(found.nodes) == 10
    assert [problem.id for problem in found.problems] == ["TREE-2"]


def test_a_root_that_cannot_be_read_is_a_fault(vm):
    with pytest.raises(FaultError):
        walk(vm, NOWHERE)


@settings(max_examples=60)
@given(strategies.lists(max_size=6, elements=strategies.tuples(
    strategies.integers(0, 14), strategies.sampled_from([PARENT, RIGHT, LEFT]),
    strategies.one_of(strategies.integers(0, 0xFFFFFFFF), strategies.integers(0, 14).map(lambda n: -n - 1)))))
def test_whatever_is_in_the_nodes_the_walk_ends(writes):
    vm = Machine(LINUX_6_1).vm
    root, nodes = plant(vm, 15)
    for node, member, value in writes:
        vm.m.poke(nodes[node] + member, nodes[-value - 1] if value < 0 else value)
    found = walk(vm, root)
    assert len(found.nodes) == len(set(found.nodes)) <= 15 + len(writes)
    assert found.problems or found.nodes == tuple(nodes) or writes


def test_a_chain_is_followed_to_its_end_and_a_broken_one_to_where_it_breaks(vm):
    cells = [vm.take(8) for _ in range(4)]
    for cell, after in zip(cells, cells[1:] + [0]):
        vm.m.poke(cell + 4, after)

    def follow(limit=10):
        ctx = vm.m.context()
        return walk_pointers(ctx, cells[0], 4, "chain", lambda addr: addr < 0xE0000000, limit)
    assert (follow().nodes, follow().problems) == (tuple(cells), ())
    assert [problem.id for problem in follow(3).problems] == ["LIST-2"]
    for value, id_ in ((cells[1], "LIST-2"), (NOWHERE, "LIST-1"), (0xF0000000, "LIST-1")):
        vm.m.poke(cells[3] + 4, value)
        found = follow()
        assert found.nodes[:4] == tuple(cells)
        assert [problem.id for problem in found.problems] == [id_]


# --- xarrays -----------------------------------------------------------------

def xa_node(vm, shift, slots):
    node = vm.new("xa_node", shift=shift)
    for slot, entry in slots.items():
        vm.m.put(node, "xa_node", f"slots[{slot}]", entry)
    return node


def xarray(vm, head):
    return vm.new("xarray", xa_head=head)


def entries(vm, array, limit=100):
    return walk_xarray(vm.m.context(), array, "array", lambda addr: VM_HEAP <= addr < VM_HEAP + VM_HEAP_BYTES, limit)


def test_an_xarray_gives_entries_by_index(vm):
    things = [vm.take(8) for _ in range(4)]
    low = xa_node(vm, 0, {0: things[0], 15: things[1]})
    other = xa_node(vm, 0, {3: things[2]})
    top = xa_node(vm, 4, {0: low + 2, 2: other + 2})
    found = entries(vm, xarray(vm, top + 2))
    assert found.entries == ((0, things[0]), (15, things[1]), (0x23, things[2]))
    assert found.problems == ()
    assert entries(vm, xarray(vm, things[3])).entries == ((0, things[3]),)
    assert entries(vm, xarray(vm, 0)).entries == ()


def test_a_broken_xarray_is_named_and_ends(vm):
    low = xa_node(vm, 0, {1: 0x1000})
    top = xa_node(vm, 4, {0: low + 2, 1: low + 2, 2: NOWHERE + 2, 3: 0})
    vm.m.put(top, "xa_node", "slots[3]", top + 2)
    found = entries(vm, xarray(vm, top + 2))
    assert found.entries == ((1, 0x1000),)
    assert sorted(problem.id for problem in found.problems) == ["TREE-1", "TREE-2", "TREE-2"]
    rising = xa_node(vm, 4, {0: xa_node(vm, 8, {}) + 2})
    assert [problem.id for problem in entries(vm, xarray(vm, rising + 2)).problems] == ["TREE-1"]


def test_random_trees_of_any_size_are_sound(vm):
    for count in random.Random(3).sample(range(5, 200), 5):
        root, nodes = plant(vm, count)
        found = walk(vm, root)
        assert (found.nodes, found.problems) == (tuple(nodes), ())
