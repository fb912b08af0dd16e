"""What was measured: a slope along a direction, and a gradient of such slopes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .arrays import Array, Index, Mask


@dataclass(frozen=True)
class Slope:
    """∂L/∂t along a direction: its value and error bar; at a kink, the slopes on both sides.

    The error bar is infinite where nothing can be said: no two steps agree.
    """

    value: float
    error: float
    low: float
    high: float
    kink: bool
    outputs: Array  # ∂output/∂t: its sum with an upstream is a slope

    @classmethod
    def unknown(cls) -> "Slope":
        """No slope could be measured."""
        nan = float("nan")
        return cls(nan, float("inf"), nan, nan, False, np.zeros(()))

    @property
    def is_known(self) -> bool:
        """Whether there is a value, or a kink with its two sides."""
        return bool(np.isfinite(self.error))


@dataclass
class MeasuredGradient:
    """∂L/∂input, entry by entry, as far as it was measured."""

    value: Array
    error: Array  # infinite where no two steps agreed
    low: Array
    high: Array
    measured: Mask
    at_kink: Mask
    variants: list[Array] = field(default_factory=list)

    @classmethod
    def empty(cls, shape: Index, variants: int = 0) -> "MeasuredGradient":
        """Nothing measured yet."""
        value, error, low, high, *others = (np.full(shape, np.nan) for _ in range(4 + variants))
        measured, at_kink = np.zeros(shape, bool), np.zeros(shape, bool)
        return cls(value, error, low, high, measured, at_kink, others)

    @property
    def unknown(self) -> Mask:
        """The entries that were tried in vain."""
        return np.isinf(self.error)

    def record(self, index: Index, slope: Slope, upstreams: Sequence[Array] = ()) -> None:
        """Keep what was measured at an entry; `upstreams` are those of the variants."""
        self.value[index], self.error[index] = slope.value, slope.error
        self.low[index], self.high[index] = slope.low, slope.high
        self.measured[index], self.at_kink[index] = slope.is_known, slope.kink
        for array, upstream in zip(self.variants, upstreams, strict=True):
            array[index] = np.sum(upstream * slope.outputs) if slope.is_known else np.nan

    def with_exact(self, exact: Array) -> "MeasuredGradient":
        """The same with exact numbers, where there is no kink."""
        value = np.where(self.at_kink, self.value, exact)
        error = np.where(self.at_kink, self.error, 1e-12 * np.abs(exact))
        everywhere = np.ones(value.shape, bool)
        return replace(self, value=value, error=error, measured=everywhere)

    def completed(self, where: Mask, exact: Array, tolerance: float) -> "MeasuredGradient | None":
        """The same with exact numbers somewhere; None unless they are the slopes elsewhere."""
        known = self.measured & ~self.at_kink & ~where
        slack = tolerance * np.abs(self.value) + 3 * self.error
        telling = np.abs(self.value[known]) > 3 * self.error[known]
        if not telling.any() or np.any((np.abs(self.value - exact) > slack)[known]):
            return None
        value = np.where(where, exact, self.value)
        error = np.where(where, 1e-12 * np.abs(exact), self.error)
        return replace(self, value=value, error=error, measured=self.measured | where)
