"""Names that other engines have say what is written here instead."""

import copy
import math
import pickle

import pytest

import autograd
import nn
from autograd import Tensor, Value
from autograd.elsewhere import METHODS, NAMES

TRUTH = {
    "gelu": lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "cosh": math.cosh,
    "cube": lambda x: x * x * x,
    "expm1": math.expm1,
    "log10": math.log10,
    "log1p": math.log1p,
    "log2": math.log2,
    "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "sinh": math.sinh,
    "square": lambda x: x * x,
    "tan": math.tan,
}


@pytest.mark.parametrize("name", TRUTH)
def test_what_is_written_instead_computes_the_same(name):
    for expression in METHODS[name].split(", or "):
        names = {"x": Value(0.7), "autograd": autograd, "nn": nn, "math": math}
        assert eval(expression, names).data == pytest.approx(TRUTH[name](0.7), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_what_takes_the_place_of_a_name_is_there(name):
    path = NAMES[name].partition("(")[0].partition(":")[0].split(".")
    if path[0] in ("autograd", "nn", "Tensor"):
        start = {"autograd": autograd, "nn": nn, "Tensor": Tensor}[path[0]]
        assert callable(getattr(start, path[1]))
        assert not hasattr(autograd, name)


def test_a_value_and_a_tensor_name_what_to_write():
    with pytest.raises(AttributeError, match=r"'Value' object has .* 'gelu'; write nn.GELU\(\)"):
        Value(1.0).gelu()
    with pytest.raises(AttributeError, match=r"'Tensor' object has .* 'view'; write t.reshape"):
        Tensor([1.0]).view(1, 1)
    with pytest.raises(AttributeError, match=r"attribute 'no_such_thing'$"):
        Value(1.0).no_such_thing()
    assert not hasattr(Value(1.0), "shape")
    assert not {"gelu", "view"} & {*dir(Value(1.0)), *dir(Tensor([1.0]))}
    assert "max" in dir(Tensor([1.0]))


def test_an_import_says_so_too():
    with pytest.raises(ImportError, match=r"'autograd' has no attribute 'MLP'; write nn\.MLP"):
        from autograd import MLP  # noqa: F401
    with pytest.raises(ImportError, match=r"'nn' has no attribute 'Linear'; use nn\.Dense"):
        from nn import Linear  # noqa: F401
    with pytest.raises(ImportError, match=r"'relu'; write autograd\.relu"):
        from nn.functional import relu  # noqa: F401
    with pytest.raises(ImportError, match="write `from autograd import Value`"):
        from autograd.engine import Value  # noqa: F401
    with pytest.raises(ImportError, match=r"no module autograd\.nn: write `import nn`"):
        import autograd.nn  # noqa: F401
    assert not hasattr(nn, "Linear")


def test_an_attribute_of_a_module_says_so():
    with pytest.raises(AttributeError, match=r"'nn' has no attribute 'Neuron'; write nn\.Dense"):
        nn.Neuron  # noqa: B018
    with pytest.raises(AttributeError, match=r"'mse_loss'; write nn.MSELoss\(\)"):
        nn.functional.mse_loss  # noqa: B018


def test_copies_and_pickles_do_without_the_hints():
    y = Value(2.0) * Value(3.0)
    assert copy.deepcopy(y).data == copy.copy(y).data == pickle.loads(pickle.dumps(y)).data == 6.0
