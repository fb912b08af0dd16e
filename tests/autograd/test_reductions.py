"""Reductions of tensors, by NumPy's names and PyTorch's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd
from autograd import Tensor, Value, concatenate, log_softmax, logsumexp, softmax, stack

ARRAYS = hnp.arrays(
    float,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=4),
    elements=st.integers(-3, 3).map(float),
)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@given(data=st.data(), array=ARRAYS)
def test_positions_are_numpys_plain_ints_the_first_of_a_tie(name, data, array):
    axis = data.draw(st.none() | st.integers(-array.ndim, array.ndim - 1))
    found = getattr(Tensor(array), name)(axis=axis)
    expected = getattr(array, name)(axis=axis)
    assert found == expected.tolist()
    assert type(found) is (list if np.ndim(expected) else int)


def test_positions_of_nan_of_nothing_and_of_unknown_numbers():
    assert Tensor([1.0, math.nan, 3.0]).argmax() == 1
    assert Tensor([1.0, math.nan, 3.0]).argmin() == 1
    with pytest.raises(ValueError, match=r"argmax over no entries: shape \(0,\)"):
        Tensor([]).argmax()
    with pytest.raises(ValueError, match="axis 2"):
        Tensor([[1.0]]).argmin(axis=2)
    with pytest.raises(autograd.UnknownNumberError):
        autograd.compile(lambda x: x[x.argmax()], Tensor([1.0, 2.0]))


@given(array=ARRAYS, axis=st.sampled_from([None, 0, -1]))
def test_std_is_the_root_of_var_as_numpy_has_it(array, axis):
    found = Tensor(array).std(axis=axis)
    np.testing.assert_allclose(found.data, array.std(axis=axis), atol=1e-12)


def test_std_has_the_gradient_of_its_formula_and_none_where_all_are_equal():
    x = Tensor([1.0, 2.0, 6.0])
    x.std().backward()
    deviation, mean = np.std([1.0, 2.0, 6.0]), 3.0
    np.testing.assert_allclose(x.grad, [(v - mean) / (3 * deviation) for v in [1.0, 2.0, 6.0]])
    equal = Tensor([2.0, 2.0])
    equal.std().backward()
    assert all(map(math.isnan, equal.grad))


def test_ddof_is_what_the_number_of_entries_is_lessened_by():
    array = np.array([[1.0, 2.0, 6.0], [0.5, -3.0, 4.0]])
    x = Tensor(array)
    for name in ("var", "std"):
        expected, ours = getattr(np, name), getattr(x, name)
        np.testing.assert_allclose(ours(1, ddof=1).data, expected(array, 1, ddof=1), rtol=1e-14)
        np.testing.assert_allclose(expected(x, ddof=2).data, expected(array, ddof=2), rtol=1e-14)
        theirs = [
            ours(dim=0, correction=1),
            ours(0, unbiased=True),
            getattr(autograd, name)(x, 0, ddof=1),
        ]
        assert all(t.tolist() == ours(0, ddof=1).tolist() for t in theirs)
    assert x.var(unbiased=False).data == x.var().data
    with pytest.raises(ValueError, match="var: of 1 entries with ddof 1"):
        Tensor([2.0]).std(ddof=1)


SOME_ZEROS = hnp.arrays(
    float,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=4),
    elements=st.sampled_from([0.0, 0.5, -2.0, 1.5]),
)


@pytest.mark.parametrize("name", ["prod", "cumprod", "cumsum"])
@given(data=st.data(), array=SOME_ZEROS)
def test_products_and_running_sums_are_numpys_with_true_gradients_at_zeros(name, data, array):
    axis = data.draw(st.none() | st.integers(-array.ndim, array.ndim - 1))
    x, numpys = Tensor(array), getattr(np, name)
    y = Tensor(stack([getattr(x, name)(axis=axis)]))
    np.testing.assert_array_equal(y.numpy()[0], numpys(array, axis=axis))
    factors = np.random.default_rng(0).integers(1, 5, y.shape)  # so that all is exact
    (y * factors).sum().backward()
    for at in np.ndindex(array.shape):  # linear in each entry: any step gives the slope
        moved = array.copy()
        moved[at] += 1.0
        change = numpys(moved, axis=axis) - numpys(array, axis=axis)
        assert np.array(x.grad)[at] == pytest.approx(
            (change * factors[0]).sum(), rel=1e-12, abs=1e-9
        )


def test_a_product_of_nothing_is_refused_and_a_running_sum_of_nothing_is_nothing():
    with pytest.raises(ValueError, match=r"prod over no entries: shape \(0,\)"):
        Tensor([]).prod()
    assert Tensor([]).cumsum().shape == (0,)
    assert Tensor.zeros(0, 2).cumprod(axis=0).shape == (0, 2)
    with pytest.raises(ValueError, match="axis 1 is outside"):
        Tensor([1.0]).cumsum(axis=1)


def test_products_compile():
    x = np.random.default_rng(0).uniform(-1, 1, (3, 2, 5))
    x[0, 0, 1:3] = 0.0

    def function(t):
        return (t.prod(axis=1) + t.cumprod(axis=1)[:, 3] + t.cumsum(axis=0)[1, 2]).sum()

    w = Tensor([[1.0] * 5, [0.5] * 5])
    for backend in ("numpy", "auto"):
        program = autograd.compile(
            lambda t: function(t * w), x[0], parameters=[w], backend=backend, dtype="float64"
        )
        y, (slope,) = program.value_and_grad(x)
        losses = [function(Tensor(sample) * w) for sample in x]
        for parameter in w.values:
            parameter.grad = 0.0
        (sum(losses) / 3).backward()
        assert y == pytest.approx(sum(loss.data for loss in losses) / 3, rel=1e-14)
        np.testing.assert_allclose(slope, w.grad, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var", "std", "prod"])
def test_dim_and_keepdim_are_understood(name):
    x = Tensor([[1.0, 5.0], [2.0, 0.0]])
    method = getattr(x, name)
    assert method(dim=0).tolist() == method(axis=0).tolist()
    assert method(dim=1, keepdim=True).shape == (2, 1)
    assert method(axis=1, keepdim=True).shape == (2, 1)
    for both in ({"dim": 0, "axis": 0}, {"dim": None, "axis": 0}):
        with pytest.raises(TypeError, match="dim is axis, and both are given"):
            method(**both)
    with pytest.raises(TypeError, match="dims"):
        method(dims=0)


def test_dim_is_understood_by_functions_too():
    x = Tensor([[1.0, 5.0], [2.0, 0.0]])
    for function in (softmax, log_softmax, logsumexp):
        assert function(x, dim=0).tolist() == function(x, axis=0).tolist()
    for function in (stack, concatenate):
        assert function([x, x], dim=1).tolist() == function([x, x], axis=1).tolist()
    assert (x.argmax(dim=1), x.argmin(dim=0)) == ([1, 0], [0, 1])


def test_a_reduction_of_all_axes_is_a_value():
    assert type(Tensor([[1.0]]).std()) is Value
    assert Tensor([[1.0, 3.0]]).std(keepdims=True).tolist() == [[1.0]]
