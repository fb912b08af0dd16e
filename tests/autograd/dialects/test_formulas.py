"""Rows of the table as formulas: partials as data, adjoints that are chosen, and shorter forms."""

import math

import pytest

from autograd import PRIMITIVES, graph
from autograd.dialects.formulas import chooses, handed_on, leaves, ordered, row, unknown


def text(formula, **names):
    """A formula in nested calls, its leaves by name."""
    found = {v: name for name, v in names.items()}

    def written(v):
        if v in found:
            return found[v]
        if v.op is None:
            return f"{v.data:g}"
        return f"{v.op.name}({', '.join(map(written, v.inputs))})"

    return written(formula)


def partial(name, *constants):
    """∂y/∂x of a row of one unknown, as text."""
    of = row(PRIMITIVES[name], (None, *constants))
    return text(of.of_x[0], y=of.y, x=of.x[0])


def number(formula, numbers):
    """What a formula is, for numbers of its leaves."""
    found = dict(numbers)
    for node in graph.order(formula):
        if node.op is not None:
            found[node] = node.op.forward(*[float(found.get(v, v.data)) for v in node.inputs])
    return found.get(formula, formula.data)


def test_the_slope_of_tanh_is_a_formula_of_its_result():
    assert partial("tanh") == "sub(1, mul(y, y))"
    assert partial("exp") == "y"
    assert row(PRIMITIVES["add"], (None, None)).of_x == (True, True)
    assert row(PRIMITIVES["sub"], (None, 2.0)).of_x[1] == -1.0


def test_a_formula_has_its_unknown_leaves():
    of = row(PRIMITIVES["mul"], (None, 3.0))
    assert leaves(of.forward) == {of.x[0]}
    assert not chooses(of.forward)
    assert chooses(row(PRIMITIVES["relu"], (None,)).of_x[0])


def test_an_adjoint_is_chosen_where_the_partial_is_a_choice():
    of = row(PRIMITIVES["maximum"], (None, None))
    upstream = unknown()
    chosen = handed_on(upstream, of.of_x[1])
    for a, b, expected in [(1, 2, 7.0), (2, 1, 0.0), (1, 1, 0.0), (1, math.nan, 7.0)]:
        assert number(chosen, {upstream: 7.0, of.x[0]: a, of.x[1]: b}) == expected


@pytest.mark.parametrize("x", [-2.0, 0.0, 3.0, math.inf])
@pytest.mark.parametrize("name", ["relu", "abs", "leaky_relu", "maximum", "minimum"])
def test_the_shorter_form_is_the_same_number_where_nothing_is_nan(name, x):
    binary = name not in ("relu", "abs")
    of = row(PRIMITIVES[name], (None, 0.5) if binary else (None,))
    upstream = unknown()
    formula = handed_on(upstream, of.of_x[0])
    numbers = {upstream: 3.0, of.x[0]: x, of.y: number(of.forward, {of.x[0]: x})}
    assert number(ordered(formula), numbers) == number(formula, numbers)


def test_what_asks_for_nan_alone_is_left_out():
    of = row(PRIMITIVES["relu"], (None,))
    upstream = unknown()
    formula = ordered(handed_on(upstream, of.of_x[0]))
    assert text(formula, u=upstream, y=of.y) == "where(greater(y, 0), u, 0)"
    of = row(PRIMITIVES["maximum"], (None, None))
    a, b = of.x
    formula = ordered(handed_on(upstream, of.of_x[1]))
    assert text(formula, u=upstream, a=a, b=b) == "where(greater(b, a), u, 0)"


def test_a_stopped_adjoint_is_a_product_again():
    of = row(PRIMITIVES["sqrt"], (None,))
    upstream = unknown()
    formula = handed_on(upstream, of.of_x[0], stopped=True)
    assert text(formula, u=upstream, y=of.y) == "where(u, mul(u, div(1, mul(2, y))), 0)"
    assert text(ordered(formula), u=upstream, y=of.y) == "mul(u, div(1, mul(2, y)))"
    assert ordered(upstream) is upstream
