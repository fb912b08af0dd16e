"""The oracle that needs nothing but the user's own forward: central differences, with error bars.

The slope at h and at h/2 give Richardson's extrapolation, (4·D(h/2) - D(h))/3, and what it corrects
is an error bar; the other is the measured rounding of the forward. A bar is believed where a finer
step agrees within it: a curve that is sharper than the step is found out by the next one.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .agreement import Agreement, Difference
from .arrays import Array, Index, Inputs, Mask, Rng, as_array, is_single, largest
from .measured import MeasuredGradient, Slope
from .noise import rounding_of, spacing

FIRST = (2.0**-10, 2.0**-14)  # steps, relative to the typical size; mostly one is enough
OWN = (2.0**-10, 2.0**-14, 2.0**-18)  # relative to an entry that is smaller than its neighbours
FINER = (2.0**-30, 2.0**-18, 2.0**-22, 2.0**-26, 2.0**-34)  # where a border or a kink is near
COARSE = (2.0**-4, 2.0**-6, 2.0**-8, 2.0**-10)  # for forwards with the noise of single precision
NOISY = 1e-10  # relative: more noise than this is that of single precision
Forward = Callable[..., Any]
Point = dict[str, Array]  # inputs by name; also a direction to go from there


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
    noise: Array  # of each output, by rounding
    is_single_precision: bool = False  # whether the noise is that

    @classmethod
    def at(
        cls, forward: Forward, inputs: Inputs, point: Point, upstream: Array, *variants: Array
    ) -> "Objective":
        """Run forward once at the point, and see how long that takes."""
        start = time.perf_counter()
        with np.errstate(all="ignore"):
            given = inputs.call(forward, point)
        seconds = max(time.perf_counter() - start, 1e-6)
        output = as_array(given, "the output of forward")
        noise = spacing(output, given.dtype if is_single(given) else np.float64)
        return cls(forward, inputs, point, upstream, variants, output, seconds, noise)

    def _output(self, point: Point) -> Array:
        try:
            with np.errstate(all="ignore"):
                y = as_array(self.inputs.call(self.forward, point), "the output of forward")
        except (ArithmeticError, ValueError):
            return np.full(self.output.shape, np.nan)
        if y.shape != self.output.shape:
            raise ValueError(
                f"forward gave shape {y.shape} after a small step, {self.output.shape} before"
            )
        return y

    def scale(self, name: str) -> float:
        """How large a step of 1 is for an input: its typical size."""
        x = self.point[name]
        size = float(np.sqrt(np.mean(x * x))) if x.size else 0.0
        return size if size > 0 else 1.0

    def moved(self, direction: Point, t: float) -> Array:
        """The output at point + t·direction, less the output at the point."""
        return self.output_at(direction, t) - self.output

    def output_at(self, direction: Point, t: float) -> Array:
        """The output at point + t·direction; nan where that is outside of forward's domain."""
        moved = {name: self.point[name] + t * v for name, v in direction.items()}
        return self._output({**self.point, **moved})

    def measure_noise(self, rng: Rng) -> None:
        """See how much of each output is rounding, and whether it is that of single precision."""
        line = {
            name: rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.5, 1.5, x.shape)
            * np.where(x == 0, self.scale(name), np.abs(x))
            for name, x in self.point.items()
        }  # fmt: skip
        noise, size = rounding_of(self.output, lambda t: self.output_at(line, t), rng)
        self.noise = np.maximum(self.noise, noise)
        whole = float(np.linalg.norm(self.upstream * size))
        self.is_single_precision = float(np.linalg.norm(self.upstream * self.noise)) > NOISY * whole

    def slope(self, direction: Point, length: float, own: float = 0.0) -> Slope:
        """The slope of L along a direction; `length` is how far one step of 1 goes.

        `own` is the size of the entry that moves, if it may be much smaller than that.
        """
        good = 2e-5 if self.is_single_precision else 1e-7
        tried = Agreement(length, good, self.negligible_slope(length))
        for h in self._steps(length, own, tried):
            difference = self._difference(direction, h, tried)
            if difference is not None:
                tried.differences.append(difference)
                if tried.is_reached():
                    break
        return tried.slope()

    def _steps(self, length: float, own: float, tried: Agreement) -> Iterator[float]:
        """The steps to try in turn: powers of two, by which most numbers move exactly."""
        length, small = _power_of_two(length), _power_of_two(own) if own else length
        first, others = (COARSE, COARSE) if self.is_single_precision else (FIRST, OWN)
        yield from (k * length for k in first)
        yield from (k * small for k in others if k * small < first[-1] * length)
        if not (self.is_single_precision and tried.slope().is_known):
            yield from (k * length for k in FINER)

    def step_at_kinks(self, name: str) -> float:
        """A step so small that it meets few kinks but those at the point."""
        return (COARSE[-1] if self.is_single_precision else OWN[-1]) * self.scale(name)

    def negligible_slope(self, length: float) -> float:
        """A slope that is nothing, beside the size of the output."""
        return 1e-9 * max(largest(self.upstream * self.output), 1e-300) / length

    def _difference(self, direction: Point, h: float, tried: Agreement) -> Difference | None:
        """The slope from steps of h and h/2 on both sides; None where they leave the domain."""
        up, down = self.moved(direction, h), self.moved(direction, -h)
        if not (np.isfinite(up).all() and np.isfinite(down).all()):
            return None
        up2, down2 = self.moved(direction, h / 2), self.moved(direction, -h / 2)
        if not (np.isfinite(up2).all() and np.isfinite(down2).all()):
            return None
        u = self.upstream
        outputs = (4 * (up2 - down2) / h - (up - down) / (2 * h)) / 3
        value, narrow = float(np.sum(u * outputs)), float(np.sum(u * (up2 - down2))) / h
        tried.touched = tried.touched | (up != 0) | (down != 0) | (up2 != 0) | (down2 != 0)
        noise = 3 * self._noise_of(tried.touched) / h
        right, left = (
            float(np.sum(u * (4 * up2 - up))) / h,
            float(np.sum(u * (down - 4 * down2))) / h,
        )
        gap, gap2 = float(np.sum(u * (up + down))) / h, float(np.sum(u * (up2 + down2))) / (h / 2)
        kink = bool(abs(gap2) > 0.75 * abs(gap) and abs(gap2) > 1e-6 * abs(value) + 4 * noise
                    and abs(gap2) > self.negligible_slope(1.0))  # fmt: skip
        return Difference(h, outputs, value, abs(value - narrow), noise, left, right, kink)

    def _noise_of(self, touched: Mask) -> float:
        """The noise of L by the outputs that are touched; where there are none, of any one."""
        errors = np.abs(self.upstream * self.noise)
        return float(np.linalg.norm(errors[touched])) if touched.any() else largest(errors)

    def entry(self, name: str, index: Index) -> Slope:
        """∂L/∂entry."""
        unit = np.zeros(self.point[name].shape)
        unit[index] = 1.0
        own = abs(float(self.point[name][index]))
        return self.slope({name: unit}, max(self.scale(name), own), own)

    def gradient(self, name: str, entries: Iterable[Index]) -> MeasuredGradient:
        """∂L/∂input at some of its entries."""
        found = MeasuredGradient.empty(self.point[name].shape, len(self.variants))
        for index in entries:
            found.record(index, self.entry(name, index), self.variants)
        return found


def _power_of_two(x: float) -> float:
    """The nearest one below."""
    return float(2.0 ** np.floor(np.log2(x)))
