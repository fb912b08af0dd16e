"""Operations that a program makes by hand, in micrograd's and microgpt's manners."""

import copy
import math
import pickle
import re
from fractions import Fraction

import pytest
from browsing import carried

import autograd
from autograd import (
    Tensor,
    UnknownNumberError,
    Value,
    check_gradients,
    draw,
    explore,
    grad,
    trace_anomaly,
)


def square(x):
    """Of micrograd's clones: children and a name, then a closure."""
    out = Value(x.data**2, (x,), "sq")

    def _backward():
        x.grad += 2 * x.data * out.grad

    out._backward = _backward
    return out


def product(a, b):
    out = Value(a.data * b.data, _children=(a, b), _op="prod")

    def _backward():
        a.grad += b.data * out.grad
        b.grad += a.data * out.grad

    out._backward = _backward
    return out


def cube(x):
    """Of microgpt's: children and local gradients, and no name."""
    return Value(x.data**3, (x,), (3 * x.data**2,))


def clipped(x, most=1.0):
    """A closure that is not linear in what it is sent."""
    out = Value(x.data, [x], "clip")

    def _backward():
        x.grad += max(-most, min(most, out.grad))

    out._backward = _backward
    return out


def mixed(a, b, square, product, cube):
    """Shared nodes, an operand twice, our own operations between."""
    s = square(a)
    return product(s, b) + a * product(a, a) + cube(b) * square(b * 2) - s / b


OURS = {"square": lambda x: x**2, "product": lambda a, b: a * b, "cube": lambda x: x**3}


@pytest.mark.parametrize("number", [float, Fraction])
def test_gradients_are_those_of_the_closures_and_add_up_at_shared_nodes(number):
    found, expected = [[Value(number(3)), Value(number(-2))] for _ in range(2)]
    y, z = mixed(*found, square, product, cube), mixed(*expected, **OURS)
    for root in (y, z, y, z):
        root.backward()
    assert y.data == z.data
    assert [v.grad for v in found] == pytest.approx([v.grad for v in expected], rel=1e-12)
    assert type(found[0].grad) is number
    assert [d.data for d in grad(y, found)] == [v.grad / 2 for v in found]


def test_a_closure_need_not_be_linear():
    x = Value(3.0)
    (clipped(x) * 10).backward()
    assert x.grad == 1.0
    assert grad(clipped(x) * -0.5, [x])[0].data == -0.5
    assert grad(clipped(x) * -5.0, [x])[0].data == -1.0
    assert x.grad == 1.0


def test_a_closure_hears_of_all_that_its_node_is_sent_at_once():
    x = Value(3.0)
    y = clipped(x)
    (y * 0.75 + y * 0.75).backward()
    assert (y.grad, x.grad) == (1.5, 1.0)


def test_leaves_add_up_over_passes_and_the_others_show_the_last_one():
    """Also where a closure stops what it is sent, and after a pass that was refused."""
    x = Value(3.0)
    y = square(x)
    stopped = Value(5.0, (y,), "stop")
    root = y * 2 + stopped
    for k in (1, 2):
        root.backward()
        assert (x.grad, y.grad, stopped.grad) == (12.0 * k, 2.0, 1.0)
    x.data = 4.0
    with pytest.raises(ValueError, match="sq"):
        root.backward()
    x.data = 3.0
    root.backward()
    assert (x.grad, y.grad) == (36.0, 2.0)
    x.backward()
    assert x.grad == 37.0


def test_a_closure_that_fails_leaves_the_gradients_around_it():
    x = Value(3.0)
    out = Value(9.0, (x,), "sq")

    def _backward():
        x.grad += 1.0
        raise ZeroDivisionError

    out._backward, x.grad = _backward, 5.0
    with pytest.raises(ZeroDivisionError):
        (out * 2).backward()
    assert x.grad == 5.0


def test_chains_of_closures_are_as_deep_as_one_likes():
    x = y = Value(1.0)
    for _ in range(5_000):
        y = product(y, Value(1.0))
    y.backward()
    assert x.grad == 1.0


def test_each_manner_of_making_one_is_understood():
    x = Value(2.0)
    for made in (
        Value(4.0, (x,), "sq", "y"), Value(4.0, {x}, "sq", label="y"),
        Value(4.0, _children=[x], _op="sq", label="y"), Value(4.0, "y", children=(x,), op="sq"),
        Value(4.0, (x,), (4.0,), "y"), Value(4.0, children=(x,), local_grads=(4.0,), label="y"),
    ):  # fmt: skip
        assert (made.data, made.label, made._prev, made._children) == (4.0, "y", {x}, (x,))
    assert made._local_grads == (4.0,)
    for leaf in (Value(4.0, ()), Value(4.0, (), "y"), Value(4.0, _children=(), _op="")):
        assert (leaf.op, leaf.inputs, leaf._prev, leaf._op) == (None, (), set(), "")
        leaf._backward()
    with autograd.no_grad():
        assert cube(x).inputs == square(x).inputs == ()


def test_the_words_of_other_engines_are_understood():
    x, y = Value(2.0), Value(3.0, name="y")
    product = Value(6.0, parents=[x, y], operation="times")
    assert (product._children, product._op, y.label) == ((x, y), "times", "y")


@pytest.mark.parametrize(
    ("given", "named", "said"),
    [
        (((2.0,),), {}, "children: Values, got 2.0"),
        (((Value(1.0),), ("a",)), {}, "local_grads: numbers, got 'a'"),
        (((Value(1.0),), (1.0, 2.0)), {}, "local_grads.*2 for 1"),
        ((), {"children": 3}, "what is children=3"),
        ((), {"requires_grad": True}, "what is requires_grad=True"),
        ((), {"name": 3}, "what is name=3"),
        (("a",), {"name": "b"}, "what is name='b'"),
        (((Value(1.0),), "a", "b", "c"), {}, "what is 'c'"),
    ],
)
def test_what_is_no_manner_of_making_one_is_named(given, named, said):
    with pytest.raises((TypeError, ValueError), match=said):
        Value(1.0, *given, **named)


def test_an_operation_without_a_name_is_called_as_the_function_that_made_it():
    x = Value(2.0)
    assert cube(x)._op == "cube"
    forgetful = Value(math.tanh(x.data))

    def _backward():
        x.grad += (1 - forgetful.data**2) * forgetful.grad

    forgetful._backward = _backward
    forgetful.backward()
    assert forgetful._prev == {x}
    assert x.grad == 1 - math.tanh(2.0) ** 2


class Wave(Value):
    """A kind of Value as people derive it from micrograd's."""

    def __init__(self, data, _children=(), _op="", label=""):
        super().__init__(data, _children, _op, label)
        self._backward = lambda: None
        self.velocity = 0.0

    def swish(self):
        s = 1 / (1 + math.exp(-self.data))
        out = Wave(self.data * s, (self,), "swish")

        def _backward():
            self.grad += (s + out.data * (1 - s)) * out.grad

        out._backward = _backward
        return out


def test_kinds_derived_from_value_run():
    x, ours = Wave(0.5, label="x"), Value(0.5)
    (x.swish() * 2 + Wave(x * 3)).backward()
    (ours * ours.sigmoid() * 2 + ours * 3).backward()
    assert x.grad == pytest.approx(ours.grad, rel=1e-14)
    assert (x.label, x.velocity, x.swish()._op) == ("x", 0.0, "swish")
    assert Wave(x) is Value(x) is x
    program = autograd.compile(lambda x: Wave(x * 3) * Value(x), 1.0, dtype="float64")
    assert program([2.0, 3.0]).tolist() == [12.0, 27.0]


def test_a_closure_may_replace_what_one_of_our_operations_sends():
    x = Value(3.0)
    y = x * 2
    before = y._backward

    def halved():
        before()
        x.grad *= 0.5

    y._backward = halved
    (y + 0).backward()
    assert (x.grad, y._op) == (1.0, "*")


def test_the_lectures_call_the_closures_by_hand():
    a, b, c, f = (Value(v) for v in (2.0, -3.0, 10.0, -2.0))
    e = a * b
    d = e + c
    loss = d * f
    loss.grad = 1.0
    for v in (loss, d, e, c, a):
        v._backward()
    assert [v.grad for v in (a, b, c, d, e, f)] == [6.0, -4.0, -2.0, -2.0, -2.0, 4.0]


def test_a_sorted_graph_may_be_walked_by_hand():
    """Of `_prev` and `_backward`, and of microgpt's `_children` and `_local_grads`."""
    t, s, u = (Tensor([1.0, -2.0, 3.0]) for _ in range(3))

    def loss(t):
        return square((t * t).sum()) + (t @ t) * cube(t.max()) + t[1].relu()

    def sorted_from(root, found):
        for child in root._prev:
            if child not in found:
                sorted_from(child, found)
        return found.setdefault(root, root) and found

    for v in reversed(sorted_from(root := loss(t), {})):
        v.grad = 1.0 if v is root else v.grad
        v._backward()
    for v in reversed(sorted_from(root := loss(s), {})):
        v.grad = 1.0 if v is root else v.grad
        for child, local in zip(v._children, v._local_grads, strict=True):
            child.grad += local * v.grad
    loss(u).backward()
    assert t.grad == s.grad == u.grad


def test_values_have_attributes_of_ones_own_that_copies_keep():
    p = Value(1.0, label="p")
    p.m, p._vis_color = 0.5, "red"
    for again in (copy.copy(p), copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert (again.data, again.label, again.m, again._vis_color) == (1.0, "p", 0.5, "red")
    assert (p * 2).__dict__ == {}


def test_a_value_of_a_value_is_that_value():
    x = Value(2.0)
    y = x * x
    assert Value(x) is x
    assert Value(y) is y
    assert Value(y, label="y").label == y.label == "y"
    (Value(y) * Value(x)).backward()
    assert x.grad == 12.0


def test_a_copied_graph_has_closures_of_its_own():
    x = Value(3.0)
    y = clipped(square(x)) * cube(x) + square(x)
    again = copy.deepcopy(y)
    x.data = math.nan
    again.backward()
    (leaf,) = {v for v in autograd.graph.nodes(again) if v.op is None}
    assert (leaf.grad, x.grad) == (1.0 * 6 + 9 * 27 + 6, 0)


def test_what_pickle_cannot_keep_is_said_with_the_lines_that_it_can():
    x = Value(2.0)
    again = pickle.loads(pickle.dumps(cube(x) + 1))
    again.backward()
    assert [v.grad for v in autograd.graph.nodes(again) if v.op is None] == [12.0, 1.0]
    with pytest.raises(pickle.PicklingError, match=r"autograd\.Primitive\('sq', 'sq'"):
        pickle.dumps(square(x))


ROW = re.compile(
    r"    (\w+) = autograd\.Primitive\('(.+)', '.+',\n.*lambda (.+): \.\.\., lambda y, .+\n"
    r"    out = autograd\.apply\(\1, \3\)"
)


@pytest.mark.parametrize(
    ("function", "name", "operands"),
    [(square, "sq", "x"), (cube, "cube", "x"), (lambda x: product(x, x), "prod", "x0, x1")],
)
def test_where_numbers_are_not_enough_the_error_has_the_lines_that_do_it(function, name, operands):
    """To compile it, to explore it live, to differentiate a derivative."""
    (derivative,) = grad(function(x := Value(2.0)), [x])
    live = {"samples": [[2.0]], "parameters": []}
    for asked, kind in [
        (lambda: autograd.compile(function, 2.0), UnknownNumberError),
        (
            lambda: explore(lambda x: function(x[0]), **live),
            UnknownNumberError,
        ),
        (derivative.backward, ValueError),
        (lambda: grad(derivative, [x]), ValueError),
    ]:
        with pytest.raises(kind) as raised:
            asked()
        assert ROW.search(str(raised.value)).groups() == (name, name, operands)


def test_the_lines_do_what_they_say():
    sq = autograd.Primitive("sq", "sq", lambda x: x**2, lambda y, x: (2 * x,))
    program = autograd.compile(lambda x: autograd.apply(sq, x) * 3, 2.0, dtype="float64")
    assert program([2.0, 3.0]).tolist() == [12.0, 27.0]
    x = Value(2.0)
    assert grad(grad(autograd.apply(sq, x), [x])[0], [x])[0].data == 2.0


def test_a_symbol_that_is_no_name_gives_lines_that_are_python():
    with pytest.raises(UnknownNumberError, match=r"mine = autograd\.Primitive\('\*\*2', '\*\*2'"):
        autograd.compile(lambda x: Value(x.data**2, (x,), "**2"), 2.0)


def test_a_number_that_changed_since_is_not_taken_for_the_one_that_was_read():
    x = Value(3.0)
    y = square(x) + 1
    x.data = 4.0
    with pytest.raises(ValueError, match=r"sq\(3.0\) was computed by hand.*sq\(4.0\)"):
        y.backward()


def test_drawings_show_the_name_and_what_is_sent():
    x = Value(3.0, label="x")
    y = clipped(square(x)) * 10
    y.backward()
    source = draw(y).source
    assert "<B>sq</B>" in source
    assert "sq(x)" in source
    assert "10 · 0.1 = 1" in source  # what was clipped: in effect a partial of a tenth
    assert "1 · 6 = 6" in source


def test_a_page_is_frozen_with_a_reason_and_numbers():
    x = Value(3.0, label="x")
    for k in range(300):  # each node has its own row, and a page counts rows in bytes
        x = square(x) if k % 2 else cube(x * 0.0 + 1.0)
    header, arrays = carried(explore(clipped(x * 5)))
    assert "cube: it was computed by hand" in header["frozen"]
    assert max(arrays["op"]) == 5  # cube and square, the clip, two of ours
    assert 0.0 not in arrays["adjoint"][-3:]


def test_the_anomaly_finder_goes_through_closures():
    x = Value(0.0, label="x")
    assert str(trace_anomaly(Value(math.nan, (x,), "bad") * 2)) == "bad(0.0) = nan"

    def root(x):
        return Value(x.data**0.5, (x,), (math.inf,))

    assert "root(0.0) = 0.0: 4.0 · inf = inf is sent to x" in str(
        trace_anomaly(square(root(x) + 2.0) + 1.0, backward=True)
    )


def test_the_checker_asks_differences_not_closures():
    def wrong(x):
        out = Value(x.data**2, (x,), "sq")

        def _backward():
            x.grad += 3 * x.data * out.grad

        out._backward = _backward
        return out

    for own in (square, wrong):
        report = check_gradients(lambda x, own=own: own(Value(x)).data, {"x": 3.0}, {"x": 6.0})
        assert report.verdict == "right"
