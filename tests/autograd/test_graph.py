"""Walks over a graph: order, the nodes as people see them, and the chain rule, exactly."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import PRIMITIVES, Primitive, Value, apply, grad
from autograd.graph import Node, adjoints, bundle, nodes, order, scalars

SUM, DOT = PRIMITIVES["sum"], PRIMITIVES["dot"]


def test_an_order_has_inputs_first_each_once_and_no_leaves():
    a, b = Value(2.0), Value(3.0)
    c = a * b
    d = c + c
    e = d * c
    assert order(e) == [c, d, e]
    assert order(c, e) == [c, d, e]
    assert order(a) == [a]
    assert order(a * 2.0, a * 3.0)[0].data == 4.0


def test_an_order_has_a_shared_bundle_once_before_all_that_read_it():
    xs = [Value(1.0) * 2.0, Value(3.0)]
    shared = bundle(xs)
    first, second = apply(SUM, shared), apply(DOT, shared, bundle([Value(5.0), Value(7.0)]))
    found = order(first, second)
    assert found.count(shared) == 1
    assert found[:3] == [xs[0], shared, first]
    assert found[-1] is second
    assert len(found) == 5


def test_a_bundle_holds_its_entries_and_their_numbers():
    xs = [Value(1.0), Value(2.0)]
    made = bundle(iter(xs))
    assert (made.op, made.inputs, made.data) == (None, tuple(xs), (1.0, 2.0))


def test_nodes_are_scalars_alone_leaves_too():
    xs = [Value(1.0), Value(2.0)]
    s = apply(SUM, bundle(xs))
    y = s * xs[0]
    assert nodes(y) == [*xs, s, y]
    assert nodes(xs[0]) == [xs[0]]
    assert scalars(order(y)) == [*xs, s, y]


def test_an_empty_bundle_is_no_leaf():
    s = apply(SUM, Node(None, (), ()))
    assert nodes(s) == [s]


def test_many_roots_have_their_seeds_added():
    a, b = Value(2), Value(3)
    c = a * b
    d = c * a
    found = adjoints(order(c, d), {c: 10, d: 1})
    assert found[a] == 10 * 3 + 2 * 2 * 3
    assert found[b] == 10 * 2 + 2 * 2
    assert found[c] == 10 + 2


def test_what_the_roots_do_not_reach_has_no_adjoint():
    a, b = Value(2), Value(3)
    c, d = a * 2, b * 3
    assert b not in adjoints(order(c), {c: 1})
    assert b not in adjoints(order(c, d), {c: 1})


# --- against forward mode, in exact numbers -------------------------------------------------------

SMALL = st.fractions(-3, 3, max_denominator=5)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "sub", "mul", "neg", "maximum", "where", "sum", "dot", "dots"]),
        st.lists(st.integers(0, 99), min_size=6, max_size=6),
    ),
    min_size=1,
    max_size=12,
)


def forward(name, xs):
    """A step on pairs (number, slope), by the rules of school."""
    (a, da), (b, db), (c, dc) = xs[:3]
    if name == "sum":
        return tuple(map(sum, zip(*xs, strict=True)))
    if name == "dot":
        return sum(p[0] * q[0] for p, q in zip(xs[:3], xs[3:], strict=True)), sum(
            p[0] * q[1] + p[1] * q[0] for p, q in zip(xs[:3], xs[3:], strict=True)
        )
    return {
        "add": (a + b, da + db),
        "sub": (a - b, da - db),
        "mul": (a * b, da * b + a * db),
        "neg": (-a, -da),
        "maximum": (b, db) if b > a else (a, da),
        "where": (b, db) if a else (c, dc),
    }[name]


def step(name, xs):
    """The same step on Values."""
    if name == "sum":
        return apply(SUM, bundle(xs))
    if name == "dot":
        return apply(DOT, bundle(xs[:3]), bundle(xs[3:]))
    count = {"neg": 1, "where": 3}.get(name, 2)
    return apply(PRIMITIVES[name], *xs[:count])


@given(st.lists(SMALL, min_size=3, max_size=3), STEPS)
def test_every_random_graph_has_the_slopes_of_forward_mode(start, steps):
    """Reverse and forward mode are independent; on Fractions they agree to the last digit.

    `dots` are two dots that share a bundle, which then has one adjoint from both.
    """
    values = [Value(x) for x in start]
    slopes = [[(x, Fraction(j == k)) for j, x in enumerate(start)] for k in range(3)]
    made = list(values)
    for name, picks in steps:
        places = [p % len(made) for p in picks]
        xs = [made[p] for p in places]
        if name == "dots":
            shared = bundle(xs[:3])
            others = [bundle(xs[3:]), bundle(xs[3:][::-1])]
            made += [apply(DOT, shared, other) for other in others]
            names, orders = ["dot", "dot"], [places, places[:3] + places[3:][::-1]]
        else:
            made.append(step(name, xs))
            names, orders = [name], [places]
        for track in slopes:
            track += [forward(n, [track[p] for p in q]) for n, q in zip(names, orders, strict=True)]
    found = adjoints(order(*made[3:]), dict.fromkeys(made[3:], Fraction(1)))
    for value, track in zip(values, slopes, strict=True):
        assert found.get(value, 0) == sum(slope for _, slope in track[3:])
    assert [v.data for v in made] == [number for number, _ in slopes[0]]


@pytest.mark.parametrize("count", range(1, 20))
def test_a_bundle_that_many_dots_share_has_the_adjoints_of_all(count):
    xs = [Value(x) for x in (2, 3)]
    shared = bundle(xs)
    dots = [apply(DOT, shared, bundle([Value(k + 1), Value(k * k)])) for k in range(count)]
    total = apply(SUM, bundle(dots))
    dx = grad(total, xs)
    assert dx[0].data == sum(k + 1 for k in range(count))
    assert dx[1].data == sum(k * k for k in range(count))


def test_a_true_partial_hands_on_the_adjoint_itself_and_a_false_one_stops_it():
    """Nothing is multiplied, so whatever the adjoint is, it arrives as it was."""
    one, other, third = Value(1.0), Value(math.nan), Value(2.0)
    upstream = object()
    y = apply(PRIMITIVES["where"], one, third, other)
    assert adjoints(order(y), {y: upstream}) == {y: upstream, third: upstream}
    y = apply(PRIMITIVES["add"], one, third)
    assert adjoints(order(y), {y: upstream}) == {y: upstream, one: upstream, third: upstream}
    y = apply(PRIMITIVES["relu"], third)
    assert adjoints(order(y), {y: upstream}) == {y: upstream, third: upstream}
    y = apply(PRIMITIVES["stop"], third)
    assert adjoints(order(y), {y: upstream}) == {y: upstream}
    y = apply(SUM, bundle([one, third]))
    found = adjoints(order(y), {y: upstream})
    assert (found[one], found[third]) == (upstream, upstream)


def test_a_row_with_too_few_partials_is_an_error():
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    three = Primitive("three", "3", lambda a, b, c: a + b + c, lambda *_: (1, 1))
    with pytest.raises(ValueError, match="zip"):
        apply(three, a, b, c).backward()
    short = Primitive("short", "s", lambda xs: sum(xs), lambda *_: ((1,),))
    shared = bundle([a, b])
    with pytest.raises(ValueError, match="zip"):
        (apply(short, shared) + apply(short, shared)).backward()
