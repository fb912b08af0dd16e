"""The strongest paths from one node to the root: where its gradient comes from.

A path carries the product of the partial derivatives along it, and the gradient is the sum over all
paths. At a score that a loss reads a path ends, and carries its product times ∂loss/∂score. The k
that carry most are found in one sweep from the node on: the best paths to an operation end in one
of the best paths to its operands.
"""

import heapq
from collections.abc import Iterable
from itertools import count, pairwise
from math import isclose
from typing import Any, NamedTuple

from ...text import number
from ..read.gradients import partials
from ..read.graph import Graph
from ..read.scores import scores
from ..read.words import count as counted
from ..read.words import sign, size
from .selection import Selection

MANY = 10**15
ENTRIES = 2_000_000  # paths that are kept in a sweep, all nodes together


class Path(NamedTuple):
    """A path to a node: its product, and the path to the operand before."""

    weight: float
    product: Any
    node: int
    before: "Path | None"


class Found(NamedTuple):
    """The strongest paths; of all that nothing stops, how many they are and Σ|what they carry|."""

    strongest: list[Path]
    paths: int
    size: float


def by_path(graph: Graph, start: Any, most: int = 8, limit: int = 500) -> Selection:
    """The k strongest paths from `start` to scores or roots, and a note on what they carry.

    ValueError where `start` is not behind the root.
    """
    if start not in graph.number:
        raise ValueError(f"slice={start!r:.80}: that node is not behind the root")
    found = _strongest(graph, start, most)
    selection = Selection()
    shown: list[Path] = []
    for path in found.strongest:
        nodes = _nodes(path)
        if len(selection.box_of.keys() | set(nodes)) > limit:
            break
        shown.append(path)
        selection.show(nodes)
        selection.edges = (selection.edges or set()) | {(x, y) for y, x in pairwise(nodes)}
    if shown:
        selection.notes.append(_note(graph, shown, found, graph.adjoints.get(start, 0)))
        return selection
    if found.strongest:
        return _cut(selection, _nodes(found.strongest[0]), limit)
    return _dead(graph, selection, start)


def _note(graph: Graph, shown: list[Path], found: Found, gradient: Any) -> str:
    """`2 of 3 paths, carrying 12 of the gradient 15, 80%`; by size as well where paths cancel."""
    every = "more than " * (found.paths > MANY) + counted(min(found.paths, MANY), "path")
    ends = {graph.nodes[path.node] for path in shown}
    to = "" if ends & set(graph.roots) else " to the scores"
    carried = sum(path.product for path in shown)
    words = f"{len(shown)} of {every}{to}, carrying {number(carried)} of the gradient"
    words = f"{words} {number(gradient)}"
    by_size = sum(path.weight for path in shown) / found.size
    if not by_size < 1 or isclose(by_size, 1):  # all, or nan
        return words
    if sign(carried) == sign(gradient) and size(carried) < size(gradient):
        words += f", {_percent(size(carried) / size(gradient))}"
    if isclose(found.size, size(gradient)):
        return words
    return f"{words}; paths cancel: by size these are {_percent(by_size)} of all"


def _percent(share: float) -> str:
    """A part of a whole: never 0% and never 100%."""
    return f"{min(max(round(100 * share), 1), 99)}%"


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


def _strongest(graph: Graph, start: Any, most: int) -> Found:
    """The strongest paths to the scores and to the roots."""
    number = graph.number
    first = Path(1.0, 1, number[start], None)
    found: dict[Any, Found] = {start: Found([first], 1, 1.0)}
    reached: dict[Any, list[int]] = {}  # of bundles, which entries
    keep = max(1, min(most, ENTRIES // len(graph.nodes)))
    ends = scores(graph) - {number[start]}
    arrived: list[Found] = []
    for node in graph.ordered:
        if node is start:
            continue
        if node.op is None:
            entries = [j for j, v in enumerate(node.inputs) if v in found]
            if entries:
                reached[node] = entries
        elif steps := _steps(node, found, reached):
            here = _joined(((found[x], p) for x, p in steps), number[node], keep)
            if number[node] in ends:
                arrived.append(_weighed(here, graph.adjoints.get(node, 0)))
            else:
                found[node] = here
    arrived += [found[root] for root in dict.fromkeys(graph.roots) if root in found]
    paths = [path for end in arrived for path in end.strongest if path.weight > 0]
    best = heapq.nlargest(keep, paths, key=lambda path: path.weight)
    return Found(best, sum(end.paths for end in arrived), sum(end.size for end in arrived))


def _joined(steps: Iterable[tuple[Found, Any]], node: int, keep: int) -> Found:
    """What comes to a node from its operands, by its partials; the first of equal paths."""
    steps = list(steps)
    order = count()
    weighed = (
        (-_weight(path.weight, p), next(order), path, p)
        for found, p in steps
        for path in found.strongest
    )
    best = [
        Path(-w, path.product if p is True else path.product * p, node, path)
        for w, _, path, p in heapq.nsmallest(keep, weighed)
    ]
    paths = min(sum(found.paths for found, _ in steps), MANY + 1)
    return Found(best, paths, sum(_weight(found.size, p) for found, p in steps))


def _weighed(found: Found, rest: Any) -> Found:
    """Paths to a score, each times ∂loss/∂score."""
    best = [
        Path(_weight(path.weight, rest), path.product * rest, path.node, path.before)
        for path in found.strongest
    ]
    return Found(best, found.paths, _weight(found.size, rest))


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
