"""Formulas as people write them in C: few brackets, shortest numbers, names that are free."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import PRIMITIVES, Primitive, Value, apply, where
from autograd.dialects.c99 import Speller, fresh, is_name, number
from autograd.dialects.expressions import Expression, InexpressibleError
from autograd.dialects.formulas import unknown
from autograd.graph import bundle
from autograd.numbers.kinds import UNKNOWN
from autograd.scopes import tracing

A, B = unknown(), unknown()
LEAVES = {A: Expression("a"), B: Expression("b")}


def spelled(formula, dtype="float64"):
    """The expression of a formula of a and b; the lines before it name what is used twice."""
    lines = []

    def named(x):
        lines.append(f"t{len(lines)} = {x.text}")
        return Expression(f"t{len(lines) - 1}")

    text = Speller(dtype, set(), named).spell(formula, dict(LEAVES)).text
    return "; ".join([*lines, text])


def joined(tree):
    """A tree of operations as a function of a and b."""
    if isinstance(tree, str):
        return {"a": lambda a, b: a, "b": lambda a, b: b}[tree]
    if isinstance(tree, float):
        return lambda a, b: tree
    op, x, y = tree[0], joined(tree[1]), joined(tree[2])
    return lambda a, b: op(x(a, b), y(a, b))


OPERATIONS = [operator.add, operator.sub, operator.mul, lambda x, _: -x]
TREES = st.recursive(
    st.sampled_from(["a", "b", 2.0, -0.5]),
    lambda parts: st.tuples(st.sampled_from(OPERATIONS), parts, parts),
)


@given(TREES, st.floats(-9, 9), st.floats(-9, 9))
def test_an_expression_is_evaluated_in_the_order_of_the_formula(tree, a, b):
    function = joined(tree)
    with tracing([]):
        formula = function(A, B)
        *lines, text = spelled(formula + A * 0).split("; ")  # a Value, even if the tree is a number
    names = {"a": a, "b": b}
    for line in lines:
        exec(line, names)
    assert eval(text, names) == function(a, b) + a * 0


def test_brackets_are_only_where_they_change_something():
    with tracing([]):
        assert spelled((A + B) - (A - B)) == "a + b - (a - b)"
        assert spelled(A * B / (A / B)) == "a * b / (a / b)"
        assert spelled(-(A * B) * -A) == "-(a * b) * -a"
        assert spelled((A + B) * (A > B)) == "(a + b) * (a > b)"
        assert spelled((A - 1).tanh() + 1) == "tanh(a - 1.0) + 1.0"
        assert spelled(where(A > B, A + 1, where(B, A, B))) == "a > b ? a + 1.0 : b != 0 ? a : b"


def test_what_is_used_twice_is_computed_once():
    with tracing([]):
        shared = A * B
        assert spelled(shared.tanh() + shared) == "t0 = a * b; tanh(t0) + t0"


def test_an_operation_of_ones_own_is_unfolded_however_often_it_is_used():
    sums = Primitive("sums", "Σ²", lambda x: sum(v * v for v in x), lambda y, x: (x,))
    twice = Primitive("twice", "2·", lambda x: x + x, lambda y, x: (2,))
    with tracing([]):
        assert spelled(apply(twice, apply(twice, A))) == "t0 = a + a; t0 + t0"
        assert spelled(apply(sums, bundle([A, B]))) == "0.0 + a * a + b * b"


def test_an_operation_that_is_made_of_itself_is_refused():
    loop = Primitive("loop", "∞", lambda x: x if x is UNKNOWN else apply(loop, x), lambda *_: (1,))
    with tracing([]), pytest.raises(InexpressibleError, match="C cannot say loop: it is made of"):
        spelled(apply(loop, A))


@pytest.mark.parametrize(
    ("exponent", "text"),
    [(2, "square(a)"), (0.5, "powf(a, 0.5f)"), (-1, "1 / a"), (3, "powf(a, 3.0f)"), (1, "a")],
)
def test_powers_are_written_as_people_do(exponent, text):
    with tracing([]):
        assert spelled(apply(PRIMITIVES["pow"], A, Value(exponent)), "float32") == text


@given(st.floats(width=32))
def test_a_number_is_as_short_as_it_can_be_and_exact(x):
    text = number(x, "float32").rstrip("f")
    again = {"NAN": math.nan, "INFINITY": math.inf, "-INFINITY": -math.inf}.get(text)
    again = float(text) if again is None else again
    assert np.float32(again).tobytes() == np.float32(x).tobytes() or x != x
    assert len(text) <= max(len(repr(x)), 9)


def test_a_double_has_no_suffix():
    assert number(0.1, "float64") == "0.1"
    assert number(0.1, "float32") == "0.1f"
    assert number(1e39, "float32") == "INFINITY"


def test_names_are_free_and_mean_something():
    taken = set()
    assert fresh("conv1.weight", taken, "layer") == "conv1_weight"
    assert fresh("conv1 weight", taken, "layer") == "conv1_weight_2"
    assert fresh("0.bias", taken, "layer") == "layer_0_bias"
    assert fresh("for", taken, "layer") == "layer_for"
    assert fresh("EOF", taken, "layer") == "layer_EOF"
    assert fresh("ü*/", taken, "layer") == "layer"
    assert {"conv1_weight", "layer"} <= taken


def test_no_name_is_a_word_of_the_language():
    assert is_name("digit_2")
    assert not any(map(is_name, ["", "2d", "a b", "a\n", "_a", "int", "sinf", "relu", "größe"]))
