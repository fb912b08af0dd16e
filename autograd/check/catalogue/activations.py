"""Activations: each a row of its equation, its derivative and the derivatives that people write."""

from collections.abc import Callable, Iterator
from functools import partial
from math import erf, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from .core import Array, Arrays, Axes, Mistake, Operation, Options, Switches, shared, table

Formula = Callable[..., Array]  # of x, y, the upstream gradient g and the activation k itself


class Wrong(NamedTuple):
    """A derivative that people write: what is wrong with it, and dX."""

    name: str
    remark: str
    dx: Formula


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * (1 + np.tanh(x / 2))


def normal(x: Array) -> Array:
    """Φ(x), the distribution function of the normal distribution."""
    return 0.5 * (1 + np.vectorize(erf, otypes=[float])(x / sqrt(2)))


def _always(derivative: str) -> list[Wrong]:
    """Mistakes that every activation can have."""
    return [
        Wrong("derivative-forgotten", f"{derivative} is not multiplied in", lambda x, y, g, k: g),
        Wrong("f-for-derivative", f"f(x) stands where {derivative} belongs",
              lambda x, y, g, k: g * y),
        Wrong("x-for-derivative", f"x stands where {derivative} belongs",
              lambda x, y, g, k: g * x),
        Wrong("applied-to-gradient", f"f(dY) stands where dY·{derivative} belongs",
              lambda x, y, g, k: k(g)),
    ]  # fmt: skip


def _after(slope: Formula, derivative: str) -> list[Wrong]:
    """Mistakes in the place where a smooth derivative is taken."""
    return [
        Wrong("derivative-at-output", f"{derivative} is taken at the output y, not at x",
              lambda x, y, g, k: g * slope(y, k(y))),
        Wrong("derivative-of-gradient", f"{derivative} is taken of the upstream gradient",
              lambda x, y, g, k: slope(g, k(g))),
        Wrong("derivative-at-gradient", f"{derivative} is taken at the upstream gradient, not at x",
              lambda x, y, g, k: g * slope(g, k(g))),
        Wrong("derivative-twice", f"{derivative} is multiplied in twice",
              lambda x, y, g, k: g * slope(x, y) ** 2),
    ]  # fmt: skip


def _activation(
    name: str, algebra: str, f: Formula, slope: Formula, wrongs: list[Wrong]
) -> Operation:
    """An operation of one array, entry by entry."""
    formulas = {w.name: w.dx for w in wrongs}
    rows = table(*(("x", w.name, w.remark, algebra) for w in wrongs)) + shared("x", algebra)

    def backward(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
        x, y = a["x"], f(a["x"], **o)
        right = g * slope(x, y, **o)
        chosen = [formula for name, formula in formulas.items() if name in on]
        for formula in chosen:  # of two at once, the second takes the first one's for the upstream
            g = formula(x, y, g, partial(f, **o))
        return {"x": g if chosen else right}

    def forward(a: Arrays, o: Options) -> Array:
        return f(a["x"], **o)

    return Operation(name, ("x",), rows, forward, backward, _readings(name), describe=_words)


def _words(o: Options) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in o.items())


def _readings(name: str) -> Callable[[Arrays, Array], Iterator[tuple[Axes, Options]]]:
    """The shapes agree; slopes below 0 are measured."""

    def readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
        x = a["x"]
        if x.shape != output.shape:
            return
        if name not in MEASURED:
            yield {}, {}
        elif (x < 0).any():
            at = np.unravel_index(x.argmin(), x.shape)
            slope = float(output[at] / MEASURED[name](x[at]))
            if 0 < abs(slope) < (1 if name == "leaky relu" else np.inf):
                yield {}, {"slope": slope}

    return readings


MEASURED: dict[str, Any] = {"leaky relu": lambda x: x, "elu": np.expm1}


def _leaky_slope(x: Array, y: Array, slope: float) -> Array:
    return np.where(x > 0, 1.0, slope)


RELU = _activation(
    "relu", "dX = dY · [x > 0]",
    lambda x: np.maximum(x, 0), lambda x, y: (x > 0) * 1.0,
    [
        *_always("[x > 0]")[:3],
        Wrong("mask-of-gradient", "the mask is taken of the upstream gradient, not of x",
              lambda x, y, g, k: g * (g > 0)),
        Wrong("mask-reversed", "the gradient passes where x < 0, not where x > 0",
              lambda x, y, g, k: g * (x < 0)),
        Wrong("sign-for-mask", "sign(x) stands where [x > 0] belongs",
              lambda x, y, g, k: g * np.sign(x)),
        Wrong("leaky", "the gradient leaks where x < 0, as in a leaky relu with slope 0.01",
              lambda x, y, g, k: g * np.where(x > 0, 1, 0.01)),
        Wrong("value-for-gradient", "the output is handed back, not the gradient",
              lambda x, y, g, k: y),
        Wrong("passes-below-one", "the mask is x > 1, not x > 0", lambda x, y, g, k: g * (x > 1)),
    ],
)  # fmt: skip
LEAKY_RELU = _activation(
    "leaky relu", "dX = dY · (1 where x > 0, else the slope)",
    lambda x, slope: np.where(x > 0, x, slope * x), _leaky_slope,
    [
        *_always("f′(x)")[:3],
        Wrong("slope-forgotten", "nothing passes where x < 0: the slope is forgotten",
              lambda x, y, g, k: g * (x > 0)),
        Wrong("slope-squared", "the slope is multiplied in twice where x < 0",
              lambda x, y, g, k: g * np.where(x > 0, 1, k(-1.0) ** 2)),
        Wrong("slope-on-wrong-side", "the slope is multiplied in where x > 0",
              lambda x, y, g, k: g * np.where(x > 0, -k(-1.0), 1)),
        Wrong("slope-everywhere", "the slope is multiplied in everywhere",
              lambda x, y, g, k: g * -k(-1.0)),
        Wrong("slope-for-gradient", "where x < 0 the slope alone is handed back, without dY",
              lambda x, y, g, k: np.where(x > 0, g, -k(-1.0))),
        Wrong("slope-negative", "the slope has the wrong sign where x < 0",
              lambda x, y, g, k: g * np.where(x > 0, 1, k(-1.0))),
        Wrong("mask-of-gradient", "the mask is taken of the upstream gradient, not of x",
              lambda x, y, g, k: g * np.where(g > 0, 1, -k(-1.0))),
    ],
)  # fmt: skip
ELU = _activation(
    "elu", "dX = dY · (1 where x > 0, else a·exp(x))",
    lambda x, slope: np.where(x > 0, x, slope * np.expm1(np.minimum(x, 0))),
    lambda x, y, slope: np.where(x > 0, 1.0, slope * np.exp(np.minimum(x, 0))),
    [
        *_always("f′(x)"),
        Wrong("f-below-zero", "f(x) stands where f(x) + a belongs, for x < 0",
              lambda x, y, g, k: g * np.where(x > 0, 1, y)),
        Wrong("zero-below-zero", "nothing passes where x < 0", lambda x, y, g, k: g * (x > 0)),
    ],
)  # fmt: skip
SIGMOID = _activation(
    "sigmoid", "dX = dY · y·(1 − y), with y = σ(x)",
    sigmoid, lambda x, y: y * (1 - y),
    [
        *_always("σ′(x)"),
        *_after(lambda x, y: y * (1 - y), "σ′"),
        Wrong("output-formula-at-input", "x·(1 − x) stands where y·(1 − y) belongs",
              lambda x, y, g, k: g * x * (1 - x)),
        Wrong("one-minus-y", "1 − y stands where y·(1 − y) belongs",
              lambda x, y, g, k: g * (1 - y)),
        Wrong("one-minus-y-squared", "1 − y² stands where y·(1 − y) belongs",
              lambda x, y, g, k: g * (1 - y * y)),
        Wrong("y-squared", "y² stands where y·(1 − y) belongs", lambda x, y, g, k: g * y * y),
        Wrong("bracket-missing", "dY·y·1 − y is written without the bracket",
              lambda x, y, g, k: g * y - y),
    ],
)  # fmt: skip
TANH = _activation(
    "tanh", "dX = dY · (1 − y²), with y = tanh(x)",
    np.tanh, lambda x, y: 1 - y * y,
    [
        *_always("tanh′(x)"),
        *_after(lambda x, y: 1 - y * y, "tanh′"),
        Wrong("output-formula-at-input", "1 − x² stands where 1 − y² belongs",
              lambda x, y, g, k: g * (1 - x * x)),
        Wrong("square-forgotten", "1 − y stands where 1 − y² belongs",
              lambda x, y, g, k: g * (1 - y)),
        Wrong("square-of-all", "(1 − y)² stands where 1 − y² belongs",
              lambda x, y, g, k: g * (1 - y) ** 2),
        Wrong("plus", "1 + y² stands where 1 − y² belongs", lambda x, y, g, k: g * (1 + y * y)),
        Wrong("sigmoid-formula", "y·(1 − y), the sigmoid's derivative, stands for 1 − y²",
              lambda x, y, g, k: g * y * (1 - y)),
        Wrong("bracket-missing", "dY·1 − y² is written without the bracket",
              lambda x, y, g, k: g - y * y),
    ],
)  # fmt: skip
SOFTPLUS = _activation(
    "softplus", "dX = dY · σ(x)",
    lambda x: np.logaddexp(0, x), lambda x, y: sigmoid(x),
    [*_always("σ(x)"), *_after(lambda x, y: sigmoid(x), "σ")],
)  # fmt: skip
SWISH = _activation(
    "swish", "dX = dY · (y + σ(x)·(1 − y)), with y = x·σ(x)",
    lambda x: x * sigmoid(x), lambda x, y: y + sigmoid(x) * (1 - y),
    [
        *_always("f′(x)"),
        Wrong("product-rule-forgotten", "the term y·(1 − σ(x)) of the product rule is missing",
              lambda x, y, g, k: g * sigmoid(x)),
        Wrong("first-factor-forgotten", "the term σ(x) of the product rule is missing",
              lambda x, y, g, k: g * y * (1 - sigmoid(x))),
    ],
)  # fmt: skip
GELU = _activation(
    "gelu", "dX = dY · (Φ(x) + x·φ(x))",
    lambda x: x * normal(x), lambda x, y: normal(x) + x * np.exp(-x * x / 2) / sqrt(2 * pi),
    [
        *_always("f′(x)"),
        Wrong("product-rule-forgotten", "the term x·φ(x) of the product rule is missing",
              lambda x, y, g, k: g * normal(x)),
        Wrong("density-not-scaled", "φ(x) lacks its factor 1/√(2π)",
              lambda x, y, g, k: g * (normal(x) + x * np.exp(-x * x / 2))),
    ],
)  # fmt: skip
ACTIVATIONS = (RELU, LEAKY_RELU, SIGMOID, TANH, ELU, SOFTPLUS, SWISH, GELU)


def activated(operation: Operation, activation: Operation) -> Operation:
    """An operation and an activation in one layer: y = f(z), with the mistakes of both."""
    first = activation.name
    later = tuple(
        Mistake(f"{first}: {m.name}", f"in the {first}, {m.remark}", m.algebra.replace("dX", "dZ"),
                frozenset(operation.roles))
        for m in activation.mistakes
        if m not in shared("x", m.algebra)
    )  # fmt: skip

    def forward(a: Arrays, o: Options) -> Array:
        return activation.forward({"x": operation.forward(a, o)}, {})

    def rule(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
        switches = frozenset(name.removeprefix(f"{first}: ") for name in on if first in name)
        z = operation.forward(a, o)
        dz = activation.backward(g, {"x": z}, {}, switches)["x"]
        return operation.rule(dz, a, o, on)

    return Operation(
        f"{operation.name} and {first}", operation.roles, operation.mistakes + later, forward, rule,
        operation.readings, operation.optional, operation.orders, operation.describe,
    )  # fmt: skip
