"""Small graphs: every scalar by itself; and of large ones, the operations nearest to the roots."""

from collections import deque
from collections.abc import Container
from typing import Any

from ..read.graph import Graph
from .selection import LEGIBLE, OPENED, Selection, single_leaves


def whole(graph: Graph, most: int = LEGIBLE) -> Selection | None:
    """Every operation and leaf by itself, if the boxes are no more than `most`."""
    if len(graph.operations) > most:
        return None
    selection, number = Selection(), graph.number
    selection.show([*graph.operations, *[number[root] for root in graph.roots][: most + 1]])
    grids = set()
    for k in graph.operations:
        for x in graph.nodes[k].inputs:
            selection.show([number[v] for v in ([x] if x in number else single_leaves(x))])
            if x not in number and not all(n in selection.box_of for n in graph.entries(x)):
                grids.add(x)
        if len(selection.box_of) + len(grids) > most:
            return None
    return selection


def nearest(
    graph: Graph,
    most: int = LEGIBLE,
    depth: int | None = None,
    within: Container[int] | None = None,
) -> Selection:
    """The operations nearest to the roots, level by level; what is behind them is counted.

    `depth` bounds the levels, and `within` says which operations may be opened.
    """
    selection, number = Selection(), graph.number
    roots = list(dict.fromkeys(number[root] for root in graph.roots))
    queue = deque((k, 0) for k in roots[: max(1, most // 4)])
    if len(queue) < len(roots):
        selection.notes.append(f"the first {len(queue)} of {len(roots):,} entries")
    seen = {k for k, _ in queue}
    grids: set[Any] = set()
    while queue:
        k, level = queue.popleft()
        selection.show([k])
        if graph.nodes[k].op is None:
            continue
        found, closed = _operands(graph, k, seen, within, most)
        first = level == 0 and not selection.folded
        too_many = len(seen) + len(grids) + len(found) + len(closed) > most and not first
        too_deep = depth is not None and level >= depth
        if too_deep or too_many or (within is not None and k not in within):
            selection.folded[k] = 0
            continue
        seen.update(found)
        grids.update(closed)
        queue.extend((x, level + 1) for x in found)
    _count_hidden(graph, selection)
    return selection


def _operands(
    graph: Graph, k: int, seen: set[int], within: Container[int] | None, most: int
) -> tuple[list[int], list[Any]]:
    """Numbers of the nodes that an operation would add, and its operands that stay grids."""
    number = graph.number
    found: dict[int, None] = {}
    closed = []
    for x in graph.nodes[k].inputs:
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
            found.update(dict.fromkeys(number[v] for v in single_leaves(x)))
    return [k for k in found if k not in seen], closed


def _count_hidden(graph: Graph, selection: Selection) -> None:
    """How many nodes are behind each folded one: in one sweep that carries sets as bits."""
    folded = [*selection.folded]
    masks: dict[Any, int] = {graph.nodes[k]: 1 << bit for bit, k in enumerate(folded)}
    for node in reversed(graph.ordered):
        mask = masks.get(node, 0)
        if mask:
            for x in node.inputs:
                masks[x] = masks.get(x, 0) | mask
    tally: dict[int, int] = {}
    for node, mask in masks.items():
        if node in graph.number:
            tally[mask] = tally.get(mask, 0) + 1
    for bit, k in enumerate(folded):
        selection.folded[k] = sum(n for mask, n in tally.items() if mask >> bit & 1) - 1
    hidden = sum(tally.values()) - len(folded)
    if hidden > 0:
        selection.notes.append(f"{hidden:,} more nodes behind these are folded")
