"""Random leaves, which eager code draws once, and a compiled program anew for every sample."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from .functions import where
from .numbers.kinds import AnyNumber
from .numbers.normal import quantile
from .scalar import is_number
from .scopes import current_scope
from .shapes import indexing
from .tensor import Operand, Tensor, operand
from .value import unknown

_generator: ContextVar[Any] = ContextVar("autograd.drawn", default=random)
OfUniform = Callable[[AnyNumber], AnyNumber]


class Random(Protocol):
    """A `random.Random`, or the module: numbers uniform in [0, 1)."""

    def random(self) -> float:
        """The next number."""


class Drawn:
    """Random leaves of a shape: `drawn.normal((3,))`, or whatever one makes of uniform numbers.

    Eager code draws them once, a compiled program anew for every sample and run; the same seed
    gives both the same numbers. `rng` is a `random.Random`, by default the module `random`, or
    within `with drawn.using(rng): ...` another one, which what is compiled there keeps.
    """

    def __repr__(self) -> str:
        return "autograd.drawn"

    def __call__(self, shape: Sequence[int], rng: Random, number: OfUniform) -> Tensor:
        """Leaves number(u) for u uniform in [0, 1).

        `number` must work on a float and on an array.
        """
        sizes = indexing.sizes(indexing.wholes(shape, "drawn: shape"))
        if not callable(getattr(rng, "random", None)):
            raise TypeError(f"drawn: rng must be random or a random.Random, got {rng!r:.60}")
        trace, n = current_scope().trace, math.prod(sizes)
        if trace is None:
            return Tensor([number(rng.random()) for _ in range(n)]).reshape(sizes)
        values = [unknown() for _ in range(n)]
        trace.draws.append((values, rng, number))
        return Tensor(values).reshape(sizes)

    @contextmanager
    def using(self, rng: Random) -> Iterator[None]:
        """Draw from a generator where none is named, for a while."""
        token = _generator.set(rng)
        try:
            yield
        finally:
            _generator.reset(token)

    def uniform(
        self,
        shape: Sequence[int],
        low: Operand = 0.0,
        high: Operand = 1.0,
        rng: Random | None = None,
    ) -> Tensor:
        """low + (high - low)·u for u uniform in [0, 1); gradients reach the ends."""
        ends: list[Any] = [_fits("uniform", shape, low=low), _fits("uniform", shape, high=high)]
        return self._scaled(shape, rng, lambda u: u, ends[0], ends[1] - ends[0])

    def normal(
        self,
        shape: Sequence[int],
        mean: Operand = 0.0,
        std: Operand = 1.0,
        rng: Random | None = None,
    ) -> Tensor:
        """mean + std·ε for ε normal with mean 0 and variance 1; gradients reach mean and std.

        (Kingma, Welling 2013: the reparametrisation trick.) A Value or a Tensor broadcasts to the
        shape.

        >>> mean, std = Tensor([1.0, 2.0]), Tensor([0.5, 0.5])
        >>> Drawn().normal((2,), mean, std).sum().backward()
        >>> mean.grad
        [1.0, 1.0]
        """
        start, scale = _fits("normal", shape, mean=mean), _fits("normal", shape, std=std)
        known = is_number(scale)
        if known and not scale >= 0:
            raise ValueError(f"drawn.normal: std must not be negative, got {std!r}")
        return self._scaled(shape, rng, quantile, start, scale)

    def bernoulli(
        self, shape: Sequence[int], p: Operand = 0.5, rng: Random | None = None
    ) -> Tensor:
        """1.0 with probability p, else 0.0; no gradient reaches p."""
        share = _fits("bernoulli", shape, p=p)
        known = is_number(share)
        if not known:
            chosen: Tensor = where(self.uniform(shape, rng=rng) < share, 1.0, 0.0)
            return chosen
        if not 0 <= share <= 1:
            raise ValueError(f"drawn.bernoulli: p must be from 0 to 1, got {p!r}")
        return self(shape, rng or _generator.get(), lambda u: (u < share) * 1.0)

    def _scaled(
        self, shape: Sequence[int], rng: Random | None, number: OfUniform, start: Any, scale: Any
    ) -> Tensor:
        """start + scale·number(u): leaves where start and scale are plain numbers."""
        rng = rng or _generator.get()
        if is_number(start) and is_number(scale):
            return self(shape, rng, lambda u: start + scale * number(u))
        made: Tensor = start + scale * self(shape, rng, number)
        return made


def _fits(name: str, shape: Any, **named: Operand) -> Any:
    """A plain number as it is, or a Value or Tensor that broadcasts to the shape."""
    argument, x = named.popitem()
    if is_number(x):
        return x
    made, sizes = operand(x), indexing.wholes(shape, f"drawn.{name}: shape")
    if made is NotImplemented:
        raise TypeError(f"drawn.{name}: {argument} must be numbers, got {x!r:.60}")
    own = getattr(made, "shape", ())
    pairs = zip(own[::-1], sizes[::-1], strict=False)
    if len(own) > len(sizes) or not all(n in (1, size) for n, size in pairs):
        raise ValueError(f"drawn.{name}: {argument} of shape {own} does not broadcast to {sizes}")
    return made


drawn = Drawn()
