"""NumPy's spelling of the table: the numbers of the rows themselves, also in place."""

import itertools
import math

import numpy as np
import pytest

from autograd import PRIMITIVES, Primitive
from autograd.dialects.numpy import calls

SEQUENCES = {"sum", "dot", "max", "min", "gather"}
NUMBERS = [-1e30, -3.0, -1.0, -0.5, -0.0, 0.0, 0.25, 1.0, 2.0, 40.0, math.inf, -math.inf, math.nan]
OPERANDS = {"pow": 2, "where": 3, "leaky_relu": 2} | dict.fromkeys(
    ["add", "sub", "mul", "div", "maximum", "minimum", "greater", "at_least", "equal"], 2
)


def table(name, *columns):
    """What the row gives, number by number."""
    rows = zip(*columns, strict=True)
    return np.array([float(PRIMITIVES[name].forward(*map(float, row))) for row in rows])


def spelled(name, out, *x):
    """What NumPy's spelling writes."""
    with np.errstate(all="ignore"):
        for call in calls(PRIMITIVES[name], out, *x):
            call()
    return out


@pytest.mark.parametrize("name", sorted(set(PRIMITIVES) - SEQUENCES))
def test_a_primitive_is_spelled_as_the_table_has_it_in_place_too(name):
    grid = itertools.product(NUMBERS, repeat=OPERANDS.get(name, 1))
    columns = [np.array(column) for column in zip(*grid, strict=True)]
    expected = table(name, *columns)
    assert spelled(name, np.empty_like(expected), *columns) == pytest.approx(
        expected, rel=1e-12, abs=1e-300, nan_ok=True
    )
    first = columns[0].copy()
    assert spelled(name, first, first, *columns[1:]) == pytest.approx(
        expected, rel=1e-12, abs=1e-300, nan_ok=True
    )


@pytest.mark.parametrize("name", ["pow", "leaky_relu"])
@pytest.mark.parametrize("known", [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
def test_a_known_operand_may_have_a_spelling_of_its_own(name, known):
    x = np.array([x for x in NUMBERS if x != -math.inf or known != 0.5])  # √-∞ is nan, (-∞)**½ is ∞
    expected = table(name, x, np.full_like(x, known))
    assert spelled(name, x, x, np.float64(known)) == pytest.approx(
        expected, rel=1e-12, abs=1e-300, nan_ok=True
    )


def test_a_row_of_ones_own_is_computed_as_it_is_written():
    doubled = Primitive("exp", "2·", lambda x: x + x, lambda *_: (2,))
    out = np.empty(3)
    for call in calls(doubled, out, np.array([1.0, 2.0, 3.0])):
        call()
    assert out.tolist() == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erf_is_right_to_two_units_in_the_last_place(dtype):
    sizes = np.concatenate([np.linspace(0, 7, 3001), np.geomspace(1e-30, 1, 300), [math.inf]])
    x = np.concatenate([-sizes, sizes]).astype(dtype)
    expected = np.array([math.erf(v) for v in x.tolist()])
    got = spelled("erf", np.empty_like(x), x).astype(float)
    assert (abs(got - expected) <= 2 * np.spacing(abs(expected).astype(dtype))).all()
    assert np.signbit(spelled("erf", np.empty(1, dtype), np.array([-0.0], dtype)))
