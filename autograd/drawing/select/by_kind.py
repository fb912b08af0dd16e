"""Which box shows which scalar, for large graphs without modules: operations of one kind together.

`((a @ b) ** 2).mean()` of two matrices is: a, b, 4,096 dots, 4,096 squares, Σ and /.
"""

from typing import Any

from ..read.survey import Survey
from .plan import LEGIBLE, Group, Plan

WIDE = 4  # operations for each step of the longest path, at least


def alike(survey: Survey) -> Plan | None:
    """A box for all operations of one kind at one level, and for each named tensor of leaves.

    None where no tensor has a name, for long chains, and if that makes too many boxes.
    """
    if not any(tensor.leaf and len(tensor.entries) > 1 for tensor in survey.tensors):
        return None
    keys, longest = _keys(survey)
    groups: dict[Any, list[int]] = {}
    for k, key in keys.items():
        groups.setdefault(key, []).append(k)
    if len(groups) > LEGIBLE or longest * WIDE > len(keys):
        return None
    plan = Plan(direct=True)
    for nodes in groups.values():
        if len(nodes) == 1:
            plan.show(nodes)
        else:
            name = f"a{nodes[0]}"
            plan.groups[name] = Group(name, alike=True, nodes=nodes)
            plan.owner.update(dict.fromkeys(nodes, name))
    _place_leaves(survey, plan)
    boxes = len({*plan.owner.values()})
    return plan if boxes <= LEGIBLE else None


def _keys(survey: Survey) -> tuple[dict[int, Any], int]:
    """{operation: its kind, its tensor, and how often the kind changed before}; the longest path.

    What a group reads of another group is of an earlier level, so groups form no cycle.
    """
    kinds: dict[Any, tuple[Any, Any]] = {}
    level: dict[Any, dict[Any, int]] = {}  # of each kind behind a node, the highest level
    depth: dict[Any, int] = {}
    keys = {}
    for node in survey.ordered:
        behind: dict[Any, int] = {}
        for x in node.inputs:
            for kind, n in level.get(x, {}).items():
                behind[kind] = max(n, behind.get(kind, 0))
        depth[node] = max((depth.get(x, 0) for x in node.inputs), default=0)
        if node.op is None:
            level[node] = behind
            continue
        kind = kinds[node] = (node.op.name, id(node.name) if node.name else None)
        depth[node] += 1
        n = max((n + (other != kind) for other, n in behind.items()), default=0)
        level[node] = {kind: n}
        keys[survey.number[node]] = (*kind, n)
    return keys, max(depth.values(), default=0)


def _place_leaves(survey: Survey, plan: Plan) -> None:
    """Tensors with a name have boxes; what else is read is part of what reads it first."""
    for index, tensor in enumerate(survey.tensors):
        if tensor.leaf:
            name = f"t{index}"
            plan.groups[name] = Group(name, tensor=tensor)
            plan.owner.update((k, name) for k in tensor.entries if k >= 0)
    for k in survey.operations:
        for x in survey.nodes[k].inputs:
            entries = [x] if x in survey.number else () if plan.alone(k) else x.inputs
            for v in entries:
                n = survey.number[v]
                if n not in plan.owner:
                    plan.owner[n] = f"n{n}" if plan.alone(k) or v.name else plan.owner[k]
