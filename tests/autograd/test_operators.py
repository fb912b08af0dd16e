"""Functions of functions: HIPS's and JAX's grad, by finite differences and by hand."""

import math
from collections import namedtuple
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd
from autograd import (
    Tensor,
    Value,
    elementwise_grad,
    grad,
    hessian,
    hessian_vector_product,
    jacobian,
    value_and_grad,
)

NUMBERS = st.floats(-2.0, 2.0)
VECTORS = hnp.arrays(float, st.integers(1, 3), elements=NUMBERS)


def cube(x):
    return x**3


def wave(x):
    """A number of an array, without kinks."""
    return np.sum(np.sin(x) * np.exp(-0.1 * x * x)) + np.prod(np.cos(x))


def waves(x):
    """An array of an array."""
    return np.concatenate([np.tanh(np.outer(x, x)).ravel(), np.cumsum(x * x)])


def differences(f, x, h=1e-6):
    """∂f/∂x, of the shape of f's result and then of x's."""
    steps = [h * step.reshape(x.shape) for step in np.eye(x.size)]
    slopes = np.array([(np.asarray(f(x + s)) - np.asarray(f(x - s))) / (2 * h) for s in steps])
    return np.moveaxis(slopes, 0, -1).reshape(*slopes.shape[1:], *x.shape)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@settings(max_examples=25)
@given(VECTORS)
def test_derivatives_are_those_of_differences(x):
    close(grad(wave)(x), differences(wave, x))
    value, gradient = value_and_grad(wave)(x)
    assert value == pytest.approx(wave(x), rel=1e-12)
    np.testing.assert_array_equal(gradient, grad(wave)(x))
    close(jacobian(waves)(x), differences(waves, x))
    close(hessian(wave)(x), differences(grad(wave), x))
    close(elementwise_grad(waves)(x), differences(waves, x).sum(0))
    v = np.arange(1.0, len(x) + 1)
    close(hessian_vector_product(wave)(x, v), hessian(wave)(x) @ v)


@given(NUMBERS)
def test_a_gradient_of_a_gradient_of_a_gradient_is_the_third_derivative(x):
    assert grad(grad(grad(lambda x: np.sin(x) * x)))(x) == pytest.approx(
        -3 * math.sin(x) - x * math.cos(x), abs=1e-12
    )
    sixth = np.tanh
    for _ in range(3):
        sixth = elementwise_grad(sixth)
    xs = np.array([x, 0.5])
    close(sixth(xs), -2 / np.cosh(xs) ** 4 + 4 * np.tanh(xs) ** 2 / np.cosh(xs) ** 2)


@given(NUMBERS, NUMBERS)
def test_inner_and_outer_variables_are_not_confused(x, y):
    """d/dx [x · d/dy (x·y²)] is 4·x·y at a constant y, and what it is where y is x."""
    constant = grad(lambda x: x * grad(lambda y: x * y**2)(y))(x)
    assert constant == pytest.approx(4 * x * y)
    same = grad(lambda x: x * grad(lambda y: x * y**2)(x))(x)
    assert same == pytest.approx(6 * x**2)


def test_an_outer_variable_in_a_closure_is_differentiated_though_the_argument_is_a_number():
    """A step of descent from plain numbers, by its rate and by a weight in the loss."""
    start = np.array([1.0, 2.0])

    def after_a_step(rate, decay):
        x = start - rate * grad(lambda x: decay * np.sum(x * x))(start)
        return np.sum(x * x)

    rates = grad(after_a_step, (0, 1))(0.1, 0.5)
    assert rates == pytest.approx((2 * 5 * 0.9 * -1.0, 2 * 5 * 0.9 * -0.2))


Pair = namedtuple("Pair", "w b")
FORMS = {
    "float": (2.0, 12.0),
    "fraction": (Fraction(1, 2), Fraction(3, 4)),
    "NumPy number": (np.float64(2.0), 12.0),
    "list": ([1.0, 2.0], [3.0, 12.0]),
    "nested list": ([[1.0], [2.0]], [[3.0], [12.0]]),
    "tuple": ((1.0, 2.0), (3.0, 12.0)),
    "named tuple": (Pair(1.0, 2.0), Pair(3.0, 12.0)),
    "dict": ({"a": 2.0, "b": None}, {"a": 12.0, "b": None}),
    "layers": (
        [(np.ones((2, 1)), 2.0), {"w": [3.0]}],
        [(3 * np.ones((2, 1)), 12.0), {"w": [27.0]}],
    ),
}


def sum_of_cubes(x):
    if isinstance(x, Value | Tensor):
        return np.sum(x**3)
    parts = x.values() if isinstance(x, dict) else x
    return sum(sum_of_cubes(part) for part in parts if part is not None)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_have_the_form_of_their_arguments(form):
    x, expected = FORMS[form]
    found = grad(sum_of_cubes)(x)
    assert repr(found) == repr(expected)
    assert type(found) is type(expected)


def test_arrays_keep_their_precision_and_values_stay_in_the_graph():
    single = grad(wave)(np.float32([0.5, 1.0]))
    assert (single.dtype, grad(wave)(np.array([0.5, 1.0])).dtype) == (np.float32, np.float64)
    x, t = Value(2.0), Tensor([1.0, 2.0])
    assert grad(grad(cube)(x), [x])[0].data == 12.0
    (slope,) = grad(grad(sum_of_cubes)(t).sum(), [t])
    assert slope.tolist() == [6.0, 12.0]
    value, _ = value_and_grad(cube)(x)
    assert value.data == 8.0
    assert jacobian(lambda x: x * 2.0)(t).tolist() == [[2.0, 0.0], [0.0, 2.0]]
    of_objects = grad(lambda v: v[0] * v[1])(np.array([x, Value(5.0)]))
    assert of_objects.tolist() == [5.0, 2.0]


def test_arguments_are_chosen_by_place_and_others_are_handed_on():
    def f(x, y, *, scale=1.0):
        return scale * x * y**2

    assert grad(f, 1)(3.0, 2.0) == 12.0
    assert grad(f, argnum=-1)(3.0, 2.0, scale=2.0) == 24.0
    assert grad(f, (1, 0))(3.0, 2.0) == (12.0, 4.0)
    assert value_and_grad(f, 1)(3.0, 2.0) == (12.0, 12.0)
    assert jacobian(lambda x, y: [x * y, y], (0, 1))(2.0, [3.0])[1] == [[[2.0]], [[1.0]]]
    assert hessian(f, 1)(3.0, 2.0) == 6.0
    assert grad(f).__name__ == "f"


def test_more_than_a_number_is_returned_beside():
    def f(x):
        return x**2, {"x": x}

    slope, more = grad(f, has_aux=True)(3.0)
    assert (slope, more["x"].data) == (6.0, 3.0)
    (value, more), slope = value_and_grad(f, has_aux=True)(3.0)
    assert (value, more["x"].data, slope) == (9.0, 3.0, 6.0)


def test_what_does_not_depend_on_an_argument_has_a_slope_of_0():
    assert grad(lambda x: 5.0)(3.0) == 0.0
    assert grad(lambda x, y: y * 1.0, (0, 1))([1.0, 2.0], 3.0) == ([0.0, 0.0], 1.0)
    assert grad(lambda x: x)(3.0) == 1.0


def test_a_gradient_is_had_under_no_grad_and_within_a_compiled_function():
    with autograd.no_grad():
        assert grad(cube)(2.0) == 12.0
    w = Tensor([0.5, 2.0])

    def loss(x):
        return (grad(lambda y: np.sum(w * y**3))(x) ** 2).sum() + grad(lambda c: x[0] * c**2)(3.0)

    batch = np.array([[1.0, 2.0], [0.5, -1.0]])
    program = autograd.compile(loss, batch[0], parameters=[w], dtype="float64")
    y, (slope,) = program.value_and_grad(batch)
    each = (3 * np.array([0.5, 2.0]) * batch**2) ** 2
    assert y == pytest.approx((each.sum(1) + 6 * batch[:, 0]).mean())
    np.testing.assert_allclose(slope, (2 * each / [0.5, 2.0]).mean(0))


WRONG = {
    "several results": (lambda: grad(np.sin)(np.ones(2)), r"sin must return one number, and its "
                        r"result has shape \(2,\): jacobian has .* elementwise_grad"),
    "no number": (lambda: grad(lambda x: "no")(1.0), "must return numbers or arrays, got 'no'"),
    "no argument": (lambda: grad(cube, 1)(1.0), "argnum 1: cube was called with 1 positional"),
    "text": (lambda: grad(cube)({"a": "b"}), r"cube: derivatives are by numbers.*holds 'b'"),
    "xs of a function": (lambda: grad(cube, [Value(1.0)]), r"grad\(y, \[x\]\) with y = f\(x\)"),
    "no function": (lambda: value_and_grad(3.0), r"value_and_grad\(f\): f must be a function"),
    "a number's gradient": (lambda: grad(3.0, []), "y must be a Value, got float"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_differentiated_is_named(case):
    call, message = WRONG[case]
    with pytest.raises(TypeError, match=message):
        call()
