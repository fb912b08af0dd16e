"""Smooth functions: the same function for every kind of number, to the last digits."""

import cmath
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from replay import replayed

from autograd import Value
from autograd.numbers import smooth
from autograd.value import unknown

inf, nan = math.inf, math.nan
NAMES = ["exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "sigmoid", "softplus"]
FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
}
X = sympy.Symbol("x")
NEAR = -0.9242806708902958  # here x + log(1 + exp(-x)) would lose a digit of softplus
POINTS = [-30.5, -6.0, -2.25, NEAR, -0.5, -0.1, -1e-9, 0.0, 1e-9, 0.1, 0.5, 1.0, 2.25, 6.0, 30.5]


def truth(name, x):
    """The function at x to 40 digits, by SymPy; nan where it is not real."""
    formula = FORMULAS.get(name) or getattr(sympy, name)
    try:
        return float(sympy.N(formula(sympy.Rational(x)), 40))
    except TypeError:
        return -inf if x == 0 else nan


@pytest.mark.parametrize("name", NAMES)
def test_a_float_gives_the_true_number(name):
    function = getattr(smooth, name)
    for x in POINTS:
        assert function(x) == pytest.approx(truth(name, x), rel=4e-16, abs=0, nan_ok=True)


@pytest.mark.parametrize("name", NAMES)
def test_an_array_gives_what_floats_give_and_keeps_its_precision(name):
    function = getattr(smooth, name)
    expected = [function(x) for x in POINTS]
    wide = function(np.array(POINTS))
    np.testing.assert_allclose(wide, expected, rtol=2e-15, atol=0)
    assert wide.dtype == np.float64
    narrow = function(np.array(POINTS, np.float32))
    np.testing.assert_allclose(narrow, expected, rtol=3e-6, atol=1e-38)
    assert narrow.dtype == np.float32


def test_erf_of_an_array_is_that_of_floats_everywhere():
    """At the seam of series and tail, in the far tail, and in between."""
    xs = np.concatenate([np.linspace(-7, 7, 1401), [0.4999999, 0.5, 0.5000001, 26.0, 27.0, 1e300]])
    expected = np.array([math.erf(x) for x in xs.tolist()])
    np.testing.assert_allclose(smooth.erf(xs), expected, rtol=1e-15, atol=0)
    np.testing.assert_array_equal(smooth.erf(np.array([inf, -inf, nan])), [1.0, -1.0, nan])
    assert smooth.erf(np.array([1, 2])).dtype == np.float64


def test_the_tail_of_erf_is_precise_to_its_own_size():
    """t·exp(P(t) - x²) is erfc: the Chebyshev coefficients hold from 0 to 26."""
    for x in (0.0, 0.3, 1.0, 4.0, 9.0, 25.9):
        t = 2 / (2 + x)
        u = (2 * t - 1 - smooth.LEAST) / (1 - smooth.LEAST)
        p = np.polynomial.chebyshev.chebval(u, smooth._tail())
        assert t * math.exp(p - x * x) == pytest.approx(math.erfc(x), rel=2e-13)


def test_the_series_of_erf_is_maclaurins():
    series = sympy.series(sympy.erf(X) / X, X, 0, 28).removeO()
    expected = [float(series.coeff(X, 2 * n)) for n in range(14)]
    assert smooth._series() == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("exp", -700.0, math.exp(-700)), ("sigmoid", -700.0, math.exp(-700)),
        ("softplus", -700.0, math.exp(-700)),
        ("exp", 710.0, inf), ("exp", inf, inf), ("exp", -inf, 0.0),
        ("log", 0.0, -inf), ("log", -0.0, -inf), ("log", -1.0, nan), ("log", inf, inf),
        ("log", 5e-324, math.log(5e-324)), ("log", -5e-324, nan),
        ("sqrt", -1.0, nan), ("sqrt", -5e-324, nan), ("sqrt", 0.0, 0.0), ("sqrt", inf, inf),
        ("sin", inf, nan), ("cos", -inf, nan), ("sin", 1e308, math.sin(1e308)),
        ("tanh", inf, 1.0), ("tanh", -1000.0, -1.0), ("erf", -inf, -1.0),
        ("sigmoid", 1000.0, 1.0), ("sigmoid", -1000.0, 0.0), ("sigmoid", -inf, 0.0),
        ("softplus", 1000.0, 1000.0), ("softplus", -1000.0, 0.0), ("softplus", inf, inf),
    ],
)  # fmt: skip
def test_the_ends_follow_ieee_754_in_floats_and_in_arrays(name, x, y):
    function = getattr(smooth, name)
    np.testing.assert_array_equal(function(x), y)
    np.testing.assert_allclose(function(np.array([x])), [y], rtol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_nan(name):
    assert math.isnan(getattr(smooth, name)(nan))
    assert np.isnan(getattr(smooth, name)(np.array([nan]))).all()


@pytest.mark.parametrize("name", NAMES)
def test_ints_fractions_and_decimals_are_taken_as_floats(name):
    function = getattr(smooth, name)
    for x in (1, Fraction(1, 4), Decimal("0.5"), np.float64(0.75)):
        assert float(function(x)) == pytest.approx(function(float(x)), rel=1e-15)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"erf"}))
def test_a_complex_number_gives_the_analytic_function(name):
    z = 0.3 + 0.4j
    expected = {
        "sigmoid": 1 / (1 + cmath.exp(-z)),
        "softplus": cmath.log(1 + cmath.exp(z)),
    }.get(name) or getattr(cmath, name)(z)
    assert getattr(smooth, name)(z) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_a_symbol_gives_the_formula(name):
    formula = getattr(smooth, name)(X)
    expected = (FORMULAS.get(name) or getattr(sympy, name))(X)
    assert sympy.simplify(formula - expected) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_number_with_a_method_of_the_name_has_its_way(name):
    class Own:
        pass

    own = Own()
    setattr(own, name, lambda: "mine")
    function = getattr(smooth, name)
    assert function(own) == "mine"
    assert (function.__name__, function.__qualname__) == (name, name)
    assert function.__doc__.startswith(f"{name}(x), ")


# --- quotients and powers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "y"),
    [
        (1.0, 4.0, 0.25),
        (1.0, 0.0, inf), (1.0, -0.0, -inf), (-1.0, 0.0, -inf), (-2.0, -0.0, inf), (inf, 0.0, inf),
        (0.0, 0.0, nan), (-0.0, 0.0, nan), (nan, 0.0, nan), (1, 0, inf), (0, 0, nan),
        (Fraction(-1, 2), 0, -inf), (0.5, 0, inf),
    ],
)  # fmt: skip
def test_a_quotient_follows_ieee_754(a, b, y):
    np.testing.assert_array_equal(smooth.divide(a, b), y)
    np.testing.assert_array_equal(smooth.divide(np.array([float(a)]), float(b)), [y])
    np.testing.assert_array_equal(smooth.divide(float(a), np.array([float(b)])), [y])


def test_a_quotient_keeps_the_kind_of_its_numbers():
    assert smooth.divide(Fraction(1), 3) == Fraction(1, 3)
    assert smooth.divide(Decimal(1), Decimal(4)) == Decimal("0.25")
    assert smooth.divide(Decimal(-1), Decimal(0)) == Decimal("-Infinity")
    assert type(smooth.divide(Decimal(1), Decimal(0))) is Decimal
    assert type(smooth.divide(Fraction(1), 0)) is float
    assert smooth.divide(type("Amount", (Fraction,), {})(-1), 0) == -inf


@pytest.mark.parametrize(("a", "b"), [(1j, 0), (1.0, 0j), (0j, 0j)])
def test_a_complex_quotient_by_zero_is_no_number(a, b):
    y = smooth.divide(a, b)
    assert math.isnan(y.real)
    assert math.isnan(y.imag)


def test_one_is_exact_where_exactness_would_be_lost():
    assert type(smooth.one(Fraction(1, 3))) is Fraction
    assert smooth.one(Fraction(5)) == 1
    assert (type(smooth.one(2.0)), smooth.one(2.0)) == (int, 1)


@pytest.mark.parametrize(
    ("x", "n", "y"),
    [
        (2.0, 3.0, 8.0), (0.0, 0.0, 1.0), (-8.0, 1 / 3, nan), (-8.0, 3, -512.0),
        (0.0, -1.0, inf), (-0.0, -1.0, -inf), (-0.0, -2.0, inf), (-0.0, -3, -inf), (0.0, -3, inf),
        (-0.0, -1.5, inf), (-0.0, -2.5, inf),
        (1e308, 2.0, inf), (-1e308, 2.0, inf), (-1e308, 3.0, -inf), (1e308, 3, inf),
        (-103.0, 8388607.5, nan),
    ],
)  # fmt: skip
def test_a_power_is_real_and_never_raises(x, n, y):
    np.testing.assert_array_equal(smooth.power(x, n), y)
    np.testing.assert_array_equal(smooth.power(np.array([x]), float(n)), [y])
    np.testing.assert_array_equal(smooth.power(x, np.array([float(n)])), [y])


def test_a_power_keeps_the_kind_of_its_numbers():
    assert smooth.power(Fraction(2, 3), -2) == Fraction(9, 4)
    assert smooth.power(-4 + 0j, 0.5) == pytest.approx(2j)
    assert smooth.power(-4.0, 0.5 + 0j) == pytest.approx(2j)
    assert math.isnan(smooth.power(Fraction(-4), 0.5))


POWERS = [
    (2.0, 3.0, 12.0, 8 * math.log(2)),
    (0.5, -1.0, -4.0, 2 * math.log(0.5)),
    (0.0, 0.0, 0.0, 0.0),
    (2.0, 0.0, 0.0, math.log(2)),
    (0.0, 1.0, 1.0, 0.0),
    (0.0, 2.0, 0.0, 0.0),
    (0.0, 0.5, inf, 0.0),
    (0.0, -1.0, -inf, -inf),  # as in PyTorch, and of 0**0 too
    (nan, 0.0, 0.0, nan),
    (5e-324, 0.0, 0.0, math.log(5e-324)),
    (inf, 0.0, 0.0, inf),
    (-2.0, 3.0, 12.0, nan),
    (-2.0, 0.0, 0.0, nan),
]


@pytest.mark.parametrize(("x", "n", "by_base", "by_exponent"), POWERS)
def test_the_partials_of_a_power(x, n, by_base, by_exponent):
    y = smooth.power(x, n)
    np.testing.assert_allclose(smooth.power_base_partial(x, n), by_base)
    np.testing.assert_allclose(smooth.power_exponent_partial(y, x, n), by_exponent)
    xs, ns = np.array([x, x]), np.array([n, n])
    for a, b in [(xs, n), (x, ns), (xs, ns)]:
        np.testing.assert_allclose(smooth.power_base_partial(a, b), [by_base] * 2)
        np.testing.assert_allclose(smooth.power_exponent_partial(y, a, b), [by_exponent] * 2)


@pytest.mark.parametrize(("x", "n", "by_base", "by_exponent"), POWERS)
def test_the_recorded_partials_of_a_power_are_those_of_floats(x, n, by_base, by_exponent):
    a, b = unknown(), unknown()
    y, numbers = a**b, {a: x, b: n}
    for p, q in [(a, b), (a, Value(n)), (Value(x), b)]:
        found = replayed(smooth.power_base_partial(p, q), numbers)
        np.testing.assert_allclose(found, by_base)
        found = replayed(smooth.power_exponent_partial(y, p, q), numbers)
        np.testing.assert_allclose(found, by_exponent)


def test_a_constant_power_of_zero_stops_the_adjoint():
    """False, and not 0, so that an infinite adjoint above it makes no nan."""
    assert smooth.power_base_partial(0.0, 0.0) is False
    assert smooth.power_exponent_partial(0.0, 0.0, 2.0) is False
    assert smooth.power_base_partial(math.nan, 0) is False


def test_a_symbolic_power_of_zero_has_cases():
    n = sympy.Symbol("n", real=True)
    assert smooth.power_exponent_partial(0**n, 0, n).subs({n: 2}) == 0
