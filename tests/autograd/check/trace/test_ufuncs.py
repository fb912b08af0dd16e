"""Every universal function of the tables has the slope of what it computes."""

import numpy as np
import pytest
from recorded_runs import assert_recorded

from autograd.check.trace.calls import UFUNCS

RNG = np.random.default_rng(0)
A = RNG.uniform(0.2, 0.9, (3, 4))
B = RNG.uniform(0.2, 0.9, (4, 3))
C = RNG.uniform(0.2, 0.9, (3, 4))
V = RNG.uniform(0.2, 0.9, 4)
CUBE = RNG.uniform(0.2, 0.9, (2, 3, 4))
MASK = A > 0.5

UNARY = [
    "tanh",
    "exp",
    "log",
    "sqrt",
    "sin",
    "cos",
    "absolute",
    "negative",
    "fabs",
    "square",
    "reciprocal",
    "log1p",
    "expm1",
    "exp2",
    "log2",
    "log10",
    "cbrt",
    "tan",
    "sinh",
    "cosh",
    "arcsinh",
    "arctanh",
    "arctan",
    "arcsin",
    "arccos",
    "positive",
    "conjugate",
    "deg2rad",
    "radians",
    "rad2deg",
    "degrees",
]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "float_power",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "logaddexp",
    "hypot",
    "remainder",
    "copysign",
]


@pytest.mark.parametrize("name", UNARY)
def test_the_record_of_a_function_of_one_number_has_its_slope(name):
    assert_recorded(lambda x: getattr(np, name)(x) * 2, {"x": A})


def test_arccosh_has_its_slope():
    assert_recorded(lambda x: np.arccosh(x), {"x": A + 1.5})


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("shape", [(3, 4), (4,), (3, 1), ()])
def test_the_record_of_a_function_of_two_numbers_broadcasts_and_has_both_slopes(name, shape):
    y = np.random.default_rng(1).uniform(1.0, 2.0, shape)
    assert_recorded(lambda x, y: getattr(np, name)(x, y), {"x": A, "y": y})
    assert_recorded(lambda x, y: getattr(np, name)(y, x), {"x": A, "y": y})


def test_the_functions_of_one_and_two_numbers_that_are_tried_are_all_of_the_table():
    scipys = {"erf", "expit", "log_expit", "erfc", "ndtr", "xlogy", "entr", "rel_entr"}
    calls = {name for name, method in UFUNCS if method == "__call__"}
    assert calls - scipys == {*UNARY, *BINARY, "arccosh", "matmul", "vecdot", "matvec", "vecmat"}
