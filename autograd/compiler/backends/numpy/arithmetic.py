"""How adjoints are multiplied and added: plainly, or with a mask of what was reached.

In eager mode nothing flows into a branch that was not taken, so 0·nan never arises there. Arrays
multiply all entries alike, and 0·nan and 0·inf may come up: in where(x > 0, √x, x) at x = -1 the
slope of √x is nan, and its adjoint is 0. They end in a gradient that is nan; then the reverse pass
is run once more, masked: adjoints are complex, the imaginary part says whether the adjoint was
reached at all, and what was not reached is 0 times whatever partial.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .memory import Array, reshaped
from .ufuncs import Call

Fill = Callable[[Array], list[Call]]  # the calls that compute something into an array


def transposed(x: Array) -> Array:
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
    view = reshaped(array, shape) if axes == tuple(range(axes[0], axes[-1] + 1)) else None
    flat = reshaped(out, (shape[0], 1, shape[2]))
    if view is None or flat is None or count < 8:
        return partial(np.add.reduce, array, axis=axes, out=out)
    if shape[2] == 1 and view.strides[1] == view.itemsize:
        return partial(np.matmul, view[:, :, 0], np.ones(count, array.dtype), out=flat[:, 0, 0])
    if shape[2] > 1 and view.strides[2] == view.itemsize and view.strides[1] > 0:
        return partial(np.matmul, np.ones((1, count), array.dtype), view, out=flat)
    return partial(np.add.reduce, array, axis=axes, out=out)


class Plain:
    """One call of NumPy each."""

    masked = False

    def times(self, upstream: Array, factor: Any) -> Fill:
        """upstream·factor."""
        return lambda out: [partial(np.multiply, upstream, factor, out=out)]

    def product_with_left(self, bar: Array, b: Array, out: Array) -> Call:
        """out = bar @ b, where bar is an adjoint."""
        return product(bar, b, out)

    def product_with_right(self, a: Array, bar: Array, out: Array) -> Call:
        """out = a @ bar, where bar is an adjoint."""
        return product(a, bar, out)

    def total(self, array: Array, axes: tuple[int, ...], out: Array) -> Call:
        """out = the sum over axes."""
        return total(array, axes, out)


class Masked(Plain):
    """Adjoints with a mask in their imaginary part: above 0 where they were reached."""

    masked = True

    def times(self, upstream: Array, factor: Any) -> Fill:
        """upstream·factor; a factor of False stops what was reached."""

        def multiply(out: Array) -> None:
            reached = upstream.imag > 0
            if isinstance(factor, np.ndarray) and factor.dtype.kind == "b":
                reached = reached & factor
            numbers = np.where(reached, upstream.real * factor, 0)
            out.real, out.imag = numbers, reached

        return lambda out: [partial(multiply, out)]

    def product_with_left(self, bar: Array, b: Array, out: Array) -> Call:
        """out = bar @ b, in which terms that were not reached are left out."""

        def multiply() -> None:
            reached, finite = bar.imag > 0, np.isfinite(b)
            total = bar.real @ np.where(finite, b, 0)
            for k in np.flatnonzero(~finite.all(axis=(*range(finite.ndim - 2), -1))):
                column, row = bar.real[..., :, k, None], np.where(finite, 0, b)[..., None, k, :]
                total += np.where(reached[..., :, k, None], column * row, 0)
            out.real, out.imag = total, reached.any(axis=-1, keepdims=True)

        return multiply

    def product_with_right(self, a: Array, bar: Array, out: Array) -> Call:
        """out = a @ bar, as (barᵀ @ aᵀ)ᵀ."""
        return self.product_with_left(transposed(bar), transposed(a), transposed(out))

    def total(self, array: Array, axes: tuple[int, ...], out: Array) -> Call:
        """out = the sum over axes: of the numbers, and of the masks."""
        return partial(np.add.reduce, array, axis=axes, out=out)
