"""Derivatives of activations as people write them wrong, in plain loops: each is told by its name.

Nothing here knows of the catalogue: a formula of one entry, written from the mistake's words.
"""

from math import copysign, erf, exp, expm1, log1p, pi, sqrt, tanh

import pytest
from mutant_cases import numbers
from told import apart, each, told

SLOPE = 0.3
X = apart(4, 5)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def phi(x):
    """Φ(x)."""
    return (1 + erf(x / sqrt(2))) / 2


def density(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


ACTIVATIONS = {
    "relu": lambda x: max(x, 0.0),
    "leaky relu": lambda x: x if x > 0 else SLOPE * x,
    "elu": lambda x: x if x > 0 else SLOPE * expm1(x),
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softplus": lambda x: log1p(exp(x)),
    "swish": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * phi(x),
}
WRONG = {  # dX of one entry, from the upstream gradient g, x and y
    "relu": {
        "derivative-forgotten": lambda g, x, y: g,
        "f-for-derivative": lambda g, x, y: g * y,
        "x-for-derivative": lambda g, x, y: g * x,
        "mask-of-gradient": lambda g, x, y: g if g > 0 else 0.0,
        "mask-reversed": lambda g, x, y: g if x < 0 else 0.0,
        "sign-for-mask": lambda g, x, y: copysign(g, g * x),
        "leaky": lambda g, x, y: g if x > 0 else 0.01 * g,
        "value-for-gradient": lambda g, x, y: y,
        "passes-below-one": lambda g, x, y: g if x > 1 else 0.0,
    },
    "leaky relu": {
        "slope-squared": lambda g, x, y: g if x > 0 else g * SLOPE * SLOPE,
        "slope-on-wrong-side": lambda g, x, y: g * SLOPE if x > 0 else g,
        "slope-everywhere": lambda g, x, y: g * SLOPE,
        "slope-for-gradient": lambda g, x, y: g if x > 0 else SLOPE,
        "slope-negative": lambda g, x, y: g if x > 0 else -SLOPE * g,
        "mask-of-gradient": lambda g, x, y: g if g > 0 else SLOPE * g,
    },
    "elu": {
        "applied-to-gradient": lambda g, x, y: g if g > 0 else SLOPE * expm1(g),
        "f-below-zero": lambda g, x, y: g if x > 0 else g * y,
    },
    "sigmoid": {
        "derivative-forgotten": lambda g, x, y: g,
        "f-for-derivative": lambda g, x, y: g * y,
        "x-for-derivative": lambda g, x, y: g * x,
        "applied-to-gradient": lambda g, x, y: sigmoid(g),
        "derivative-at-output": lambda g, x, y: g * sigmoid(y) * (1 - sigmoid(y)),
        "derivative-of-gradient": lambda g, x, y: sigmoid(g) * (1 - sigmoid(g)),
        "derivative-at-gradient": lambda g, x, y: g * sigmoid(g) * (1 - sigmoid(g)),
        "derivative-twice": lambda g, x, y: g * y * (1 - y) * y * (1 - y),
        "output-formula-at-input": lambda g, x, y: g * x * (1 - x),
        "one-minus-y": lambda g, x, y: g * (1 - y),
        "one-minus-y-squared": lambda g, x, y: g * (1 - y**2),
        "y-squared": lambda g, x, y: g * y**2,
        "bracket-missing": lambda g, x, y: g * y * 1 - y,
    },
    "tanh": {
        "derivative-forgotten": lambda g, x, y: g,
        "f-for-derivative": lambda g, x, y: g * y,
        "x-for-derivative": lambda g, x, y: g * x,
        "applied-to-gradient": lambda g, x, y: tanh(g),
        "derivative-at-output": lambda g, x, y: g * (1 - tanh(y) ** 2),
        "derivative-of-gradient": lambda g, x, y: 1 - tanh(g) ** 2,
        "derivative-at-gradient": lambda g, x, y: g * (1 - tanh(g) ** 2),
        "derivative-twice": lambda g, x, y: g * (1 - y**2) ** 2,
        "output-formula-at-input": lambda g, x, y: g * (1 - x**2),
        "square-forgotten": lambda g, x, y: g * (1 - y),
        "square-of-all": lambda g, x, y: g * (1 - y) ** 2,
        "plus": lambda g, x, y: g * (1 + y**2),
        "sigmoid-formula": lambda g, x, y: g * y * (1 - y),
        "bracket-missing": lambda g, x, y: g * 1 - y**2,
    },
    "softplus": {
        "applied-to-gradient": lambda g, x, y: log1p(exp(g)),
        "derivative-at-output": lambda g, x, y: g * sigmoid(y),
        "derivative-of-gradient": lambda g, x, y: sigmoid(g),
        "derivative-at-gradient": lambda g, x, y: g * sigmoid(g),
        "derivative-twice": lambda g, x, y: g * sigmoid(x) ** 2,
    },
    "swish": {
        "applied-to-gradient": lambda g, x, y: g * sigmoid(g),
        "product-rule-forgotten": lambda g, x, y: g * sigmoid(x),
        "first-factor-forgotten": lambda g, x, y: g * x * sigmoid(x) * (1 - sigmoid(x)),
    },
    "gelu": {
        "applied-to-gradient": lambda g, x, y: g * phi(g),
        "product-rule-forgotten": lambda g, x, y: g * phi(x),
        "density-not-scaled": lambda g, x, y: g * (phi(x) + x * density(x) * sqrt(2 * pi)),
    },
}


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in WRONG.items() for n in names])
def test_a_wrong_derivative_is_told_by_its_name(kind, name):
    f, formula = ACTIVATIONS[kind], WRONG[kind][name]

    def wrong(g, x):
        return each(lambda g, x: formula(g, x, f(x)), g, x)

    assert told(lambda x: each(f, x), {"x": X}, wrong, "x") == [name]


@pytest.mark.parametrize("kind", ["relu", "sigmoid", "tanh"])
def test_a_wrong_derivative_inside_of_a_dense_layer_is_told_with_the_activation(kind):
    f, shapes = ACTIVATIONS[kind], {"x": (4, 3), "w": (3, 2), "b": (2,)}
    inputs = {name: numbers(n, *shape) for n, (name, shape) in enumerate(shapes.items())}
    for name, formula in WRONG[kind].items():

        def wrong(g, x, w, b, formula=formula):
            dz = each(lambda g, z: formula(g, z, f(z)), g, x @ w + b)
            return x.T @ dz

        found = told(lambda x, w, b: each(f, x @ w + b), inputs, wrong, "w")
        assert found == [f"{kind}: {name}"]
