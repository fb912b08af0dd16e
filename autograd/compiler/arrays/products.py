"""How an adjoint is multiplied: fast, or with care for what was not taken.

In eager mode nothing flows into a branch that was not taken, so 0·nan never arises there. Arrays
multiply all entries alike, and 0·nan and 0·inf may come up. They end in a gradient that is nan;
then the reverse pass is run once more, with care: adjoints are complex, the imaginary part says
whether the adjoint was reached at all, and what was not reached is 0 times whatever partial.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .memory import Array, merged
from .ufuncs import Call


def turned(x: Array) -> Array:
    """Matrices transposed."""
    return np.swapaxes(x, -1, -2)


def product(a: Array, b: Array, out: Array) -> Call:
    """out = a @ b; one group is a plain matrix product."""
    if len(a) == 1:
        a, b, out = a[0], b[0], out[0]
    return partial(np.matmul, a, b, out=out)


def total(array: Array, axes: tuple[int, ...], out: Array) -> Call:
    """out = the sum over neighbouring axes; of long ones a product with ones, the fastest sum."""
    lead, count = array.shape[: axes[0]], math.prod(array.shape[k] for k in axes)
    tail = array.shape[axes[-1] + 1 :]
    shape = (math.prod(lead), count, math.prod(tail))
    view = merged(array, shape) if axes == tuple(range(axes[0], axes[-1] + 1)) else None
    flat = merged(out, (shape[0], 1, shape[2]))
    if view is None or flat is None or count < 8:
        return partial(np.add.reduce, array, axis=axes, out=out)
    if shape[2] == 1 and view.strides[1] == view.itemsize:
        return partial(np.matmul, view[:, :, 0], np.ones(count, array.dtype), out=flat[:, 0, 0])
    if shape[2] > 1 and view.strides[2] == view.itemsize and view.strides[1] > 0:
        return partial(np.matmul, np.ones((1, count), array.dtype), view, out=flat)
    return partial(np.add.reduce, array, axis=axes, out=out)


class Fast:
    """One call of NumPy each."""

    @staticmethod
    def times(upstream: Array, factor: Any) -> Callable[[Array], list[Call]]:
        """upstream·factor."""
        return lambda out: [partial(np.multiply, upstream, factor, out=out)]

    @staticmethod
    def product(a: Array, b: Array, out: Array, adjoint: int) -> Call:
        """out = a @ b, of which one (0 or 1) is the adjoint."""
        return product(a, b, out)

    total = staticmethod(total)


class Careful:
    """Adjoints with a mark in the imaginary part; sums add the marks up."""

    @staticmethod
    def times(upstream: Array, factor: Any) -> Callable[[Array], list[Call]]:
        """upstream·factor; a factor of False stops what was reached."""

        def multiply(out: Array) -> None:
            reached = upstream.imag > 0
            if isinstance(factor, np.ndarray) and factor.dtype.kind == "b":
                reached = reached & factor
            numbers = np.where(reached, upstream.real * factor, 0)
            out.real, out.imag = numbers, reached

        return lambda out: [partial(multiply, out)]

    @staticmethod
    def product(a: Array, b: Array, out: Array, adjoint: int) -> Call:
        """out = a @ b, in which terms that were not reached are left out."""

        def multiply() -> None:
            bar, other = (a, b) if adjoint == 0 else (turned(b), turned(a))
            reached, finite = bar.imag > 0, np.isfinite(other)
            total = bar.real @ np.where(finite, other, 0)
            for k in np.flatnonzero(~finite.all(axis=(*range(finite.ndim - 2), -1))):
                column, row = bar.real[..., :, k, None], np.where(finite, 0, other)[..., None, k, :]
                total += np.where(reached[..., :, k, None], column * row, 0)
            marks = np.broadcast_to(reached.any(axis=-1, keepdims=True), total.shape)
            target = out if adjoint == 0 else turned(out)
            target.real, target.imag = total, marks

        return multiply

    @staticmethod
    def total(array: Array, axes: tuple[int, ...], out: Array) -> Call:
        """out = the sum over axes, real and imaginary parts apart."""
        return partial(np.add.reduce, array, axis=axes, out=out)
