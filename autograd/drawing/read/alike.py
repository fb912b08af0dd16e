"""Cones that are alike, side by side: the layers of a network that nobody wrote as layers.

Cones of one kind and one depth are a family. Where a family is each of some sets of leaves with
each of some sets of other numbers, it is neurons applied to samples: the leaves are their weights,
and their exits are a matrix (neurons × samples).
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .cones import Cone, Cones

MOST = 100  # families: more than these are no structure
FACTORS = {"mul", "dot"}


@dataclass(eq=False)
class Family:
    """Cones that do the same: `cones[neuron * samples + sample]`.

    Of the positions among their readings, `own` are those of a neuron's weights, `constants` those
    of the same unnamed number in each.
    """

    cones: list[Cone]
    neurons: int
    samples: int
    own: set[int]
    constants: set[int]


def families(cones: Cones) -> list[Family]:
    """The families of cones, inputs first; none where they would show no structure."""
    groups: dict[Hashable, list[Cone]] = {}
    ranked = _ranked(cones)
    for cone in ranked:
        groups.setdefault((cone.depth, cone.kind), []).append(cone)
    if len(ranked) == 1 or len(groups) > min(MOST, len(cones.of) // 4):
        return []
    side = _side(groups.values())
    found = [_arranged(alike, side) for alike in groups.values()]
    return sorted(found, key=lambda family: family.cones[0].depth)


def _ranked(cones: Cones) -> list[Cone]:
    """The cones as somebody meets them who reads from the roots on, from left to right."""
    graph = cones.graph
    found: list[Cone] = []
    seen: set[Any] = set()
    stack = graph.roots[::-1]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        cone = cones.of.get(graph.number.get(node, -1))
        if cone:
            found.append(cone)
            stack += [reading.operand for reading in reversed(cone.readings)]
        else:
            stack += node.inputs[::-1]
    return found


def is_leaf(operand: Any) -> bool:
    """Whether an operand is a leaf, or a sequence of them."""
    return operand.op is None and all(v.op is None for v in operand.inputs)


def _side(groups: Any) -> int:
    """On which side of products weights stand, by the layers that read other layers."""
    sides: Counter[int] = Counter()
    for cone, *_ in groups:
        leaves = [(r.position, is_leaf(r.operand)) for r in cone.readings if r.op in FACTORS]
        if not all(leaf for _, leaf in leaves):
            sides.update(position for position, leaf in leaves if leaf)
    return 1 if sides[1] > sides[0] else 0


def _arranged(cones: list[Cone], side: int) -> Family:
    """Alike cones as neurons and samples; where they are none, each for itself."""
    places = range(len(cones[0].readings))
    leaves = [p for p in places if is_leaf(cones[0].readings[p].operand)]
    constants = {p for p in leaves if _is_constant(cones, p)}
    for left_out in (set[int](), constants):
        own = set(_own(cones, [p for p in leaves if p not in left_out], side))
        given = [p for p in places if p not in own and p not in left_out]
        j, s = _labels(cones, sorted(own)), _labels(cones, given)
        neurons, samples = max(j) + 1, max(s) + 1
        placed = dict(zip(zip(j, s, strict=True), cones, strict=True))
        if own and len(placed) == len(cones) == neurons * samples:
            ordered = [placed[key] for key in sorted(placed)]
            return Family(ordered, neurons, samples, own, left_out)
    return Family(cones, len(cones), 1, set(), constants)


def _is_constant(cones: list[Cone], position: int) -> bool:
    """Whether each cone has an unnamed number of its own at a position, the same in all: the 1 of
    each `1 - y * score`.
    """
    operands = [cone.readings[position].operand for cone in cones]
    if operands[0].inputs or len({id(x) for x in operands}) < len(cones):
        return False
    return all(not x.name and x.data == operands[0].data for x in operands)


def _own(cones: list[Cone], leaves: list[int], side: int) -> list[int]:
    """The positions of what is a neuron's own: its weights and its bias.

    Next to numbers that were computed, all leaves are. Among leaves alone, it is those that change
    together with the leaf that is added, or, without one, with the factors on the side of weights.
    """
    readings = cones[0].readings
    squares = {p for p, q in pairwise(leaves) if readings[p].operand is readings[q].operand}
    leaves = [p for p in leaves if p not in squares and p - 1 not in squares]
    if all(is_leaf(r.operand) for r in readings):
        added = [p for p in leaves if readings[p].op not in FACTORS]
        anchor = _labels(cones, added or [p for p in leaves if readings[p].position == side])
        leaves = [p for p in leaves if _labels(cones, [p]) == anchor]
        found = set(leaves)
        partners = {p for p in leaves if readings[p].op in FACTORS and readings[p].position != side}
        leaves = [p for p in leaves if p not in partners or p + 1 - 2 * side not in found]
    return leaves


def _labels(cones: Sequence[Cone], positions: list[int]) -> tuple[int, ...]:
    """For each cone the number of what it reads at some positions: the same for the same."""
    first: dict[Hashable, int] = {}
    keys = (tuple([id(cone.readings[p].operand) for p in positions]) for cone in cones)
    return tuple([first.setdefault(key, len(first)) for key in keys])
