"""check_grads: what the engine has of a function, against differences, with a report."""

import numpy as np
import pytest

import autograd
from autograd import Primitive, apply, check_grads, sigmoid


def test_right_derivatives_are_passed_over_in_silence():
    x, net = np.array([0.5, -2.0]), [{"w": np.ones((2, 2))}, (1.0, [0.5, 2.0])]

    def outputs(net, x, *, scale):
        (layer, (shift, rates)) = net
        return np.tanh(scale * np.dot(layer["w"], x) + shift) * rates

    assert check_grads(outputs)(net, x, scale=0.5) is None
    check_grads(lambda x, y: np.sum(np.sin(x) * y), modes=["rev"], order=3)(x, 3.0)
    check_grads(autograd.relu, modes="rev", order=1)(x)


SWISH = Primitive(
    "swish", "swish", lambda x: x * sigmoid(x), lambda y, x: (y + sigmoid(x) * (2 - y),)
)


def test_a_partial_of_ones_own_that_is_wrong_is_named_with_its_slope():
    def activation(x, scale):
        return apply(SWISH, x) * scale

    with pytest.raises(AssertionError) as told:
        check_grads(activation)(np.array([0.5, -1.0]), 2.0)
    text = str(told.value)
    assert text.startswith("activation, order 1: wrong\nx: wrong")
    assert "scale: right" in text
    assert "the primitive swish at [0.5]: its partial by operand 0 is 1.36242, the slope" in text


def test_a_second_derivative_that_is_wrong_is_found_where_the_first_is_right():
    numbers_alone = Primitive(
        "square", "square", lambda x: x * x, lambda y, x: (2 * getattr(x, "data", x),)
    )

    def square(x):
        return apply(numbers_alone, x)

    check_grads(square, order=1)(3.0)
    with pytest.raises(AssertionError, match="square, order 2: wrong"):
        check_grads(square)(3.0)


def test_what_is_asked_must_be_a_function_and_modes_that_there_are():
    with pytest.raises(TypeError, match=r"f must be a function, .*got 3\.0"):
        check_grads(3.0)
    with pytest.raises(TypeError, match=r"modes of 'fwd' and 'rev', .*\['forward'\]"):
        check_grads(np.sin, modes="forward")
