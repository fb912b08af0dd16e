"""Tensor: views that add nothing, NumPy's rules for shapes, contractions that share operands."""

import copy
import json
import math
import pickle
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd
import nn
from autograd import Tensor, Value, concatenate, einsum, maximum, minimum, stack, where
from autograd.graph import nodes

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)


def numbers(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def array_of(result):
    return result.numpy() if isinstance(result, Tensor) else np.array(result.data)


def grows_nothing(tensor, view):
    """A view holds Values of the tensor itself."""
    return set(view.values if isinstance(view, Tensor) else [view]) <= set(tensor.values)


@given(st.data(), SHAPES)
def test_basic_indexing_is_numpys_and_makes_no_node(data, shape):
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    tensor = Tensor(array)
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=5))
    expected = array[key]
    if expected.size == 0:
        return
    result = tensor[key]
    assert getattr(result, "shape", ()) == np.shape(expected)
    assert (array_of(result) == expected).all()
    assert grows_nothing(tensor, result)


@given(st.data(), SHAPES)
def test_integer_array_indexing_is_numpys(data, shape):
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    block = data.draw(st.sampled_from([(2,), (1, 3), (2, 1)]))
    key = []
    for n in shape:
        kind = data.draw(st.sampled_from(["array", "slice", "int", "none"]))
        index = {
            "array": data.draw(hnp.arrays(int, block, elements=st.integers(-n, n - 1))),
            "slice": slice(data.draw(st.integers(0, n - 1)), None),
            "int": data.draw(st.integers(-n, n - 1)),
            "none": slice(None),
        }[kind]
        key += [None, index] if kind == "none" else [index]
    expected = array[tuple(key)]
    result = Tensor(array)[tuple(key)]
    assert getattr(result, "shape", ()) == np.shape(expected)
    assert (array_of(result) == expected).all()


@given(st.data())
def test_broadcasting_is_numpys_and_its_gradient_sums_back(data):
    drawn = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
    a_shape, b_shape = [s or (1,) for s in drawn.input_shapes]
    a, b = numbers(a_shape, 1), numbers(b_shape, 2)
    x, y = Tensor(a), Tensor(b)
    z = x * y
    np.testing.assert_allclose(z.numpy(), a * b)
    z.sum().backward()
    ones = np.ones(np.broadcast_shapes(a_shape, b_shape))
    np.testing.assert_allclose(x.grad, _summed_to(ones * b, a_shape), atol=1e-12)
    np.testing.assert_allclose(y.grad, _summed_to(ones * a, b_shape), atol=1e-12)


def _summed_to(array, shape):
    array = array.sum(tuple(range(array.ndim - len(shape))))
    axes = tuple(k for k, n in enumerate(shape) if n == 1)
    return array.sum(axes, keepdims=True)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var"])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_are_numpys(name, axis, keepdims):
    array = numbers((2, 3, 4))
    result = getattr(Tensor(array), name)(axis=axis, keepdims=keepdims)
    expected = getattr(array, name)(axis=axis, keepdims=keepdims)
    assert getattr(result, "shape", ()) == expected.shape
    np.testing.assert_allclose(array_of(result), expected)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ij,kj->ki", [(2, 3), (4, 3)]),
        ("i,i->", [(3,), (3,)]),
        ("i,j->ji", [(2,), (3,)]),
        ("bi,bj->bji", [(2, 3), (2, 4)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("ij->j", [(2, 3)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("iij,jk->ik", [(2, 2, 3), (3, 2)]),
        ("ij,kl->k", [(2, 3), (3, 2)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
        ("i,i,i->", [(3,), (3,), (3,)]),
        ("ij,ij,ij->j", [(2, 3), (2, 3), (2, 3)]),
        ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 2)]),
        ("...i->...", [(2, 3, 4)]),
        ("ocuv,...cijuv->...oij", [(2, 3, 2, 2), (2, 3, 3, 4, 2, 2)]),
        ("gocuv,...gcijuv->...goij", [(2, 2, 1, 2, 2), (3, 2, 1, 2, 3, 2, 2)]),
    ],
)
def test_einsum_is_numpys_in_value_and_gradient(subscripts, shapes):
    arrays = [numbers(s, k) for k, s in enumerate(shapes)]
    tensors = [Tensor(a) for a in arrays]
    result, expected = einsum(subscripts, *tensors), np.einsum(subscripts, *arrays)
    assert getattr(result, "shape", ()) == expected.shape
    np.testing.assert_allclose(array_of(result), expected, atol=1e-12)
    (result * result).sum().backward() if expected.shape else (result * result).backward()
    for k, (tensor, array) in enumerate(zip(tensors, arrays, strict=True)):
        bump = np.zeros_like(array)
        bump.flat[0] = 1e-6
        moved = [a + bump if j == k else a for j, a in enumerate(arrays)]
        slope = ((np.einsum(subscripts, *moved) ** 2).sum() - (expected**2).sum()) / 1e-6
        assert np.ravel(tensor.grad)[0] == pytest.approx(slope, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)),
     ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2)), ((4, 1, 2, 3), (5, 3, 2))],
)  # fmt: skip
def test_the_matrix_product_is_numpys(a, b):
    x, y = numbers(a, 1), numbers(b, 2)
    result = Tensor(x) @ Tensor(y)
    np.testing.assert_allclose(array_of(result), x @ y)
    np.testing.assert_allclose(array_of(x @ Tensor(y)), x @ y)


def test_a_contraction_shares_its_operands():
    """Every position shares the kernel's bundle, and every kernel the window's."""
    kernels, image = Tensor(numbers((8, 1, 5, 5))), Tensor(numbers((1, 28, 28)))
    maps = einsum("ocuv,...cijuv->...oij", kernels, image.windows((5, 5)))
    dots = maps.values
    assert len(dots) == 8 * 24 * 24
    assert len({d.inputs[0] for d in dots}) == 8
    assert len({d.inputs[1] for d in dots}) == 24 * 24
    assert len(nodes(*dots)) == 4608 + 200 + 784


def test_windows_are_addresses():
    x = Tensor(np.arange(30.0).reshape(1, 5, 6))
    w = x.windows((2, 3), stride=(2, 1), dilation=(2, 2))
    assert w.shape == (1, 2, 2, 2, 3)
    assert w[0, 1, 1].tolist() == [[13.0, 15.0, 17.0], [25.0, 27.0, 29.0]]
    assert grows_nothing(x, w)


def test_padding_is_one_shared_constant():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    p = x.pad((1, 0), 2)
    np.testing.assert_array_equal(p.numpy(), np.pad(x.numpy(), ((1, 0), (2, 2))))
    assert len(set(p.values)) == 5
    assert x.pad(0) is x


@given(SHAPES)
def test_views_only_rearrange_references(shape):
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    x = Tensor(array)
    for view, expected in [
        (x.reshape(-1), array.reshape(-1)),
        (x.T, array.T),
        (x.flatten(), array.ravel()),
        (x[None], array[None]),
        (x.permute(*reversed(range(x.ndim))), array.T),
        (x.permute(tuple(reversed(range(x.ndim)))), array.T),
    ]:
        np.testing.assert_array_equal(view.numpy(), expected)
        assert grows_nothing(x, view)


def test_stack_and_concatenate_are_numpys():
    a, b = numbers((2, 3), 1), numbers((2, 3), 2)
    for axis in (0, 1, -1):
        both = [Tensor(a), Tensor(b)]
        np.testing.assert_array_equal(concatenate(both, axis).numpy(), np.concatenate([a, b], axis))
        np.testing.assert_array_equal(stack(both, axis).numpy(), np.stack([a, b], axis))
    assert stack([Value(1.0), Value(2.0)]).tolist() == [1.0, 2.0]


def test_full_indexing_and_full_reductions_give_values():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert type(x[0, 1]) is Value
    assert type(x.sum()) is Value
    assert [type(v) for v in x[0]] == [Value, Value]
    assert [row.shape for row in x] == [(2,), (2,)]
    assert x.sum(keepdims=True).shape == (1, 1)


def test_numbers_arrays_and_values_mix_on_either_side():
    x, a = Tensor([1.0, 2.0]), np.array([3.0, 4.0])
    for y in (a * x, x * a, [3.0, 4.0] * x, x * Tensor(a)):
        assert type(y) is Tensor
        assert y.tolist() == [3.0, 8.0]
    assert (2 - x).tolist() == [1.0, 0.0]
    assert (Value(2.0) * x).tolist() == [2.0, 4.0]
    assert (2**x).tolist() == [2.0, 4.0]
    assert (
        (np.array([3.0]) + Value(2.0)).tolist() == (Value(2.0) + np.array([3.0])).tolist() == [5.0]
    )


def test_where_maximum_and_minimum_broadcast():
    x = Tensor([-1.0, 0.0, 2.0])
    assert where(x > 0, x, 0.0).tolist() == [0.0, 0.0, 2.0]
    assert maximum(0.5, x).tolist() == [0.5, 0.5, 2.0]
    assert minimum(x, [0.0, 1.0, 1.0]).tolist() == [-1.0, 0.0, 1.0]


def test_the_first_of_tied_maxima_takes_the_gradient():
    x = Tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    x.max(axis=1).sum().backward()
    assert x.grad == [[0, 1.0, 0], [1.0, 0, 0]]


def test_the_first_in_row_order_wins_whatever_the_order_of_the_axes():
    for axes in ((0, 1), (1, 0), None):
        x = Tensor([[0.0, 2.0], [2.0, 2.0]])
        x.max(axes).backward()
        assert x.grad == [[0, 1.0], [0, 0]]


def test_equality_is_identity_and_comparing_with_numbers_is_an_error():
    x = Tensor([1.0, 2.0])
    assert x == x
    assert x != Tensor([1.0, 2.0])
    assert x is not None
    assert len({x, Tensor(x)}) == 2
    for other in (1, [1.0, 2.0], np.ones(2)):
        with pytest.raises(TypeError, match="identity"):
            x == other  # noqa: B015


def test_a_comparison_is_nested_lists_without_a_truth_of_their_own():
    x = Tensor([[1.0, -2.0], [3.0, 4.0]])
    assert (x > 0) == [[True, False], [True, True]]
    assert repr(x > 0) == "[[True, False], [True, True]]"
    assert [any(row) for row in x > 0] == [True, True]
    assert [all(row) for row in x > 0] == [False, True]
    for truth in (bool, any, all, lambda c: not c, lambda c: c[0] and c[1], lambda c: bool(c[0])):
        with pytest.raises(ValueError, match=r"ambiguous.*autograd\.where"):
            truth(x >= 0)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([1.0]) < 2)
    assert where(x > 0, x, 0.0).tolist() == [[1.0, 0.0], [3.0, 4.0]]
    assert Tensor(x > 0).tolist() == [[True, False], [True, True]]
    assert copy.deepcopy(x > 0) == pickle.loads(pickle.dumps(x > 0)) == (x > 0)


def test_labels_tell_the_index():
    x = Tensor([[1.0, 2.0]], label="x")
    assert [v.label for v in x.values] == ["x[0,0]", "x[0,1]"]
    y = (x * 2).rename("y")
    assert y.values[1].label == "y[0,1]"


def test_a_tensor_of_one_entry_starts_backward():
    x = Tensor([[3.0]])
    (x * x).backward()
    assert x.grad == [[6.0]]
    (x * x).reshape(1).backward()
    assert x.grad == [[12.0]]
    for many in (Tensor([1.0, 2.0]), Tensor([])):
        with pytest.raises(ValueError, match=r"backward\(\).*entries.*t\.sum\(\)\.backward\(\)"):
            many.backward()


@pytest.mark.parametrize("shape", [(2, 3), ((2, 3),), ([2, 3],), (4,), ((),), (0,)])
def test_new_tensors_take_a_shape_as_reshape_does(shape):
    sizes = tuple(shape[0]) if not isinstance(shape[0], int) else shape
    if not sizes:
        with pytest.raises(ValueError, match="at least one axis"):
            Tensor.zeros(*shape)
        return
    for made, number in ((Tensor.zeros(*shape), 0.0), (Tensor.ones(*shape), 1.0)):
        assert made.shape == sizes
        assert made.tolist() == np.full(sizes, number).tolist()
        assert len(set(made.values)) == made.size
    assert Tensor.full(sizes, Fraction(1, 3)).data == np.full(sizes, Fraction(1, 3)).tolist()
    assert Tensor.randn(*shape).shape == sizes


def test_new_tensors_are_plain_and_refuse_what_is_no_shape():
    assert type(nn.Parameter.zeros(2)) is Tensor
    assert Tensor.full(3, 2).tolist() == [2, 2, 2]
    assert Tensor.ones(np.int64(2)).shape == Tensor.ones(np.array([2])).shape == (2,)
    for bad in ((-1,), (2, -3), (1.5,), ("2",), (None,), (True,), ({2, 3},)):
        with pytest.raises((ValueError, TypeError), match="shape"):
            Tensor.zeros(*bad)
    with pytest.raises(TypeError, match="one number"):
        Tensor.full((2,), "x")


def test_normal_numbers_come_from_the_generator_that_is_given():
    random.seed(3)
    a, b, c = Tensor.randn(300), Tensor.randn(300, rng=random.Random(3)), Tensor.randn(300)
    assert a.tolist() == b.tolist() != c.tolist()
    assert abs(a.mean().data) < 0.2
    assert abs(a.std().data - 1) < 0.1


@pytest.mark.parametrize(
    ("a", "b"), [((3,), (3,)), ((2, 3), (3, 4)), ((2, 3), (2, 3, 4)), ((3,), (2, 3, 4)), ((2,), ())]
)
def test_dot_is_numpys(a, b):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=a), rng.normal(size=b)
    for found in (Tensor(x).dot(y), np.dot(x, Tensor(y)) if b else np.dot(Tensor(x), y)):
        np.testing.assert_allclose(np.array(found.data), np.dot(x, y), rtol=1e-14)
    with pytest.raises(TypeError, match=r"dot\(other\): other must be numbers, got a str"):
        Tensor(x).dot("no")


def test_whole_numbers_and_powers_are_methods_of_values_too():
    x = Tensor([-1.5, 0.5, 2.5, math.nan])
    for name in ("floor", "ceil", "round"):
        numpys = getattr(np, name)
        np.testing.assert_array_equal(getattr(x, name)().numpy(), numpys(x.numpy()))
        np.testing.assert_array_equal(numpys(x).numpy(), numpys(x.numpy()))
        assert getattr(x[2], name)().data == numpys(2.5)
    assert (x[2].pow(2).data, x.pow([1.0, 2.0, 2.0, 0.0]).tolist()[2]) == (6.25, 6.25)
    assert (autograd.floor(x).tolist()[0], autograd.ceil(-0.5)) == (-2.0, 0.0)
    (x.floor() * x).sum().backward()
    assert x.grad[:3] == [-2.0, 0.0, 2.0]


def test_whole_numbers_may_become_indices():
    x = Tensor([[0.2, 2.7], [1.5, 0.0]])
    places = x.floor().astype(int)
    assert (places.tolist(), places.dtype) == ([[0, 2], [1, 0]], np.dtype(int))
    assert x.astype(np.float32) is x
    assert x.ravel()[places.ravel()].tolist() == [0.2, 1.5, 2.7, 0.2]


def test_numbers_of_a_program_become_indices_without_their_digits():
    numbers = [-1.7, -0.2, 0.0, 1.9, 2.0]
    program = autograd.compile(lambda y: y.astype(int) * 1.0, Tensor(numbers), dtype="float64")
    assert program([numbers]).tolist() == [np.array(numbers).astype(int).tolist()]
    table = [5.0, 6.0, 7.0]
    program = autograd.compile(lambda y: Tensor(table)[y.astype(int)], Tensor([0.0]))
    assert program([[1.9], [2.1]]).tolist() == [[6.0], [7.0]]


def test_assign_copies_numbers_into_leaves_alone():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    row = x[0]
    x[0].assign(np.array([5.0, 6.0]))
    assert (x.tolist(), row.tolist()) == ([[5.0, 6.0], [3.0, 4.0]], [5.0, 6.0])
    x.assign(x.T)
    assert x.tolist() == [[5.0, 3.0], [6.0, 4.0]]
    with pytest.raises(ValueError, match=r"tensor: shape is \(2, 2\), got \(2,\)"):
        x.assign([1.0, 2.0])
    with pytest.raises(TypeError, match=r"tensor.assign.* was computed, and only leaves"):
        (x + 1.0).assign(x)
    with pytest.raises(autograd.UnknownNumberError, match=r"tensor.assign.*autograd\.observe"):
        autograd.compile(lambda y: x.assign(y) or y.sum(), x)


def test_clip_takes_numbers_values_and_tensors_and_stops_gradients_outside():
    x = Tensor([-2.0, 0.5, 2.0])
    clipped = x.clip(-1, Tensor([0.0, 1.0, 1.5]))
    assert clipped.tolist() == [-1, 0.5, 1.5]
    clipped.sum().backward()
    assert x.grad == [0, 1, 0]
    assert x.clip(high=Value(0.0)).tolist() == [-2.0, 0.0, 0.0]
    assert x.clip().tolist() == x.tolist()
    assert x.abs().tolist() == [2.0, 0.5, 2.0]


@given(SHAPES, st.data())
def test_transpose_exchanges_two_axes_as_numpys_swapaxes(shape, data):
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    x = Tensor(array)
    axes = st.integers(-len(shape), len(shape) - 1)
    a, b = data.draw(axes), data.draw(axes)
    np.testing.assert_array_equal(x.transpose(a, b).numpy(), array.swapaxes(a, b))
    default = array if array.ndim == 1 else array.swapaxes(-2, -1)
    np.testing.assert_array_equal(x.transpose().numpy(), default)
    assert grows_nothing(x, x.transpose(a, b))


def test_transpose_names_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match="axis 2 is outside of a tensor with 2 axes"):
        Tensor([[1.0, 2.0]]).transpose(0, 2)
    with pytest.raises(ValueError, match="axis 1 is outside of a tensor with 1 axes"):
        Tensor([1.0, 2.0]).transpose(0, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Tensor([[1, 2], [3]]), "ragged nested list: at depth 1, expected a sequence of 2"),
        (lambda: Tensor([[1, 2], 3]), "ragged.*found a number"),
        (lambda: Tensor([1, [2]]), "ragged.*expected a number, found a sequence of 1"),
        (lambda: Tensor(3.0), "must be a sequence"),
        (
            lambda: Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0]),
            r"\(2,\) and \(3,\) do not broadcast",
        ),
        (lambda: Tensor([[1.0, 2.0]]) @ Tensor([1.0]), r"\(1, 2\) and \(1,\) do not match"),
        (lambda: Tensor([1.0, 2.0]).reshape(3), r"\(2,\) \(2 entries\) cannot become \(3,\)"),
        (lambda: Tensor([1.0, 2.0]).sum(axis=1), "axis 1 is outside of a tensor with 1 axes"),
        (lambda: Tensor([[1.0]]).sum(axis=(0, 0)), "names an axis twice"),
        (lambda: Tensor([[1.0]]).permute(0), "permute"),
        (lambda: Tensor([[1.0, 2.0]]).windows((2, 2)), r"\(2, 2\) does not fit into \(1, 2\)"),
        (lambda: Tensor([]).sum(), "sum over no entries"),
        (lambda: Tensor([1.0, 2.0]).item(), "item"),
        (lambda: bool(Tensor([1.0])), "ambiguous"),
        (lambda: einsum("ij,jk->ik", [[1.0]], [[1.0], [2.0]]), "label 'j' is 1 and 2"),
        (lambda: einsum("ij->ij", [1.0]), "does not fit shape"),
        (lambda: einsum("i,i->", [1.0]), "2 terms for 1 operands"),
        (lambda: einsum("i->ij", [1.0]), "unknown"),
        (lambda: concatenate([[[1.0, 2.0]], [[1.0]]]), r"\(1, 2\) and \(1, 1\) differ"),
        (lambda: concatenate([]), "no tensors"),
    ],
)
def test_bad_shapes_are_value_errors_that_name_them(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("key", [2, -3, (0, 0, 0), 1.5, True, "a", ([0, 5],), (..., ...)])
def test_bad_indices_are_index_errors(key):
    with pytest.raises(IndexError):
        Tensor([[1.0, 2.0], [3.0, 4.0]])[key]


@pytest.mark.parametrize("entry", ["3", None, {}])
def test_entries_that_are_no_numbers_are_type_errors(entry):
    with pytest.raises(TypeError):
        Tensor([1.0, entry])


def lists():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    (x * x).sum().backward()
    return x


@pytest.mark.parametrize(
    "write",
    [
        "x.data[0] = [5.0, 5.0]",
        "x.data[0][1] += 1.0",
        "x.grad[1][0] = 0.0",
        "del x.grad[0]",
        "x.data += 1.0",
        "x.data *= 2",
        "x.data -= 0.1 * x.grad",
        "x.data = [[0.0]]",
        "x.grad = None",
        "2 * x.grad",
        "x.grad * 2",
        "x.grad + x.grad",
        "x.data - 0.1",
        "x.data -= 0.1",
        "1.0 - x.data",
        "x.grad / 2",
        "x.grad**2",
        "-x.grad",
    ],
)
def test_numbers_that_were_read_are_no_place_to_write_or_to_compute(write):
    x = lists()
    with pytest.raises(TypeError, match=r"t\.data and t\.grad are copies.*assign.*step\(\)"):
        exec(write, {"x": x})
    assert (x.tolist(), x.grad) == ([[1.0, 2.0], [3.0, 4.0]], [[2.0, 4.0], [6.0, 8.0]])


def test_numbers_that_were_read_are_lists_for_whoever_reads_them():
    x = lists()
    for read in (copy.deepcopy(x.grad), pickle.loads(pickle.dumps(x.grad)), list(x.grad)):
        assert read == [[2.0, 4.0], [6.0, 8.0]]
    assert json.dumps(x.data) == repr(x.data) == "[[1.0, 2.0], [3.0, 4.0]]"
    np.testing.assert_array_equal(0.5 * np.array(x.grad), x.numpy())
    own = x.tolist()
    own[0][0] += 1.0
    assert (type(own), own[0][0], x.tolist()[0][0]) == (list, 2.0, 1.0)
