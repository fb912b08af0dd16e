"""The oracle that needs nothing but the user's own forward: central differences, with error bars.

The slope at h and at h/2 give Richardson's extrapolation, (4·D(h/2) - D(h))/3, and what it corrects
is an error bar; the other is the measured noise of the forward, so that single precision inside is
not called wrong. One-sided slopes tell curvature, which fades with h, from a kink, which stays.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .arrays import Array, Index, Inputs, Mask, Rng, as_array, largest

STEPS = (2.0**-10, 2.0**-14, 2.0**-18)  # relative; tried in turn where a kink is near
COARSE_STEPS = (2.0**-6, 2.0**-8, 2.0**-10)  # for forwards with the noise of single precision
Forward = Callable[..., Any]
Point = dict[str, Array]  # inputs by name; also a direction to go from there
NOISY = 1e-10  # relative: more noise than this is that of single precision


@dataclass(frozen=True)
class Slope:
    """∂L/∂t along a direction: its value and error bar; at a kink, the slopes on both sides."""

    value: float
    error: float
    low: float
    high: float
    kink: bool
    variants: tuple[float, ...] = ()


@dataclass
class MeasuredGradient:
    """∂L/∂input, entry by entry, as far as it was measured."""

    value: Array
    error: Array
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

    def record(self, index: Index, slope: Slope) -> None:
        """Keep what was measured at an entry."""
        self.value[index], self.error[index] = slope.value, slope.error
        self.low[index], self.high[index] = slope.low, slope.high
        self.measured[index], self.at_kink[index] = True, slope.kink
        for array, number in zip(self.variants, slope.variants, strict=True):
            array[index] = number

    def with_exact(self, exact: Array) -> "MeasuredGradient":
        """The same with exact numbers, where there is no kink."""
        value = np.where(self.at_kink, self.value, exact)
        error = np.where(self.at_kink, self.error, 1e-12 * np.abs(exact))
        everywhere = np.ones(value.shape, bool)
        return replace(self, value=value, error=error, measured=everywhere)


@dataclass
class Objective:
    """L = Σ upstream·forward(inputs) around the user's point.

    Differences are taken of the outputs, before they are added up: what a step does not touch
    cancels exactly. `variants` are other upstreams, contracted with the same differences.
    """

    forward: Forward
    inputs: Inputs
    point: Point
    upstream: Array
    variants: tuple[Array, ...]
    output: Array  # at the point
    seconds: float  # that one call takes
    noise: float = 0.0
    steps: tuple[float, ...] = STEPS

    @classmethod
    def at(
        cls, forward: Forward, inputs: Inputs, point: Point, upstream: Array, *variants: Array
    ) -> "Objective":
        """Run forward once at the point, and see how long that takes."""
        unknown = np.zeros(upstream.shape)
        objective = cls(forward, inputs, point, upstream, variants, unknown, 0.0)
        start = time.perf_counter()
        objective.output = objective._output(point)
        objective.seconds = max(time.perf_counter() - start, 1e-6)
        return objective

    def _output(self, point: Point) -> Array:
        y = as_array(self.inputs.call(self.forward, point), "the output of forward")
        if y.shape != self.upstream.shape:
            raise ValueError(
                f"forward gave shape {y.shape} after a small step, {self.upstream.shape} before"
            )
        return y

    def scale(self, name: str) -> float:
        """How large a step of 1 is for an input: its typical size."""
        x = self.point[name]
        size = float(np.sqrt(np.mean(x * x))) if x.size else 0.0
        return size if size > 0 else 1.0

    def moved(self, direction: Point, t: float) -> Array:
        """The output at point + t·direction, less the output at the point."""
        moved = {name: self.point[name] + t * v for name, v in direction.items()}
        return self._output({**self.point, **moved}) - self.output

    @property
    def is_single_precision(self) -> bool:
        """Whether the noise that was measured is that of single precision."""
        return self.steps is COARSE_STEPS

    def measure_noise(self, rng: Rng, seconds: float = 1.0) -> None:
        """The noise of L, from sixth differences along a few single entries; sets the steps.

        What a kink or curvature leaves in a difference shrinks with the step, and noise does not.
        """
        tries = int(np.clip(seconds / (14 * self.seconds * len(self.point)), 1, 6))
        found = []
        for name, x in self.point.items():
            for _ in range(tries if x.size else 0):
                unit = np.zeros(x.shape)
                unit.flat[int(rng.integers(0, unit.size))] = self.scale(name)
                wide, narrow = (self._sixth({name: unit}, h) for h in (1e-4, 2.5e-5))
                found.append(max(wide, narrow) if narrow > 0.4 * wide else 0.0)
        noisy = [noise for noise in found if noise > 0]
        self.noise = float(np.median(noisy)) if 2 * len(noisy) > len(found) else 0.0
        size = float(np.sum(np.abs(self.upstream * self.output))) or 1.0
        if self.noise > NOISY * size:
            self.steps = COARSE_STEPS

    def _sixth(self, direction: Point, h: float) -> float:
        """|sixth difference of L| over the root of its coefficients' squares: the noise."""
        steps = [float(np.sum(self.upstream * self.moved(direction, k * h))) for k in range(-3, 4)]
        return float(abs(np.diff(np.array(steps), 6)[0]) / np.sqrt(924.0))

    def slope(self, direction: Point, length: float) -> Slope:
        """The slope of L along a direction; `length` is how far one step of 1 goes."""
        found: list[Slope] = []
        for step in self.steps:
            slope = self._slope_at(direction, step * length)
            found.append(slope)
            good = 1e-7 * abs(slope.value) + self.negligible_slope(length)
            if not slope.kink and slope.error <= good:
                break
        smooth = [slope for slope in found if not slope.kink]
        return found[-1] if found[-1].kink else min(smooth, key=lambda slope: slope.error)

    def negligible_slope(self, length: float) -> float:
        """A slope that is nothing, beside the size of the output."""
        return 1e-9 * self._size() / length

    def _slope_at(self, direction: Point, h: float) -> Slope:
        """The slope from steps of h and h/2 on both sides."""
        sides = [self.moved(direction, t) for t in (h, -h, h / 2, -h / 2)]
        up, down, up2, down2 = (float(np.sum(self.upstream * y)) for y in sides)
        wide, narrow = (up - down) / (2 * h), (up2 - down2) / h
        value = (4 * narrow - wide) / 3
        noise = 10 * self.noise / h
        gap, gap2 = (up + down) / h, (up2 + down2) / (h / 2)
        kink = bool(abs(gap2) > 0.75 * abs(gap) and abs(gap2) > 1e-6 * abs(value) + 4 * noise
                    and abs(gap2) > 1e-9 * self._size())  # fmt: skip
        low, high = sorted([up2 / (h / 2), -down2 / (h / 2)])
        others = tuple(
            float(np.sum(u * (4 * (sides[2] - sides[3]) / h - (sides[0] - sides[1]) / (2 * h)))) / 3
            for u in self.variants
        )
        rounding = 1e-15 * self._size() / h
        return Slope(value, abs(value - narrow) + noise + rounding, low, high, kink, others)

    def _size(self) -> float:
        return max(largest(self.upstream * self.output), 1e-300)

    def entry(self, name: str, index: Index) -> Slope:
        """∂L/∂entry."""
        unit = np.zeros(self.point[name].shape)
        unit[index] = 1.0
        return self.slope({name: unit}, max(self.scale(name), abs(float(self.point[name][index]))))

    def gradient(self, name: str, entries: Iterable[Index]) -> MeasuredGradient:
        """∂L/∂input at some of its entries."""
        found = MeasuredGradient.empty(self.point[name].shape, len(self.variants))
        for index in entries:
            found.record(index, self.entry(name, index))
        return found
