"""The entry of a sequence that a number names, and its slope."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from autograd import PRIMITIVES, Value, apply, grad
from autograd.graph import bundle
from autograd.numbers.choosing import as_index, pick, picked

GATHER = PRIMITIVES["gather"]


@given(st.lists(st.floats(), min_size=1, max_size=5), st.integers(-7, 7))
def test_it_is_what_a_list_has_there_and_nan_beyond(x, i):
    inside = -len(x) <= i < len(x)
    y = pick(tuple(x), float(i))
    assert (y is x[i]) if inside else math.isnan(y)
    assert list(picked(x, i)) == [inside and k == i % len(x) for k in range(len(x))]


@pytest.mark.parametrize("i", [0.5, math.nan, math.inf, -math.inf, 1j, 3])
def test_a_number_that_names_no_entry_has_no_slope(i):
    assert math.isnan(pick((1.0, 2.0), i))
    assert not any(picked((1.0, 2.0), i))


@pytest.mark.parametrize("i", [1, 1.0, True, Fraction(1), np.float64(1.0), np.int64(1), Value(1.0)])
def test_any_whole_number_names_an_entry(i):
    slopes = picked((5.0, 7.0), i)
    assert (pick((5.0, 7.0), i), [*slopes], slopes[1], len(slopes)) == (7.0, [False, True], True, 2)


def test_an_array_names_an_entry_for_each_of_its_own():
    x, i = (np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])), np.array([1.0, -2.0, 2.0])
    np.testing.assert_equal(pick(x, i), [4.0, 2.0, math.nan])
    np.testing.assert_equal(picked(x, i), [[False, True, False], [True, False, False]])


def test_a_symbol_is_a_choice():
    i, a, b = sympy.symbols("i a b")
    y = pick((a, b), i)
    assert [y.subs(i, k) for k in (0, 1, -1, 2)] == [a, b, b, sympy.nan]


def test_only_whole_numbers_are_indices():
    assert [as_index(x) for x in (2, 2.0, Fraction(4, 2), True)] == [2, 2, 2, 1]
    for x in (2.5, math.nan, math.inf, 2j):
        with pytest.raises(TypeError):
            as_index(x)


def test_adjoints_add_up_in_the_entries_that_are_named_also_beside_other_readers():
    x = [Value(float(k + 1)) for k in range(4)]
    read = bundle(x)
    y = apply(GATHER, read, Value(1.0)) * apply(GATHER, read, Value(-3)) + apply(
        PRIMITIVES["dot"], read, read
    )
    y.backward()
    assert [v.grad for v in x] == [2.0, 4.0 + 2.0 * 2.0, 6.0, 8.0]
    assert [v.data for v in grad(y, x)] == [v.grad for v in x]
    second = grad(grad(y, x)[1], x)
    assert [v.data for v in second] == [0, 4.0, 0, 0]  # of x₁² + Σ x²
