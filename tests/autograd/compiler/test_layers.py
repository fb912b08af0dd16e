"""Every layer, activation and loss of nn, compiled: what eager mode computes, for whole batches."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from oracle import BOTH, TOLERANCE, assert_close, check

import autograd
import nn
from autograd import Tensor

pytestmark = pytest.mark.usefixtures("backend")

GOLDENS = {
    group: cases
    for path in (Path(__file__).parents[2] / "nn").glob("goldens*.json.gz")
    for group, cases in json.loads(gzip.decompress(path.read_bytes())).items()
}
LAYERS = [
    "convolutions", "pooling", "shapes", "dense", "activations", "softmax", "residual", "norms",
    "batch_norms", "signals", "upward", "pools", "root_mean_squares", "further_batch_norms",
    "functions",
]  # fmt: skip
LOSSES = ["pair_losses", "class_losses"]


def cases(groups, wanted=lambda *_: True):
    """Run a test for the wanted cases of some groups, under the cases' names."""
    found = [
        pytest.param(case, id=f"{group}-{case['name']}")
        for group in groups
        for case in GOLDENS[group]
        if wanted(case)
    ]
    return pytest.mark.parametrize("case", found)


def one_of_both(backend, dtype):
    """Both dtypes, or one where a program takes a C compiler longer than all else."""
    return BOTH if backend == "numpy" else (dtype,)


def needs_the_batch(case):
    return case["training"] and "BatchNorm" in case["layer"]


def built(text):
    """What a line of our API makes, such as "Conv2D(1, 2, 3)"."""
    return eval(text, vars(nn))


def layer_of(case):
    layer = built(case["layer"]).train(case["training"])
    layer.load_state_dict(case["state"])
    return layer


def state(layer):
    """Parameters and buffers, which a program needs to know as well."""
    return [part for _, part in layer.named_parts() if isinstance(part, nn.Parameter)]


def weighted(y, upstream):
    """Σ upstream·y: a scalar that hands the upstream gradient to y."""
    return (y * upstream).sum() if isinstance(y, Tensor) else y * upstream


def batch_of(first, n, seed=0):
    """A sample, and others with the same shape."""
    first = np.array(first, float)
    rng = np.random.default_rng(seed)
    return np.stack([first, *rng.standard_normal((n - 1, *first.shape))])


@cases(LAYERS, lambda case: not needs_the_batch(case))
def test_a_layer_on_a_batch_gives_eager_outputs_and_gradients_of_its_parameters(case, backend):
    layer = layer_of(case)
    step = case["steps"][0]
    upstream = np.array(step["upstream"])

    def function(x):
        y = layer(x)
        return weighted(y, upstream), y

    dtypes = one_of_both(backend, "float32")
    check(function, [batch_of(step["input"], 3)], state(layer), dtypes)


@cases(LAYERS, lambda case: not needs_the_batch(case))
def test_a_layer_hands_pytorchs_gradient_to_its_input(case):
    layer = layer_of(case)
    step = case["steps"][0]
    x = nn.Parameter(step["input"])
    program = autograd.compile(
        lambda upstream: weighted(layer(x), upstream),
        step["upstream"],
        parameters=[x, *state(layer)],
        dtype="float64",
    )
    _, (bar, *bars) = program.value_and_grad([step["upstream"]])
    assert_close(bar, step["input_grad"], 1e-9, "gradient of the input", scale=1e-3)
    for p, ours in zip(state(layer), bars, strict=True):
        if p.trainable:
            assert_close(ours, step["grads"][p.name], 1e-9, p.name, scale=1e-2)


@cases(LAYERS, needs_the_batch)
def test_batch_norm_in_training_walks_pytorchs_path_with_samples_of_a_batch_in_a_program(case):
    """Outputs, gradients and running statistics, step by step; all but the last three axes of
    images are samples, and the first one of what is no image.
    """
    layer = layer_of(case)
    shape = np.shape(case["steps"][0]["input"])
    image = shape[-3:] if isinstance(layer, nn.BatchNorm2D) else shape[1:]

    def function(x, upstream):
        y = layer(x)
        return weighted(y, upstream), y

    program = autograd.compile(
        function, *[np.zeros(image)] * 2, parameters=state(layer), dtype="float64"
    )
    for step in case["steps"]:
        x, upstream = (np.reshape(step[name], (-1, *image)) for name in ("input", "upstream"))
        _, bars = program.value_and_grad(x, upstream)
        assert_close(program.outputs[1], np.reshape(step["output"], x.shape), 1e-9, "output")
        for p, bar in zip(state(layer), bars, strict=True):
            if p.trainable:
                assert_close(len(x) * bar, step["grads"][p.name], 1e-9, p.name, scale=1e-2)
    for name, numbers in layer.state_dict().items():
        assert_close(numbers, case["after"][name], 1e-9, name)


def test_compiling_in_training_mode_leaves_the_running_statistics_as_they_were():
    model = nn.Sequential(nn.Conv2D(1, 2, 3), nn.BatchNorm2D(2), nn.Flatten())
    before = model.state_dict()
    autograd.compile(model, np.zeros((1, 4, 4)), parameters=model.parameters())
    assert model.state_dict() == before


def one_hot(case):
    """The target, class numbers as one-hot rows."""
    target, scores = np.array(case["target"]), np.array(case["prediction"])
    if target.dtype.kind == "i" and target.shape != scores.shape:
        return np.eye(scores.shape[-1])[target]
    return target.astype(float)


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)  # the next test is enough for others
@cases(LOSSES)
def test_a_loss_of_a_parameter_has_pytorchs_value_and_gradient(case):
    loss, prediction = built(case["loss"]), nn.Parameter(case["prediction"])
    target = one_hot(case)
    for dtype in BOTH:
        program = autograd.compile(
            lambda t, up: weighted(loss(prediction, t), up),
            target, case["upstream"], parameters=[prediction], dtype=dtype,
        )  # fmt: skip
        value, (bar,) = program.value_and_grad([target], [case["upstream"]])
        expected = np.sum(np.multiply(case["output"], case["upstream"]))
        assert_close(value, expected, TOLERANCE[dtype], "loss", scale=1e-3)
        assert_close(bar, case["prediction_grad"], TOLERANCE[dtype], "gradient", scale=1e-3)


@cases(LOSSES)
def test_a_loss_of_a_batch_of_predictions_agrees_with_eager(case, backend):
    loss, prediction = built(case["loss"]), np.array(case["prediction"], float)
    scale = nn.Parameter(np.full(prediction.shape, 0.875).tolist())

    def function(x, t):
        y = loss(x * scale, t)
        return (y.sum() if isinstance(y, Tensor) else y), y

    batches = [np.stack([prediction, prediction * 0.5]), np.stack([one_hot(case)] * 2)]
    check(function, batches, [scale], one_of_both(backend, "float32"))
