"""What goes into a program, and what comes out: numbers, arrays, constants, nested structures."""

import numpy as np
import pytest
from oracle import BOTH, batch, check, everywhere, parameter

import autograd
from autograd import Tensor, Value, stack, stop_gradient

pytestmark = [pytest.mark.usefixtures("backend"), everywhere]


def test_results_come_back_in_the_structure_in_which_they_were_returned():
    w = parameter(3)

    def function(x):
        y = w * x
        return {"loss": y.sum(), "both": (y, [y[0], y.reshape(3, 1)])}

    program = check(function, [batch(4, 3)], [w], BOTH)
    results = program(batch(4, 3))
    assert list(results) == ["loss", "both"]
    tensor, (value, column) = results["both"]
    assert isinstance(results["both"], tuple)
    assert (results["loss"].shape, value.shape) == ((4,), (4,))
    assert (tensor.shape, column.shape) == ((4, 3), (4, 3, 1))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, *_: (x[1], x, x[::-1], x[0]),
        lambda x, *_: (x.sum(), Value(3.0), Tensor([1.0, 2.0])),
        lambda x, *_: (Value(2.5), x),
        lambda x, w: (x.sum(), w, w[0], w * w, (w * w).sum(), w[::-1]),
        lambda x, w: ((w * w).sum(), x),
        lambda x, w: (w[1], w, x),
        lambda x, w: (x[0] * w[0], stack([x[0], w[1], Value(3.0), x[0] * w[0]])),
        lambda x, *_: (x[0], x[0], [x[0]]),
        lambda x, w: ((x * w).sum() + (w**2).sum(),),
        lambda x, w: (Value(2.0) * Value(3.0) * w[0] * x[0], Value(2.0) + Value(3.0)),
        lambda x, w: (x.pad(1, value=Value(1.0) + 1.0).windows((3,)) @ w[:3] @ w[:4],),
        lambda x, w: ((x * Tensor([0.0, 1.0, 2.0, 3.0]).sin() * w).sum(), Tensor([1.0, 2.0]).exp()),
        lambda _x, w: ((w * Tensor([1.0, 4.0]).sqrt().max()).sum(),),
        lambda x, w: (x.pad(1, value=w[0]).windows((3,)) @ w[:3] @ w[:4],),
        lambda x, w: (stop_gradient(x * w).sum() * w[0], x.detach(), w.detach()),
    ],
)
def test_results_may_be_inputs_constants_parameters_and_what_depends_on_these_alone(function):
    w = parameter(4)
    for n in (1, 5):
        check(lambda x: function(x, w), [batch(n, 4)], [w], BOTH)


def test_the_gradient_of_a_loss_without_the_sample_does_not_depend_on_the_batch():
    w = parameter(3)
    program = autograd.compile(lambda *_: (w * w).sum(), 0.0, parameters=[w], dtype="float64")
    for n in (1, 2, 64):
        loss, (bar,) = program.value_and_grad(np.zeros(n))
        assert loss == pytest.approx(float(np.sum(w.numpy() ** 2)), rel=1e-12)
        assert bar == pytest.approx(2 * w.numpy(), rel=1e-12)


def test_examples_may_be_numbers_arrays_lists_tensors_and_values():
    w = Value(0.5)
    for number in (0.3, 1, np.float32(0.3), np.array(0.3), Value(0.3)):
        program = autograd.compile(lambda x: x * w, number, parameters=[w], dtype="float64")
        assert program([1.0, 2.0]).tolist() == [0.5, 1.0]
    for rows in ([0.3, 0.4], (1, 2), np.zeros(2, np.int8), Tensor([0.1, 0.2])):
        program = autograd.compile(lambda x: x.sum() * w, rows, parameters=[w], dtype="float64")
        assert program([[1, 2], [3, 4]]).tolist() == [1.5, 3.5]


def test_batches_may_be_lists_tensors_and_arrays_of_any_real_type():
    program = autograd.compile(lambda x: x.sum(), [0.0, 0.0], dtype="float64")
    rows = [[1, 0], [1, 1]]
    kinds = [bool, np.int8, np.uint64, np.float16, np.longdouble]
    for kind in kinds:
        assert program(np.array(rows, kind)).tolist() == [1.0, 2.0]
    for same in (rows, Tensor(rows), np.array(rows).T.copy().T, np.array(rows)[::1, ::-1]):
        assert program(same).tolist() == [1.0, 2.0]


def test_parameters_may_be_values_tensors_and_views_of_tensors():
    w, b, bulk = Value(0.3), Value(-0.2), parameter(2, 3)
    views = [bulk[1], bulk[:1].T]
    check(lambda x: (bulk @ x).tanh().sum(), [batch(4, 3)], views, BOTH)
    check(lambda x: ((bulk @ x) * w + b).tanh().sum(), [batch(4, 3)], [b, bulk, w], BOTH)


def test_an_unused_parameter_and_an_unused_argument_have_no_influence():
    w, idle = parameter(2), parameter(3)
    program = check(lambda x, *_: (w * x).sum(), [batch(4, 2), batch(4, 5)], [idle, w], BOTH)
    assert not program.value_and_grad(batch(4, 2), batch(4, 5))[1][0].any()


def test_a_parameter_may_be_called_like_anything_in_a_plan():
    for name in ("constants", "sum", "x", ""):
        w = Tensor([0.5, 0.25], label=name)
        check(lambda x, w=w: (w * x * 3.0 + 1.5).sum(), [batch(3, 2)], [w])
