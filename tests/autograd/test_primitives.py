"""The table of primitives: one set of properties for every row."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import PRIMITIVES, Value, apply, grad
from autograd.graph import Node

SEQUENCES = {"sum": 1, "dot": 2, "max": 1, "min": 1}
ARITY = {
    "add": 2, "sub": 2, "mul": 2, "div": 2, "pow": 2, "leaky_relu": 2,
    "maximum": 2, "minimum": 2, "where": 3, "greater": 2, "at_least": 2, "equal": 2,
}  # fmt: skip
RATIONAL = [
    "add", "sub", "mul", "div", "neg", "abs", "relu", "leaky_relu", "maximum", "minimum", "where",
    "sum", "dot", "max", "min",
]  # fmt: skip
TABLE = [name for name in PRIMITIVES if name != "gather"]  # an index cannot be moved a little
SMOOTH_TWICE = sorted(set(TABLE) - {"stop", "where"} - SEQUENCES.keys())
STEPS = ["floor", "ceil", "round"]
POSITIVE = {"log", "sqrt", "pow", "div"}
LENGTH = 3
FEW = settings(max_examples=20)  # of each row; test_rows.py has the points that matter


def size(name):
    """How many scalars a row reads, with three for each sequence."""
    return LENGTH * SEQUENCES[name] if name in SEQUENCES else ARITY.get(name, 1)


def packed(name, xs):
    """Scalars as the row's operands."""
    if name not in SEQUENCES:
        return tuple(xs)
    return tuple(tuple(xs[k : k + LENGTH]) for k in range(0, len(xs), LENGTH))


def flat(name, partials):
    return [p for row in partials for p in row] if name in SEQUENCES else list(partials)


def points(name, number=float):
    """Lists of operands where the row is smooth: no kink nearby, no tie, no zero, and no pole."""
    places = st.integers(1 if name in POSITIVE else -15, 14)
    return st.builds(
        lambda places, shift: [number(Fraction(20 * k + 10 + shift, 100)) for k in places],
        st.lists(places, min_size=size(name), max_size=size(name), unique=True),
        st.integers(-4, 4),
    )


def central_difference(f, xs, k, h=1e-5):
    up, down = [list(xs), list(xs)]
    up[k] += h
    down[k] -= h
    return (f(up) - f(down)) / (2 * h)


@pytest.mark.parametrize("name", TABLE)
@FEW
@given(data=st.data())
def test_partials_are_the_slopes_of_the_forward(name, data):
    row, xs = PRIMITIVES[name], data.draw(points(name))
    y = row.forward(*packed(name, xs))
    partials = flat(name, row.partials(y, *packed(name, xs)))
    for k in range(len(xs)):
        expected = central_difference(lambda p: row.forward(*packed(name, p)), xs, k)
        if name == "stop" or (name == "where" and k == 0):
            expected = 0.0
        assert float(partials[k]) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", RATIONAL)
@FEW
@given(data=st.data())
def test_rational_rows_are_exact_in_fractions(name, data):
    """A rational function's slope is the limit of exact quotients: check it by an exact identity.

    f(x + h) - f(x) = h·f'(x) + O(h²); for these rows the O(h²) part is at most h²·|c| with exact
    numbers, so h = 10⁻³⁰ leaves no doubt.
    """
    row = PRIMITIVES[name]
    xs = data.draw(points(name, Fraction))
    y = row.forward(*packed(name, xs))
    assert isinstance(y, Fraction)
    partials = flat(name, row.partials(y, *packed(name, xs)))
    h = Fraction(1, 10**30)
    for k in range(len(xs)):
        moved = [x + h * (j == k) for j, x in enumerate(xs)]
        quotient = (row.forward(*packed(name, moved)) - y) / h
        assert abs(quotient - Fraction(partials[k])) < Fraction(1, 10**25)


@pytest.mark.parametrize("name", SMOOTH_TWICE)
@FEW
@given(data=st.data())
def test_second_derivatives_are_the_slopes_of_the_first(name, data):
    xs = data.draw(points(name))

    def first(point, k):
        values = [Value(x) for x in point]
        return grad(apply(PRIMITIVES[name], *values), [values[k]])[0].data

    for k in range(len(xs)):
        values = [Value(x) for x in xs]
        (slope,) = grad(apply(PRIMITIVES[name], *values), [values[k]])
        seconds = grad(slope, values)
        for j, second in enumerate(seconds):
            expected = central_difference(lambda p, k=k: float(first(p, k)), xs, j)
            assert float(second.data) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", TABLE)
@FEW
@given(data=st.data())
def test_floats_values_and_arrays_agree(name, data):
    row, xs, zs = PRIMITIVES[name], data.draw(points(name)), data.draw(points(name))
    ys = [row.forward(*packed(name, p)) for p in (xs, zs)]
    partials = [flat(name, row.partials(y, *packed(name, p))) for y, p in zip(ys, (xs, zs))]  # noqa: B905

    batch = [np.array(pair) for pair in zip(xs, zs, strict=True)]
    y = row.forward(*packed(name, batch))
    np.testing.assert_allclose(y, ys, rtol=1e-13)
    bulk = flat(name, row.partials(y, *packed(name, batch)))
    for k, p in enumerate(bulk):
        np.testing.assert_allclose(
            np.broadcast_to(p, 2).astype(float), [float(q[k]) for q in partials], rtol=1e-12
        )

    values = [Value(x) for x in xs]
    operands = packed(name, values)
    if name in SEQUENCES:
        operands = tuple(Node(None, o, tuple(v.data for v in o)) for o in operands)
    root = apply(row, *operands)
    assert root.data == ys[0]
    root.backward()
    assert [float(v.grad) for v in values] == pytest.approx([float(p) for p in partials[0]])


@pytest.mark.parametrize("name", sorted(set(TABLE) - SEQUENCES.keys() - {"where", "stop", *STEPS}))
def test_symbols_give_symbolic_gradients(name):
    symbols = sympy.symbols("a b c", real=True, positive=True if name in POSITIVE else None)[
        : size(name)
    ]
    row = PRIMITIVES[name]
    y = row.forward(*symbols)
    numbers = dict(zip(symbols, [0.75, 1.25, 0.5], strict=False))
    for x, p in zip(symbols, row.partials(y, *symbols), strict=True):
        symbolic = sympy.sympify(+p).subs(numbers)
        assert float(symbolic) == pytest.approx(float(sympy.diff(y, x).subs(numbers)), rel=1e-9)


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"abs"}))
def test_nan_in_gives_nan_out_and_never_raises(name):
    if name == "where":
        assert PRIMITIVES[name].forward(1.0, 2.0, math.nan) == 2.0
        return
    if name in ("greater", "at_least", "equal"):  # IEEE 754: nothing is in order with nan
        assert PRIMITIVES[name].forward(0.5, math.nan) == 0.0
        return
    row = PRIMITIVES[name]
    for k in range(1 if name == "leaky_relu" else size(name)):  # its slope is unused for x > 0
        xs = [0.5] * size(name)
        xs[k] = math.nan
        y = row.forward(*packed(name, xs))
        assert math.isnan(y)
        row.partials(y, *packed(name, xs))


@pytest.mark.parametrize("name", TABLE)
@given(data=st.data())
def test_no_real_number_raises(name, data):
    """0, ±inf, huge and tiny numbers give IEEE results, never an exception or a complex number."""
    numbers = st.sampled_from(
        [0.0, -0.0, 1.0, -2.0, 0.5, 1e308, -1e308, 5e-324, math.inf, -math.inf]
    )
    xs = data.draw(st.lists(numbers, min_size=size(name), max_size=size(name)))
    y = PRIMITIVES[name].forward(*packed(name, xs))
    assert isinstance(y, float)
    for p in flat(name, PRIMITIVES[name].partials(y, *packed(name, xs))):
        assert isinstance(p, float | int)
