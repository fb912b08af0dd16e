"""Kinds of numbers: arrays, formulas, and a number that is not known yet."""

import math

import numpy as np
import pytest
import sympy

from autograd import Value
from autograd.numbers import kinds, piecewise, smooth
from autograd.numbers.kinds import UNKNOWN
from autograd.value import unknown

X = sympy.Symbol("x")


class Zebra:
    """A number of a module that comes after "sympy" in the alphabet."""

    __module__ = "zebra"


@pytest.mark.parametrize(
    ("x", "array", "symbol", "unknown"),
    [
        (np.zeros(2), True, False, False),
        (np.float32(1), True, False, False),
        (np.int64(1), True, False, False),
        (np.float64(1), False, False, False),  # a Python float too
        (1.0, False, False, False),
        (X, False, True, False),
        (X + 1, False, True, False),
        (sympy.Integer(2), False, True, False),
        (UNKNOWN, False, False, True),
        (unknown(), False, False, True),
        (Value(1.0), False, False, False),
        (Zebra(), False, False, False),
    ],
)
def test_numbers_are_told_apart(x, array, symbol, unknown):
    assert kinds.is_array(x) is array
    assert kinds.is_symbol(x) is symbol
    assert bool(kinds.is_unknown(x)) is unknown
    assert bool(kinds.is_formula(x)) is (symbol or unknown)


def test_arithmetic_keeps_an_unknown_number_unknown():
    x = UNKNOWN
    results = [
        x + 1, 1 + x, x - 1, 1 - x, x * 2, 2 * x, x / 2, 2 / x, x**2, 2**x, -x, +x, abs(x),
        x < 1, x <= 1, x > 1, x >= 1, np.float64(2) * x, x.select(1, 2), x.equals(3),
    ]  # fmt: skip
    results += [getattr(smooth, name)(x) for name in ("exp", "log", "sqrt", "sin", "cos")]
    results += [getattr(smooth, name)(x) for name in ("tanh", "erf", "sigmoid", "softplus")]
    results += [piecewise.relu(x), piecewise.maximum(x, 1.0), piecewise.minimum(1.0, x)]
    results += [smooth.divide(1.0, x), smooth.power(x, 2.0)]
    assert all(r is UNKNOWN for r in results)
    assert repr(x) == "unknown"
    assert repr(unknown()) == str(unknown()) == "Value(data=unknown, grad=0)"
    assert len({x, x}) == 1


@pytest.mark.parametrize(
    "ask",
    [
        bool, float, int, complex, round, math.floor, math.ceil, math.trunc, "{:.2f}".format,
        lambda x: x == 1, lambda x: x != 1, lambda x: [0][x], lambda x: max(x, 1.0),
    ],
)  # fmt: skip
def test_whatever_asks_for_its_digits_is_told_why_not(ask):
    with pytest.raises(kinds.UnknownNumberError, match=r"recorded once.*autograd\.where"):
        ask(UNKNOWN)


def test_quiet_functions_warn_of_nothing_and_leave_numpys_settings_alone():
    before = np.geterr()
    assert kinds.quietly(lambda a, b: a / b)(np.array([1.0]), np.array([0.0])) == [math.inf]
    assert np.geterr() == before
    assert kinds.numpy() is np
