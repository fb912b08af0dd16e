"""Large gradients: random directions first, then samples, and halving down to what is wrong."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from .arrays import Array
from .differences import Objective

DIRECTIONS = 4  # random ones, before a gradient is measured entry by entry
Rng = np.random.Generator
Index = tuple[int, ...]


def along(objective: Objective, rng: Rng, name: str, claimed: Array, tolerance: float) -> bool:
    """Whether the claim holds along random directions, and a wrong one would not."""
    everywhere = np.ones(claimed.shape, bool)
    tries = range(DIRECTIONS)
    return all(_holds(objective, rng, name, claimed, tolerance, everywhere) for _ in tries)


def _holds(
    objective: Objective, rng: Rng, name: str, claimed: Array, tolerance: float, where: Any
) -> bool:
    """Whether the claim holds along one random direction of some entries."""
    signs = rng.choice([-1.0, 1.0], claimed.shape)
    v = np.where(where, signs * rng.uniform(0.5, 1.5, claimed.shape), 0.0)
    slope = objective.slope({name: v}, 1e-2 * objective.scale(name))
    claim, size = float(np.sum(claimed * v)), float(np.sqrt(np.sum((claimed * v) ** 2)))
    slack = 0.1 * tolerance * size + 3 * slope.error
    control = claim + 0.1 * float(np.max(np.abs(claimed * v), initial=0.0))
    seen = abs(control - slope.value) > slack or not size
    return seen and not slope.kink and abs(claim - slope.value) <= slack


def located(objective: Objective, rng: Rng, name: str, claimed: Array, tolerance: float) -> Index:
    """An entry that is wrong, by halving the entries along which the claim fails."""
    places = np.arange(claimed.size)
    while places.size > 1:
        half = places[: places.size // 2]
        where = np.isin(np.arange(claimed.size), half).reshape(claimed.shape)
        holds = _holds(objective, rng, name, claimed, tolerance, where)
        places = places[places.size // 2 :] if holds else half
    return tuple(map(int, np.unravel_index(int(places[0]), claimed.shape)))


def sample(objective: Objective, rng: Rng, shape: Index, seconds: float) -> list[Index]:
    """All entries, or as many as there is time for, corners first."""
    places = list(np.ndindex(*shape))
    most = max(32, int(seconds / (4 * objective.seconds)))
    if len(places) <= most:
        return places
    chosen = {0, len(places) - 1, *rng.permutation(len(places))[: most - 2].tolist()}
    return [places[k] for k in sorted(chosen)]


def until(entries: list[tuple[int, ...]], deadline: float) -> Iterator[tuple[int, ...]]:
    """The entries, as long as there is time."""
    for k, index in enumerate(entries):
        if k >= 32 and time.perf_counter() > deadline:
            return
        yield index
