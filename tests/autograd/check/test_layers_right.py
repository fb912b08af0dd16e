"""Right layers in every style that people write pass, and what was inferred is stated."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from layers_of_images import (
    BatchNorm,
    Conv3x3,
    Dropout,
    LeakyReLU,
    MaxPool,
    NhwcConv,
    OwnDropout,
    ReLU,
    TutorialConv,
)
from layers_of_rows import (
    ColumnDense,
    DictDense,
    GivenInputDense,
    HardRateDense,
    LazyDense,
    ListDense,
    LoopDense,
    MeanColumns,
    MeanDense,
    NamedDense,
    NnfsDense,
    OwnRateDense,
    ParameterDense,
    StepDense,
    TupleDense,
)

from autograd.check.layer.adapter import Layer
from autograd.check.layer.discover import discover
from autograd.check.layers import check_layer

RNG = np.random.default_rng(7)


X = RNG.standard_normal((5, 4))
IMAGE = RNG.standard_normal((6, 5))

RIGHT = {
    "tutorial conv": (TutorialConv(), RNG.standard_normal((2, 6, 5))),
    "float32 conv": (TutorialConv(), RNG.standard_normal((2, 6, 5)).astype(np.float32)),
    "conv 3x3": (Conv3x3(), IMAGE),
    "integer image": (Conv3x3(), RNG.integers(0, 255, (6, 5))),
    "nnfs": (NnfsDense(), X),
    "dict": (DictDense(), X),
    "float32": (DictDense(np.float32), X.astype(np.float32)),
    "list": (ListDense(), X),
    "parameter objects": (ParameterDense(), X),
    "tuple and cache": (TupleDense(), X),
    "dict returned": (NamedDense(), X),
    "column": (ColumnDense(), RNG.standard_normal((4, 1))),
    "own rate": (OwnRateDense(), RNG.standard_normal((4, 1))),
    "rate in the code": (HardRateDense(), RNG.standard_normal((4, 1))),
    "step kept": (StepDense(), RNG.standard_normal((4, 1))),
    "input given": (GivenInputDense(), X),
    "lazy": (LazyDense(), X),
    "loops": (LoopDense(), [0.3, -1.2, 0.7, 2.0]),
    "mean": (MeanDense(), X),
    "relu": (ReLU(), np.array([[1.0, -2.0, 0.0], [0.5, 3.0, -1.0]])),
    "leaky relu": (LeakyReLU(), X),
    "dropout": (Dropout(), X),
    "dropout of its own": (OwnDropout(), X),
    "batch norm": (BatchNorm(), X),
    "max pool": (MaxPool(), RNG.standard_normal((6, 5, 2))),
    "ties": (MaxPool(), RNG.integers(0, 3, (6, 5, 2)).astype(float)),
    "nhwc": (NhwcConv(), RNG.standard_normal((2, 6, 5, 2))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_layer_passes(name):
    layer, x = RIGHT[name]
    report = check_layer(layer, x, probe=False)
    assert report.ok, str(report)
    assert report.findings == []
    assert len(report.gradients) > 0


EXPECTED = {
    "tutorial conv": {"x", "kernels", "biases"},
    "conv 3x3": {"filters"},
    "dict": {"x", "W", "b"},
    "list": {"x", "params[0]", "params[1]"},
    "parameter objects": {"x", "W", "b"},
    "lazy": {"x", "W"},
    "loops": {"x", "w", "b"},
    "leaky relu": {"x"},
    "batch norm": {"x", "gamma", "beta"},
    "nhwc": {"x", "filters", "b"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_weight_is_found_and_nothing_else(name):
    layer, x = RIGHT[name]
    assert set(check_layer(layer, x, probe=False).gradients) == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("tutorial conv", "kernels (before - after) / learning rate"),
        ("own rate", "lr set to 1"),
        ("rate in the code", "0.02 read off the update"),
        ("mean", "divided by N = 5"),
        ("lazy", "made by the first forward"),
        ("dropout", "random"),
        ("parameter objects", "add up from call to call until zero_grad()"),
        ("nnfs", "weights in dweights"),
        ("dict", "W in grads['W']"),
        ("nhwc", "probably NHWC"),
    ],
)
def test_what_was_inferred_is_stated(name, note):
    layer, x = RIGHT[name]
    assert note in "\n".join(check_layer(layer, x, probe=False).notes)


def test_the_layer_and_the_input_are_left_as_they_were():
    layer, x = TutorialConv(), RNG.standard_normal((2, 6, 5))
    kernels, before = layer.kernels.copy(), x.copy()
    state = np.random.get_state()[1].copy()
    check_layer(layer, x, probe=False)
    assert np.array_equal(layer.kernels, kernels)
    assert not hasattr(layer, "output")
    assert np.array_equal(x, before)
    assert np.array_equal(np.random.get_state()[1], state)


def test_samples_in_columns_with_their_mean_and_methods_of_other_names():
    names = {"forward": "linear_forward", "backward": "linear_backward"}
    report = check_layer(MeanColumns(), X.T.copy(), layout="DN", **names)
    assert report.ok, str(report)
    assert "divided by N = 5" in "\n".join(report.notes)


def test_a_layer_is_adapted_before_any_of_its_code_runs():
    class Refuses:
        def forward(self, x):
            raise RuntimeError("forward runs")

        def backward(self, dout):
            raise RuntimeError("backward runs")

    adapted = Layer.of(Refuses(), X, {}, None, None)
    assert (adapted.title, adapted.forward_name, adapted.parameters) == ("Refuses", "forward", {})
    with pytest.raises(RuntimeError, match="forward runs"):
        discover(adapted)


def test_a_report_stays_as_it_was_made():
    report = check_layer(ReLU(), X, probe=False)
    with pytest.raises(FrozenInstanceError):
        report.notes = ()
