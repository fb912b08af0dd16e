"""Models to export: every layer in all its options, and nets; each with one sample's shape."""

import random

import numpy as np
from hypothesis import strategies as st

import nn
from autograd import no_grad

LAYERS = [
    ("Dense(5, 3)", (5,)),
    ("Dense(5, 3, bias=False)", (5,)),
    ("Dense(5, 3)", (4, 5)),
    ("Dense(5, 1, bias=False)", (2, 4, 5)),
    ("Conv2D(2, 3, 3)", (2, 5, 6)),
    ("Conv2D(2, 3, 1, bias=False)", (2, 1, 1)),
    ("Conv2D(1, 2, (3, 2), stride=(1, 3), padding=(0, 2))", (1, 4, 7)),
    ("Conv2D(1, 2, 2, padding='valid')", (1, 2, 3)),
    ("Conv2D(1, 2, 3, padding='same')", (1, 5, 4)),
    ("Conv2D(1, 2, (2, 4), padding='same')", (1, 5, 4)),
    ("Conv2D(1, 2, 2, padding='same', dilation=3)", (1, 5, 6)),
    ("Conv2D(1, 2, 3, stride=2, padding='same')", (1, 7, 6)),
    ("Conv2D(1, 2, (4, 3), stride=(3, 2), padding='same', dilation=(1, 2))", (1, 8, 9)),
    ("Conv2D(1, 2, 2, stride=5, padding='same')", (1, 4, 11)),
    ("Conv2D(1, 1, 3, dilation=2, padding=1)", (1, 5, 5)),
    ("Conv2D(4, 6, 3, groups=2)", (4, 4, 4)),
    ("Conv2D(3, 3, 3, groups=3, stride=2, padding=1, bias=False)", (3, 5, 5)),
    ("MaxPool(2)", (2, 5, 4)),
    ("MaxPool((3, 2), stride=(1, 2), padding=1)", (1, 4, 5)),
    ("AvgPool(2)", (2, 5, 4)),
    ("AvgPool(3, stride=1, padding=1)", (1, 4, 5)),
    ("AvgPool((2, 3), stride=2, padding=(0, 1))", (2, 4, 4)),
    ("MaxPool(2, stride=1, dilation=(2, 1))", (2, 5, 4)),
    ("MaxPool(3, stride=2, padding=1, ceil_mode=True)", (2, 6, 4)),
    ("AvgPool(2, ceil_mode=True)", (2, 5, 4)),
    ("AvgPool(3, stride=2, padding=1, ceil_mode=True)", (1, 4, 6)),
    ("AvgPool(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)", (1, 4, 6)),
    ("GlobalAvgPool()", (3, 4, 5)),
    ("Conv1D(2, 4, 3, stride=2, padding=1, dilation=2, groups=2)", (2, 9)),
    ("Conv1D(1, 2, 4, padding='same', bias=False)", (1, 5)),
    ("Conv1D(1, 2, 3, stride=2, padding='same')", (1, 6)),
    ("MaxPool1D(3, stride=2, padding=1, dilation=2, ceil_mode=True)", (2, 8)),
    ("AvgPool1D(3, stride=2, padding=1, count_include_pad=False)", (2, 6)),
    ("GlobalAvgPool1D()", (3, 4)),
    ("ConvTranspose2D(2, 3, 4, stride=2, padding=1)", (2, 3, 4)),
    ("ConvTranspose2D(2, 4, (3, 2), (2, 3), (1, 0), (1, 2), 2, False, (2, 1))", (2, 3, 2)),
    ("Upsample(scale_factor=(2, 1.5))", (2, 3, 4)),
    ("Upsample(size=(5, 2))", (1, 3, 3)),
    ("Upsample(scale_factor=2, mode='bilinear')", (2, 3, 2)),
    ("Upsample(size=(5, 3), mode='bilinear')", (1, 3, 4)),
    ("Upsample(size=(5, 7), mode='bilinear', align_corners=True)", (1, 3, 4)),
    ("Flatten()", (2, 3, 4)),
    ("Flatten(2)", (2, 3, 4)),
    ("Flatten(1)", (3,)),
    ("Reshape(2, 3)", (6,)),
    ("Reshape(-1, 2, 1)", (4, 6)),
    ("Reshape(3, -1, axes=2)", (2, 6)),
    ("Reshape(6, axes=3)", (1, 2, 3)),
    ("Dropout(0.3)", (4,)),
    ("LayerNorm(4)", (3, 4)),
    ("LayerNorm((2, 3), eps=0.1)", (2, 3)),
    ("LayerNorm(4, affine=False)", (4,)),
    ("GroupNorm(2, 4)", (4, 3, 2)),
    ("GroupNorm(4, 4, eps=0.01, affine=False)", (4, 3, 3)),
    ("RMSNorm(4)", (3, 4)),
    ("RMSNorm((2, 3), eps=0.1, affine=False)", (2, 3)),
    ("BatchNorm1D(3)", (3,)),
    ("BatchNorm1D(3, eps=0.5)", (3, 4)),
    ("BatchNorm1D(3, affine=False)", (3, 2)),
    ("BatchNorm2D(3, affine=False)", (3, 2, 4)),
    ("BatchNorm2D(3)", (3, 2, 4)),
    ("BatchNorm2D(2, eps=0.5, momentum=0.3)", (2, 3, 3)),
    ("ReLU()", (3, 4)),
    ("LeakyReLU()", (5,)),
    ("LeakyReLU(0.3)", (5,)),
    ("ELU(0.5)", (5,)),
    ("SiLU()", (5,)),
    ("Softplus()", (5,)),
    ("Softplus(2.0)", (5,)),
    ("Hardtanh(-0.5, 1.5)", (5,)),
    ("LogSoftmax(axis=-2)", (3, 4)),
    ("Identity()", (2, 3)),
    ("Dropout2D(0.3)", (2, 3, 3)),
    ("Sigmoid()", (5,)),
    ("Tanh()", (2, 2)),
    ("Softmax()", (2, 5)),
    ("Softmax(axis=1)", (3, 4)),
    ("Softmax(axis=-2)", (3, 4)),
    ("GELU()", (7,)),
    ("GELU(approximate='tanh')", (7,)),
    ("Sequential()", (2, 3)),
    ("Sequential(Dense(3, 2), Sequential(Tanh(), Dense(2, 2)), Dropout())", (3,)),
    ("Residual(Dense(3, 3))", (3,)),
    ("Residual(Sequential())", (3,)),
    ("Residual(Dense(3, 2), Dense(3, 2, bias=False))", (3,)),
    ("Residual(Conv2D(2, 2, 3, padding=1), Sequential())", (2, 4, 4)),
]

SEQUENCES = [
    ("RNN(3, 2, return_state=False)", (4, 3)),
    ("RNN(2, 2, nonlinearity='relu', bidirectional=True, return_state=False)", (3, 2)),
    ("LSTM(2, 3, num_layers=2, bias=False, return_state=False)", (4, 2)),
    ("LSTM(2, 3, num_layers=2, bidirectional=True, return_state=False)", (4, 2)),
    ("LSTM(2, 3, return_sequences=False, return_state=False)", (1, 2)),
    ("GRU(2, 3, bias=False, return_state=False)", (4, 2)),
    ("GRU(2, 3, bidirectional=True, return_sequences=False, return_state=False)", (4, 2)),
    ("MultiHeadAttention(4, 2)", (3, 4)),
    ("MultiHeadAttention(3, 1, bias=False, causal=True)", (5, 3)),
    ("PositionalEncoding(5)", (4, 5)),
    (
        "Sequential(PositionalEncoding(4), Residual(MultiHeadAttention(4, 2, causal=True)), "
        "LayerNorm(4), GRU(4, 3, num_layers=2, return_sequences=False, return_state=False), "
        "Dense(3, 2))",
        (6, 4),
    ),
]

NETS = [
    (
        "Sequential(Conv2D(1, 6, 5, padding=2), Tanh(), AvgPool(2), Conv2D(6, 16, 5), Tanh(), "
        "AvgPool(2), Flatten(), Dense(400, 120), Tanh(), Dense(120, 84), Tanh(), Dense(84, 10))",
        (1, 28, 28),
    ),
    (
        "Sequential(Conv2D(3, 4, 3, padding='same', bias=False), GroupNorm(2, 4), ReLU(), "
        "Residual(Sequential(Conv2D(4, 4, 3, padding=1), GroupNorm(2, 4), ReLU(), "
        "Conv2D(4, 4, 3, padding=1), GroupNorm(4, 4))), ReLU(), "
        "Residual(Sequential(Conv2D(4, 8, 3, stride=2, padding=1), GroupNorm(2, 8)), "
        "Conv2D(4, 8, 1, stride=2)), GELU(), GlobalAvgPool(), LayerNorm(8), Dense(8, 3), "
        "Softmax())",
        (3, 8, 8),
    ),
    (
        "Sequential(Dense(4, 12), GELU(approximate='tanh'), Reshape(3, 2, 2), BatchNorm2D(3), "
        "Dropout(0.2), Conv2D(3, 2, 2, padding='same'), MaxPool(2), Flatten(), Sigmoid())",
        (4,),
    ),
]
MODELS = LAYERS + SEQUENCES + NETS


def built(text, seed=0):
    """What a line of our API makes, with random numbers in all parameters and buffers."""
    model = eval(text, vars(nn))
    rng = random.Random(seed)
    for path, part in model.named_state():
        low, high = (0.5, 2.0) if path.endswith("running_var") else (-1.0, 1.0)
        for value in part.values:
            value.data = rng.uniform(low, high)
    return model


def batch(shape, samples, seed=0):
    """Random samples in single precision, both signs."""
    return np.random.default_rng(seed).normal(size=(samples, *shape)).astype(np.float32)


def evaluated(model, x):
    """What a model makes of a batch in evaluation."""
    with no_grad():
        return np.array(model.eval()(x).tolist())


def assert_close(got, expected, tolerance=1e-5):
    """Arrays of one shape that differ by less than a part of the largest entry."""
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= tolerance * np.abs(expected).max()


PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
WINDOWS = {  # how those of a convolution may slide
    "kernel_size": PAIRS,
    "stride": PAIRS,
    "dilation": PAIRS,
    "padding": st.sampled_from(["same", "valid"]) | st.tuples(st.integers(0, 3), st.integers(0, 3)),
    "groups": st.integers(1, 2),
}
