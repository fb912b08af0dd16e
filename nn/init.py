"""Initial weights: Tensors of random numbers, scaled by how many inputs and outputs they join.

Every function takes a weight's shape, (out, in) or (out, in, kh, kw), and a generator; by default
Python's own, so `random.seed(0)` makes a model repeatable.
"""

import math
import random
from collections.abc import Callable, Sequence

from autograd import Tensor

from .annotations import Generator

Initializer = Callable[[Sequence[int], Generator], Tensor]


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(inputs, outputs) that a weight joins: (in·kh·kw, out·kh·kw)."""
    field = math.prod(shape[2:])
    return math.prod(shape[1:2]) * field, shape[0] * field


def _filled(shape: Sequence[int], draw: Callable[[], float]) -> Tensor:
    return Tensor([draw() for _ in range(math.prod(shape))]).reshape(*shape)


def _normal(shape: Sequence[int], variance: float, rng: Generator) -> Tensor:
    if not hasattr(rng, "gauss"):
        raise TypeError(f"rng must be Python's random or a random.Random, got {rng!r:.60}")
    deviation = math.sqrt(variance)
    return _filled(shape, lambda: rng.gauss(0.0, deviation))


def he(shape: Sequence[int], rng: Generator = random) -> Tensor:
    """Normal with variance 2 / inputs, for layers before a ReLU (He et al. 2015)."""
    return _normal(shape, 2 / fans(shape)[0], rng)


def glorot(shape: Sequence[int], rng: Generator = random) -> Tensor:
    """Normal with variance 2 / (inputs + outputs), for tanh and sigmoid (Glorot, Bengio 2010)."""
    return _normal(shape, 2 / sum(fans(shape)), rng)


def lecun(shape: Sequence[int], rng: Generator = random) -> Tensor:
    """Normal with variance 1 / inputs (LeCun et al. 1998, Efficient BackProp)."""
    return _normal(shape, 1 / fans(shape)[0], rng)


def normal(shape: Sequence[int], rng: Generator = random) -> Tensor:
    """Normal with variance 1, as PyTorch's Embedding starts."""
    return _normal(shape, 1.0, rng)


def uniform(shape: Sequence[int], rng: Generator = random) -> Tensor:
    """Uniform within ±1/√inputs, as PyTorch's Linear and Conv2d start."""
    bound = 1 / math.sqrt(fans(shape)[0])
    return _filled(shape, lambda: rng.uniform(-bound, bound))


def zeros(shape: Sequence[int], rng: Generator = random) -> Tensor:
    """All 0."""
    return _filled(shape, lambda: 0.0)


def ones(shape: Sequence[int], rng: Generator = random) -> Tensor:
    """All 1."""
    return _filled(shape, lambda: 1.0)
