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


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var", "std"])
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
