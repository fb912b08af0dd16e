"""Points in the plane that no straight line can part."""

import random
from collections.abc import Callable, Sequence
from math import cos, pi, sin

from ..validate import positive, whole, within
from .dataset import Dataset

Point = tuple[float, float]


def moons(samples: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two half circles that reach into each other: points (2,) around 0, in random order.

    "upper": (cos t − ½, sin t − ¼), "lower": the same times −1; t from 0 to π in equal steps. Each
    coordinate gets Gaussian noise with this standard deviation. The same for a seed, always.
    """

    def curve(c: int, t: float) -> Point:
        side = 1 - 2 * c
        return side * (cos(pi * t) - 0.5), side * (sin(pi * t) - 0.25)

    return _along("moons", curve, ["upper", "lower"], samples, noise, seed)


def spirals(samples: int = 300, noise: float = 0.1, seed: int = 0, arms: int = 3) -> Dataset:
    """Arms that wind around 0 by three quarters of a turn: points (2,), in random order.

    arm k: r · (cos φ, sin φ), φ = 2π (k / arms + ¾ t), r = ¼ + 1¾ t; t from 0 to 1 in equal steps.
    Each coordinate gets Gaussian noise with this standard deviation. The same for a seed, always.
    """
    arms = positive("spirals", "arms", arms)

    def curve(c: int, t: float) -> Point:
        r, phi = 0.25 + 1.75 * t, 2 * pi * (c / arms + 0.75 * t)
        return r * cos(phi), r * sin(phi)

    return _along("spirals", curve, [f"arm {c}" for c in range(arms)], samples, noise, seed)


def _along(
    name: str,
    curve: Callable[[int, float], Point],
    class_names: Sequence[str],
    samples: int,
    noise: float,
    seed: int,
) -> Dataset:
    """Samples along the curve of each class, in equal steps, as equally many as can be."""
    classes = len(class_names)
    samples = positive(name, "samples", samples)
    if samples < classes:
        raise ValueError(f"{name}: samples must be at least 1 a class, {classes}, got {samples}")
    noise = within(name, "noise", noise, 0)
    rng = random.Random(whole(name, "seed", seed))
    drawn = []
    for c in range(classes):
        count = len(range(c, samples, classes))
        for k in range(count):
            point = curve(c, k / max(1, count - 1))
            drawn.append(([x + rng.gauss(0, noise) for x in point], c))
    rng.shuffle(drawn)
    return Dataset([point for point, _ in drawn], [c for _, c in drawn], class_names)
