"""How an adjoint is multiplied: fast, or with care for what was not taken.

Where an adjoint is 0 because its branch was not taken, nothing flows on, whatever the partial: in
eager mode 0·nan never arises. Arrays multiply all entries alike, so 0·nan and 0·inf may come up.
They end in a gradient that is nan; then the reverse pass is run once more, with care.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .memory import Array
from .ufuncs import Call


def product(a: Array, b: Array, out: Array) -> Call:
    """out = a @ b; one group is a plain matrix product."""
    if len(a) == 1:
        a, b, out = a[0], b[0], out[0]
    return partial(np.matmul, a, b, out=out)


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


class Careful:
    """An adjoint of 0 gives 0, also times nan and inf."""

    @staticmethod
    def times(upstream: Array, factor: Any) -> Callable[[Array], list[Call]]:
        """upstream·factor, 0 where upstream is 0 or the factor is False."""

        def multiply(out: Array) -> None:
            stopped = upstream == 0
            if isinstance(factor, np.ndarray) and factor.dtype.kind == "b":
                stopped = stopped | ~factor
            np.multiply(upstream, factor, out=out)
            np.copyto(out, 0, where=stopped)

        return lambda out: [partial(multiply, out)]

    @staticmethod
    def product(a: Array, b: Array, out: Array, adjoint: int) -> Call:
        """out = a @ b, in which terms with an adjoint of 0 are left out."""

        def multiply() -> None:
            bar, other = (
                (a, b) if adjoint == 0 else (np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2))
            )
            finite = np.isfinite(other)
            total = bar @ np.where(finite, other, 0)
            for k in np.flatnonzero(~finite.all(axis=(*range(finite.ndim - 2), -1))):
                column, row = bar[..., :, k, None], np.where(finite, 0, other)[..., None, k, :]
                total += np.where(column == 0, 0, column * row)
            np.copyto(out, total if adjoint == 0 else np.swapaxes(total, -1, -2))

        return multiply
