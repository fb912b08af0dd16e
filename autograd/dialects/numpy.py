"""NumPy: how each primitive is spelled on arrays, writing into arrays that are there already."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..primitives import PRIMITIVES, Primitive
from .elementary import erf_polynomials

Call = Callable[[], Any]

SIMPLE = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.absolute,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "greater": np.greater,
    "at_least": np.greater_equal,
    "stop": np.positive,
}
POWERS = {1.0: np.positive, 2.0: np.square, -1.0: np.reciprocal}


def calls(op: Primitive, out: Any, *x: Any) -> list[Call]:
    """What computes a row of the table, of arrays and numbers, into `out`, which may be one of x.

    A row of one's own is computed as it is written: rows serve arrays as well as floats.
    """
    if PRIMITIVES.get(op.name) is not op:
        return [lambda: _copy(out, op.forward(*x))]
    if op.name in SIMPLE:
        return [partial(SIMPLE[op.name], *x, out=out)]
    return _COMPOSED[op.name](out, *x)


def is_number(x: Any) -> bool:
    """A number that is known now; an array without axes may change."""
    return not isinstance(x, np.ndarray)


def _pow(out: Any, x: Any, n: Any) -> list[Call]:
    if is_number(n) and float(n) in POWERS:
        return [partial(POWERS[float(n)], x, out=out)]
    if is_number(n) and float(n) == 0.5:  # a power, not a root: they differ at -inf and -0
        return [lambda: _copy(out, np.where(np.equal(x, -np.inf), np.inf, np.sqrt(x + 0)))]
    return [partial(np.power, x, n, out=out)]


def _leaky_relu(out: Any, x: Any, slope: Any) -> list[Call]:
    if is_number(slope) and 0 < slope <= 1:
        return [lambda: np.maximum(x, x * slope, out=out)]
    return [lambda: _copy(out, np.where(np.greater(x, 0), x, np.multiply(x, slope)))]


def _sigmoid(out: Any, x: Any) -> list[Call]:
    return [
        partial(np.negative, x, out=out),
        partial(np.exp, out, out=out),
        partial(np.add, out, out.dtype.type(1), out=out),
        partial(np.reciprocal, out, out=out),
    ]


def _erf(out: Any, x: Any) -> list[Call]:
    p, g, end = erf_polynomials(out.dtype.name)
    size = 8192  # of a chunk that stays in the processor's cache

    def compute() -> None:
        access: Any = [["readonly"], ["writeonly"]]
        with np.nditer([x, out], ["external_loop", "buffered"], access, buffersize=size) as chunks:
            for x_chunk, y in chunks:
                a = np.abs(x_chunk)
                near, far = np.minimum(a, 1), np.minimum(a, end)
                below = near + near * _polynomial(p, near * near)
                above = 1 - np.exp(-_polynomial(g, far))
                np.copysign(np.where(a < 1, below, above), x_chunk, out=y)

    return [compute]


def _polynomial(coefficients: list[float], x: Any) -> Any:
    """c[0]·x^(n-1) + ... + c[n-1], by Horner's rule."""
    y = x * coefficients[0]
    for c in coefficients[1:-1]:
        y += c
        y *= x
    return y + coefficients[-1]


def _equal(out: Any, a: Any, b: Any) -> list[Call]:
    return [lambda: np.copyto(out, (a == b) | ((a != a) & (b != b)))]


def _where(out: Any, condition: Any, a: Any, b: Any) -> list[Call]:
    return [lambda: _copy(out, np.where(condition, a, b))]


def _copy(out: Any, x: Any) -> None:
    np.copyto(out, x, casting="same_kind")


_COMPOSED: dict[str, Callable[..., list[Call]]] = {
    # of 0 and -0 NumPy takes the second operand, and the first of a tie is meant
    "maximum": lambda out, a, b: [partial(np.maximum, b, a, out=out)],
    "minimum": lambda out, a, b: [partial(np.minimum, b, a, out=out)],
    "pow": _pow,
    "relu": lambda out, x: [partial(np.maximum, x, out.dtype.type(0), out=out)],
    "leaky_relu": _leaky_relu,
    "sigmoid": _sigmoid,
    "softplus": lambda out, x: [partial(np.logaddexp, x, out.dtype.type(0), out=out)],
    "erf": _erf,
    "equal": _equal,
    "where": _where,
}
