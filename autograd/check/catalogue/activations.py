"""Activations: each its equation, its derivative, and the derivatives that people write for it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import functions
from .changes import instead, one, squared, the, the_output, the_upstream
from .core import Array, Arrays, Axes, Change, Given, Mistake, Operation, Options, Step
from .functions import Function, normal, parameter, sigmoid


def derivative(formula: Callable[[Array, Array], Any]) -> Change:
    """Another derivative: a formula of x and y."""
    return instead(lambda given: formula(given["x"], given.y))


def _dx(formula: Callable[[Array, Array], Array]) -> Change:
    """Another gradient: a formula of the upstream gradient and y."""
    return instead(lambda given: formula(given.g, given.y))


def of_the_upstream(_: Array, given: Given) -> Array:
    """f(dY)."""
    return given.forward({"x": given.g}, given.options)


def _for_derivative(name: str) -> tuple[Mistake, ...]:
    """What stands in the place of a derivative."""
    return (
        Mistake("derivative-forgotten", "dx.slope", f"{name} is not multiplied in", one),
        Mistake("f-for-derivative", "dx.slope",
                f"f(x) stands where {name} belongs", the_output),
        Mistake("x-for-derivative", "dx.slope",
                f"x stands where {name} belongs", the("x")),
    )  # fmt: skip


def _applied(name: str) -> Mistake:
    return Mistake("applied-to-gradient", "dx",
                   f"f(dY) stands where dY·{name} belongs", of_the_upstream)  # fmt: skip


def _elsewhere(function: Function, name: str) -> tuple[Mistake, ...]:
    """A smooth derivative that is taken in another place."""

    def of_gradient(given: Given) -> Array:
        y = function.f(given.g, function.usual)
        return function.slope(given.g, y, function.usual)

    return (
        Mistake("derivative-at-output", "dx.x",
                f"{name} is taken at the output y, not at x", the_output),
        Mistake("derivative-of-gradient", "dx",
                f"{name} is taken of the upstream gradient",
                instead(of_gradient)),
        Mistake("derivative-at-gradient", "dx.x",
                f"{name} is taken at the upstream gradient, not at x", the_upstream),
        Mistake("derivative-twice", "dx.slope", f"{name} is multiplied in twice", squared),
    )  # fmt: skip


def _activation(function: Function, line: str, mistakes: tuple[Mistake, ...]) -> Operation:
    """An operation of one array, entry by entry."""
    name, measured = function.name, function.parameter and function.name in MEASURED

    def forward(a: Arrays, o: Options) -> Array:
        return function.f(a["x"], o.get("slope", function.usual))

    def backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
        x, slope = step("dx.x", a["x"]), o.get("slope", function.usual)
        y = step("dx.y", function.f(x, slope))
        return {"x": step("dx", g * step("dx.slope", function.slope(x, y, slope)))}

    def readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
        """The shapes agree; slopes below 0 are measured."""
        x = a["x"]
        if x.shape == output.shape and not measured:
            yield {}, {}
        elif x.shape == output.shape and (x < 0).any():
            slope = parameter(function, x, output)
            if slope < 1 - 1e-9 or function.name != "leaky relu":
                yield {}, {"slope": slope}

    return Operation(
        name, ("x",), {"dx": line}, mistakes, forward, backward, readings, describe=_words
    )


MEASURED = ("leaky relu", "elu")


def _words(o: Options) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in o.items())


def _with_slope(formula: Callable[[Array, float], Array]) -> Change:
    """Another derivative: a formula of x and the slope below 0."""
    return instead(lambda given: formula(given["x"], given.options["slope"]))


def slope_for_gradient(_: Array, given: Given) -> Array:
    """The slope itself where x < 0."""
    return np.where(given["x"] > 0, given.g, given.options["slope"])


MASK_OF_GRADIENT = Mistake(
    "mask-of-gradient", "dx.x", "the mask is taken of the upstream gradient, not of x", the_upstream
)
RELU = _activation(
    functions.RELU, "dX = dY · [x > 0]",
    (
        *_for_derivative("[x > 0]"),
        MASK_OF_GRADIENT,
        Mistake("mask-reversed", "dx.slope",
                "the gradient passes where x < 0, not where x > 0", derivative(lambda x, _: x < 0)),
        Mistake("sign-for-mask", "dx.slope",
                "sign(x) stands where [x > 0] belongs", derivative(lambda x, _: np.sign(x))),
        Mistake("leaky", "dx.slope",
                "the gradient leaks where x < 0, as in a leaky relu with slope 0.01",
                derivative(lambda x, _: np.where(x > 0, 1, 0.01))),
        Mistake("value-for-gradient", "dx",
                "the output is handed back, not the gradient", the_output),
        Mistake("passes-below-one", "dx.slope",
                "the mask is x > 1, not x > 0", derivative(lambda x, _: x > 1)),
    ),
)  # fmt: skip
LEAKY_RELU = _activation(
    functions.LEAKY_RELU, "dX = dY · (1 where x > 0, else the slope)",
    (
        Mistake("slope-squared", "dx.slope",
                "the slope is multiplied in twice where x < 0", squared),
        Mistake("slope-on-wrong-side", "dx.slope", "the slope is multiplied in where x > 0",
                _with_slope(lambda x, slope: np.where(x > 0, slope, 1))),
        Mistake("slope-everywhere", "dx.slope", "the slope is multiplied in everywhere",
                _with_slope(lambda x, slope: np.full_like(x, slope))),
        Mistake("slope-for-gradient", "dx",
                "where x < 0 the slope alone is handed back, without dY", slope_for_gradient),
        Mistake("slope-negative", "dx.slope", "the slope has the wrong sign where x < 0",
                _with_slope(lambda x, slope: np.where(x > 0, 1, -slope))),
        MASK_OF_GRADIENT,
    ),
)  # fmt: skip
ELU = _activation(
    functions.ELU, "dX = dY · (1 where x > 0, else a·exp(x))",
    (
        _applied("f′(x)"),
        Mistake("f-below-zero", "dx.slope", "f(x) stands where f(x) + a belongs, for x < 0",
                derivative(lambda x, y: np.where(x > 0, 1, y))),
    ),
)  # fmt: skip
SIGMOID = _activation(
    functions.SIGMOID, "dX = dY · y·(1 − y), with y = σ(x)",
    (
        *_for_derivative("σ′(x)"),
        _applied("σ′(x)"),
        *_elsewhere(functions.SIGMOID, "σ′"),
        Mistake("output-formula-at-input", "dx.y",
                "x·(1 − x) stands where y·(1 − y) belongs", the("x")),
        Mistake("one-minus-y", "dx.slope",
                "1 − y stands where y·(1 − y) belongs", derivative(lambda _, y: 1 - y)),
        Mistake("one-minus-y-squared", "dx.slope",
                "1 − y² stands where y·(1 − y) belongs", derivative(lambda _, y: 1 - y * y)),
        Mistake("y-squared", "dx.slope",
                "y² stands where y·(1 − y) belongs", derivative(lambda _, y: y * y)),
        Mistake("bracket-missing", "dx",
                "dY·y·1 − y is written without the bracket", _dx(lambda g, y: g * y - y)),
    ),
)  # fmt: skip
TANH = _activation(
    functions.TANH, "dX = dY · (1 − y²), with y = tanh(x)",
    (
        *_for_derivative("tanh′(x)"),
        _applied("tanh′(x)"),
        *_elsewhere(functions.TANH, "tanh′"),
        Mistake("output-formula-at-input", "dx.y",
                "1 − x² stands where 1 − y² belongs", the("x")),
        Mistake("square-forgotten", "dx.slope",
                "1 − y stands where 1 − y² belongs", derivative(lambda _, y: 1 - y)),
        Mistake("square-of-all", "dx.slope",
                "(1 − y)² stands where 1 − y² belongs", derivative(lambda _, y: (1 - y) ** 2)),
        Mistake("plus", "dx.slope",
                "1 + y² stands where 1 − y² belongs", derivative(lambda _, y: 1 + y * y)),
        Mistake("sigmoid-formula", "dx.slope",
                "y·(1 − y), the sigmoid's derivative, stands for 1 − y²",
                derivative(lambda _, y: y * (1 - y))),
        Mistake("bracket-missing", "dx",
                "dY·1 − y² is written without the bracket", _dx(lambda g, y: g - y * y)),
    ),
)  # fmt: skip
SOFTPLUS = _activation(
    functions.SOFTPLUS, "dX = dY · σ(x)",
    (_applied("σ(x)"), *_elsewhere(functions.SOFTPLUS, "σ")),
)  # fmt: skip
SWISH = _activation(
    functions.SWISH, "dX = dY · (y + σ(x)·(1 − y)), with y = x·σ(x)",
    (
        _applied("f′(x)"),
        Mistake("product-rule-forgotten", "dx.slope",
                "the term y·(1 − σ(x)) of the product rule is missing",
                derivative(lambda x, _: sigmoid(x))),
        Mistake("first-factor-forgotten", "dx.slope",
                "the term σ(x) of the product rule is missing",
                derivative(lambda x, y: y * (1 - sigmoid(x)))),
    ),
)  # fmt: skip
GELU = _activation(
    functions.GELU, "dX = dY · (Φ(x) + x·φ(x))",
    (
        _applied("f′(x)"),
        Mistake("product-rule-forgotten", "dx.slope",
                "the term x·φ(x) of the product rule is missing",
                derivative(lambda x, _: normal(x))),
        Mistake("density-not-scaled", "dx.slope", "φ(x) lacks its factor 1/√(2π)",
                derivative(lambda x, _: normal(x) + x * np.exp(-x * x / 2))),
    ),
)  # fmt: skip
ACTIVATIONS = (RELU, LEAKY_RELU, SIGMOID, TANH, ELU, SOFTPLUS, SWISH, GELU)
