"""Every layer, activation and loss of nn, compiled: what eager mode computes, for whole batches."""

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest
from oracle import TOLERANCE, assert_agree, assert_close, check, eagerly

import autograd
import nn
from autograd import Tensor

GOLDENS = json.loads(
    gzip.decompress((Path(__file__).parents[2] / "nn" / "goldens.json.gz").read_bytes())
)
LAYERS = [
    "convolutions", "pooling", "shapes", "dense", "activations", "softmax", "residual", "norms",
    "batch_norms",
]  # fmt: skip
LOSSES = ["pair_losses", "class_losses"]
BOTH = ("float64", "float32")


def cases(groups, wanted=lambda case: True):
    """Run a test for the wanted cases of some groups, under the cases' names."""
    found = [
        pytest.param(case, id=f"{group}-{case['name']}")
        for group in groups
        for case in GOLDENS[group]
        if wanted(case)
    ]
    return pytest.mark.parametrize("case", found)


def needs_the_batch(case):
    return case["training"] and "BatchNorm2D" in case["layer"]


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
def test_a_layer_on_a_batch_gives_eager_outputs_and_gradients_of_its_parameters(case):
    layer = layer_of(case)
    step = case["steps"][0]
    upstream = np.array(step["upstream"])

    def function(x):
        y = layer(x)
        return weighted(y, upstream), y

    check(function, [batch_of(step["input"], 3)], state(layer), BOTH)


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
def test_batch_norm_in_training_is_a_type_error_that_names_the_layer(case):
    with pytest.raises(TypeError, match=r"BatchNorm2D\(.*one sample at a time"):
        autograd.compile(layer_of(case), case["steps"][0]["input"], parameters=[])


def test_batch_norm_in_training_is_named_inside_a_network_and_left_as_it_was():
    model = nn.Sequential(nn.Conv2D(1, 2, 3), nn.BatchNorm2D(2), nn.Flatten())
    before = model.state_dict()
    with pytest.raises(TypeError, match="BatchNorm2D"):
        autograd.compile(model, np.zeros((1, 4, 4)), parameters=model.parameters())
    assert model.state_dict() == before


def one_hot(case):
    """The target, class numbers as one-hot rows."""
    target, scores = np.array(case["target"]), np.array(case["prediction"])
    if target.dtype.kind == "i" and target.shape != scores.shape:
        return np.eye(scores.shape[-1])[target]
    return target.astype(float)


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
def test_a_loss_of_a_batch_of_predictions_agrees_with_eager(case):
    loss, prediction = built(case["loss"]), np.array(case["prediction"], float)
    scale = nn.Parameter(np.full(prediction.shape, 0.875).tolist())

    def function(x, t):
        y = loss(x * scale, t)
        return (y.sum() if isinstance(y, Tensor) else y), y

    batches = [np.stack([prediction, prediction * 0.5]), np.stack([one_hot(case)] * 2)]
    check(function, batches, [scale], BOTH)


# --- whole networks -------------------------------------------------------------------------------

NETWORKS = {
    "strides, padding and dilation": (
        (2, 7, 6),
        "Sequential(Conv2D(2, 3, 3, stride=2, padding=1), Tanh(),"
        " Conv2D(3, 4, (1, 2), dilation=(1, 2), padding=(0, 1)), Flatten(), Dense(48, 3))",
    ),
    "same padding and groups": (
        (4, 5, 5),
        "Sequential(Conv2D(4, 6, 2, padding='same', groups=2), LeakyReLU(),"
        " Conv2D(6, 6, 3, stride=2, padding='same', groups=6), Flatten(), Dense(54, 2))",
    ),
    "overlapping pools": (
        (2, 7, 7),
        "Sequential(MaxPool(3, stride=2, padding=1), Conv2D(2, 3, 2), ReLU(),"
        " AvgPool(2, stride=1), Flatten(), Dense(12, 3))",
    ),
    "residual blocks": (
        (2, 5, 5),
        "Sequential(Residual(Sequential(Conv2D(2, 2, 3, padding=1), ReLU())),"
        " Residual(Conv2D(2, 3, 3, padding='same'), Conv2D(2, 3, 1)), GlobalAvgPool())",
    ),
    "norms and smooth activations": (
        (4, 4, 4),
        "Sequential(Conv2D(4, 4, 3, padding=1, bias=False), GroupNorm(2, 4), GELU(),"
        " Flatten(), Dense(64, 6), LayerNorm(6), GELU('tanh'), Dense(6, 4), Softmax())",
    ),
    "dense layers": (
        (7,),
        "Sequential(Dense(7, 9), Sigmoid(), Dense(9, 8), ReLU(), Dense(8, 5), Tanh(), Dense(5, 1))",
    ),
}


def network(text, seed=3):
    random.seed(seed)
    return built(text)


def squared(model):
    """The mean square of a model's outputs, and the outputs."""

    def function(x):
        y = model(x)
        return (y * y).mean(), y

    return function


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_agrees_with_eager_for_small_large_and_odd_batches(name):
    shape, text = NETWORKS[name]
    model = network(text)
    distinct = np.random.default_rng(1).standard_normal((31, *shape))
    runs = [eagerly(squared(model), [x[None]], model.parameters()) for x in distinct]
    programs = {
        dtype: autograd.compile(
            squared(model), distinct[0], parameters=model.parameters(), dtype=dtype
        )
        for dtype in BOTH
    }
    for n in (1, 2, 31, 128):
        chosen = [runs[k % 31] for k in range(n)]
        batch = np.stack([distinct[k % 31] for k in range(n)])
        loss = np.mean([run.loss for run in chosen])
        bars = [np.mean(each, 0) for each in zip(*[r.gradients for r in chosen], strict=True)]
        outputs = [np.concatenate(y) for y in zip(*[r.outputs for r in chosen], strict=True)]
        for dtype, program in programs.items():
            expected = type(chosen[0])(loss, bars, outputs)
            assert_agree(program, [batch], expected, TOLERANCE[dtype])


@pytest.mark.parametrize("images", ["integers", "constant", "zero"])
def test_in_a_tie_the_first_entry_takes_the_gradient(images):
    model = network("Sequential(MaxPool(3, stride=1, padding=1), Conv2D(1, 2, 2), MaxPool(2))")
    for p in model.parameters():
        p.assign(np.round(2 * p.numpy()))
    shape = (5, 1, 6, 6)
    batch = {
        "integers": np.random.default_rng(2).integers(0, 3, shape),
        "constant": np.full(shape, 2),
        "zero": np.zeros(shape, int),
    }[images]
    check(lambda x: (model(x) ** 2).sum(), [batch], model.parameters(), BOTH)
    image = nn.Parameter(batch[0].tolist())
    up = np.arange(8.0).reshape(1, 2, 2, 2)
    check(lambda u: weighted(model(image), u), [up], [image, *model.parameters()], BOTH)


def test_a_layer_that_is_used_twice_gets_the_sum_of_its_gradients():
    layer, head = network("Dense(4, 4)"), network("Dense(4, 2)")
    batch = np.random.default_rng(4).standard_normal((6, 4))
    parameters = layer.parameters() + head.parameters()
    check(lambda x: (head(layer(layer(x).tanh())) ** 2).sum(), [batch], parameters, BOTH)


def test_weights_that_two_layers_share_get_the_sum_of_their_gradients():
    encoder, decoder = network("Dense(5, 3)"), network("Dense(5, 3, bias=False)")
    decoder.weight = encoder.weight
    batch = np.random.default_rng(5).standard_normal((6, 5))

    def function(x):
        code = encoder(x).tanh()
        return ((code @ encoder.weight - x) ** 2).mean() + decoder(x * x).sum() ** 2

    check(function, [batch], encoder.parameters(), BOTH)


def test_a_convolution_that_is_used_twice_gets_the_sum_of_its_gradients():
    conv = network("Conv2D(2, 2, 3, padding=1)")
    batch = np.random.default_rng(6).standard_normal((4, 2, 4, 4))
    check(lambda x: (conv(conv(x).relu() + x) ** 2).mean(), [batch], conv.parameters(), BOTH)


# --- dropout --------------------------------------------------------------------------------------


def dropping():
    random.seed(7)
    return nn.Sequential(nn.Dense(6, 8), nn.Dropout(0.4), nn.Tanh(), nn.Dropout(), nn.Dense(8, 2))


def by_eager(model, batch):
    """Loss and gradients of a whole batch in eager mode."""
    model.zero_grad()
    y = model(Tensor(batch.tolist()))
    loss = (y * y).sum() / len(batch)
    loss.backward()
    return loss.data, [np.array(p.grad) for p in model.parameters()]


def assert_masks_agree(program, model, batch):
    loss, bars = by_eager(model, batch)
    ours, found = program.value_and_grad(batch)
    assert ours == pytest.approx(loss, rel=1e-9)
    for got, expected in zip(found, bars, strict=True):
        assert_close(got, expected, 1e-9, "gradient", scale=1e-3)


def compiled(model):
    return autograd.compile(
        lambda x: (model(x) ** 2).sum(), np.zeros(6), parameters=model.parameters(), dtype="float64"
    )


def test_dropout_draws_the_masks_that_eager_mode_draws_for_one_batch_after_the_other():
    model, again = dropping(), dropping()
    model.seed(0)
    again.seed(0)
    program = compiled(model)
    for n in (5, 1, 32):
        batch = np.random.default_rng(n).standard_normal((n, 6))
        assert_masks_agree(program, again, batch)


def test_dropout_layers_that_share_a_generator_draw_in_eager_order():
    model, again = dropping(), dropping()
    for one, rng in ((model, random.Random(5)), (again, random.Random(5))):
        one[1].rng = one[3].rng = rng
    program = compiled(model)
    for n in (3, 4):
        assert_masks_agree(program, again, np.random.default_rng(n).standard_normal((n, 6)))


def test_dropout_from_the_module_random_follows_its_seed():
    model = dropping()
    program = compiled(model)
    batch = np.random.default_rng(8).standard_normal((4, 6))
    random.seed(11)
    loss, _ = by_eager(model, batch)
    random.seed(11)
    assert program.value_and_grad(batch)[0] == pytest.approx(loss, rel=1e-9)


def test_compiling_draws_nothing():
    model = dropping()
    model.seed(0)
    before = model[1].rng.getstate()
    compiled(model)
    assert model[1].rng.getstate() == before


def test_dropout_in_evaluation_passes_and_draws_nothing():
    model = dropping().eval()
    model.seed(0)
    before = model[1].rng.getstate()
    batch = np.random.default_rng(9).standard_normal((4, 6))
    check(squared(model), [batch], model.parameters(), BOTH)
    assert model[1].rng.getstate() == before
