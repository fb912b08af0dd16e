"""Where a function has no derivative (relu at 0, tied maxima): entries that kink together.

They are moved together, and the claimed sum must lie between the slopes on both sides: the first
maximum, an equal split and any relu'(0) in [0, 1] pass, and ties that are counted twice do not.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .arrays import Array, Index, largest
from .differences import Objective, Point
from .measured import MeasuredGradient

MOST_PAIRS = 2_000  # of entries at a kink whose mixed difference is taken


@dataclass(frozen=True)
class Kink:
    """Entries that kink together, the claimed sum, and the slopes between which it must lie."""

    entries: list[Index]
    claimed: float
    low: float
    high: float
    error: float  # of both, by rounding and curvature

    def allows_claim(self, tolerance: float) -> bool:
        """Whether the claimed sum lies between the slopes on both sides."""
        slack = tolerance * max(abs(self.low), abs(self.high), abs(self.claimed)) + 3 * self.error
        return self.low - slack <= self.claimed <= self.high + slack


def find_kinks(
    objective: Objective, name: str, claimed: Array, gradient: MeasuredGradient
) -> list[Kink]:
    """The groups of entries that kink together, each moved as one."""
    places = [tuple(map(int, index)) for index in np.argwhere(gradient.at_kink)]
    found = []
    for group in _groups(objective, name, places):
        total = float(sum(claimed[index] for index in group))
        found.append(Kink(group, total, *_sides(objective, name, gradient, group)))
    return found


def _sides(
    objective: Objective, name: str, gradient: MeasuredGradient, group: list[Index]
) -> tuple[float, float, float]:
    """The slopes on both sides and their error, where all of a group move by the same step."""
    if len(group) == 1:
        low, high, error = (
            float(x[group[0]]) for x in (gradient.low, gradient.high, gradient.error)
        )
        return low, high, error
    slope = objective.slope(_direction(objective, name, group), objective.scale(name))
    sides = (slope.low, slope.high) if slope.kink else (slope.value, slope.value)
    return *sides, slope.error


def _direction(objective: Objective, name: str, places: list[Index]) -> Point:
    """A step of 1 for some entries of an input."""
    direction = np.zeros(objective.point[name].shape)
    for place in places:
        direction[place] = 1.0
    return {name: direction}


def _groups(objective: Objective, name: str, places: list[Index]) -> list[list[Index]]:
    """Entries whose mixed difference is not zero, joined; of far too many, all that could be."""
    group = {place: [place] for place in places}
    h = objective.step_at_kinks(name)

    def step(*entries: Index) -> Array:
        return objective.moved(_direction(objective, name, list(entries)), h)

    alone = {place: step(place) for place in places}
    pairs = _pairs_with_a_common_output(alone)
    for a, b in pairs:
        if group[a] is group[b]:
            continue
        if len(pairs) <= MOST_PAIRS:
            mixed = step(a, b) - alone[a] - alone[b]
            if largest(mixed) <= 1e-3 * max(largest(alone[a]), largest(alone[b])):
                continue
        joined = group[a] + group[b]
        for place in joined:
            group[place] = joined
    return list({id(g): g for g in group.values()}.values())


def _pairs_with_a_common_output(alone: dict[Index, Array]) -> list[tuple[Index, Index]]:
    """Pairs of entries that move an output in common: others have no mixed difference."""
    readers: dict[int, list[Index]] = {}
    for place, moved in alone.items():
        for output in np.flatnonzero(moved).tolist():
            readers.setdefault(output, []).append(place)
    pairs = (pair for several in readers.values() for pair in combinations(several, 2))
    return list(dict.fromkeys(pairs))
