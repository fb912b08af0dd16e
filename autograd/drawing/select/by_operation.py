"""Large graphs without modules: equal operations are one box.

`((a @ b) ** 2).mean()` of two matrices is: a, b, 4,096 dots, 4,096 squares, Σ and /.
"""

from typing import Any

from ..read.graph import Graph
from .selection import LEGIBLE, OperationGroup, Selection, TensorGroup, scalar_id

WIDE = 4  # operations for each step of the longest path, at least


def by_operation(graph: Graph) -> Selection | None:
    """A box for all equal operations at one level, and for each named tensor of leaves.

    None where no tensor is read, for long chains, and if that makes too many boxes.
    """
    if not any(tensor.leaf and len(tensor.entries) > 1 for tensor in graph.tensors):
        return None
    keys, longest = _keys(graph)
    groups: dict[Any, list[int]] = {}
    for k, key in keys.items():
        groups.setdefault(key, []).append(k)
    if len(groups) > LEGIBLE or longest * WIDE > len(keys):
        return None
    selection = Selection(grids=False)
    for nodes in groups.values():
        if len(nodes) == 1:
            selection.show(nodes)
        else:
            selection.add(OperationGroup(f"a{nodes[0]}", nodes), nodes)
    _place_leaves(graph, selection)
    return selection if len({*selection.box_of.values()}) <= LEGIBLE else None


def _keys(graph: Graph) -> tuple[dict[int, Any], int]:
    """{operation: its name, its tensor, and how often these changed before}; the longest path.

    What a group reads of another group is of an earlier level, so groups form no cycle.
    """
    level: dict[Any, dict[Any, int]] = {}  # of each operation behind a node, the highest level
    depth: dict[Any, int] = {}
    keys = {}
    for node in graph.ordered:
        behind: dict[Any, int] = {}
        for x in node.inputs:
            for operation, n in level.get(x, {}).items():
                behind[operation] = max(n, behind.get(operation, 0))
        depth[node] = max((depth.get(x, 0) for x in node.inputs), default=0)
        if node.op is None:
            level[node] = behind
            continue
        own = (node.op.name, id(node.name) if node.name else None)
        depth[node] += 1
        n = max((n + (other != own) for other, n in behind.items()), default=0)
        level[node] = {own: n}
        keys[graph.number[node]] = (*own, n)
    return keys, max(depth.values(), default=0)


def _place_leaves(graph: Graph, selection: Selection) -> None:
    """Tensors with a name have boxes; what else is read is part of what reads it first."""
    for index, tensor in enumerate(graph.tensors):
        if tensor.leaf:
            entries = [k for k in tensor.entries if k >= 0]
            selection.add(TensorGroup(f"t{index}", tensor=tensor), entries)
    for k in graph.operations:
        alone = selection.alone(k)
        for x in graph.nodes[k].inputs:
            if alone and x not in graph.number:
                continue
            for n in graph.entries(x):
                own = alone or graph.nodes[n].name
                selection.box_of.setdefault(n, scalar_id(n) if own else selection.box_of[k])
