"""Functions that differentiate: gradients of gradients, compiled and differentiated once more."""

import numpy as np
import pytest
from oracle import BOTH, batch, check, eagerly, everywhere, numbers, parameter

import autograd
import nn
from autograd import grad, hessian, jacobian, maximum, minimum, stack, where

pytestmark = pytest.mark.usefixtures("backend")

SMOOTH_AND_KINKY = {
    "cube": lambda z: z**3,
    "square": lambda z: z**2,
    "root": lambda z: (z * z + 0.5) ** 0.5,
    "reciprocal": lambda z: (z * z + 0.5) ** -1,
    "quotient": lambda z: z / (1 + z * z),
    "power": lambda z: (z * z + 0.5) ** z,
    "exp": lambda z: z.exp(),
    "log": lambda z: (z * z + 0.5).log(),
    "sin": lambda z: z.sin() * z.cos(),
    "tanh": lambda z: z.tanh(),
    "sigmoid": lambda z: z.sigmoid(),
    "softplus": lambda z: z.softplus(),
    "erf": lambda z: z.erf(),
    "relu": lambda z: z.relu() ** 3,
    "abs": lambda z: abs(z) ** 3,
    "maximum": lambda z: z.maximum(0.2 * z + 0.1) ** 3,
    "minimum": lambda z: (z.minimum(0.2) * z) ** 2,
    "leaky": lambda z: z.leaky_relu(0.2) ** 3,
    "where": lambda z: where(z > 0.1, z**3, z.sin()),
}


@pytest.mark.parametrize("name", SMOOTH_AND_KINKY)
def test_second_and_third_derivatives_in_the_input_train_parameters(name):
    f, w = SMOOTH_AND_KINKY[name], parameter(2)

    def function(x):
        (first,) = grad(f(w[0] * x + w[1]), [x])
        (second,) = grad(first, [x])
        (third,) = grad(second, [x])
        return first * second + third, first, second, third

    check(function, [batch(6)], [w])


def test_second_derivatives_of_reductions_over_a_tensor():
    w = parameter(4)

    def function(x):
        y = (w * x).max() ** 3 + (w * x * x).min() ** 2 + (w * x).sum() ** 3 + (w @ x) ** 2
        (first,) = grad(y, [x])
        (second,) = grad(first.sum(), [x])
        return (first * second).sum(), first, second

    check(function, [batch(6, 4)], [w])


@everywhere
def test_hessians_and_jacobians():
    w = parameter(3, 3)

    def energy(x):
        return (w @ x).tanh().sum() + (x * x).sum() ** 2 + (w @ x).relu().sum() ** 2

    def function(x):
        h, j = hessian(energy(x), x), jacobian((w @ x).sin(), x)
        return (h * h).sum() + (j * j).sum(), h, j

    check(function, [batch(5, 3)], [w])


def test_a_gradient_in_the_parameters_inside_the_function():
    """Differentiating through a step of gradient descent, as meta-learning does."""
    w = parameter(3)

    def function(x, t):
        (bar,) = grad(((w * x).sum() - t) ** 2, [w])
        return (((w - 0.1 * bar) * x).sum() - t) ** 2, bar

    check(function, [batch(5, 3), batch(5, seed=9)], [w], BOTH)


def test_a_physics_informed_network():
    w, b, v = parameter(5, seed=50), parameter(5, seed=51), parameter(5, seed=52)

    def residual(t):
        u = (v * (w * t + b).tanh()).sum()
        (du,) = grad(u, [t])
        (ddu,) = grad(du, [t])
        return (ddu + 0.1 * du + u) ** 2, u

    check(residual, [batch(8)], [w, b, v], BOTH)


@everywhere
@pytest.mark.parametrize(
    "choose",
    [
        lambda x: where(x > 0, x.sqrt(), 0.0),
        lambda x: where(x > 0, 0.0, x.log() * (x - 1).sqrt()),
        lambda x: where(x > 0, where(x > 1, x.sqrt(), x), x * x),
        lambda x: (x * x).sqrt().relu() + (1 - (x * x).sqrt() - 1).relu(),
        lambda x: (x * 0).sqrt().leaky_relu(2.0) * x,
        lambda x: where(x > 0, x, 0.0).log().maximum(-1.0),
        lambda x: (where(x > 0, x.sqrt(), 2.0) + 1.0) ** where(x > 0, 2.0, x),
    ],
)
def test_nothing_flows_into_a_branch_that_was_not_taken(choose):
    """0·nan and 0·inf arise in none of the gradients, and reached ones keep theirs."""

    def function(x):
        (first,) = grad(choose(x), [x])
        (second,) = grad(first, [x])
        return choose(x), first, second

    check(function, [[-2.0, -1.0, 0.0, 0.5, 1.0, 4.0]])


@everywhere
@pytest.mark.parametrize("first", [True, False])
def test_nothing_flows_through_products_of_a_branch_that_was_not_taken(first):
    """√x is nan in some samples: it is an operand of the products, and what they hand on to it."""
    w = parameter(3, 2)

    def function(x):
        root = x.sqrt()
        branches = [((w @ root) ** 2).sum(), x.sum()]
        y = where(x[0] > 0, *branches) if first else where(x[0] < 0, *branches[::-1])
        bars = grad(y, [w, x])
        return sum((bar * bar).sum() for bar in bars), *bars

    check(function, [[[1.0, 2.0], [-1.0, 2.0], [-1.0, -1.0]]], [w])


@everywhere
@pytest.mark.parametrize(
    "extreme",
    [
        lambda x: stack([0.0, x[0], x[1] * 2]).max(),
        lambda x: x.pad(1, value=0.5).min(),
        lambda x: maximum(0.5, x).sum() + minimum(0.1, x).sum(),
        lambda x: nn.MaxPool(2, padding=1)(x.reshape(1, 2, 2)).sum(),
        lambda x: x.reshape(2, 2)[[1, 0, 0]].max(1).sum(),
    ],
)
def test_extremes_of_numbers_and_constants_are_decided_later(extreme):
    def function(x):
        return (grad(extreme(x) ** 2, [x])[0] ** 2).sum(), extreme(x)

    check(function, [batch(9, 4)])


def test_compiling_leaves_gradients_and_numbers_alone():
    w = parameter(3)
    run = eagerly(lambda x: (w * x).sum(), [batch(4, 3)], [w])
    before = numbers(w)
    autograd.compile(lambda x: grad((w * x).sum() ** 2, [w])[0].sum(), [0.1] * 3, parameters=[w])
    assert np.array_equal(numbers(w), before)
    assert np.array_equal(np.array(w.grad), run.gradients[0])


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_the_slope_of_a_square_is_computed_without_a_power():
    """2·x**1 is 2·x: x is read where it is, not copied."""
    w = parameter(3)
    program = check(lambda x: ((w * x) ** 2).sum(), [batch(2, 3)], [w])
    executable = program.runner.executable(2)
    assert np.square in [call.func for kernel in executable.forward for call in kernel]
    reverse = [call.func for kernel in executable.reverse for call in kernel]
    assert {np.positive, np.power}.isdisjoint(reverse)
