"""Recurrent layers and attention in PyTorch, with states and masks, and what ONNX asks for."""

import importlib.util

import numpy as np
import pytest
from export_cases import built

import nn
from autograd import Tensor

KINDS = ["RNN", "LSTM", "GRU"]


@pytest.fixture(scope="session")
def torch():
    """PyTorch, imported where a test asks for it and not when tests are collected."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("needs torch: pip install torch")
    import torch

    return torch


def flat(outputs):
    """The arrays of nested tuples of ours or of PyTorch's, in order."""
    if isinstance(outputs, tuple):
        return [y for part in outputs for y in flat(part)]
    return [np.array(outputs.tolist())]


def assert_alike(ours, theirs):
    for got, expected in zip(flat(ours), flat(theirs), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True, "bias": False}])
def test_a_sequence_of_pytorchs_comes_with_its_states(kind, options, torch):
    module = getattr(torch.nn, kind)(3, 2, batch_first=True, **options).double()
    model = nn.export.from_torch(module)
    x = numbers(2, 4, 3)
    y, state = module(torch.tensor(x))
    assert_alike(model(x), (y, state))
    ours = model(x)[1]
    assert_alike(model(x, state=ours), module(torch.tensor(x), state))
    assert type(nn.export.to_torch(model)) is type(module)


@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
def test_a_cell_of_pytorchs_comes_over_and_goes_back(kind, torch):
    module = getattr(torch.nn, kind)(3, 2).double()
    model = nn.export.from_torch(module)
    x = numbers(2, 3)
    assert_alike(model(x), module(torch.tensor(x)))
    again = nn.export.to_torch(model).double()
    assert type(again) is type(module)
    assert again.state_dict().keys() == module.state_dict().keys()


def test_a_rectified_rnn_stays_one(torch):
    module = torch.nn.RNN(2, 2, nonlinearity="relu", batch_first=True)
    assert nn.export.from_torch(module).nonlinearity == "relu"
    assert nn.export.from_torch(torch.nn.RNNCell(2, 2, nonlinearity="relu")).nonlinearity == "relu"


def test_what_pytorch_has_with_steps_first_is_refused(torch):
    with pytest.raises(ValueError, match="batch_first=False; here only batch_first=True"):
        nn.export.from_torch(torch.nn.GRU(2, 3))
    with pytest.raises(ValueError, match="proj_size=1"):
        nn.export.from_torch(torch.nn.LSTM(2, 3, batch_first=True, proj_size=1))


def test_attention_of_pytorchs_gives_the_same_outputs_and_weights(torch):
    module = torch.nn.MultiheadAttention(4, 2, batch_first=True).double()
    model = nn.export.from_torch(module)
    x, memory = numbers(2, 3, 4), numbers(2, 5, 4)
    theirs = module(*map(torch.tensor, (x, memory, memory)), average_attn_weights=False)
    assert_alike(model(x, memory, need_weights=True), theirs)
    for options in ({"kdim": 3}, {"add_zero_attn": True}, {"add_bias_kv": True}):
        with pytest.raises(ValueError, match="here only"):
            nn.export.from_torch(torch.nn.MultiheadAttention(4, 2, batch_first=True, **options))


MASKS = [
    {"mask": [[1, 0, 1], [1, 1, 0], [0, 1, 1]]},
    {"key_mask": [[1, 1, 0], [1, 0, 0]]},
    {"mask": np.tril(np.ones((2, 3, 3))), "key_mask": [[1, 1, 1], [1, 1, 0]]},
    {"mask": np.maximum(np.arange(36).reshape(2, 2, 3, 3) % 4 != 1, np.eye(3))},
    {"bias": numbers(3, 3)},
    {"bias": numbers(2, 3, 3), "mask": [[1, 0, 0], [1, 1, 0], [1, 1, 1]]},
]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("options", MASKS, ids=lambda options: "+".join(options))
def test_masks_mean_the_same_in_the_module_that_pytorch_gets(options, causal, torch):
    module = nn.export.to_torch(built(f"MultiHeadAttention(4, 2, causal={causal})"))
    model = nn.export.from_torch(module.double())
    x = numbers(2, 3, 4)
    there = {k: torch.tensor(np.array(v)) for k, v in options.items()}
    ours = model(x, need_weights=True, **options)
    assert_alike(ours, module(torch.tensor(x), need_weights=True, **there))


# --- ONNX -----------------------------------------------------------------------------------------


def test_what_gives_its_state_too_is_no_graph_of_one_output(tmp_path):
    with pytest.raises(ValueError, match=r"0 \(GRU\): .*return_state=False"):
        nn.export.to_onnx(nn.Sequential(nn.GRU(2, 3)), tmp_path / "m.onnx")


def test_what_depends_on_the_length_asks_for_it(tmp_path):
    for layer in (nn.PositionalEncoding(4), nn.MultiHeadAttention(4, 2, causal=True)):
        with pytest.raises(ValueError, match=r"length.*shape=\(16, 4\)"):
            nn.export.to_onnx(layer, tmp_path / "m.onnx")


def test_the_length_of_sequences_is_free_elsewhere(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    model = built("Sequential(MultiHeadAttention(4, 2), LSTM(4, 3, return_state=False))")
    nn.export.to_onnx(model, tmp_path / "m.onnx")
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    for length in (1, 5):
        x = numbers(2, length, 4)
        (y,) = session.run(None, {"input": x.astype(np.float32)})
        np.testing.assert_allclose(y, model(Tensor(x)).tolist(), atol=1e-5)


def test_axes_in_front_of_the_batch_are_refused(tmp_path):
    model = nn.Sequential(nn.RNN(2, 3, return_state=False))
    with pytest.raises(ValueError, match=r"takes \(N, T, features\)"):
        nn.export.to_onnx(model, tmp_path / "m.onnx", shape=(5, 4, 2))
