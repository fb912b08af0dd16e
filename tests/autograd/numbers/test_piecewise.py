"""Functions with kinks: who wins, which branch is taken, and what a nan does."""

import math
from decimal import Decimal
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from replay import replayed

from autograd import Value
from autograd.numbers import piecewise as k
from autograd.value import unknown

nan, inf = math.nan, math.inf
NUMBERS = [-inf, -2.0, -0.5, -0.0, 0.0, 0.5, 2.0, inf, nan]
PAIRS = list(product(NUMBERS, NUMBERS))
A, B = sympy.symbols("a b", real=True)


def same(a, b):
    return a == b or (a != a and b != b)


def number(x):
    """The number of a Value, and any other as it is."""
    return x.data if isinstance(x, Value) else x


KINDS = {
    "floats": lambda x: x,
    "floats of another class": np.float64,
    "values": Value,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_first_of_a_tie_stays_and_a_nan_wins(kind, a, b):
    of = KINDS[kind]
    p, q = of(a), of(b)
    expected = nan if a != a or b != b else max(a, b)
    assert same(number(k.maximum(p, q)), expected)
    assert same(number(k.minimum(p, q)), nan if a != a or b != b else min(a, b))
    if a == b:
        assert not k.exceeds(q, p)
        assert not k.undercuts(q, p)
    assert bool(k.exceeds(q, p)) == (b > a or b != b)
    assert bool(k.undercuts(q, p)) == (b < a or b != b)
    assert bool(k.equals(p, q)) == same(a, b)
    assert number(k.equal(p, q)) == same(a, b)
    assert number(k.greater(p, q)) == (a > b)
    assert number(k.at_least(p, q)) == (a >= b)


def test_arrays_compare_as_floats_do_entry_by_entry():
    a, b = np.array(PAIRS).T
    pairs = [
        (k.exceeds, k.exceeds), (k.undercuts, k.undercuts), (k.maximum, k.maximum),
        (k.minimum, k.minimum), (k.equals, k.equals), (k.equal, k.equal), (k.greater, k.greater),
        (k.at_least, k.at_least),
    ]  # fmt: skip
    for one, many in pairs:
        expected = [float(one(p, q)) for p, q in PAIRS]
        np.testing.assert_array_equal(np.asarray(many(a, b), float), expected)
    for p, q in PAIRS:  # an array on one side alone
        for one, many in pairs:
            for x, y in [(np.array([p, p]), q), (p, np.array([q, q]))]:
                found = np.asarray(many(x, y), float)
                np.testing.assert_array_equal(found, [float(one(p, q))] * 2)


def test_exact_numbers_compare_exactly():
    third, tenth = Fraction(1, 3), Decimal("0.1")
    assert k.maximum(third, Fraction(1, 2)) == Fraction(1, 2)
    assert k.minimum(third, Fraction(1, 2)) is third
    assert k.maximum(tenth, Decimal("0.1")) is tenth
    assert k.exceeds(1, 0)
    assert not k.exceeds(0, 0)
    assert k.undercuts(0, 1)
    assert not k.undercuts(1, 1)
    assert k.equals(2, Fraction(2))
    assert k.equals(2, 3) is False
    assert k.equals(2, nan) is False


def test_a_float_beside_another_kind_is_compared_too():
    assert k.exceeds(1, 0.5)
    assert not k.exceeds(0.5, 1)
    assert k.exceeds(nan, 1)
    assert k.undercuts(nan, 1)


@pytest.mark.parametrize(
    "function",
    [
        k.exceeds, k.undercuts, k.maximum, k.minimum, k.equal, k.greater, k.at_least,
        lambda a, b: k.negate(k.exceeds(b, a)),
        lambda a, b: k.slope(k.undercuts(b, a)),
        lambda a, b: k.select(k.negate(a > b), a, b),
    ],
)  # fmt: skip
def test_a_recorded_comparison_decides_later_as_floats_do(function):
    a, b = unknown(), unknown()
    recorded = function(a, b)
    for p, q in PAIRS:
        expected = function(p, q)
        assert same(replayed(recorded, {a: p, b: q}), expected)
        if function is not k.equal:  # which asks its first number alone
            assert same(replayed(function(Value(p), b), {b: q}), expected)
        assert same(replayed(function(a, Value(q)), {a: p}), expected)


@pytest.mark.parametrize("function", [k.relu, k.step, k.sign])
def test_a_recorded_kink_is_where_that_of_floats_is(function):
    x = unknown()
    recorded = function(x)
    for p in NUMBERS[:-1]:
        assert replayed(recorded, {x: p}) == function(p)


def test_the_relu_of_a_negative_zero_is_a_plain_zero():
    assert math.copysign(1, k.relu(-0.0)) == 1
    assert math.copysign(1, k.relu(Decimal("-0"))) == 1
    x = unknown()
    assert math.copysign(1, replayed(k.relu(x), {x: -0.0})) == 1


def test_symbols_become_cases():
    at = {A: 2, B: 3}
    assert k.exceeds(B, A) == (B > A)
    assert k.undercuts(B, 1) == (B < 1)
    assert k.exceeds(1, A) == (A < 1)
    assert k.undercuts(1, A) == (A > 1)
    assert k.equals(A, B) == sympy.Eq(A, B)
    assert k.equals(1, B) == sympy.Eq(1, B)
    for function, expected in [(k.maximum, 3), (k.minimum, 2), (k.greater, 0.0), (k.equal, 0.0)]:
        assert function(A, B).subs(at) == expected
    assert k.at_least(A, B).subs({A: 3, B: 3}) == 1.0
    assert k.select(A > B, A, B).subs(at) == 3
    assert k.select(A > B, True, False).subs(at) == 0
    assert k.select(B > A, True, False).subs(at) == 1
    assert k.relu(A).subs(at) == 2
    assert k.relu(A).subs({A: -1}) == 0
    assert k.step(A).subs(at) == 1
    assert k.step(A).subs({A: -1}) == 0
    assert k.sign(A) == sympy.sign(A)
    assert k.is_true(A) is A


@pytest.mark.parametrize("condition", [True, False])
def test_a_condition_selects_and_its_negation_the_other(condition):
    one, other = object(), object()
    expected = one if condition else other
    assert k.select(condition, one, other) is expected
    assert k.select(int(condition), one, other) is expected
    assert k.select(k.negate(condition), one, other) is not expected
    assert k.negate(condition) is not condition
    assert k.slope(condition) is condition
    both = np.array([condition, not condition])
    assert k.negate(both).tolist() == [not condition, condition]
    assert k.select(both, 1.0, 2.0).tolist() == ([1.0, 2.0] if condition else [2.0, 1.0])
    assert k.slope(both) is both


def test_a_number_is_true_unless_it_is_zero():
    assert not any(k.is_true(x) for x in (0.0, -0.0, 0))
    assert all(k.is_true(x) is True for x in (0.5, nan, 2))
    assert k.is_true(np.array([0.0, -1.0, nan])).tolist() == [False, True, True]
    assert k.is_true(Value(0.0)) is False


RELU = {
    -inf: (0.0, False),
    -0.5: (0.0, False),
    0.0: (0.0, False),
    0.5: (0.5, True),
    inf: (inf, True),
}


@pytest.mark.parametrize("x", RELU)
@pytest.mark.parametrize("kind", [float, np.float64, np.float32, Value, Decimal])
def test_relu_and_its_step(x, kind):
    y, slope = RELU[x]
    made = k.relu(kind(x))
    assert number(made) == y
    assert type(made) is kind
    assert bool(k.step(kind(x))) is slope
    assert k.relu(np.array([x, x])).tolist() == [y, y]
    steps = k.step(np.array([x, x]))
    assert steps.tolist() == [slope, slope]
    assert steps.dtype == bool  # a float 0 would make a nan of an infinite adjoint


def test_relu_of_exact_numbers_is_exact():
    assert k.relu(Fraction(1, 3)) == Fraction(1, 3)
    assert type(k.relu(Fraction(-1, 3))) is Fraction
    assert k.relu(Fraction(-1, 3)) == 0
    assert k.relu(3) == 3
    assert (k.step(Fraction(1, 3)), k.step(0), k.step(Fraction(-1))) == (True, False, False)
    assert k.relu(np.float32(2)).dtype == np.float32


def test_nan_goes_through_every_kink():
    for f in (k.relu, k.step, k.sign):
        assert math.isnan(f(nan))
        assert math.isnan(f(np.float64(nan)))
        assert math.isnan(number(f(Value(nan))))
        assert np.isnan(f(np.array([nan, nan]))).all()
        found = f(np.array([nan, 2.0, -2.0]))
        assert np.isnan(found).tolist() == [True, False, False]
        assert found[1] == f(2.0)
        assert found[2] == f(-2.0)


def test_a_leaky_relu_leaks_below_zero():
    assert k.leaky_relu(3.0, 0.1) == 3.0
    assert k.leaky_relu(-3.0, 0.5) == -1.5
    assert [k.leaky_relu(x, 0.5) for x in (-0.5, 0.0, 0.5)] == [-0.25, 0.0, 0.5]
    assert math.isnan(k.leaky_relu(0.0, inf))  # at 0 it is a·x, as its slope there is a
    assert k.leaky_relu(np.array([2.0, -2.0]), 0.25).tolist() == [2.0, -0.5]


def test_the_sign_is_the_slope_of_the_absolute_value():
    numbers = [-inf, -0.5, -0.0, 0.0, 0.5, inf]
    assert [k.sign(x) for x in numbers] == [-1, -1, 0, 0, 1, 1]
    assert k.sign(np.array(numbers)).tolist() == [-1, -1, 0, 0, 1, 1]
    assert [k.sign(Fraction(x)) for x in (-3, 0, 3)] == [-1, 0, 1]
    with pytest.raises(TypeError, match="no complex derivative"):
        k.sign(1j)


# --- functions of a sequence ----------------------------------------------------------------------

SEQUENCES = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=5)


@given(SEQUENCES)
def test_the_first_of_the_largest_wins_and_takes_the_slope(xs):
    for function, extreme in [(k.largest, max), (k.smallest, min)]:
        nans = [j for j, x in enumerate(xs) if x != x]
        first = nans[0] if nans else xs.index(extreme(xs))
        y = function(xs)
        assert same(y, xs[first])
        assert k.winners(y, xs) == tuple(j == first for j in range(len(xs)))


def test_of_several_nans_the_first_takes_the_slope():
    xs = [1.0, float("nan"), float("nan")]
    assert all(k.winners(y, xs) == (False, True, False) for y in xs[1:])


@given(st.lists(SEQUENCES.filter(lambda xs: len(xs) == 3), min_size=1, max_size=4))
def test_rows_of_arrays_have_the_winners_of_floats(rows):
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    for function in (k.largest, k.smallest):
        y = function(columns)
        won = k.winners(y, columns)
        for j, xs in enumerate(rows):
            assert same(y[j], function(xs))
            assert tuple(bool(w[j]) for w in won) == k.winners(function(xs), xs)


@pytest.mark.parametrize("kind", [Fraction, Value, Decimal, np.float64, int])
def test_other_numbers_have_one_winner_too(kind):
    xs = [kind(x) for x in (2, 3, 3, 1)]
    assert k.largest(xs) is xs[1]
    assert k.smallest(xs) is xs[3]
    assert k.winners(kind(3), xs) == (False, True, False, False)


def test_the_extremes_of_symbols_are_cases():
    for a, b in [(1, 2), (2, 1), (2, 2)]:
        assert k.largest([A, B]).subs({A: a, B: b}) == max(a, b)
        assert k.smallest([A, B]).subs({A: a, B: b}) == min(a, b)
        assert k.largest([A, b]).subs({A: a}) == max(a, b)
        assert k.smallest([A, b]).subs({A: a}) == min(a, b)


@pytest.mark.parametrize("xs", [[1.0, A], [A, 1.0], [A, B, A], [1.0, 2.0, A]])
def test_the_slopes_of_extremes_of_symbols_are_cases_too(xs):
    for function, extreme in [(k.largest, max), (k.smallest, min)]:
        won = k.winners(function(xs), xs)
        for a, b in product([0, 1, 2], [0, 1, 3]):
            numbers = [float(sympy.sympify(x).subs({A: a, B: b})) for x in xs]
            found = [float(sympy.sympify(w).subs({A: a, B: b})) for w in won]
            first = numbers.index(extreme(numbers))
            assert found == [j == first for j in range(len(xs))]


@given(st.lists(st.fractions(-3, 3, max_denominator=4), max_size=6))
def test_sums_and_dots_are_exact(xs):
    assert k.total(xs) == sum(xs, Fraction(0))
    expected = Fraction(0)
    for x, y in zip(xs, xs[::-1], strict=True):
        expected += x * y
    assert k.dot(xs, xs[::-1]) == expected


@pytest.mark.parametrize("count", [*range(1, 8), 15, 16, 17, 18])
def test_a_combination_is_a_vector_times_a_matrix(count):
    rows = [[(3 * d + j) % 7 - 3 for j in range(4)] for d in range(count)]
    factors = [(5 * d + 2) % 11 - 5 for d in range(count)]
    expected = [sum(f * row[j] for f, row in zip(factors, rows, strict=True)) for j in range(4)]
    assert k.combination(factors, rows) == expected
    assert k.combination([float(f) for f in factors], rows) == expected
    made = k.combination(
        [Value(float(f)) for f in factors], [[Value(float(x)) for x in row] for row in rows]
    )
    assert [v.data for v in made] == expected
    assert {v.op.name for v in made} == {"dot"}  # one node for each sum


def test_rows_of_different_lengths_are_an_error():
    with pytest.raises(ValueError, match="zip"):
        k.combination([1.0, 2.0], [[1.0]] * 3)
    for count in (2, 3, 4, 17):
        with pytest.raises(ValueError, match="zip"):
            k.combination([1.0] * count, [[1.0, 2.0]] * (count - 1) + [[1.0]])
