"""The rows of the table one by one, at numbers that can be checked by head."""

import copy
import math
import operator
import pickle
from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pytest

from autograd import PRIMITIVES, Primitive

F = Fraction
HALF = F(1, 2)
E1 = math.exp(-1.0)

ROWS = {
    "add": ("+", (F(2), F(3)), 5, (True, True)),
    "sub": ("-", (F(2), F(3)), -1, (True, -1)),
    "mul": ("*", (F(2), F(3)), 6, (3, 2)),
    "div": ("/", (F(3), F(2)), F(3, 2), (HALF, F(-3, 4))),
    "pow": ("**", (2.0, 3.0), 8.0, (12.0, 8 * math.log(2))),
    "neg": ("-", (F(2),), -2, (-1,)),
    "abs": ("abs", (F(-2),), 2, (-1,)),
    "floor": ("floor", (F(-7, 2),), -4, (False,)),
    "ceil": ("ceil", (F(-7, 2),), -3, (False,)),
    "round": ("round", (F(5, 2),), 2, (False,)),
    "exp": ("exp", (-1.0,), E1, (E1,)),
    "log": ("log", (4.0,), math.log(4), (0.25,)),
    "sqrt": ("sqrt", (9.0,), 3.0, (1 / 6,)),
    "sin": ("sin", (1.0,), math.sin(1), (math.cos(1),)),
    "cos": ("cos", (1.0,), math.cos(1), (-math.sin(1),)),
    "tanh": ("tanh", (0.5,), math.tanh(0.5), (1 / math.cosh(0.5) ** 2,)),
    "sigmoid": ("σ", (-1.0,), E1 / (1 + E1), (E1 / (1 + E1) ** 2,)),
    "softplus": ("softplus", (-1.0,), math.log(1 + E1), (E1 / (1 + E1),)),
    "erf": ("erf", (0.5,), math.erf(0.5), (2 / math.sqrt(math.pi) * math.exp(-0.25),)),
    "relu": ("ReLU", (F(2),), 2, (True,)),
    "leaky_relu": ("LeakyReLU", (F(-2), HALF), -1, (HALF, -2)),
    "maximum": ("max", (F(2), F(3)), 3, (False, True)),
    "minimum": ("min", (F(2), F(3)), 2, (True, False)),
    "where": ("where", (F(1), F(2), F(3)), 2, (False, True, False)),
    "greater": (">", (F(3), F(2)), 1, (False, False)),
    "at_least": ("≥", (F(2), F(2)), 1, (False, False)),
    "equal": ("=", (F(2), F(2)), 1, (False, False)),
    "stop": ("stop", (F(2),), 2, (False,)),
    "sum": ("Σ", ((F(2), F(3)),), 5, ((True, True),)),
    "dot": ("·", ((F(2), F(3)), (F(5), F(7))), 31, ((5, 7), (2, 3))),
    "max": ("max", ((F(2), F(3), F(3)),), 3, ((False, True, False),)),
    "min": ("min", ((F(2), F(3), F(2)),), 2, ((True, False, False),)),
    "gather": ("[·]", ((F(2), F(3), F(5)), F(1)), 3, ((False, True, False), False)),
}
OTHER_BRANCHES = [
    ("floor", (2.0,), 2.0, (False,)),
    ("ceil", (2.5,), 3.0, (False,)),
    ("round", (-3.5,), -4.0, (False,)),
    ("round", (0.5,), 0.0, (False,)),
    ("relu", (F(-2),), 0, (False,)),
    ("relu", (0.0,), 0, (False,)),
    ("leaky_relu", (HALF, F(3)), HALF, (True, False)),
    ("leaky_relu", (F(-1, 2), F(3)), F(-3, 2), (F(3), F(-1, 2))),
    ("leaky_relu", (0.0, 0.5), 0, (0.5, 0.0)),
    ("maximum", (F(3), F(2)), 3, (True, False)),
    ("maximum", (F(3), F(3)), 3, (True, False)),
    ("minimum", (F(3), F(2)), 2, (False, True)),
    ("minimum", (F(3), F(3)), 3, (True, False)),
    ("where", (F(0), F(2), F(3)), 3, (False, False, True)),
    ("greater", (F(2), F(2)), 0, (False, False)),
    ("at_least", (F(2), F(3)), 0, (False, False)),
    ("equal", (F(2), F(3)), 0, (False, False)),
    ("equal", (math.nan, math.nan), 1, (False, False)),
    ("gather", ((F(2), F(3), F(5)), -1.0), 5, ((False, False, True), False)),
]


def assert_same(found, expected):
    """Equal numbers; what is a bool must be a bool, for it is not multiplied."""
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for f, e in zip(found, expected, strict=True):
            assert_same(f, e)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-15)
        assert not isinstance(found, bool)
    else:
        assert found == expected
        assert isinstance(found, bool) == isinstance(expected, bool)


def test_every_row_is_here():
    assert PRIMITIVES.keys() == ROWS.keys()
    for name, row in PRIMITIVES.items():
        assert (row.name, row.symbol, repr(row)) == (name, ROWS[name][0], f"<primitive {name}>")


CASES = [(name, xs, y, partials) for name, (_, xs, y, partials) in ROWS.items()]


@pytest.mark.parametrize(("name", "xs", "y", "partials"), CASES + OTHER_BRANCHES)
def test_a_row_computes_its_function_and_its_slopes(name, xs, y, partials):
    row = PRIMITIVES[name]
    found = row.forward(*xs)
    assert found == pytest.approx(y, rel=1e-15)
    assert_same(row.partials(found, *xs), partials)


@pytest.mark.parametrize(("name", "xs", "y", "partials"), CASES + OTHER_BRANCHES)
def test_a_row_does_the_same_to_arrays(name, xs, y, partials):
    def arrays(x):
        return tuple(map(arrays, x)) if isinstance(x, tuple) else np.array([float(x)] * 2)

    row, many = PRIMITIVES[name], arrays(xs)
    found = row.forward(*many)
    np.testing.assert_allclose(found, [float(y)] * 2, rtol=1e-15)
    for p, q in zip(row.partials(found, *many), partials, strict=True):
        for a, b in zip(*(r if isinstance(q, tuple) else (r,) for r in (p, q)), strict=True):
            np.testing.assert_allclose(np.broadcast_to(a, 2).astype(float), float(b), rtol=1e-15)


def test_a_quotient_of_fractions_stays_exact():
    partials = PRIMITIVES["div"].partials(F(2, 3), F(2), F(3))
    assert partials == (F(1, 3), F(-2, 9))
    assert {type(p) for p in partials} == {F}


def test_a_row_is_pickled_by_its_name_and_copied_as_itself():
    row = PRIMITIVES["mul"]
    assert pickle.loads(pickle.dumps(row)) is row
    assert copy.deepcopy(row) is row
    assert copy.deepcopy([row]) == [row]
    own = Primitive("mul", "×", operator.mul, operator.add)
    again = pickle.loads(pickle.dumps(own))
    assert (again.name, again.symbol) == ("mul", "×")
    assert (again.forward, again.partials) == (operator.mul, operator.add)
    assert again is not own


def test_rows_are_fixed_and_each_is_equal_to_itself_alone():
    row = PRIMITIVES["mul"]
    with pytest.raises(FrozenInstanceError):
        row.name = "div"
    assert not hasattr(row, "__dict__")
    assert row != Primitive(row.name, row.symbol, row.forward, row.partials)
    assert len({row, Primitive(row.name, row.symbol, row.forward, row.partials)}) == 2
