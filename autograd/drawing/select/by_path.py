"""The strongest paths from one node to the root: where its gradient comes from.

A path carries the product of the partial derivatives along it, and the gradient is the sum over all
paths. The k with the largest |product| are found in one sweep from the node to the root: the best
paths to an operation end in one of the best paths to its operands.
"""

import heapq
from collections.abc import Iterable
from itertools import count, pairwise
from typing import Any, NamedTuple

from ...text import number
from ..read.gradients import partials
from ..read.graph import Graph
from ..read.words import count as counted
from ..read.words import size
from .selection import Selection

MANY = 10**15
ENTRIES = 2_000_000  # paths that are kept in a sweep, all nodes together


class Path(NamedTuple):
    """A path to a node: its product, and the path to the operand before."""

    weight: float
    product: Any
    node: int
    before: "Path | None"


def by_path(graph: Graph, start: Any, most: int = 8, limit: int = 500) -> Selection:
    """The k strongest paths from `start` to the root, and a note on what they carry.

    ValueError where `start` is not behind the root.
    """
    if start not in graph.number:
        raise ValueError(f"slice={start!r:.80}: that node is not behind the root")
    best, paths = _strongest(graph, start, most)
    selection = Selection()
    shown: list[Path] = []
    for path in sorted(best, key=lambda p: -p.weight):
        nodes = _nodes(path)
        if len(selection.box_of.keys() | set(nodes)) > limit:
            break
        shown.append(path)
        selection.show(nodes)
        selection.edges = (selection.edges or set()) | {(x, y) for y, x in pairwise(nodes)}
    if not shown:
        return _cut(selection, _nodes(best[0]), limit) if best else _dead(graph, selection, start)
    total = graph.adjoints.get(start, 0)
    carried = number(sum(path.product for path in shown))
    every = f"more than {MANY:,}" if paths > MANY else f"{paths:,}"
    selection.notes.append(
        f"{len(shown)} of {every} paths, carrying {carried} of the gradient {number(total)}"
    )
    return selection


def _nodes(path: Path | None) -> list[int]:
    """The nodes of a path, the root first."""
    found = []
    while path:
        found.append(path.node)
        path = path.before
    return found


def _cut(selection: Selection, nodes: list[int], limit: int) -> Selection:
    """A path that is too long to draw: its two ends."""
    half = max(1, min(20, limit // 2))
    ends = nodes[:half], nodes[-half:]
    selection.show([*ends[0], *ends[1]])
    selection.folded[nodes[half - 1]] = len(nodes) - 2 * half
    selection.edges = {(x, y) for end in ends for y, x in pairwise(end)}
    selection.notes.append(f"the two ends of a path through {counted(len(nodes), 'node')}")
    return selection


def _dead(graph: Graph, selection: Selection, start: Any) -> Selection:
    """No path carries anything."""
    selection.show([graph.number[start], *[graph.number[root] for root in graph.roots][:1]])
    selection.edges = set()
    selection.notes.append("no path carries a gradient from the root to this node")
    return selection


def _strongest(graph: Graph, start: Any, most: int) -> tuple[list[Path], int]:
    """The strongest paths to the roots, and how many paths there are that nothing stops."""
    number = graph.number
    first = Path(1.0, 1, number[start], None)
    found: dict[Any, list[Path]] = {start: [first]}
    tally: dict[Any, int] = {start: 1}
    reached: dict[Any, list[int]] = {}  # of bundles, which entries
    keep = max(1, min(most, ENTRIES // len(graph.nodes)))
    for node in graph.ordered:
        if node is start:
            continue
        if node.op is None:
            entries = [j for j, v in enumerate(node.inputs) if v in found]
            if entries:
                reached[node] = entries
            continue
        steps = _steps(node, found, reached)
        if steps:
            tally[node] = min(sum(tally[x] for x, _ in steps), MANY + 1)
            longer = ((path, p) for x, p in steps for path in found[x])
            found[node] = _best(longer, number[node], keep)
    ends = [path for root in dict.fromkeys(graph.roots) for path in found.get(root, [])]
    best = heapq.nlargest(keep, [p for p in ends if p.weight > 0], key=lambda p: p.weight)
    return best, sum(tally.get(root, 0) for root in dict.fromkeys(graph.roots))


def _best(longer: Iterable[tuple[Path, Any]], node: int, keep: int) -> list[Path]:
    """The strongest of paths that go one step on to a node; the first of equal ones."""
    order = count()
    weighed = ((-_weight(path.weight, p), next(order), path, p) for path, p in longer)
    return [
        Path(-w, path.product if p is True else path.product * p, node, path)
        for w, _, path, p in heapq.nsmallest(keep, weighed)
    ]


def _weight(weight: float, partial: Any) -> float:
    """|product| one step on; 0 times infinity is 0, since nothing comes through."""
    if partial is True or not weight:
        return weight
    factor = size(partial)
    return weight * factor if factor else 0.0


def _steps(
    node: Any, found: dict[Any, Any], reached: dict[Any, list[int]]
) -> list[tuple[Any, Any]]:
    """(operand, partial) of each operand that the start is behind, unless it is stopped."""
    if not any(x in found or x in reached for x in node.inputs):
        return []
    steps = []
    for x, p in zip(node.inputs, partials(node), strict=True):
        if x in found:
            steps.append((x, p))
        elif x in reached and p is not None:
            steps += [(x.inputs[j], p[j]) for j in reached[x]]
    return [(x, p) for x, p in steps if p is not False and p is not None]
