"""Indexing by Values, Tensors and masks: where numbers are known it makes no node."""

import re

import numpy as np
import pytest

import autograd
from autograd import PRIMITIVES, Tensor, UnknownNumberError, Value, gather, stack
from autograd.compiler.trace.record import record

TABLE = np.arange(12.0).reshape(4, 3)
CUBE = np.arange(24.0).reshape(2, 3, 4)


def same(found, expected):
    assert np.array_equal(found.tolist() if isinstance(found, Tensor) else found.data, expected)


@pytest.mark.parametrize(
    ("key", "numpys"),
    [
        (Value(2), 2),
        (Value(-1.0), -1),
        (Tensor([0, 3, 3]), [0, 3, 3]),
        (Tensor([[1.0, 2.0], [0.0, 1.0]]), [[1, 2], [0, 1]]),
        ([Value(1), 3], [1, 3]),
        ((Value(1), Value(2)), (1, 2)),
        ((slice(1, 3), Tensor([2, 0])), (slice(1, 3), [2, 0])),
        (([0, 1], Tensor([2, 0])), ([0, 1], [2, 0])),
        ((..., Value(0)), (..., 0)),
        ([True, False, True, False], [True, False, True, False]),
        (np.array([False, True, True, False]), np.array([False, True, True, False])),
        ((slice(None), [True, False, True]), (slice(None), [True, False, True])),
        ((TABLE > 4).tolist(), TABLE > 4),
        (([True, False, True, False], [0, 2]), ([True, False, True, False], [0, 2])),
    ],
    ids=str,
)
def test_it_finds_the_very_entries_that_numpys_index_does(key, numpys):
    t = Tensor(TABLE.tolist())
    found = t[key]
    same(found, TABLE[numpys])
    assert {*(found.values if isinstance(found, Tensor) else [found])} <= {*t.values}


def test_a_comparison_is_a_mask():
    t = Tensor(CUBE.tolist())
    same(t[t > 20], CUBE[CUBE > 20])
    same(t[0, t[0] <= 1], CUBE[0, CUBE[0] <= 1])
    assert t[t > 100].shape == (0,)
    t[t > 20].sum().backward()
    assert np.array_equal(t.grad, CUBE > 20)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (Value(2.5), "index Value(data=2.5, grad=0) on axis 0 is not an int"),
        (Value(4.0), "index 4 is out of range for axis 0 of size 4"),
        (Tensor([0, -5]), "index -5 is out of range for axis 0 of size 4"),
        ([[True] * 4] * 3, "a mask of shape (3, 4) for axes of sizes (4, 3), from 0 on"),
        ((0, [True, False]), "a mask of shape (2,) for axes of sizes (3,), from 1 on"),
        ([True, 1, False, 0], "a mask holds bools alone, got [True, 1, False, 0]"),
        ((0, 0, [True]), "3 indices for a tensor of shape (4, 3)"),
    ],
    ids=str,
)
def test_an_index_that_names_no_entry_is_told(key, message):
    with pytest.raises(IndexError, match=re.escape(message)):
        Tensor(TABLE.tolist())[key]


def test_a_list_takes_a_whole_value_as_an_index():
    rows = [[Value(1.0)], [Value(2.0)]]
    assert rows[Value(1.0)] is rows[1]
    assert [*range(Value(2))] == [0, 1]
    with pytest.raises(TypeError, match=r"an index must be a whole number, got 0\.5"):
        rows[Value(0.5)]


@pytest.mark.parametrize("sequence", ["ab", [1.0], (1.0,), b"ab"])
def test_a_sequence_is_not_repeated_by_a_value(sequence):
    for product in (lambda: Value(2) * sequence, lambda: sequence * Value(2)):
        with pytest.raises(TypeError, match="a Tensor multiplies entry by entry"):
            product()


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_gather_takes_along_an_axis_as_numpy_does(axis):
    shape = list(CUBE.shape)
    shape[axis] = 5
    index = np.random.default_rng(0).integers(-CUBE.shape[axis], CUBE.shape[axis], shape)
    t = Tensor(CUBE.tolist())
    expected = np.take_along_axis(CUBE, index, axis)
    same(t.gather(axis, index), expected)
    same(gather(t, dim=axis, index=index.tolist()), expected)
    same(t.gather(axis, Tensor(index.tolist())), expected)


def test_gather_of_a_smaller_index_has_its_shape():
    """PyTorch: torch.arange(12.).reshape(4, 3).gather(0, tensor([[3, 0]])) is [[9., 1.]]."""
    same(gather(TABLE, 0, [[3, 0]]), [[9.0, 1.0]])
    for bad in ([0, 1], [[0, 1, 2, 0]], [[[0]]]):
        with pytest.raises(ValueError, match="gather: an index of shape"):
            gather(TABLE, 0, bad)
    with pytest.raises(ValueError, match="axis 2 is outside of a tensor with 2 axes"):
        gather(TABLE, 2, [[0]])


def test_take_is_numpys():
    t = Tensor(CUBE.tolist())
    same(t.take([[1, 0], [-1, 2]], axis=1), np.take(CUBE, [[1, 0], [-1, 2]], axis=1))
    same(t.take(Tensor([23, 0])), np.take(CUBE, [23, 0]))
    same(np.take(t, [1, 1], axis=0), np.take(CUBE, [1, 1], axis=0))


def test_an_unknown_index_is_a_node_for_each_entry_and_sequences_are_shared():
    t = Tensor(TABLE.tolist())
    trace = record(lambda i, j: t[[i, j, 1]] * 1.0, [0, 1], [t]).trace
    gathers = [v for v in trace if v.op is PRIMITIVES["gather"]]
    assert len(gathers) == 6  # two rows of three; the third is known
    assert len({v.inputs[0] for v in gathers}) == 3  # one sequence for each column


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: [1.0, 2.0][x[0]] * x[0], "autograd.stack(rows)[token], or nn.Embedding"),
        (lambda x: x[x > 0], "choose by autograd.where(t > 0, t, 0.0)"),
        (lambda x: stack([x, x])[:, x > 0], "choose by autograd.where(t > 0, t, 0.0)"),
    ],
)
def test_what_cannot_be_recorded_says_what_can(function, message):
    with pytest.raises(UnknownNumberError, match=re.escape(message)):
        autograd.compile(function, [1.0, 0.0])
