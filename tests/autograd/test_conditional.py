"""Adjoints that know where they are reached: chosen by conditions, and 0 elsewhere."""

import itertools
import math

import pytest

from autograd import Value, graph
from autograd.conditional import Conditional
from autograd.scopes import tracing
from autograd.value import unknown

nan, inf = math.nan, math.inf


@pytest.fixture(autouse=True)
def recording():
    with tracing([]):
        yield


def number(formula, numbers):
    """What a formula is, once its leaves have numbers."""
    found = dict(numbers)
    for node in graph.order(formula):
        if node.op is None:
            found[node] = tuple([found.get(v, v.data) for v in node.inputs])
        else:
            found[node] = node.op.forward(*[found.get(v, v.data) for v in node.inputs])
    return found.get(formula, formula.data)


def names(formula):
    """The operations of a formula."""
    return [node.op.name for node in graph.order(formula) if node.op]


@pytest.mark.parametrize("slope", [nan, inf, -inf, 3.0])
def test_what_a_choice_stopped_is_zero_after_any_factor(slope):
    u, x, p = unknown(), unknown(), unknown()
    chosen = Conditional(u) * (x > 0)
    after = (chosen * p).value
    assert number(after, {u: 5.0, x: -1.0, p: slope}) == 0
    assert number(after, {u: 5.0, x: 1.0, p: slope}) == pytest.approx(5.0 * slope, nan_ok=True)


def test_a_zero_that_arrived_is_no_adjoint_that_was_stopped():
    u, x, p = unknown(), unknown(), unknown()
    after = (Conditional(u) * (x > 0) * p).value
    assert math.isnan(number(after, {u: 0.0, x: 1.0, p: inf}))


@pytest.mark.parametrize("factor", [-1, 2.0])
def test_a_finite_factor_needs_no_guard(factor):
    chosen = Conditional(unknown()) * (unknown() > 0)
    assert names((chosen * factor).value) == ["greater", "where", "mul"]
    assert names((chosen * Value(factor)).value) == ["greater", "where", "mul"]
    assert names((Conditional(unknown()) * unknown()).value) == ["mul"]


def test_a_sum_is_reached_where_one_of_its_terms_is():
    u, a, b, p = (unknown() for _ in range(4))
    both = ((Conditional(u) * (a > 0)) + (Conditional(u) * (b > 0))) * p
    for x, y in itertools.product([-1.0, 1.0], repeat=2):
        reached = (x > 0) + (y > 0)
        expected = inf if reached else 0.0
        assert number(both.value, {u: 1.0, a: x, b: y, p: inf}) == expected
    everywhere = ((Conditional(u) * (a > 0)) + Conditional(u)) * p
    assert number(everywhere.value, {u: 1.0, a: -1.0, p: inf}) == inf


def test_a_choice_of_slopes_hands_on_stops_or_multiplies():
    u, x = unknown(), unknown()
    slope = (x > 0).select(True, (x >= -1.0).select(x, False))
    chosen = Conditional(u) * slope
    after = (chosen * unknown()).value
    for at, expected in [(2.0, 5.0), (-0.5, -2.5), (-3.0, 0.0)]:
        assert number(chosen.value, {u: 5.0, x: at}) == expected
    (p,) = [v for v in graph.nodes(after) if v.unknown and not v.inputs and v not in (u, x)]
    for at, expected in [(2.0, inf), (-0.5, -inf), (-3.0, 0.0)]:
        assert number(after, {u: 5.0, x: at, p: inf}) == expected


def test_a_combination_under_one_condition_is_a_product_of_matrices_that_is_chosen():
    u, c, rows = [unknown(), unknown()], unknown() > 0, [[unknown()], [unknown()]]
    (total,) = Conditional.combination([Conditional(x) * c for x in u], rows)
    assert names(total.value).count("dot") == 1
    numbers = {u[0]: 1.0, u[1]: 2.0, rows[0][0]: nan, rows[1][0]: 3.0}
    assert number(total.value, numbers | {c.inputs[0]: -1.0}) == 0
    numbers[rows[0][0]] = 4.0
    assert number(total.value, numbers | {c.inputs[0]: 1.0}) == 10


def test_a_combination_under_several_conditions_stays_one_product():
    chosen = [Conditional(unknown()) * (unknown() > 0) for _ in range(2)]
    (total,) = Conditional.combination(chosen, [[unknown()], [unknown()]])
    assert names(total.value)[-1] == "dot"
    assert total.condition is True
