"""How much of an output is rounding, be it that of single precision which nobody told of.

All inputs move together along a line, each in proportion to its size. What is left of an output
beside a parabola in the step is a curve or a kink, which shrink with the steps, or rounding, which
does not. Single precision moves in stairs: within one of them it does not move at all.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import Array, Mask, Rng

RANGES = (2.0**-38, 2.0**-22, 2.0**-14, 2.0**-6)  # of steps, relative to each entry
POINTS = 6  # in each range, on both sides
SHRINKS = 2.0**-6  # curves and kinks lose more than this from one range to the next
NARROW = (np.float16, np.float32)


def rounding_of(output: Array, at: Callable[[float], Array], rng: Rng) -> tuple[Array, Array]:
    """(the error of each output by rounding that is seen, the size that it is an error of).

    `at(t)` is the output after a step of t times the size of each input. What counts is the finest
    range in which an output moves.
    """
    noise, size = np.zeros(output.shape), np.abs(output)
    last, waiting = np.zeros(output.shape), np.ones(output.shape, bool)
    for reach in RANGES:
        steps = _steps(reach, rng)
        found = np.array([at(t) for t in steps])
        moved = found - output
        moves, left = _on_both_sides(moved), _beside_a_parabola(steps / reach, moved)
        counts = (moves & waiting) | (last > SHRINKS * left)
        seen = np.where(counts, left, 0.0)
        noise = np.maximum.reduce([noise, seen, _spacing_seen(found, output, moves)])
        last, waiting = np.where(moves & waiting, left, 0.0), waiting & ~moves
        if reach > RANGES[0]:
            size = np.fmax(size, np.abs(moved).max(0) / reach)
            if not waiting.any():
                break
    return noise, size


def _steps(reach: float, rng: Rng) -> Array:
    """Random steps within a reach, in turn to both sides."""
    sizes = (np.arange(POINTS) + rng.uniform(0.2, 1.0, POINTS)) / POINTS
    signed: Array = reach * sizes * np.resize([1.0, -1.0], POINTS)
    return signed


def _on_both_sides(moved: Array) -> Mask:
    """Whether each output moves, upwards of the point and downwards: to one side it is a kink."""
    return np.asarray(np.any(moved[::2], axis=0) & np.any(moved[1::2], axis=0))


def _beside_a_parabola(steps: Array, moved: Array) -> Array:
    """The largest rest of each output beside a·t + b·t²; 0 where the steps leave its domain."""
    powers = np.stack([steps, steps**2], axis=1)
    flat = moved.reshape(len(steps), -1)
    rest = flat - powers @ (np.linalg.pinv(powers) @ flat)
    largest = np.abs(rest).max(0, initial=0.0).reshape(moved.shape[1:])
    return np.where(np.isfinite(largest), largest, 0.0)


def spacing(output: Array, dtype: Any) -> Array:
    """How far apart the numbers of a type are beside each output."""
    with np.errstate(over="ignore"):
        gaps: Array = np.spacing(np.abs(output).astype(dtype)).astype(np.float64)
    return np.nan_to_num(gaps)


def _spacing_seen(found: Array, output: Array, moves: Mask) -> Array:
    """The spacing of the narrowest numbers that hold all outputs that move; 0 for doubles."""
    with np.errstate(over="ignore", invalid="ignore"):
        for narrow in NARROW if moves.any() else ():
            if np.array_equal(found[:, moves].astype(narrow), found[:, moves]):
                return np.where(moves, spacing(output, narrow), 0.0)
    return np.zeros(output.shape)
