"""Which box shows which scalar, for graphs that are drawn scalar by scalar."""

from collections import deque
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...names import Name
from ..read.stages import Stage
from ..read.survey import NamedTensor, Survey

LEGIBLE = 100  # boxes: beyond them nobody follows the arrows
OPENED = 24  # entries of a shared operand that are drawn one by one


@dataclass
class Group:
    """Several scalars as one box: calls of layers, one channel of a call, a tensor of leaves, or
    operations that are `alike`.

    `rest` says that parts of it have boxes of their own, and `large` that its picture may be.
    `parameters` are those that belong to the layer, and not others that it reads.
    """

    id: str
    stages: list[Stage] = field(default_factory=list)
    around: Sequence[Any] = ()
    call: Any = None
    tensor: NamedTensor | None = None
    channel: int = -1
    rest: bool = False
    large: bool = False
    nodes: list[int] = field(default_factory=list)
    parameters: list[NamedTensor] = field(default_factory=list)
    alike: bool = False


@dataclass
class Plan:
    """The id of the box that shows a node: `n17` for itself, a group's, or none where it is hidden.

    `folded` nodes are drawn, and what is behind them is not: how many nodes that are. `only` are
    the (input, operation) that get arrows, where not all of them do. With `direct`, operands that
    are in one group are an arrow from its box, and no grid.
    """

    owner: dict[int, str] = field(default_factory=dict)
    folded: dict[int, int] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    only: set[tuple[int, int]] | None = None
    direct: bool = False

    def show(self, numbers: Iterable[int]) -> None:
        """Give nodes boxes of their own."""
        self.owner.update((k, f"n{k}") for k in numbers)

    def alone(self, k: int) -> bool:
        """Whether a node has a box of its own."""
        return self.owner.get(k) == f"n{k}"


def apart(bundle: Any) -> list[Any]:
    """The leaves of a shared operand that are drawn one by one, and not as cells of its grid."""
    entries = bundle.inputs
    leaves = [v for v in entries if v.op is None]
    labelled = any(v.name and not isinstance(v.name, Name) for v in leaves)
    mixed = len(leaves) < len(entries)
    few = len(entries) == 1 or (len(leaves) <= OPENED and (labelled or mixed))
    return leaves if few else []


def whole(survey: Survey, most: int = LEGIBLE) -> Plan | None:
    """Every operation and leaf by itself, if the boxes are no more than `most`."""
    if len(survey.operations) > most:
        return None
    plan, number = Plan(), survey.number
    plan.show([*survey.operations, *[number[root] for root in survey.roots][: most + 1]])
    grids = set()
    for k in survey.operations:
        for x in survey.nodes[k].inputs:
            plan.show([number[v] for v in ([x] if x in number else apart(x))])
            if x not in number and not all(number[v] in plan.owner for v in x.inputs):
                grids.add(x)
        if len(plan.owner) + len(grids) > most:
            return None
    return plan


def near(
    survey: Survey,
    most: int = LEGIBLE,
    depth: int | None = None,
    within: Container[int] | None = None,
) -> Plan:
    """The operations nearest to the roots, level by level; what is behind them is counted.

    `depth` bounds the levels, and `within` says which operations may be opened.
    """
    plan, number = Plan(), survey.number
    roots = list(dict.fromkeys(number[root] for root in survey.roots))
    queue = deque((k, 0) for k in roots[: max(1, most // 4)])
    if len(queue) < len(roots):
        plan.notes.append(f"the first {len(queue)} of {len(roots):,} entries")
    seen = {k for k, _ in queue}
    grids: set[Any] = set()
    while queue:
        k, level = queue.popleft()
        node = survey.nodes[k]
        plan.show([k])
        if node.op is None:
            continue
        if (depth is not None and level >= depth) or (within is not None and k not in within):
            plan.folded[k] = 0
            continue
        found, closed = _operands(node, number, seen, within, most)
        first = level == 0 and not plan.folded
        if len(seen) + len(grids) + len(found) + len(closed) > most and not first:
            plan.folded[k] = 0
            continue
        seen.update(found)
        grids.update(closed)
        queue.extend((x, level + 1) for x in found)
    _count(survey, plan)
    return plan


def _operands(
    node: Any,
    number: dict[Any, int],
    seen: set[int],
    within: Container[int] | None,
    most: int,
) -> tuple[list[int], list[Any]]:
    """Numbers of the nodes that an operation would add, and its operands that stay grids."""
    found: dict[int, None] = {}
    closed = []
    for x in node.inputs:
        if x in number:
            found[number[x]] = None
            continue
        computed = [number[v] for v in x.inputs if v.op is not None]
        outside = within is not None and not any(k in within for k in computed)
        if len(computed) > OPENED or len(computed) * 3 > most or not computed or outside:
            closed.append(x)
            computed = []
        else:
            found.update(dict.fromkeys(computed))
        if computed or len(x.inputs) <= OPENED:
            found.update(dict.fromkeys(number[v] for v in apart(x)))
    return [k for k in found if k not in seen], closed


def _count(survey: Survey, plan: Plan) -> None:
    """How many nodes are behind each folded one: in one sweep that carries sets as bits."""
    masks: dict[Any, int] = {}
    nodes = list(plan.folded)
    for bit, k in enumerate(nodes):
        masks[survey.nodes[k]] = 1 << bit
    tally: dict[int, int] = {}
    for node in reversed(survey.ordered):
        mask = masks.get(node, 0)
        if mask:
            for x in node.inputs:
                masks[x] = masks.get(x, 0) | mask
    for node, mask in masks.items():
        if node in survey.number:
            tally[mask] = tally.get(mask, 0) + 1
    for bit, k in enumerate(nodes):
        plan.folded[k] = sum(n for mask, n in tally.items() if mask >> bit & 1) - 1
    hidden = len(masks.keys() & survey.number.keys()) - len(nodes)
    if hidden > 0:
        plan.notes.append(f"{hidden:,} more nodes behind these are folded")
