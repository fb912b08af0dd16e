"""What the engine's functions take for numbers, sequences, sizes and axes; what they refuse."""

import random
from collections import deque

import numpy as np
import pytest

import autograd
from autograd import PRIMITIVES, Tensor, Value, apply, concatenate, drawn, einsum, graph, stack

X = [[3.0, 1.0, 2.0], [0.5, 4.0, -1.0]]
INTS = [int, np.int64, np.uint8, lambda n: np.array(n)]


# --- sequences ------------------------------------------------------------------------------------


class Table:
    """What a DataFrame is: it iterates over the names of its columns."""

    def __iter__(self):
        return iter(["a", "b"])

    def to_numpy(self):
        return np.array([[1.0, 2.0]])


@pytest.mark.parametrize(
    ("data", "numbers"),
    [
        ((x for x in [1.0, 2.0]), [1.0, 2.0]),
        (map(float, "12"), [1.0, 2.0]),
        (zip([1.0], [2.0], strict=True), [[1.0, 2.0]]),
        ([iter([1.0]), (2.0,)], [[1.0], [2.0]]),
        ({"a": 1.0, "b": 2.0}.values(), [1.0, 2.0]),
        (deque([1.0, 2.0]), [1.0, 2.0]),
        (Table(), [[1.0, 2.0]]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_tensor_takes_whatever_has_numbers_in_order(data, numbers):
    assert Tensor(data).tolist() == numbers


@pytest.mark.parametrize(
    "bad", [{1.0}, {1.0: 2.0}, {1.0: 2.0}.keys(), "12", b"12", [{1.0}], ["1"], [b"1"], None, 3]
)
def test_what_has_no_order_or_no_numbers_is_an_error_that_shows_it(bad):
    with pytest.raises((TypeError, ValueError), match=r"data must be .*[123N]"):
        Tensor(bad)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
def test_a_tensor_without_entries_keeps_its_shape(shape):
    empty = np.zeros(shape)
    assert Tensor(empty).shape == Tensor(Tensor(empty)).shape == shape
    assert Tensor([empty, empty]).shape == stack([Tensor(empty)] * 2).shape == (2, *shape)
    joined = concatenate([empty, np.ones((1, *shape[1:]))])
    assert joined.shape == (shape[0] + 1, *shape[1:])


TAKE_ITERATORS = {
    "stack": lambda rows: stack(rows),
    "concatenate": lambda rows: concatenate(rows),
    "softmax": lambda rows: autograd.softmax(rows),
    "log_softmax": lambda rows: autograd.log_softmax(rows),
    "logsumexp": lambda rows: autograd.logsumexp(rows),
    "einsum": lambda rows: einsum("ij->i", rows),
}


@pytest.mark.parametrize("name", TAKE_ITERATORS)
def test_an_iterator_gives_what_its_list_gives(name):
    function = TAKE_ITERATORS[name]
    assert function(iter(X)).tolist() == function(X).tolist()


OVER_AXES = {
    "sum": lambda x, axis: x.sum(axis),
    "mean": lambda x, axis: x.mean(axis),
    "var": lambda x, axis: x.var(axis),
    "std": lambda x, axis: x.std(axis),
    "max": lambda x, axis: x.max(axis),
    "softmax": autograd.softmax,
    "log_softmax": autograd.log_softmax,
    "logsumexp": autograd.logsumexp,
}


@pytest.mark.parametrize("name", OVER_AXES)
def test_axes_from_an_iterator_are_read_once(name):
    function, x = OVER_AXES[name], Tensor(X)
    for axes in ((0, 1), (1,)):
        expected, found = function(x, axes), function(x, iter(axes))
        np.testing.assert_array_equal(found.data, expected.data)


# --- ints -----------------------------------------------------------------------------------------

TAKE_INTS = {
    "reshape": lambda n: Tensor(X).reshape(n(3), n(2)),
    "reshape by one sequence": lambda n: Tensor(X).reshape([n(3), n(2)]),
    "permute": lambda n: Tensor(X).permute(n(1), n(0)),
    "transpose": lambda n: Tensor(X).transpose(n(0), n(1)),
    "flatten": lambda n: Tensor(X).flatten(n(1)),
    "sum": lambda n: Tensor(X).sum(axis=n(1)),
    "mean over two axes": lambda n: Tensor(X).mean((n(0), n(1))),
    "argmax": lambda n: Tensor(Tensor(X).argmax(axis=n(0))),
    "softmax": lambda n: autograd.softmax(X, axis=n(0)),
    "stack": lambda n: stack([X, X], axis=n(2)),
    "concatenate": lambda n: concatenate([X, X], axis=n(1)),
    "pad": lambda n: Tensor(X).pad((n(1), n(0)), n(2)),
    "windows": lambda n: Tensor(X).windows((n(1), n(2)), n(1), (n(2), n(1))),
    "index": lambda n: Tensor(X)[n(1), [n(0), n(2)]],
    "full": lambda n: Tensor.full((n(2), n(1)), 0.5),
    "full of one axis": lambda n: Tensor.full(n(2), 0.5),
    "drawn": lambda n: drawn((n(2), n(1)), random.Random(0), lambda u: u),
}


@pytest.mark.parametrize("n", INTS[1:], ids=["int64", "uint8", "0-d array"])
@pytest.mark.parametrize("name", TAKE_INTS)
def test_sizes_axes_and_margins_of_numpy_are_pythons(name, n):
    function = TAKE_INTS[name]
    made, expected = function(n), function(int)
    np.testing.assert_array_equal(made.data, expected.data)
    assert all(type(size) is int for size in getattr(made, "shape", ()))


@pytest.mark.parametrize("n", [bool, np.bool_, float, str], ids=lambda n: n.__name__)
@pytest.mark.parametrize("name", TAKE_INTS)
def test_bools_floats_and_text_are_no_ints(name, n):
    with pytest.raises((TypeError, IndexError), match=r" int|ints"):
        TAKE_INTS[name](n)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda x: x.windows(2, 0), r"windows\(2, 0, 1\): sizes and steps are >= 1"),
        (lambda x: x.windows((0, 1)), "sizes and steps are >= 1"),
        (lambda x: x.windows((1, 1), dilation=-1), "sizes and steps are >= 1"),
        (lambda x: x.windows((1, 1), (1, 1, 1)), r"stride \(1, 1, 1\) must be one int, or 2"),
        (
            lambda x: x.pad((1, 2, 3)),
            r"a margin is an int >= 0, or a pair of them, got \(1, 2, 3\)",
        ),
        (lambda x: x.pad(()), "a margin is an int >= 0, or a pair"),
        (lambda x: x.pad(-1), "a margin is an int >= 0, or a pair of them, got -1"),
        (lambda x: x.pad(1, 1, 1), r"shape \(2, 3\) has fewer axes"),
        (lambda x: x.sum(axis=np.int64(2)), "axis 2 is outside of a tensor with 2 axes"),
    ],
)
def test_windows_margins_and_axes_that_cannot_be_are_named(make, said):
    with pytest.raises(ValueError, match=said):
        make(Tensor(X))


def test_a_margin_is_filled_with_a_number():
    assert Tensor([1.0]).pad(1, value=np.float64(2)).tolist() == [2.0, 1.0, 2.0]
    with pytest.raises(TypeError, match="one number, got 'x'"):
        Tensor([1.0]).pad(1, value="x")


def test_numpys_generators_draw():
    assert drawn([2], np.random.default_rng(0), lambda u: u).shape == (2,)


# --- primitives -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exp", "neg", "relu", "stop"])
def test_a_primitive_applied_to_a_tensor_acts_on_each_entry(name):
    op = PRIMITIVES[name]
    y = apply(op, Tensor(X))
    assert y.tolist() == [[op.forward(x) for x in row] for row in X]
    assert all(v.op is op for v in y.values)


def test_a_primitive_applied_to_several_operands_broadcasts_them():
    x, n = Tensor(X), Value(2.0)
    y = apply(PRIMITIVES["mul"], x, n)
    y.sum().backward()
    assert (n.grad, x.grad[0][0]) == (sum(map(sum, X)), 2.0)
    assert apply(PRIMITIVES["add"], 1.0, [2.0]).tolist() == [3.0]
    assert apply(PRIMITIVES["exp"], 0.0).data == 1.0


def test_a_primitive_over_sequences_asks_for_a_bundle():
    x = Tensor([1.0, 2.0])
    assert apply(PRIMITIVES["sum"], graph.bundle(x.values)).data == 3.0
    with pytest.raises(TypeError, match=r"sum: takes graph.bundle\(values\) .*Tensor"):
        apply(PRIMITIVES["sum"], x)
    with pytest.raises(TypeError, match=r"exp: takes numbers, Values, Tensors"):
        apply(PRIMITIVES["exp"], "x")


@pytest.mark.parametrize("x", [[1.0], "1", None, {1.0}], ids=repr)
@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tanh", "sigmoid", "erf"])
def test_a_function_of_a_number_names_what_is_none(name, x):
    with pytest.raises(TypeError, match=rf"{name}\(x\): x must be a number, a Value or a Tensor"):
        getattr(autograd, name)(x)


def test_normal_numbers_need_a_generator_that_draws_them():
    with pytest.raises(TypeError, match=r"randn: rng must be random or a random.Random, got 0"):
        Tensor.randn(2, rng=0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: stack({x}), "data must be a sequence, and a set is none"),
        (lambda x: concatenate({x}), "concatenate: takes a list of tensors, got {Tensor"),
        (lambda x: concatenate(x[0]), "concatenate: takes a list of tensors, got Value"),
        (lambda x: concatenate(x, x), "Values have no axis to join, stack them"),
        (lambda x: einsum(x, "i->"), "the subscripts come first, as text, got Tensor"),
    ],
)
def test_what_joins_no_tensors_is_named(call, said):
    with pytest.raises(TypeError, match=said):
        call(Tensor([1.0, 2.0]))
