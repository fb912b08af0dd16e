"""Functions of one number, each with its derivative and what people write in the place of it.

A derivative is a formula of x, y = f(x) and a parameter a, also in words; so is each slip.
"""

from collections.abc import Callable, Iterator
from math import erf, pi, sqrt
from typing import NamedTuple

import numpy as np

from .core import Array

Slope = Callable[[Array, Array, float], Array]  # of x, y and a
Slip = tuple[str, Slope]  # in words, and as a formula
LEAST, MOST = 1e-3, 1e3  # between which a parameter is looked for
HALVINGS = 60


class Function(NamedTuple):
    """A row: y = f(x, a), its derivative and that in words, slips in it, and what a is called."""

    name: str
    f: Callable[[Array, float], Array]
    slope: Slope
    line: str
    slips: tuple[Slip, ...] = ()
    parameter: str = ""
    usual: float = 1.0


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * (1 + np.tanh(x / 2))


def normal(x: Array) -> Array:
    """Φ(x), the distribution function of the normal distribution."""
    return np.asarray(0.5 * (1 + np.vectorize(erf, otypes=[float])(x / sqrt(2))))


def density(x: Array) -> Array:
    """φ(x), the density of the normal distribution."""
    return np.exp(-x * x / 2) / sqrt(2 * pi)


def softplus(x: Array) -> Array:
    """log(1 + _exp(x)), without overflow."""
    return np.logaddexp(0, x)


def below(x: Array, otherwise: float | Array, formula: float | Array) -> Array:
    """A formula where x is not above 0, otherwise something else."""
    return np.where(x > 0, otherwise, formula)


def _exp(x: Array) -> Array:
    """exp(x) where x is below 0; 1 above, where nothing asks for it."""
    return np.exp(np.minimum(x, 0))


LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772  # of SELU
SCALE, CUBIC = sqrt(2 / pi), 0.044715  # of GELU's approximation


def _gelu(x: Array) -> Array:
    """The tanh in GELU's approximation."""
    return np.tanh(SCALE * (x + CUBIC * x**3))


def _gelu_slope(x: Array, inner: Array | float) -> Array:
    """GELU's approximate derivative, from that of what is inside of the tanh."""
    t = _gelu(x)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner


def _mish(x: Array) -> Array:
    return np.tanh(softplus(x))


def _inside(x: Array, low: float, high: float) -> Array:
    return np.asarray(((x > low) & (x < high)) * 1.0)


def _hard_sigmoid(name: str, rate: float, width: float, word: str) -> Function:
    return Function(
        name, lambda x, _: np.clip(rate * x + 0.5, 0, 1),
        lambda x, *_: rate * _inside(x, -width, width), f"{word}·[|x| < {width:g}]",
        (
            (f"{word}, also where y is 0 or 1", lambda x, *_: np.full_like(x, rate)),
            (f"[|x| < {width:g}], without {word}", lambda x, *_: _inside(x, -width, width)),
            (f"{word}·[x > −{width:g}]", lambda x, *_: rate * (x > -width)),
        ),
    )  # fmt: skip


RELU = Function(
    "relu", lambda x, _: np.maximum(x, 0), lambda x, *_: below(x, 1.0, 0.0), "[x > 0]",
    (("−[x < 0]", lambda x, *_: below(x, 0.0, -1.0)),),
)  # fmt: skip
LEAKY_RELU = Function(
    "leaky relu", lambda x, a: below(x, x, a * x), lambda x, _, a: below(x, 1.0, a),
    "1 where x > 0, else the slope", parameter="slope", usual=0.01,
)  # fmt: skip
SIGMOID = Function("sigmoid", lambda x, _: sigmoid(x), lambda _, y, *__: y * (1 - y), "y·(1 − y)")
TANH = Function("tanh", lambda x, _: np.tanh(x), lambda _, y, *__: 1 - y * y, "1 − y²")
ELU = Function(
    "elu", lambda x, a: below(x, x, a * (_exp(x) - 1)), lambda x, _, a: below(x, 1.0, a * _exp(x)),
    "1 where x > 0, else α·exp(x)",
    (
        ("1 where x > 0, else y + 1", lambda x, y, _: below(x, 1.0, y + 1)),
        ("1 where x > 0, else y − α", lambda x, y, a: below(x, 1.0, y - a)),
        ("α·exp(x) everywhere", lambda x, _, a: a * np.exp(x)),
        ("y + α everywhere", lambda _, y, a: y + a),
    ), "α",
)  # fmt: skip
SOFTPLUS = Function(
    "softplus", lambda x, b: softplus(b * x) / b, lambda x, _, b: sigmoid(b * x), "σ(βx)",
    (
        ("β·σ(βx)", lambda x, _, b: b * sigmoid(b * x)),
        ("σ(βx)/β", lambda x, _, b: sigmoid(b * x) / b),
        ("exp(βx)", lambda x, _, b: np.exp(b * x)),
        ("1/(1 + exp(βx))", lambda x, _, b: sigmoid(-b * x)),
    ), "β",
)  # fmt: skip
SWISH = Function(
    "swish", lambda x, b: x * sigmoid(b * x),
    lambda x, y, b: sigmoid(b * x) + b * y * (1 - sigmoid(b * x)), "σ(βx) + β·y·(1 − σ(βx))",
    (
        ("σ(βx) + x·(1 − σ(βx))", lambda x, _, b: sigmoid(b * x) + x * (1 - sigmoid(b * x))),
        ("σ(βx)·(1 + x)·(1 − σ(βx))",
         lambda x, _, b: sigmoid(b * x) * (1 + x) * (1 - sigmoid(b * x))),
        ("σ(βx) + y·(1 − y)", lambda x, y, b: sigmoid(b * x) + y * (1 - y)),
        ("σ(βx) + y·(1 − σ(βx))", lambda x, y, b: sigmoid(b * x) + y * (1 - sigmoid(b * x))),
        ("σ(βx) − β·y·(1 − σ(βx))", lambda x, y, b: sigmoid(b * x) - b * y * (1 - sigmoid(b * x))),
        ("σ(βx) + σ(βx)·(1 − σ(βx))",
         lambda x, _, b: sigmoid(b * x) + sigmoid(b * x) * (1 - sigmoid(b * x))),
        ("σ(βx)", lambda x, _, b: sigmoid(b * x)),
        ("β·y·(1 − σ(βx))", lambda x, y, b: b * y * (1 - sigmoid(b * x))),
    ), "β",
)  # fmt: skip
GELU = Function(
    "gelu", lambda x, _: x * normal(x), lambda x, *_: normal(x) + x * density(x),
    "Φ(x) + x·φ(x)",
    (
        ("φ(x)", lambda x, *_: density(x)),
        ("Φ(x) + φ(x)", lambda x, *_: normal(x) + density(x)),
        ("Φ(x) − x·φ(x)", lambda x, *_: normal(x) - x * density(x)),
        ("x·φ(x)", lambda x, *_: x * density(x)),
    ),
)  # fmt: skip
TANH_GELU = Function(
    "gelu with tanh", lambda x, _: 0.5 * x * (1 + _gelu(x)),
    lambda x, *_: _gelu_slope(x, SCALE * (1 + 3 * CUBIC * x * x)),
    "½(1 + t) + ½x·(1 − t²)·√(2/π)·(1 + 3·0.044715x²) with t the tanh",
    (
        ("½(1 + t)", lambda x, *_: _gelu_slope(x, 0.0)),
        ("½(1 + t) + ½x·(1 − t²)", lambda x, *_: _gelu_slope(x, 1.0)),
        ("½(1 + t) + ½x·(1 − t²)·√(2/π)", lambda x, *_: _gelu_slope(x, SCALE)),
        ("½(1 + t) + ½x·(1 − t²)·(1 + 3·0.044715x²)",
         lambda x, *_: _gelu_slope(x, 1 + 3 * CUBIC * x * x)),
        ("½(1 + t) + ½x·(1 − t²)·√(2/π)·(1 + 0.044715x²)",
         lambda x, *_: _gelu_slope(x, SCALE * (1 + CUBIC * x * x))),
    ),
)  # fmt: skip
CELU = Function(
    "celu", lambda x, a: below(x, x, a * (_exp(x / a) - 1)),
    lambda x, _, a: below(x, 1.0, _exp(x / a)), "1 where x > 0, else exp(x/α)",
    (
        ("1 where x > 0, else α·exp(x/α)", lambda x, _, a: below(x, 1.0, a * _exp(x / a))),
        ("1 where x > 0, else exp(x/α)/α", lambda x, _, a: below(x, 1.0, _exp(x / a) / a)),
        ("1 where x > 0, else α·exp(x)", lambda x, _, a: below(x, 1.0, a * _exp(x))),
        ("1 where x > 0, else y + 1", lambda x, y, _: below(x, 1.0, y + 1)),
    ), "α",
)  # fmt: skip
SELU = Function(
    "selu", lambda x, _: LAMBDA * below(x, x, ALPHA * (_exp(x) - 1)),
    lambda x, *_: LAMBDA * below(x, 1.0, ALPHA * _exp(x)), "λ where x > 0, else λα·exp(x)",
    (
        ("1 where x > 0, else λα·exp(x)", lambda x, *_: below(x, 1.0, LAMBDA * ALPHA * _exp(x))),
        ("λ where x > 0, else α·exp(x)", lambda x, *_: below(x, LAMBDA, ALPHA * _exp(x))),
        ("λ where x > 0, else λ·exp(x)", lambda x, *_: LAMBDA * below(x, 1.0, _exp(x))),
        ("λ where x > 0, else exp(x)", lambda x, *_: below(x, LAMBDA, _exp(x))),
        ("λ where x > 0, else y", lambda x, y, _: below(x, LAMBDA, y)),
        ("λ where x > 0, else y + α", lambda x, y, _: below(x, LAMBDA, y + ALPHA)),
        ("1 where x > 0, else α·exp(x)", lambda x, *_: below(x, 1.0, ALPHA * _exp(x))),
    ),
)  # fmt: skip
MISH = Function(
    "mish", lambda x, _: x * _mish(x),
    lambda x, *_: _mish(x) + x * sigmoid(x) * (1 - _mish(x) ** 2),
    "t + x·σ(x)·(1 − t²) with t = tanh(softplus(x))",
    (
        ("t", lambda x, *_: _mish(x)),
        ("x·σ(x)·(1 − t²)", lambda x, *_: x * sigmoid(x) * (1 - _mish(x) ** 2)),
        ("t + x·(1 − t²)", lambda x, *_: _mish(x) + x * (1 - _mish(x) ** 2)),
        ("t + x·σ(x)·(1 − t)", lambda x, *_: _mish(x) + x * sigmoid(x) * (1 - _mish(x))),
        ("t + σ(x)·(1 − t²)", lambda x, *_: _mish(x) + sigmoid(x) * (1 - _mish(x) ** 2)),
    ),
)  # fmt: skip
SOFTSIGN = Function(
    "softsign", lambda x, _: x / (1 + np.abs(x)), lambda x, *_: (1 + np.abs(x)) ** -2.0,
    "1/(1 + |x|)²",
    (
        ("1/(1 + |x|)", lambda x, *_: 1 / (1 + np.abs(x))),
        ("1/(1 + x)²", lambda x, *_: 1 / (1 + x) ** 2),
        ("1/(1 + x²)", lambda x, *_: 1 / (1 + x * x)),
        ("sign(x)/(1 + |x|)²", lambda x, *_: np.sign(x) / (1 + np.abs(x)) ** 2),
    ),
)  # fmt: skip
LOG_SIGMOID = Function(
    "log sigmoid", lambda x, _: -softplus(-x), lambda x, *_: sigmoid(-x), "1 − σ(x)",
    (
        ("1 − y", lambda _, y, *__: 1 - y),
        ("1/σ(x)", lambda x, *_: 1 / sigmoid(x)),
        ("σ(x)", lambda x, *_: sigmoid(x)),
    ),
)  # fmt: skip
HARD_SWISH = Function(
    "hard swish", lambda x, _: x * np.clip(x + 3, 0, 6) / 6,
    lambda x, *_: _inside(x, -3, 3) * (2 * x + 3) / 6 + (x >= 3),
    "(2x + 3)/6 where |x| < 3, 1 above, 0 below",
    (
        ("(2x + 3)/6 everywhere", lambda x, *_: (2 * x + 3) / 6),
        ("(2x + 3)/6 where |x| < 3, else 0", lambda x, *_: _inside(x, -3, 3) * (2 * x + 3) / 6),
        ("clip(x + 3, 0, 6)/6", lambda x, *_: np.clip(x + 3, 0, 6) / 6),
        ("x/6 where |x| < 3", lambda x, *_: _inside(x, -3, 3) * x / 6),
    ),
)  # fmt: skip
FUNCTIONS = (
    RELU, SIGMOID, TANH, LEAKY_RELU, SOFTPLUS, ELU, SWISH, GELU, TANH_GELU, CELU, SELU, MISH,
    SOFTSIGN, LOG_SIGMOID, HARD_SWISH,
    _hard_sigmoid("hard sigmoid", 1 / 6, 3.0, "1/6"),
    _hard_sigmoid("hard sigmoid of slope 0.2", 0.2, 2.5, "0.2"),
    Function("relu6", lambda x, _: np.clip(x, 0, 6), lambda x, *_: _inside(x, 0, 6),
             "[0 < x < 6]"),
    Function("hard tanh", lambda x, _: np.clip(x, -1, 1), lambda x, *_: _inside(x, -1, 1),
             "[|x| < 1]"),
    Function("|x|", lambda x, _: np.abs(x), lambda x, *_: np.sign(x), "sign(x)"),
    Function("exp", lambda x, _: np.exp(x), lambda x, *_: np.exp(x), "exp(x)"),
    Function("log", lambda x, _: np.log(x), lambda x, *_: 1 / x, "1/x"),
    Function("√x", lambda x, _: np.sqrt(x), lambda x, *_: 0.5 / np.sqrt(x), "1/(2√x)"),
    Function("x²", lambda x, _: x * x, lambda x, *_: 2 * x, "2x"),
    Function("x³", lambda x, _: x**3, lambda x, *_: 3 * x * x, "3x²"),
    Function("1/x", lambda x, _: 1 / x, lambda x, *_: -1 / (x * x), "−1/x²"),
    Function("sin", lambda x, _: np.sin(x), lambda x, *_: np.cos(x), "cos(x)"),
    Function("cos", lambda x, _: np.cos(x), lambda x, *_: -np.sin(x), "−sin(x)"),
    Function("arctan", lambda x, _: np.arctan(x), lambda x, *_: 1 / (1 + x * x), "1/(1 + x²)"),
    Function("exp(−x²)", lambda x, _: np.exp(-x * x), lambda x, *_: -2 * x * np.exp(-x * x),
             "−2x·y"),
)  # fmt: skip


def recognised(x: Array, y: Array, tolerance: float) -> Iterator[tuple[Function, float]]:
    """The functions with y = f(x) at every entry, with their parameters; none of x itself."""
    if np.array_equal(x, y):
        return
    with np.errstate(all="ignore"):
        for function in FUNCTIONS:
            a = parameter(function, x, y)
            if np.allclose(function.f(x, a), y, rtol=tolerance, atol=tolerance * np.abs(y).max()):
                yield function, a


def parameter(function: Function, x: Array, y: Array) -> float:
    """The parameter with which f has the value y at the least x, or at the largest."""
    if not function.parameter:
        return function.usual
    for at in (x.argmin(), x.argmax()):
        found = _solved(function, x.flat[at], y.flat[at])
        if found is not None:
            return found
    return function.usual


def _solved(function: Function, x: float, y: float) -> float | None:
    """Where log a is halved between values of f that lie on both sides of y."""
    logs = np.linspace(np.log(LEAST), np.log(MOST), 25)
    off = np.array([float(function.f(np.array(x), np.exp(a))) - y for a in logs])
    change = np.flatnonzero(np.diff(np.sign(off)))
    if not len(change) or not np.isfinite(off).all():
        return None
    low, high = logs[change[0]], logs[change[0] + 1]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        side = float(function.f(np.array(x), np.exp(middle))) - y
        low, high = (middle, high) if np.sign(side) == np.sign(off[change[0]]) else (low, middle)
    return float(np.exp((low + high) / 2))
