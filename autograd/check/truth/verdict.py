"""Claimed against true, entry by entry: right, wrong, or undecided. Kinks are judged by intervals.

At a kink (relu at 0, tied maxima) a gradient is no single number. Entries that kink together are
moved together, and the claimed sum must lie between the slopes on both sides: the first maximum, an
equal split and any relu'(0) in [0, 1] pass, and ties that are counted twice do not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from .arrays import Array, entry
from .differences import Gradient, Objective, Slope

RIGHT, WRONG, UNDECIDED = "right", "wrong", "undecided"
TOLERANCE = 1e-6  # relative, for double precision
SINGLE = 2e-4  # for single precision, in the claim or in the forward
NEAR = 5e-4  # of the largest entry: an ε inside of a log
PAIRS = 2_000  # of kinked entries whose mixed difference is taken


@dataclass
class Kink:
    """Entries that kink together, the claimed sum, and the slopes between which it must lie."""

    entries: list[tuple[int, ...]]
    claimed: float
    low: float
    high: float

    def holds(self, tolerance: float) -> bool:
        """Whether the claimed sum lies between the slopes on both sides."""
        slack = tolerance * max(abs(self.low), abs(self.high), abs(self.claimed))
        return self.low - slack <= self.claimed <= self.high + slack


@dataclass
class Verdict:
    """What is known of one input's gradient."""

    name: str
    claimed: Array
    gradient: Gradient
    tolerance: float
    wrong: Any
    doubtful: Any
    kinks: list[Kink] = field(default_factory=list)

    @property
    def true(self) -> Array:
        """The measured gradient; nan where it was not measured."""
        return self.gradient.value

    @property
    def verdict(self) -> str:
        """right, wrong, or undecided."""
        if self.wrong.any():
            return WRONG
        return UNDECIDED if self.doubtful.any() or not self.gradient.seen.any() else RIGHT

    @property
    def smooth(self) -> Any:
        """Where there is a true value to compare with."""
        return self.gradient.seen & ~self.gradient.kink

    def departure(self) -> float:
        """How far the claim is off where it is compared, beside the largest true entry."""
        seen = self.smooth
        size = float(np.max(np.abs(self.true[seen]), initial=0.0))
        off = float(np.max(np.abs(self.claimed - self.true)[seen], initial=0.0))
        return off / size if size else float("inf")

    def nearly(self) -> bool:
        """Whether the claim is as close as formulas are that differ by a stabiliser."""
        return self.departure() <= NEAR and all(k.holds(1e-3) for k in self.kinks)

    def worst(self, most: int = 3) -> list[tuple[int, ...]]:
        """The entries that are furthest off, the worst first."""
        off = np.where(self.wrong & self.smooth, np.abs(self.claimed - self.true), -1.0)
        order = np.argsort(off, axis=None)[::-1][:most]
        places = [tuple(map(int, np.unravel_index(k, off.shape))) for k in order]
        return [place for place in places if off[place] >= 0]

    def where(self, index: tuple[int, ...]) -> str:
        """An entry by name."""
        return entry(self.name, index)


def compare(
    name: str,
    claimed: Array,
    gradient: Gradient,
    tolerance: float,
    kinks: Iterable[Kink] = (),
    little: float = 0.0,
) -> Verdict:
    """Judge the entries that were measured; those with a kink by their groups.

    `little` is a slope that is nothing beside the size of the output: errors below it leave no
    doubt about a gradient that is zero.
    """
    smooth = gradient.seen & ~gradient.kink
    size = float(np.max(np.abs(gradient.value[smooth]), initial=0.0))
    slack = tolerance * (np.abs(gradient.value) + 1e-2 * size) + 3 * gradient.error
    off = np.abs(claimed - gradient.value)
    wrong = smooth & ~(off <= slack)
    doubt = max(1e-2 * size, little, 1e-300)
    unsure = smooth & ~wrong & (3 * gradient.error > doubt)
    groups = list(kinks)
    for group in groups:
        if not group.holds(max(tolerance, 1e-4)):
            for index in group.entries:
                wrong[index] = True
    return Verdict(name, claimed, gradient, tolerance, wrong, unsure & (off > 0), groups)


def kinks_of(objective: Objective, name: str, claimed: Array, gradient: Gradient) -> list[Kink]:
    """The groups of entries that kink together, each moved as one."""
    places = [tuple(map(int, index)) for index in np.argwhere(gradient.kink)]
    groups = _together(objective, name, places)
    return [_judged(objective, name, claimed, gradient, group) for group in groups]


def _judged(
    objective: Objective, name: str, claimed: Array, gradient: Gradient,
    group: list[tuple[int, ...]],
) -> Kink:  # fmt: skip
    total = float(sum(claimed[index] for index in group))
    if len(group) == 1:
        (index,) = group
        return Kink(group, total, float(gradient.low[index]), float(gradient.high[index]))
    slope = moved_together(objective, name, group)
    low, high = (slope.low, slope.high) if slope.kink else (slope.value, slope.value)
    return Kink(group, total, low, high)


def moved_together(objective: Objective, name: str, group: list[tuple[int, ...]]) -> Slope:
    """The slope where all entries of a group move by the same step."""
    return objective.slope(_direction(objective, name, group), objective.scale(name))


def _direction(objective: Objective, name: str, places: list[tuple[int, ...]]) -> dict[str, Array]:
    """A step of 1 for some entries of an input."""
    direction = np.zeros(objective.point[name].shape)
    for place in places:
        direction[place] = 1.0
    return {name: direction}


def _together(
    objective: Objective, name: str, places: list[tuple[int, ...]]
) -> list[list[tuple[int, ...]]]:
    """Entries whose mixed difference is not zero, joined; of far too many, those that meet."""
    group = {place: [place] for place in places}
    h = objective.steps[-1] * objective.scale(name)
    alone = {place: _step(objective, name, [place], h) for place in places}
    pairs = _meeting(alone)
    for a, b in pairs:
        if group[a] is group[b]:
            continue
        if len(pairs) <= PAIRS:
            mixed = _step(objective, name, [a, b], h) - alone[a] - alone[b]
            if np.max(np.abs(mixed), initial=0.0) <= 1e-3 * h * _slope_size(alone[a], alone[b], h):
                continue
        joined = group[a] + group[b]
        for place in joined:
            group[place] = joined
    return list({id(g): g for g in group.values()}.values())


def _meeting(alone: dict[tuple[int, ...], Array]) -> list[tuple[Any, Any]]:
    """Pairs of entries that move an output in common: others have no mixed difference."""
    readers: dict[int, list[tuple[int, ...]]] = {}
    for place, moved in alone.items():
        for output in np.flatnonzero(moved).tolist():
            readers.setdefault(output, []).append(place)
    pairs = (pair for several in readers.values() for pair in combinations(several, 2))
    return list(dict.fromkeys(pairs))


def _step(objective: Objective, name: str, places: list[tuple[int, ...]], h: float) -> Array:
    return objective.moved(_direction(objective, name, places), h)


def _slope_size(a: Array, b: Array, h: float) -> float:
    return max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0))) / h
