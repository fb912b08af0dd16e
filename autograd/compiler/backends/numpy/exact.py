"""Adjoints that know whether they were reached.

In eager mode nothing flows into a branch that was not taken, so 0·nan never arises there. Arrays
multiply all entries alike: in where(x > 0, √x, x) at x = -1 the slope of √x is nan, and its adjoint
is 0. That ends in a gradient that is nan; then the reverse pass is run once more, with adjoints
that are complex. Their imaginary part is above 0 where they were reached at all, and what was not
reached is 0 times whatever partial.
"""

from typing import Any

import numpy as np

from .memory import Array


def reached_product(upstream: Array, factor: Any, out: Array) -> None:
    """out = upstream·factor, number by number."""
    reached = upstream.imag > 0
    out.real, out.imag = np.where(reached, upstream.real * factor, 0), reached


def reached_matmul(a: Array, b: Array, out: Array) -> None:
    """out = a @ b, one of them adjoints, in which the terms that were not reached are left out."""
    if b.dtype.kind == "c":
        a, b, out = (np.swapaxes(x, -1, -2) for x in (b, a, out))
    reached, lead = a.imag > 0, tuple(range(b.ndim - 2))
    finite = np.isfinite(a.real).all((*lead, -2)) & np.isfinite(b).all((*lead, -1))
    total = a.real[..., finite] @ b[..., finite, :]
    for k in np.flatnonzero(~finite):
        column, row = a.real[..., :, k, None], b[..., None, k, :]
        total += np.where(reached[..., :, k, None], column * row, 0)
    out.real, out.imag = total, reached.any(axis=-1, keepdims=True)
