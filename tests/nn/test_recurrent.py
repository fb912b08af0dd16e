"""Recurrent layers: steps and sequences agree, states go on, masks, options and mistakes."""

import random
import re

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor

KINDS = ["RNN", "LSTM", "GRU"]


def made(kind, *sizes, **options):
    """A layer with random biases too."""
    layer = getattr(nn, kind)(*sizes, **options)
    for parameter in layer.parameters():
        parameter.assign(Tensor.randn(parameter.shape))
    return layer


def hidden(state):
    """h, of h alone or of (h, c)."""
    return state[0] if isinstance(state, tuple) else state


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def assert_close(one, other):
    np.testing.assert_allclose(one.tolist(), other.tolist(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_is_its_cell_step_after_step(kind):
    layer, cell = made(kind, 3, 2), getattr(nn, f"{kind}Cell")(3, 2)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
    x, state = Tensor.randn(4, 3), None
    y, last = layer(x)
    for t in range(4):
        state = cell(x[t], state)
        assert_close(y[t], hidden(state))
    for ours, theirs in zip(parts(last), parts(state), strict=True):
        assert_close(ours[0], theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_any_axes_in_front_are_batch_but_in_states_layers_come_first(kind):
    layer = made(kind, 3, 2, 2, bidirectional=True)
    x = Tensor.randn(2, 3, 4, 3)
    y, state = layer(x)
    assert y.shape == (2, 3, 4, 4)
    assert all(part.shape == (4, 2, 3, 2) for part in parts(state))
    one, of_one = layer(x[1, 2])
    assert_close(y[1, 2], one)
    for all_, single in zip(parts(state), parts(of_one), strict=True):
        assert_close(all_[:, 1, 2], single)


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_goes_on_where_the_sequence_before_ended(kind):
    layer, x = made(kind, 3, 2, 2), Tensor.randn(5, 3)
    whole, end = layer(x)
    first, state = layer(x[:2])
    second, state = layer(x[2:], state=state)
    assert_close(whole, autograd.concatenate([first, second]))
    for one, other in zip(parts(end), parts(state), strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_output_of_each_direction_is_what_it_ended_with(kind):
    options = {"num_layers": 2, "bidirectional": True}
    layer = made(kind, 3, 2, **options)
    y, state = layer(x := Tensor.randn(4, 3))
    for sequences, state_too in ((False, True), (True, False), (False, False)):
        other = getattr(nn, kind)(
            3, 2, **options, return_sequences=sequences, return_state=state_too
        )
        other.load_state_dict(layer.state_dict())
        again = other(x)
        got = again[0] if state_too else again
        assert_close(got, y if sequences else hidden(state)[-2:].reshape(-1))
    assert_close(y[-1, :2], hidden(state)[-2])
    assert_close(y[0, 2:], hidden(state)[-1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_masked_steps_change_nothing_in_either_direction(kind, bidirectional):
    layer = made(kind, 2, 2, 2, bidirectional=bidirectional)
    short, long = Tensor.randn(2, 2), Tensor.randn(4, 2)
    batch, mask = nn.data.padded([np.array(short.tolist()), np.array(long.tolist())], value=9.0)
    y, state = layer(batch, mask=mask)
    for k, x in enumerate((short, long)):
        alone, end = layer(x)
        assert_close(y[k, : len(x)], alone)
        for one, other in zip(parts(state), parts(end), strict=True):
            assert_close(one[:, k], other)


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_a_state_and_a_mask_are_arguments_of_a_compiled_program(backend):
    layer = made("LSTM", 2, 3)
    x, mask = np.random.default_rng(0).normal(size=(2, 4, 2)), np.array([[1] * 4, [1, 1, 0, 0]])
    h, c = np.ones((2, 1, 3)), np.full((2, 1, 3), 0.5)
    program = autograd.compile(
        lambda x, state, options: layer(x, state=state, **options),
        x[0], (h[0], c[0]), {"mask": mask[0]},
        parameters=layer.parameters(), dtype="float64", backend=backend,
    )  # fmt: skip
    y, (h_end, c_end) = program(x, (h, c), {"mask": mask})
    eager, (h_eager, c_eager) = layer(x, (h.swapaxes(0, 1), c.swapaxes(0, 1)), mask=mask)
    assert_close(y, eager)
    assert_close(h_end.swapaxes(0, 1), h_eager)
    assert_close(c_end.swapaxes(0, 1), c_eager)


def test_the_products_with_the_inputs_of_all_steps_are_one():
    layer = nn.GRU(3, 5)
    program = autograd.compile(
        lambda x: layer(x)[0].sum(), np.zeros((7, 3)), parameters=layer.parameters(),
        backend="numpy",
    )  # fmt: skip
    text = str(program)
    assert "105 dots = (15×3)·(3×7)" in text
    assert text.count("15 dots = (15×5)·(5×1)") == 6  # and one with the zeros of the start


def test_dropout_is_between_layers_and_in_training_alone():
    x = Tensor.randn(3, 2)
    for layers, differ in ((1, False), (2, True)):
        layer = made("GRU", 2, 8, layers, dropout=0.5)
        layer.seed(0)
        assert (layer(x)[0].tolist() != layer(x)[0].tolist()) == differ
        layer.eval()
        assert layer(x)[0].tolist() == layer(x)[0].tolist()


def test_compiled_dropout_is_drawn_anew_for_each_sample():
    layer = made("RNN", 2, 8, 2, dropout=0.5)
    layer.seed(0)
    program = autograd.compile(
        lambda x: layer(x)[0], np.ones((3, 2)), parameters=layer.parameters(), backend="numpy"
    )
    y = program(np.ones((2, 3, 2)))
    assert not np.array_equal(y[0], y[1])


def test_weights_have_pytorchs_names_and_shapes():
    layer = nn.LSTM(3, 2, 2, bidirectional=True)
    shapes = {name: p.shape for name, p in layer.named_parameters()}
    assert list(shapes)[:5] == [
        "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse",
    ]  # fmt: skip
    assert shapes["weight_ih_l1_reverse"] == (8, 4)
    assert len(shapes) == 16


def test_a_state_is_named_where_it_enters_and_where_it_leaves():
    cell = nn.LSTMCell(2, 2)
    h, c = Tensor([0.1, 0.2]), Tensor([0.3, 0.4])
    outputs = cell([1.0, 2.0], state=(h, c))
    assert [h[1].label, c[0].label] == ["state.0[1]", "state.1[0]"]
    assert [y[0].label for y in outputs] == ["LSTMCell.0[0]", "LSTMCell.1[0]"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.GRU(2, 0), ValueError, "GRU: hidden_size must be at least 1"),
        (lambda: nn.LSTM(2, 3, dropout=1.0), ValueError, "LSTM: needs 0 <= dropout < 1"),
        (lambda: nn.RNN(2, 3, nonlinearity="sine"), ValueError, 'RNN: nonlinearity must be "tanh"'),
        (lambda: nn.RNNCell(2, 3, nonlinearity="x"), ValueError, "RNNCell: nonlinearity"),
        (lambda: nn.GRU(2, 3)([1.0, 2.0]), ValueError, "GRU(2, 3): input must be (..., T, I)"),
        (lambda: nn.GRU(2, 3)([[1.0]]), ValueError, "GRU(2, 3): input has 1 features"),
        (
            lambda: nn.GRU(2, 3)([[1.0, 2.0]], [[1.0, 2.0]]),
            ValueError,
            "GRU(2, 3): state must be a Tensor of shape (1, 3), got (1, 2)",
        ),
        (
            lambda: nn.LSTM(2, 3)([[1.0, 2.0]], Tensor.zeros(1, 3)),
            ValueError,
            "LSTM(2, 3): state must be (h, c), each of shape (1, 3), got (3,)",
        ),
        (
            lambda: nn.LSTMCell(2, 1)([1.0, 2.0], (Tensor([1.0]), None)),
            ValueError,
            "LSTMCell(2, 1): state must be (h, c), each of shape (1,), got (1,), None",
        ),
        (
            lambda: nn.GRU(2, 3)([[1.0, 2.0]], mask=[1, 0]),
            ValueError,
            "GRU(2, 3): mask has shape (2,), the steps (1,)",
        ),
        (
            lambda: nn.Sequential(nn.GRU(2, 3), nn.Dense(3, 1))([[1.0, 2.0]]),
            TypeError,
            "with return_state=False a recurrent layer gives its outputs alone",
        ),
        (lambda: nn.GRU(2, 3, batch_first=True), TypeError, "the batch is always first"),
        (lambda: nn.GRU(2, units=3), TypeError, "GRU: there is no 'units' here; use out_features"),
        (lambda: nn.GRU(2, 3)([[1.0, 2.0]], hx=None), TypeError, "no 'hx' here; use state"),
        (lambda: nn.SimpleRNN, AttributeError, "use nn.RNN"),
    ],
)  # fmt: skip
def test_mistakes_are_told_by_the_layer_and_the_argument(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def losses_of_training(compiled):
    random.seed(0)
    model = nn.Sequential(
        nn.PositionalEncoding(2), nn.MultiHeadAttention(2, 1, causal=True),
        nn.LSTM(2, 2, return_sequences=False, return_state=False), nn.Dense(2, 2),
    )  # fmt: skip
    data = nn.data.Dataset(np.random.default_rng(0).normal(size=(6, 3, 2)), [0, 1, 0, 1, 1, 0])
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.1))
    trainer.fit(data, epochs=3, batch_size=3, seed=0, compiled=compiled, progress=False)
    return trainer.history["loss"]


def test_a_trainer_takes_sequences_compiled_or_not():
    losses = losses_of_training(compiled=False)
    assert losses[-1] < losses[0]
    assert losses_of_training(compiled=True) == pytest.approx(losses, rel=1e-5)


def test_a_summary_counts_a_layer_that_gives_its_state_too():
    summary = nn.Sequential(nn.LSTM(3, 2, 2)).summary(4, 3)
    assert (summary.rows[0].shape, summary.parameters) == ((4, 2), 104)
