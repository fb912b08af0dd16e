"""Value: recording, backward, and the decisions on awkward points."""

import copy
import gc
import math
import operator
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, Value, grad, hessian, jacobian, no_grad, scope, where
from autograd.graph import nodes


def test_leaves_accumulate_over_calls_and_the_others_show_the_latest():
    a, b = Value(2.0), Value(3.0)
    c = a * b
    d = c + a
    d.backward()
    d.backward()
    assert (a.grad, b.grad) == (8.0, 4.0)
    assert (c.grad, d.grad) == (1.0, 1.0)


def test_an_interior_node_off_the_path_shows_zero_not_an_old_gradient():
    a = Value(1.0)
    b = a * 2.0
    b.backward()
    (b.maximum(5.0) * 1.0).backward()
    assert b.grad == 0


def test_a_repeated_operand_counts_each_time():
    a = Value(3.0)
    (a + a).backward()
    assert a.grad == 2.0
    b = Value(3.0)
    (b * b).backward()
    assert b.grad == 6.0


@pytest.mark.parametrize(
    "make",
    [
        lambda w, x: w * w * x,
        lambda w, x: (w * x).tanh(),
        lambda w, x: x**w,
        lambda w, x: where(w > 0, w * 3, x) * x,
        lambda w, x: w.exp() + x,
    ],
)
def test_a_graph_that_is_older_than_its_leaves_has_no_gradient(make):
    """Results from before an update and numbers from after it would mix."""
    w, x = Value(2.0, label="w"), Value(3.0, label="x")
    y = make(w, x)
    y.backward()
    w.data -= 0.5
    with pytest.raises(ValueError, match=r"w.* got another number"):
        y.backward()
    with pytest.raises(ValueError, match=r"w.* got another number"):
        grad(y, [x])
    w.data += 0.5
    y.backward()


def test_a_gradient_that_reads_no_number_of_its_leaves_survives_an_update():
    w, x, n = Value(2.0), Value(3.0), Value(float("nan"))
    y = (w + x - w + n) * 2.0 + (-w) + w.stop()
    z = Tensor([w, x]) @ Tensor([x, w])  # keeps the numbers that it read
    w.data = 5.0
    y.backward()
    assert (w.grad, x.grad) == (-1.0, 2.0)
    z.backward()
    assert (w.grad, x.grad) == (5.0, 6.0)


def test_subtraction_and_division_are_recorded_as_written():
    a, b = Value(6.0), Value(3.0)
    assert (a - b).op.name == "sub"
    assert (a / b).op.name == "div"
    assert (a - b).inputs == (a, b)
    assert (2 - a).data == -4.0
    assert (12 / a).data == 2.0


@given(st.floats(0.5, 3), st.floats(-2, 2))
def test_powers_differentiate_in_base_and_exponent(x, n):
    a, b = Value(x), Value(n)
    (a**b).backward()
    assert a.grad == pytest.approx(n * x ** (n - 1))
    assert b.grad == pytest.approx(math.log(x) * x**n)
    c = Value(n)
    (2**c).backward()
    assert c.grad == pytest.approx(math.log(2) * 2**n)


@pytest.mark.parametrize(
    ("x", "n", "y", "slope"),
    [
        (0.0, 0, 1.0, 0.0),
        (0.0, 0.0, 1.0, 0.0),
        (0.0, 0.5, 0.0, math.inf),
        (0.0, 1.0, 0.0, 1.0),
        (0.0, 2, 0.0, 0.0),
        (0.0, -1, math.inf, -math.inf),
        (-0.0, -1, -math.inf, -math.inf),
        (-2.0, 3, -8.0, 12.0),
        (-8.0, 0.5, math.nan, math.nan),
        (1e200, 2, math.inf, 2e200),
    ],
)
def test_powers_at_awkward_points(x, n, y, slope):
    base = Value(x)
    power = base**n
    power.backward()
    assert power.data == pytest.approx(y, nan_ok=True)
    assert not isinstance(power.data, complex)
    assert base.grad == pytest.approx(slope, nan_ok=True)


def test_mixed_second_derivatives_of_a_power_are_equal_at_exponent_zero():
    x, n = Value(2.0), Value(0.0)
    y = x**n
    (dx,), (dn,) = grad(y, [x]), grad(y, [n])
    assert grad(dx, [n])[0].data == pytest.approx(0.5)
    assert grad(dn, [x])[0].data == pytest.approx(0.5)


def test_the_exponents_partial_is_nan_only_in_the_exponent():
    x, n = Value(-2.0), Value(3.0)
    (x**n).backward()
    assert x.grad == 12.0
    assert math.isnan(n.grad)


@pytest.mark.parametrize(
    ("make", "y"),
    [
        (lambda: Value(0.0).log(), -math.inf),
        (lambda: Value(-1.0).log(), math.nan),
        (lambda: 1 / Value(0.0), math.inf),
        (lambda: -1 / Value(0), -math.inf),
        (lambda: 1 / Value(-0.0), -math.inf),
        (lambda: Value(0.0) / Value(0.0), math.nan),
        (lambda: Value(1000.0).exp(), math.inf),
        (lambda: Value(-4.0).sqrt(), math.nan),
        (lambda: Value(math.inf).sin(), math.nan),
        (lambda: Value(1000.0).sigmoid(), 1.0),
        (lambda: Value(-1000.0).sigmoid(), 0.0),
        (lambda: Value(1000.0).softplus(), 1000.0),
        (lambda: Value(-1000.0).softplus(), 0.0),
    ],
)
def test_singular_points_follow_ieee_and_never_raise(make, y):
    value = make()
    assert value.data == pytest.approx(y, nan_ok=True)
    value.backward()


def test_relu_has_slope_zero_at_zero_and_passes_nan_both_ways():
    zero, bad = Value(0.0), Value(math.nan)
    zero.relu().backward()
    assert zero.grad == 0.0
    y = bad.relu()
    y.backward()
    assert math.isnan(y.data)
    assert math.isnan(bad.grad)


def test_the_first_of_a_tie_takes_the_whole_gradient():
    for name in ("maximum", "minimum"):
        a, b = Value(2.0), Value(2.0)
        getattr(a, name)(b).backward()
        assert (a.grad, b.grad) == (1.0, 0)


def test_no_nan_leaks_out_of_a_branch_that_was_not_taken():
    x = Value(0.0)
    y = where(x, x.log() * math.inf, x + 1.0)
    (y * math.nan).backward()
    assert math.isnan(x.grad)  # through the branch that was taken
    z = Value(-1.0)
    where(z > 0, z.sqrt(), z * 2.0).backward()
    assert z.grad == 2.0


def test_fractions_stay_exact():
    a, b = Value(Fraction(1, 3)), Value(Fraction(2, 7))
    c = (a * b - a / b + 2) ** 3
    c.backward()
    u = Fraction(1, 3) * Fraction(2, 7) - Fraction(7, 6) + 2
    assert c.data == u**3
    assert a.grad == 3 * u**2 * (Fraction(2, 7) - Fraction(7, 2))
    assert isinstance(b.grad, Fraction)


def test_decimals_complex_numbers_and_symbols_are_numbers():
    d = Value(Decimal("0.1"))
    (d * d + Decimal(1)).backward()
    assert d.grad == Decimal("0.2")
    z = Value(1 + 2j)
    (z * z).exp().backward()
    assert z.grad == pytest.approx(2 * (1 + 2j) * np.exp((1 + 2j) ** 2))
    t = sympy.Symbol("t")
    s = Value(t)
    (s**2 * s.sin()).backward()
    assert sympy.simplify(s.grad - sympy.diff(t**2 * sympy.sin(t), t)) == 0


@pytest.mark.parametrize("number", [np.float64(2.0), np.float32(2.0), np.int64(2), np.array(2.0)])
def test_a_numpy_scalar_on_either_side_gives_a_value_of_a_python_number(number):
    a = Value(3.0)
    for y in (number * a, a * number, number + a, number - a, a / number, number**a):
        assert type(y) is Value
        assert type(y.data) is float


@pytest.mark.parametrize("bad", [float, "3", None, [1.0], (1.0,), {}, b"3", np.ones(2), object()])
def test_what_is_not_one_number_is_a_type_error(bad):
    with pytest.raises(TypeError, match=r"Value\(data\)"):
        Value(bad)


@pytest.mark.parametrize("bad", ["3", None, {}, [1.0]])
def test_operators_with_what_is_no_number_are_a_type_error(bad):
    with pytest.raises(TypeError):
        Value(1.0) + bad
    with pytest.raises(TypeError):
        bad * Value(1.0)


def test_equality_and_hash_are_identity_and_order_compares_data():
    a, b = Value(1.0), Value(1.0)
    assert a != b
    assert len({a, b}) == 2
    assert a <= b
    assert not a < b
    assert a < 2
    assert a > 0.5
    assert max([Value(1.0), Value(3.0), Value(2.0)]).data == 3.0


def test_comparing_a_value_with_a_number_for_equality_is_an_error():
    a = Value(2.0)
    for number in (2.0, 2, True, 2j, Fraction(2), np.float64(2.0), np.ones(1), [2.0], (2.0,)):
        for compare in (operator.eq, operator.ne):
            with pytest.raises(TypeError, match=r"identity.*x\.data == 2\.0.*equals.*where"):
                compare(a, number)
            with pytest.raises(TypeError, match="identity"):
                compare(number, a)
    with pytest.raises(TypeError, match="identity"):
        [Value(1.0), a].index(2.0)


def test_lists_dicts_and_sets_find_values_by_identity():
    a, b = Value(2.0), Value(2.0)
    assert a in [b, a]
    assert a not in [b, None, "a"]
    assert {a: 1, b: 2}[b] == 2
    assert a == a
    assert a != b
    assert a != None  # noqa: E711
    assert a != Tensor([2.0])
    assert {a, a, b} == {a, b}


def test_clip_stops_the_gradient_outside_of_its_bounds():
    for x, y, slope in [(-2.0, -1.0, 0), (-1.0, -1.0, 1), (0.3, 0.3, 1), (2.0, 1.0, 0)]:
        a = Value(x)
        clipped = a.clip(-1.0, 1.0)
        clipped.backward()
        assert (clipped.data, a.grad) == (y, slope)
    assert Value(-9.0).clip(high=1.0).data == -9.0
    assert Value(9.0).clip(low=1.0).data == 9.0
    assert math.isnan(Value(math.nan).clip(-1.0, 1.0).data)
    assert Value(-3.0).abs().data == 3.0


def test_no_grad_records_nothing_and_keeps_the_numbers():
    a = Value(2.0)
    with no_grad():
        b = a * 3.0 + 1.0
    assert b.data == 7.0
    assert (b.op, b.inputs) == (None, ())

    @no_grad()
    def double(x):
        return x + x

    assert double(a).inputs == ()
    assert (a + a).inputs == (a, a)


def test_threads_record_apart():
    def work(k):
        if k % 2:
            with no_grad(), scope(f"s{k}"):
                return [(Value(1.0) + 1.0).op for _ in range(2000)]
        return [(Value(1.0) + 1.0).op for _ in range(2000)]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(8)))
    for k, ops in enumerate(results):
        assert all((op is None) == bool(k % 2) for op in ops)


def test_detach_lets_the_past_go():
    a = Value(2.0, label="a")
    b = (a * 3.0).detach()
    (b * a).backward()
    assert a.grad == 6.0
    assert b.inputs == ()


def test_a_graph_is_freed_by_reference_count():
    class Probe(float):
        pass

    gc.disable()
    try:
        probe = Probe(2.0)
        alive = weakref.ref(probe)
        y = Value(probe) * 3.0 + 1.0
        y.backward()
        del probe, y
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("wide", [False, True])
def test_a_graph_of_a_million_nodes_sweeps_and_is_freed(wide):
    x = y = Value(1.0)
    for _ in range(1_000_000 if not wide else 300_000):
        y = y + (x if wide else 1.0)
    y.backward()
    assert x.grad == (300_001.0 if wide else 1.0)
    del y


def test_scopes_name_the_nodes():
    with scope("attention"):
        a = Value(1.0) * 2.0
    assert a.scope == "attention"
    assert (a * 1.0).scope == ""


def test_nodes_lists_every_scalar_once_inputs_first():
    a = Value(2.0)
    b = a * a
    c = b + a
    assert nodes(c) == [a, b, c]


def test_leaves_are_copied_and_pickled():
    a = Value(2.0, label="a")
    b = pickle.loads(pickle.dumps(a))
    assert (b.data, b.label) == (2.0, "a")
    for c in (copy.deepcopy(a * 3.0), pickle.loads(pickle.dumps(a * 3.0))):
        assert c.op is (a * 3.0).op
        assert (c.data, c.inputs[0].label) == (6.0, "a")


def test_printing():
    assert repr(Value(2.0)) == "Value(data=2.0, grad=0)"
    assert repr(Value(2.0, label="x")) == "Value(data=2.0, grad=0, label='x')"
    assert f"{Value(2.0):.3f}" == "2.000"
    assert (Value(2.5).item(), int(Value(2.5)), bool(Value(0.0))) == (2.5, 2, False)


def test_gradients_as_values_go_to_any_order():
    x = Value(0.7)
    d = x.sin()
    for expected in (math.cos, lambda t: -math.sin(t), lambda t: -math.cos(t), math.sin):
        (d,) = grad(d, [x])
        assert d.data == pytest.approx(expected(0.7))


def test_grad_leaves_the_grad_attributes_alone_and_gives_zero_off_the_path():
    x, z = Value(3.0), Value(4.0)
    dx, dz = grad(x * x, [x, z])
    assert (dx.data, dz.data, x.grad) == (6.0, 0, 0)
    (one,) = grad(x, [x])
    assert one.data == 1


Y = Value(1.0)


@pytest.mark.parametrize(
    ("y", "xs"), [(3.0, []), (Y, Y), (Y, [2.0]), (Y, Tensor([Y])), (Y, {Y}), (Y, {Y: 1}), (Y, None)]
)
def test_grad_of_the_wrong_things_is_a_type_error(y, xs):
    with pytest.raises(TypeError, match=r"grad\(y, xs\): .*(y must be|xs must)"):
        grad(y, xs)


def test_what_is_differentiated_may_come_from_iterators():
    a, b = Value(2.0), Value(3.0)
    assert [d.data for d in grad(a * b, iter([a, b]))] == [3.0, 2.0]
    assert jacobian((v * v for v in (a, b)), iter([a, b])).tolist() == [[4.0, 0], [0, 6.0]]
    assert hessian(a * a * b, iter([a, b])).tolist() == [[6.0, 4.0], [4.0, 0]]


@pytest.mark.parametrize("f", [lambda w, x: w * x, lambda w, x: (x * w).tanh() + x])
def test_a_gradient_that_was_reset_to_none_is_named(f):
    w, x = Value(2.0, label="w"), Value(3.0)
    w.grad = None
    with pytest.raises(TypeError, match=r"grad=None, label='w'\): gradients add up.*x\.grad = 0"):
        f(w, x).backward()


def test_a_label_is_text():
    for made in (lambda: Value(1.0, 3), lambda: Tensor([1.0], 3)):
        with pytest.raises(TypeError, match="label must be text, got 3"):
            made()
