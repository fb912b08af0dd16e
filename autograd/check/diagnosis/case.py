"""What a hypothesis is asked: one claimed gradient, the truth, and all that may explain it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..truth.arrays import Array, largest
from ..truth.verdict import SINGLE, Comparison

EXACT = 1e-5  # relative: closer than this is equality
NEARER = 0.2  # of the distance from claim to truth: a guess that is farther off explains nothing


@dataclass(frozen=True, kw_only=True)
class Case(Comparison):
    """One gradient that differs from the true one, and what forward was called with."""

    inputs: Mapping[str, Array]  # all that are arrays, also those without a claim
    output: Array
    upstream: Array
    learning_rate: float | None = None
    variants: Mapping[str, Array] = field(default_factory=dict)  # for other upstream gradients
    cache: dict[str, Any] = field(default_factory=dict)  # what all cases of one check share

    @property
    def true_or_nan(self) -> Array:
        """The true gradient, with nan where there is no one true value."""
        return np.where(self.smooth, self.true, np.nan)

    @property
    def value(self) -> Array:
        """The input itself."""
        return self.inputs[self.name]

    @property
    def exactness(self) -> float:
        """How close, beside their size, two gradients are that count as equal.

        A guess must be nearer to the claim than the claim is to the truth, or it explains nothing.
        """
        if self.tolerance >= SINGLE:
            return min(self.tolerance, NEARER * self.departure())
        return max(1e-9, min(EXACT, 0.05 * self.departure()))

    def equal(self, guess: Array) -> bool:
        """Whether a guess explains the claimed gradient: equal wherever the truth is known."""
        smooth = self.smooth
        if guess.shape != self.claimed.shape or not smooth.any():
            return False
        size = max(largest(self.claimed[smooth]), 1e-300)
        slack = self.exactness * size + 10 * self.gradient.error[smooth]
        off, wrong = (np.abs(x - self.claimed)[smooth] for x in (guess, self.true))
        return bool(np.all(off <= slack) and largest(off) <= NEARER * largest(wrong))

    def difference(self, guess: Array) -> str:
        """How closely a guess agrees, in words."""
        return f"max difference {largest((guess - self.claimed)[self.smooth]):.0e}"


def fit(true: Array, claimed: Array) -> tuple[float, float]:
    """(c, max |c·true - claimed|) of the c that makes claimed = c·true most nearly."""
    size = float(np.sum(true * true))
    c = float(np.sum(true * claimed)) / size if size else 0.0
    return c, largest(c * true - claimed)
