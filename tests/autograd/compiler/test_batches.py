"""Batches are checked at the edge: shape, length, kind of number, nan; the argument is named."""

import math
import re

import numpy as np
import pytest
from oracle import everywhere, parameter

import autograd
import nn
from autograd import Tensor, Value

pytestmark = [pytest.mark.usefixtures("backend"), everywhere]

w = parameter(3, seed=60)


@pytest.fixture(scope="module")
def program():
    """A program of an argument of three numbers and one of one number."""
    return autograd.compile(
        lambda x, y: (w * x).sum() * y, [0.1] * 3, 0.5, parameters=[w], dtype="float64"
    )


def every_way(program):
    """All that takes batches."""
    return [program, program.value_and_grad, program.train_step(nn.SGD([w], lr=0.0))]


def assert_refused(program, batches, kind, message):
    for run in every_way(program):
        with pytest.raises(kind, match=message):
            run(*batches)


GOOD = np.ones((2, 3))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_number_of_batches_must_be_that_of_the_examples(program, count):
    message = f"takes 2 batches, got {count}"
    assert_refused(program, [GOOD] * count, TypeError, message)


@pytest.mark.parametrize(
    ("batch", "got"),
    [
        (np.ones((2, 4)), "(2, 4)"),
        (np.ones((2, 3, 1)), "(2, 3, 1)"),
        (np.ones((2, 1)), "(2, 1)"),
        (np.ones(()), "()"),
        (1.0, "()"),
        (np.ones(3), "(3,); a single sample needs an axis in front"),
        (np.arange(2), "(2,); class numbers enter as one-hot rows, numpy.eye(3)[labels]"),
    ],
)
def test_a_wrong_shape_is_named_with_what_was_needed(program, batch, got):
    message = re.escape(f"argument 0: a batch must have shape (N, 3), got {got}")
    assert_refused(program, [batch, [1.0, 1.0]], ValueError, message)


def test_the_argument_with_the_wrong_shape_is_named(program):
    message = re.escape("argument 1: a batch must have shape (N,), got (2, 1)")
    assert_refused(program, [GOOD, [[1.0], [1.0]]], ValueError, message)


def test_batches_of_different_lengths_are_an_error_with_the_lengths(program):
    assert_refused(program, [GOOD, [1.0]], ValueError, r"different numbers of samples: \[2, 1\]")


def test_an_empty_batch_is_an_error(program):
    assert_refused(program, [np.ones((0, 3)), np.ones(0)], ValueError, "empty")


@pytest.mark.parametrize(
    ("batch", "kind"),
    [
        ([[1, 2, None]], "object"),
        ([["a", "b", "c"]], "U"),
        ([[1, 2, 3j]], "complex"),
        ([[Value(1.0)] * 3], "object"),
        (np.ones((1, 3), object), "object"),
        (np.zeros((1, 3), "datetime64[s]"), "datetime"),
        (np.array([[b"a"] * 3]), "S"),
        ({1: 2}, "object"),
        (None, "object"),
        ("batch", "U"),
    ],
)
def test_a_batch_that_holds_no_real_numbers_is_a_type_error_with_its_dtype(program, batch, kind):
    message = f"argument 0: a batch holds real numbers, got .*{kind}"
    assert_refused(program, [batch, [1.0]], TypeError, message)


def test_a_ragged_batch_is_an_error(program):
    assert_refused(
        program, [[[1.0, 2.0, 3.0], [1.0]], [1.0, 1.0]], ValueError, "argument 0.*ragged"
    )


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16])
def test_a_nan_in_a_batch_is_an_error_with_its_index(program, kind):
    batch = np.ones((4, 3), kind)
    batch[2, 1] = math.nan
    assert_refused(program, [batch, np.ones(4)], ValueError, r"argument 0: .*nan at \(2, 1\)")
    y = np.array([0.0, math.inf, math.nan, math.nan], kind)
    message = r"argument 1: .*nan at \(2,\)"
    assert_refused(program, [np.ones((4, 3)), y], ValueError, message)


def test_an_infinity_in_a_batch_is_a_number(program):
    infinite = program([[math.inf, 1.0, 1.0]], [1.0])
    assert infinite.tolist() == [math.copysign(math.inf, w[0].data)]


def test_losses_of_both_infinities_have_the_mean_nan_without_a_warning(program):
    loss, (bar,) = program.value_and_grad(GOOD, [math.inf, -math.inf])
    assert math.isnan(loss)
    assert np.isnan(bar).all()


def test_a_number_too_large_for_float32_becomes_infinite_without_a_warning():
    small = autograd.compile(lambda x: x * 1.0, 0.0, dtype="float32")
    assert small([1e300, -1e300, 1.0]).tolist() == [math.inf, -math.inf, 1.0]


def test_classes_for_a_program_of_one_hot_rows_are_refused():
    """The error of a batch of class numbers says how to make rows of them."""
    loss = nn.CrossEntropyLoss()
    program = autograd.compile(loss, np.zeros(4), np.zeros(4))
    scores = np.ones((5, 4))
    message = re.escape("class numbers enter as one-hot rows, numpy.eye(4)[labels]")
    with pytest.raises(ValueError, match=message):
        program(scores, np.array([0, 1, 2, 3, 0]))
    with pytest.raises(ValueError, match=message):
        program(scores, [0, 1, 2, 3, 0])
    assert program(scores, np.eye(4)[[0, 1, 2, 3, 0]]) == pytest.approx([math.log(4)] * 5)


def test_after_a_refused_batch_the_next_good_one_runs(program):
    before = program(GOOD, [1.0, 2.0]).tolist()
    assert_refused(program, [GOOD, [1.0]], ValueError, "different")
    assert program(GOOD, [1.0, 2.0]).tolist() == before


def test_a_refused_batch_of_a_training_step_leaves_the_optimiser_as_it_was():
    v = Value(1.0)
    optimizer = nn.SGD([v], lr=0.5)
    step = autograd.compile(lambda x: v * x, 1.0, parameters=[v]).train_step(optimizer)
    with pytest.raises(ValueError, match="nan"):
        step([math.nan])
    assert optimizer.steps == 0
    step([1.0])
    assert (v.data, optimizer.steps) == (0.5, 1)


def test_batches_are_not_changed_and_results_are_not_reused(program):
    x, y = np.random.default_rng(0).random((4, 3)), np.ones(4)
    kept = x.copy()
    first = program(x, y)
    copy = first.copy()
    second = program(2 * x, y)
    assert np.array_equal(first, copy)
    assert np.array_equal(x, kept)
    assert second == pytest.approx(2 * first)
    _, (bar,) = program.value_and_grad(x, y)
    before, outputs = bar.copy(), program.outputs
    program.value_and_grad(2 * x, y)
    assert np.array_equal(bar, before)
    assert np.array_equal(outputs, first)


@pytest.mark.parametrize("order", ["C", "F"])
def test_batches_of_any_layout_give_the_same_results(order):
    program = autograd.compile(lambda x: (x * x[::-1]).sum(0), np.zeros((2, 3)), dtype="float64")
    batch = np.array(np.random.default_rng(1).random((5, 2, 3)), order=order)
    expected = (batch * batch[:, ::-1]).sum(1)
    assert program(batch) == pytest.approx(expected)
    assert program(batch[::-1]) == pytest.approx(expected[::-1])
    assert program(np.broadcast_to(batch[0], (5, 2, 3))) == pytest.approx(expected[[0] * 5])
    assert program(Tensor(batch)) == pytest.approx(expected)
    batch.setflags(write=False)
    assert program(batch) == pytest.approx(expected)


def test_a_nan_that_reaches_no_result_is_let_pass_beside_an_infinite_one():
    program = autograd.compile(lambda x: x[0] * 1.0, [0.0, 0.0])
    assert program([[math.inf, math.nan], [1.0, math.nan]]).tolist() == [math.inf, 1.0]
    with pytest.raises(ValueError, match=r"argument 0: the batch has nan at \(1, 0\)"):
        program([[math.inf, 0.0], [math.nan, 0.0]])
