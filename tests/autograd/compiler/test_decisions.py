"""A program decides for each sample: branches, kinks, ties, nan, and singular points."""

import math
import random

import numpy as np
import pytest
from oracle import BOTH, assert_agree, batch, check, eagerly, parameter

import nn
from autograd import Tensor, Value, scope, stack, where

pytestmark = pytest.mark.usefixtures("backend")


@pytest.mark.parametrize(
    "decide",
    [
        lambda x, y: where(x > 0, x * y, x - y),
        lambda x, y: where(x < y, x**2, y**3),
        lambda x, y: where(x >= 0.3, 1.0, y),
        lambda x, y: where(x <= y, y, 0.0),
        lambda x, y: where(x < 0.2, x, x * x * y),
        lambda x, y: where(x, x * y, y),
        lambda x, y: where(2.0, x * y, y) + where(0.0, x, x * y),
        lambda x, y: where(x > 0, where(y > 0, x, y), x * y),
        lambda x, y: (x > y) * x + (x <= y) * y * y,
        lambda x, y: x.maximum(y) * y.minimum(0.3) + abs(x).maximum(0.5),
        lambda x, y: (x * y).relu() + (x - y).leaky_relu(0.1) + (x - y).leaky_relu(1.5),
        lambda x, y: (x + y).leaky_relu(y),
        lambda x, y: abs(x).sqrt() * y,
    ],
)
def test_decisions_are_made_for_each_sample(decide):
    w = parameter(2)

    def function(x, y):
        z = decide(w[0] * x, w[1] * y)
        return z, z * 2.0

    check(function, [batch(12), batch(12, seed=7)], [w], BOTH)


def test_where_on_tensors_decides_for_each_entry():
    w = parameter(4)

    def function(x):
        conditions = stack([entry > 0 for entry in (x * w).values])
        y = where(conditions, x * w, w * w)
        return y.sum(), y

    check(function, [batch(6, 4)], [w], BOTH)


@pytest.mark.parametrize(
    "function",
    [
        lambda z: where(z > 100, (z * 0 - 1).sqrt(), z * 2),
        lambda z: where(z > 100, (z * 0).log() * math.inf, z * 2),
        lambda z: where(z < 100, z * 3, 1 / (z * 0)),
        lambda z: (1 / (z * 0)).minimum(z * 4),
        lambda z: (z * 1e200 * 1e200).leaky_relu(0.0).minimum(3.0) * z,
    ],
)
def test_no_nan_leaks_out_of_a_branch_that_was_not_taken(function):
    w = parameter(2)
    check(lambda x: function((w * x).sum()), [batch(5, 2)], [w])


def roots(z):
    """√z where that is a number, else z: nan in the branch that is not taken."""
    conditions = stack([entry > 0 for entry in z.values]).reshape(z.shape)
    return where(conditions, z.sqrt(), z)


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ((4,), "Sequential(Dense(4, 3), roots, Dense(3, 2))"),
        ((2, 4, 4), "Sequential(Conv2D(2, 3, 3, padding=1), roots, MaxPool(2), Conv2D(3, 1, 2))"),
        ((2, 3, 3), "Sequential(roots, Conv2D(2, 2, 2, groups=2), roots, Flatten(), roots)"),
    ],
)
def test_no_nan_leaks_through_layers(shape, layers):
    random.seed(5)
    model = eval(layers, {**vars(nn), "roots": roots})
    scale = parameter(*shape, seed=24)
    parameters = [scale, *[p for k in model.layers if k is not roots for p in k.parameters()]]
    check(lambda x: (model(x * scale) ** 2).sum(), [batch(6, *shape)], parameters, BOTH)


@pytest.mark.parametrize(
    "product",
    [
        lambda h, w: (w @ h).sum(),
        lambda h, w: (h @ h) + (w @ h).max(),
        lambda h, w: ((w * h) @ (w * h).T).sum(),
        lambda h, w: ((w[:2] @ w) @ h).sum() / (h * 0).sum(),
        lambda h, *_: h.windows((2,)).max(-1).sum() + h.min(),
    ],
)
def test_no_nan_leaks_out_of_products_that_were_not_taken(product):
    """The branch computes products of nan, in both operands, and nothing of it is used."""
    w = parameter(3, 3, seed=25)

    def function(x):
        z = w @ x
        return where(z.sum() > 100, product((z - 50).sqrt(), w), (z * z).sum())

    check(function, [batch(5, 3)], [w], BOTH)


def test_an_infinite_slope_behind_a_relu_that_is_off_reaches_nothing():
    """√relu(x) at -1: the slope of the root at 0 is infinite, and the relu stops it."""
    w = Tensor([-1.0, 2.0])
    program = check(lambda x: (w * x).relu().sqrt().sum(), [[[1.0, 1.0]]], [w], BOTH)
    _, (gradient,) = program.value_and_grad([[1.0, 1.0]])
    assert gradient == pytest.approx([0, 0.5 / 2**0.5])


def test_a_sample_whose_loss_is_nan_spoils_only_what_its_nan_reaches():
    w, v = Value(0.5), Value(0.3)

    def function(x):
        other = where(x > 100, (v * x - 900).sqrt(), v * x)
        return where(x > 0.5, (w * x - 9).sqrt(), other)

    check(function, [[0.3, 0.7]], [w, v])


def test_a_zero_that_was_computed_makes_nan_of_an_infinite_slope_as_in_eager_mode():
    """Only a branch that was not taken stops an adjoint; 0·inf is nan, and is not hidden."""
    w, v = Value(0.5), Value(0.3)
    check(lambda x: (w * x * 0).sqrt() * (x * 0) + v, [[0.3, 0.7]], [w, v])


@pytest.mark.parametrize("infinite", ["sample", "weight"])
def test_infinite_operands_of_products_that_were_taken_keep_their_slopes(infinite):
    """Beside a branch that was not taken, whose nan sends all adjoints round once more."""
    w, u, v = parameter(2, 2, seed=26), parameter(2, seed=27), Value(0.3)
    if infinite == "weight":
        w[0, 1].data = math.inf

    def function(x):
        other = where(x > 100, (v * x - 900).sqrt(), v * x)
        h = u * x if infinite == "weight" else stack([x, x * math.inf]) * u
        return (w @ h).sum() + other

    check(function, [[0.3, 0.7]], [w, u, v])


@pytest.mark.parametrize("name", ["relu", "abs", "maximum", "minimum", "max", "min", "tanh"])
def test_a_nan_goes_through_forward_and_back_as_in_eager_mode(name):
    w = parameter(3)

    def function(x):
        y = w * x
        bad = (y[0] - 100).sqrt()
        if name in ("max", "min"):
            return getattr(stack([y[1], bad, y[2]]), name)()
        if name in ("maximum", "minimum"):
            return getattr(y[1], name)(bad)
        return abs(bad) if name == "abs" else getattr(bad, name)()

    check(function, [batch(4, 3)], [w])


@pytest.mark.parametrize("name", ["max", "min"])
def test_in_a_tie_of_a_reduction_the_first_entry_takes_the_gradient(name):
    w = Tensor([1.0, 2.0, 1.0, 2.0, 1.0])
    integers = np.random.default_rng(1).integers(-1, 2, (20, 5))
    check(lambda x: getattr(x * w, name)() * 3.0, [integers], [w], BOTH)


def test_a_maximum_of_many_entries_and_of_equal_numbers():
    w = Tensor([0.5] * 40)
    integers = np.random.default_rng(1).integers(-2, 3, (9, 40))
    check(lambda x: (x * w).max() ** 2 + (x * w).min(), [integers], [w], BOTH)
    check(lambda x: w.max() * x + w[0].maximum(w[1]), [batch(3)], [w])


SINGULAR = [0.0, -0.0, 1.0, -1.0, 0.5, 1000.0, -1000.0, math.inf, -math.inf]
UNARY = [
    "neg", "abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "erf", "relu",
    "leaky_relu", "floor", "ceil", "round",
]  # fmt: skip


def unary(name, x):
    return {"neg": lambda: -x, "abs": lambda: abs(x)}.get(name, lambda: getattr(x, name)())()


@pytest.mark.parametrize("x", SINGULAR)
@pytest.mark.parametrize("name", UNARY)
def test_singular_points_and_infinities_follow_ieee_as_in_eager_mode(name, x):
    w = Value(x)
    check(lambda x: unary(name, x * 1.0) * 2.0, [[x, x]])
    check(lambda one: unary(name, w) * one, [[1.0, 1.0]], [w])
    check(lambda one: unary(name, w * one), [[1.0, 1.0]], [w])


@pytest.mark.parametrize("n", [0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -2.0, 0.3])
@pytest.mark.parametrize("x", [0.0, -0.0, -2.0, -8.0, 1e200, 0.7, math.inf])
def test_powers_at_awkward_points_have_eager_values_and_slopes(x, n):
    base, exponent = Value(x), Value(n)
    check(lambda one: base**n * one, [[1.0, 1.0]], [base])
    check(lambda one: (base * one) ** n, [[1.0, 1.0]], [base])
    check(lambda n: base**n, [[n, n]], [base])
    check(lambda one: base**exponent * one, [[1.0, 1.0]], [base, exponent])
    check(lambda x: x**exponent, [[x, x]], [exponent])


@pytest.mark.parametrize("x", [-0.0, -math.inf])
def test_a_power_of_a_half_is_no_square_root(x):
    base = Value(x)
    check(lambda one: 1 / base**0.5 * one, [[1.0, 1.0]], [base])
    check(lambda one: 1 / (base * one) ** 0.5, [[1.0, 1.0]], [base], BOTH)


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.0), (-1.0, 0.0), (1.0, -0.0), (0.0, 0.0)])
def test_a_quotient_by_zero_is_infinite_by_the_signs(a, b):
    top, bottom = Value(a), Value(b)
    check(lambda one: top / bottom * one, [[1.0, 1.0]], [top, bottom])
    check(lambda one: (top * one) / (bottom * one), [[1.0, 1.0]], [top, bottom])


def test_zero_and_minus_zero_are_two_constants():
    """Equal, but not the same: in quotients, margins, choices, and what a program starts with."""
    one = Value(1.0)
    for zero in (0.0, -0.0):
        check(lambda x, zero=zero: x * one / zero, [[1.0, -2.0]], [one])

    def margins(x):
        z, found = x - 2, []
        for zero in (0.0, -0.0):
            with scope(f"{zero}"):  # maxima apart
                found.append(1 / z.pad(1, 1, value=zero).windows((3, 3)).max((-2, -1)))
        return x.sum(), *found

    check(margins, [batch(3, 4, 4)])
    check(lambda x: 1 / where(x > 0, -0.0, 1.0), [[1.0, -2.0]])
    check(lambda x: (x, x / stack([x, -0.0, x])), [[1.0, -2.0]])


def test_an_exponent_and_a_slope_that_are_parameters_may_change_after_compiling():
    base, exponent, slope = Value(1.5), Value(2.0), Value(0.25)

    def function(x):
        return base**exponent * x + (slope * 1.0 - 1).leaky_relu(slope) + x.leaky_relu(slope)

    program = check(function, [batch(5)], [base, exponent, slope])
    for changed in (3.0, -0.5, 0.5):
        exponent.data = slope.data = changed
        run = eagerly(function, [batch(5)], [base, exponent, slope])
        assert_agree(program, [batch(5)], run, 1e-9)
