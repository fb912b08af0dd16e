"""NumPy's and math's functions of Values and Tensors: the graph goes on, or somebody is told."""

import importlib
import math
import warnings

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, no_grad

OF_ONE = ["exp", "log", "sqrt", "sin", "cos", "tanh", "negative", "absolute", "fabs", "square"]
OF_ONE += ["reciprocal"]
OF_TWO = ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"]
OVER_AXES = ["sum", "mean", "max", "min", "amax", "amin", "var", "std", "argmax", "argmin"]
NO_GRADIENT_HERE = ["arctan", "floor", "median", "sort", "prod", "cumsum", "dot", "linalg.norm"]


def differences(function, x, step=1e-6):
    return (function(x + step) - function(x - step)) / (2 * step)


@pytest.mark.parametrize("name", OF_ONE)
def test_a_ufunc_of_a_value_is_a_node_with_its_derivative(name):
    function, x = getattr(np, name), Value(0.7)
    y = function(x)
    assert type(y) is Value
    assert y.data == pytest.approx(function(0.7), rel=1e-15)
    y.backward()
    assert x.grad == pytest.approx(differences(function, 0.7), rel=1e-6)


@pytest.mark.parametrize("name", OF_ONE)
def test_a_ufunc_of_a_tensor_is_a_tensor_with_its_graph(name):
    function, x = getattr(np, name), Tensor([[0.7, 1.5]])
    y = function(x)
    np.testing.assert_allclose(y.numpy(), function(x.numpy()), rtol=1e-15)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, differences(function, x.numpy()), rtol=1e-6)


@pytest.mark.parametrize("name", OF_TWO)
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("other", [2.5, np.float64(2.5), np.array([2.5, 0.5]), [2.5, 0.5]])
@pytest.mark.parametrize("ours", [Value(1.5), Tensor([1.5, 2.0])], ids=["value", "tensor"])
def test_a_ufunc_of_two_broadcasts_whatever_stands_on_its_other_side(name, swapped, other, ours):
    pair = (other, ours) if swapped else (ours, other)
    result = getattr(np, name)(*pair)
    assert type(result) in (Value, Tensor)
    plain = [np.array(x.data) if x is ours else x for x in pair]
    np.testing.assert_allclose(result.data, getattr(np, name)(*plain), rtol=1e-15)
    assert any(v is w for v in autograd.graph.nodes(*entries(result)) for w in entries(ours))


def entries(x):
    return x.values if isinstance(x, Tensor) else [x]


def test_operators_with_arrays_make_tensors_and_never_object_arrays():
    a, array = Value(2.0), np.array([1.0, 3.0])
    for y in (a * array, array * a, np.float64(1.0) * Tensor([2.0, 6.0])):
        assert type(y) is Tensor
        assert y.tolist() == [2.0, 6.0]
    assert type(np.float64(3.0) * a) is Value
    assert (np.eye(2) @ Tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    array += Tensor([1.0, 1.0])
    assert type(array) is Tensor
    assert array.tolist() == [2.0, 4.0]
    assert (np.float64(3.0) > a) is True
    assert np.less(Tensor([1.0, 3.0]), 2.0) == [True, False]


@pytest.mark.parametrize("name", OVER_AXES)
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_a_reduction_of_numpys_is_ours(name, axis):
    x = Tensor([[3.0, -1.0, 2.0], [3.0, 5.0, 0.0]])
    y = getattr(np, name)(x, axis=axis)
    np.testing.assert_allclose(
        getattr(y, "data", y), getattr(np, name)(x.numpy(), axis=axis), rtol=1e-12
    )
    assert "arg" in name or type(y) in (Value, Tensor)


def test_functions_that_join_and_choose_are_ours():
    x, y = Tensor([1.0, -2.0]), Tensor([3.0, 4.0])
    assert np.stack([x, y], axis=1).tolist() == [[1.0, 3.0], [-2.0, 4.0]]
    assert np.concatenate([x, y]).tolist() == [1.0, -2.0, 3.0, 4.0]
    assert np.where(x > 0, x, y).tolist() == [1.0, 4.0]
    assert np.einsum("i,i->", x, y).data == -5.0
    assert np.clip(x, -1.0, 0.5).tolist() == [0.5, -1.0]
    assert np.clip(x.sum(), -0.5, None).data == -0.5
    assert np.reshape(x, (2, 1)).shape == (2, 1)


@pytest.mark.parametrize("name", NO_GRADIENT_HERE)
@pytest.mark.parametrize("x", [Value(1.0), Tensor([1.0, 2.0])], ids=["value", "tensor"])
def test_a_function_without_a_gradient_here_is_an_error_that_says_what_to_do(name, x):
    module, _, last = name.rpartition(".")
    function = getattr(getattr(np, module) if module else np, last)
    with pytest.raises(TypeError, match=rf"(?s){last}.*x\.data.*t\.numpy\(\)"):
        function(x, *[x] * (name == "dot"))


def test_ufuncs_in_other_ways_are_errors_too():
    x = Tensor([1.0, 2.0])
    for call in (
        lambda: np.add.reduce(x),
        lambda: np.multiply.outer(x, x),
        lambda: np.sin(x, out=np.zeros(2)),
        lambda: np.add(x, x, where=[True, False]),
    ):
        with pytest.raises(TypeError, match="leave the graph"):
            call()


def test_what_numpy_says_of_numbers_alone_it_says_of_ours():
    x = Tensor([[1.0, math.nan]])
    assert np.isnan(x).tolist() == [[False, True]]
    assert np.isfinite(x.values[0])
    assert np.shape(x) == (1, 2)
    assert np.allclose(Tensor([1.0]), [1.0])
    assert np.array_equal(Tensor([1.0]), Tensor([1.0]))


def test_an_array_of_values_keeps_the_graph():
    a, b = Value(0.5), Value(2.0)
    array = np.array([a, b])
    assert array.dtype == object
    np.sum(np.sin(array) * array).backward()
    assert a.grad == pytest.approx(math.sin(0.5) + 0.5 * math.cos(0.5))


@pytest.mark.parametrize(
    "leave",
    [
        lambda x: x * math.sin(x),
        lambda x: math.exp(x),
        lambda x: math.hypot(x, x),
        lambda x: math.fsum([x, x]),
        lambda x: float(x),
        lambda x: np.array([x], dtype=float),
        lambda x: np.float64(x),
        lambda x: np.asarray(Tensor([x])),
        lambda x: np.array([Tensor([x])]),
    ],
)
def test_numbers_that_leave_the_graph_are_warned_of_where_they_leave_it(leave):
    with pytest.warns(UserWarning, match=r"leaves the graph.*autograd\.sin\(x\)") as caught:
        leave(Value(0.5))
    assert caught[0].filename == __file__


def test_whoever_asks_for_numbers_gets_them_without_a_warning():
    x, t = Value(0.5), Tensor([0.5])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (x.data, x.item(), int(x), bool(x), f"{x:.1f}") == (0.5, 0.5, 0, True, "0.5")
        assert (t.tolist(), t.data, t.item(), t.numpy().tolist()) == ([0.5], [0.5], 0.5, [0.5])
        with no_grad():
            assert math.sin(x) == math.sin(0.5)
            assert np.asarray(t).tolist() == [0.5]
        assert math.prod([x, x]).data == 0.25


def test_who_takes_it_for_hips_autograd_is_told():
    with pytest.raises(ImportError, match=r"Glassgrad, not HIPS's.*autograd\.sin"):
        importlib.import_module("autograd.numpy")
    with pytest.raises(ImportError, match="Glassgrad, not HIPS's"):
        from autograd import numpy  # noqa: F401
    with pytest.raises(AttributeError, match="Glassgrad, not HIPS's"):
        autograd.numpy  # noqa: B018
