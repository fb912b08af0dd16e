"""NumPy's and math's functions of Values and Tensors: the graph goes on, or somebody is told."""

import importlib
import io
import math
import statistics
import warnings
from operator import attrgetter

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, no_grad

OF_ONE = ["exp", "log", "sqrt", "sin", "cos", "tanh", "negative", "absolute", "fabs", "square"]
OF_ONE += ["reciprocal", "sign", "exp2", "expm1", "log1p", "log2", "log10", "tan", "sinh", "cosh"]
OF_ONE += ["floor", "ceil", "rint"]
OF_TWO = ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "hypot"]
OF_TWO += ["logaddexp", "remainder", "floor_divide"]
OVER_AXES = ["sum", "mean", "max", "min", "amax", "amin", "var", "std", "argmax", "argmin", "prod"]
OVER_AXES += ["cumsum", "cumprod", "average", "linalg.norm"]
NO_GRADIENT_HERE = ["arctan", "median", "linalg.svd", "unwrap", "kron"]


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
    function, x = getattr(np, name), Tensor([[0.7, 1.6]])
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
    x, function = Tensor([[3.0, -1.0, 2.0], [3.0, 5.0, 0.0]]), attrgetter(name)(np)
    y = function(x, axis=axis)
    np.testing.assert_allclose(getattr(y, "data", y), function(x.numpy(), axis=axis), rtol=1e-12)
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


ROWS = np.array([[0.5, 1.0, 2.0], [3.0, -1.0, 0.5]])
LINEAR = {
    "dot with a number": lambda x: np.dot(x, 3.0),
    "dot of a number": lambda x: np.dot(np.float64(3.0), x),
    "dot with a vector": lambda x: np.dot(x, np.arange(3.0)),
    "dot of a vector": lambda x: np.dot([1.0, 2.0], x),
    "dot of matrices": lambda x: np.dot(x, ROWS.T),
    "dot of an array of more axes": lambda x: np.dot(np.ones((2, 1, 2)), x),
    "matmul": lambda x: np.matmul(ROWS.T, x),
    "transpose": np.transpose,
    "transpose by axes": lambda x: np.transpose(x, axes=(1, 0)),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "ravel": np.ravel,
    "einsum": lambda x: np.einsum("ij,kj->ik", x, ROWS),
    "concatenate": lambda x: np.concatenate([ROWS, x], axis=1),
    "stack": lambda x: np.stack([x, ROWS], axis=-1),
    "where": lambda x: np.where(ROWS > 0, x, 0.0),
    "mean": lambda x: np.mean(x, axis=0, keepdims=True),
    "dot with an array of more axes": lambda x: np.dot(x, np.ones((2, 3, 1))),
    "outer": lambda x: np.outer([1.0, 2.0], x),
    "inner": lambda x: np.inner(x, np.arange(12.0).reshape(4, 3)),
    "tensordot": lambda x: np.tensordot(x, np.arange(12.0).reshape(3, 2, 2), axes=([1, 0], [0, 2])),
    "tensordot of an axis": lambda x: np.tensordot(np.arange(4.0).reshape(2, 2), x, 1),
    "trace": lambda x: np.trace(x),
    "roll": lambda x: np.roll(x, 1, axis=1) * [1.0, 2.0, 3.0],
    "flip": lambda x: np.flip(x, 0) * [[1.0], [2.0]],
    "moveaxis": lambda x: np.moveaxis(x, 0, 1) * [1.0, 2.0],
    "tile": lambda x: np.tile(x, (2, 2)),
    "repeat": lambda x: np.repeat(x, [1, 3], axis=0),
    "broadcast_to": lambda x: np.broadcast_to(x, (3, 2, 3)),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze": lambda x: np.squeeze(x[:1]),
    "diag": lambda x: np.diag(x[0]),
    "diagonal": lambda x: np.diagonal(x),
    "triu": lambda x: np.triu(x, 1),
    "take": lambda x: np.take(x, [2, 0, 2], axis=1),
    "atleast_3d": lambda x: np.atleast_3d(x),
    "split": lambda x: np.split(x, 3, axis=1)[2],
    "vstack": lambda x: np.vstack([x, ROWS[0], x[0]]),
    "hstack": lambda x: np.hstack((ROWS, x)),
    "column_stack": lambda x: np.column_stack([x, [1.0, 2.0]]),
    "append": lambda x: np.append(ROWS, x),
    "pad": lambda x: np.pad(x, 1),
    "pad by edges": lambda x: np.pad(x, ((0, 0), (1, 2)), mode="edge"),
    "sort": lambda x: np.sort(x, axis=1) * [1.0, 2.0, 3.0],
    "diff": lambda x: np.diff(x, axis=0),
    "average": lambda x: np.average(x, axis=1, weights=[1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("name", LINEAR)
def test_a_linear_function_of_numpys_keeps_the_graph_and_has_numpys_entries(name):
    function, x = LINEAR[name], Tensor(ROWS)
    y = function(x)
    np.testing.assert_allclose(np.array(y.data), function(ROWS), rtol=1e-14)
    np.sum(y).backward()
    moved = [function(ROWS + step / 64).sum() * 64 for step in np.eye(6).reshape(6, 2, 3)]
    expected = np.reshape(moved, (2, 3)) - function(ROWS).sum() * 64
    np.testing.assert_allclose(np.array(x.grad), expected, rtol=1e-12, atol=1e-12)


def test_functions_of_entries_are_exact_where_a_formula_would_lose_digits():
    for name, at in [("log1p", 1e-12), ("expm1", 1e-12), ("sinh", 1e-12), ("log1p", math.inf)]:
        x = Value(at)
        y = getattr(np, name)(x)
        assert y.data == pytest.approx(getattr(np, name)(at), rel=1e-15)
        y.backward()
        assert x.grad == pytest.approx(1.0 if at < 1 else 0.0)
    assert np.log1p(Value(-1.0)).data == -math.inf
    for pair in [(-math.inf, 0.5), (-math.inf, -math.inf), (1000.0, 1000.0), (0.0, math.inf)]:
        assert np.logaddexp(*map(Value, pair)).data == pytest.approx(np.logaddexp(*pair))
    a = Value(1.0)
    np.logaddexp(a, 1.0).backward()
    assert a.grad == 0.5


def test_norms_are_of_vectors_and_frobenius():
    x = Tensor([3.0, -4.0])
    norms = [np.linalg.norm(x, order).data for order in (None, 1, 2, np.inf)]
    assert norms == [5.0, 7.0, 5.0, 4.0]
    assert np.linalg.norm(Tensor([[3.0], [4.0]]), "fro").data == 5.0
    with pytest.raises(TypeError, match=r"np\.linalg\.norm: ord 2 of shape \(1, 2\)"):
        np.linalg.norm(Tensor([[1.0, 2.0]]), 2)


def test_scalars_are_stacked_and_moved_with_numbers():
    a, b = Value(2.0), Value(3.0)
    assert np.stack([a, 0.0, b]).tolist() == [2.0, 0.0, 3.0]
    assert np.append(Tensor([1.0]), a).values[1] is a
    assert np.roll(np.stack([a, b]), 1).values == [b, a]


def test_a_scalar_is_an_array_of_one_entry():
    x = Value(2.5)
    found = [np.sum(x), np.prod(x), np.mean(x), np.max(x), np.round(x)[0]]
    assert [y.data for y in found] == [2.5, 2.5, 2.5, 2.5, 2.0]
    assert np.reshape(x, (1, 1)).tolist() == [[2.5]]
    assert np.clip(x, a_min=0.0, a_max=1.0).data == np.clip(x, min=0.0, max=1.0).data == 1.0


@pytest.mark.parametrize("name", NO_GRADIENT_HERE)
@pytest.mark.parametrize("x", [Value(1.0), Tensor([1.0, 2.0])], ids=["value", "tensor"])
def test_a_function_without_a_gradient_here_is_an_error_that_says_what_to_do(name, x):
    module, _, last = name.rpartition(".")
    function = getattr(getattr(np, module) if module else np, last)
    with pytest.raises(TypeError, match=rf"(?s){last}.*x\.data.*t\.numpy\(\)"):
        function(x, *[x] * (name == "kron"))


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
    assert np.zeros_like(x).tolist() == [[0.0, 0.0]]


def test_an_array_of_values_keeps_the_graph():
    a, b = Value(0.5), Value(2.0)
    array = np.array([a, b])
    assert array.dtype == object
    np.sum(np.sin(array) * array).backward()
    assert a.grad == pytest.approx(math.sin(0.5) + 0.5 * math.cos(0.5))


COMPUTES = [
    "x * math.sin(x)",
    "math.exp(x) + float(x)",
    "math.hypot(x, x)",
    "math.fsum([x, x])",
    "statistics.fmean([x, x])",
    "array.__setitem__(0, x)",
    "array[0] = x",
    "array[0:1] = x",
    "array[0] += x",
    "np.array([x], dtype=float)",
    "np.float64(x)",
]


@pytest.mark.parametrize("code", COMPUTES)
@pytest.mark.parametrize("x", [Value(0.5), Value(0.5) * 1.0], ids=["leaf", "node"])
def test_a_number_that_would_lose_its_gradient_is_refused(code, x):
    names = {"math": math, "np": np, "statistics": statistics, "array": np.zeros(3), "x": x}
    with pytest.raises(
        TypeError, match=r"loses its gradient: x\.exp\(\).*autograd\.exp\(x\).*x\.data"
    ):
        exec(code, names)
    with no_grad():
        exec(code, names)


MEANS_THE_NUMBER = [
    "float(x)",
    "y = [float(v) for v in (x, x)]",
    "y = list(map(float, [x, x]))",
    "y = sum(map(float, [x, x]))",
    "y = max([x, x], key=float)",
    "print('%.3f' % x, float(x), file=io.StringIO())",
    "y = 0.0\ny += float(x)",
    "array[0] = float(x)",
    "math.isnan(x) or math.isfinite(x)",
    "assert (round(x), round(x, 1), math.floor(x), math.ceil(x)) == (0, 0.5, 0, 1)",
    "x.__float__()",
    "y = math.exp(float(x))",
]


@pytest.mark.parametrize("code", MEANS_THE_NUMBER)
def test_a_number_that_is_asked_for_as_one_is_given_quietly(code):
    names = {"math": math, "io": io, "array": np.zeros(3), "x": Value(0.5) * 1.0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(code, names)
        bare = compile(code, "bare", "exec").replace(
            co_linetable=b""
        )  # as python -X no_debug_ranges
        exec(bare, names)


def test_an_array_of_a_computed_tensor_is_refused_and_leaves_are_warned_of():
    x, array = Tensor([0.5, 1.0]), np.zeros(2)
    for leave in (np.asarray, lambda t: np.array([t, t]), lambda t: array.__setitem__(..., t)):
        with pytest.raises(TypeError, match=r"tensor\.numpy\(\).*tensor\.detach\(\)"):
            leave(x * 2.0)
    with pytest.warns(UserWarning, match=r"leaves the graph.*tensor\.numpy\(\)") as caught:
        assert np.asarray(x).tolist() == [0.5, 1.0]
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


@pytest.mark.parametrize(
    ("module", "instead"),
    [
        ("numpy", "import numpy as np"),
        ("scipy.special", "logsumexp"),
        ("misc.optimizers", r"nn\.Adam"),
        ("misc.flatten", "need no flatten"),
        ("test_util", "import check_grads"),
        ("extend", r"autograd\.Primitive"),
    ],
)
def test_what_hips_keeps_elsewhere_is_said(module, instead):
    with pytest.raises(ImportError, match=f"Glassgrad, not HIPS's.*{instead}"):
        importlib.import_module(f"autograd.{module}")
