"""Large gradients: random directions first, then samples, and halving down to what is wrong."""

import time
from collections.abc import Iterator

import numpy as np

from .arrays import Array, Index, Mask, Rng, largest
from .differences import Objective

TRIED = 4  # random ones, before a gradient is measured entry by entry
FEWEST = 32  # entries that are measured however long they take


def agrees(objective: Objective, rng: Rng, name: str, claimed: Array, tolerance: float) -> bool:
    """Whether the claim holds along random directions, and a wrong one would not."""
    everywhere = np.ones(claimed.shape, bool)
    tries = range(TRIED)
    return all(
        _agrees_along_one(objective, rng, name, claimed, tolerance, everywhere) for _ in tries
    )


def _agrees_along_one(
    objective: Objective, rng: Rng, name: str, claimed: Array, tolerance: float, where: Mask
) -> bool:
    """Whether the claim holds along one random direction of some entries."""
    signs = rng.choice([-1.0, 1.0], claimed.shape)
    v = np.where(where, signs * rng.uniform(0.5, 1.5, claimed.shape), 0.0)
    slope = objective.slope({name: v}, _length(objective, name))
    claim, size = float(np.sum(claimed * v)), float(np.sqrt(np.sum((claimed * v) ** 2)))
    slack = 0.1 * tolerance * size + 3 * slope.error
    wrong_claim = claim + 0.1 * largest(claimed * v)
    noticed = abs(wrong_claim - slope.value) > slack or not size
    return noticed and not slope.kink and abs(claim - slope.value) <= slack


def _length(objective: Objective, name: str) -> float:
    """How far a step of 1 goes: in single precision it must cross many stairs."""
    return (1.0 if objective.is_single_precision else 1e-2) * objective.scale(name)


def find_wrong_entry(
    objective: Objective, rng: Rng, name: str, claimed: Array, tolerance: float
) -> Index:
    """An entry that is wrong, by halving the entries along which the claim fails."""
    places = np.arange(claimed.size)
    while places.size > 1:
        half = places[: places.size // 2]
        where = np.isin(np.arange(claimed.size), half).reshape(claimed.shape)
        agrees = _agrees_along_one(objective, rng, name, claimed, tolerance, where)
        places = places[places.size // 2 :] if agrees else half
    return tuple(map(int, np.unravel_index(int(places[0]), claimed.shape)))


def seconds_for(objective: Objective, entries: int) -> float:
    """How long it takes to measure so many entries: four calls of forward each."""
    return 4 * entries * objective.seconds


def sample(objective: Objective, rng: Rng, shape: Index, seconds: float) -> Iterator[Index]:
    """All entries, or as many as there should be time for, corners first, while there is time."""
    deadline = time.perf_counter() + 2 * seconds
    places = list(np.ndindex(*shape))
    most = max(FEWEST, int(seconds / seconds_for(objective, 1)))
    if len(places) > most:
        chosen = {0, len(places) - 1, *rng.permutation(len(places))[: most - 2].tolist()}
        places = [places[k] for k in sorted(chosen)]
    for k, index in enumerate(places):
        if k >= FEWEST and time.perf_counter() > deadline:
            return
        yield index
