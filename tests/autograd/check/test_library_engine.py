"""The library's right backward passes are those of our engine, also where inputs tie."""

import numpy as np
import pytest
from mutants import CASES

import nn
from autograd import Tensor, log_softmax, softmax

LABELS = [f"{case.operation.name}: {case.name}" for case in CASES]


def layer(kind, case):
    """The same as a layer or function of our engine, on inputs in (N, C, H, W)."""
    o = case.reading.options
    if kind in ("max pooling", "average pooling"):
        pads = tuple(p for p, _ in o["padding"])
        made = nn.MaxPool if kind == "max pooling" else nn.AvgPool
        return lambda x: made(o["kernel"], o["stride"], pads)(x)
    return {
        "dense": lambda x, w, b: x @ w + b,
        "convolution": lambda x, w, b: _convolved(x, w, b, o),
        "global average pooling": lambda x: nn.GlobalAvgPool()(x),
        "relu": lambda x: x.relu(),
        "sigmoid": lambda x: x.sigmoid(),
        "tanh": lambda x: x.tanh(),
        "gelu": lambda x: nn.GELU()(x),
        "leaky relu": lambda x: x.leaky_relu(o["slope"]),
        "softmax": lambda x: softmax(x, o["axis"]),
        "log softmax": lambda x: log_softmax(x, o["axis"]),
        "squared error": lambda p, t: nn.MSELoss("mean")(p, t),
        "absolute error": lambda p, t: nn.L1Loss("mean")(p, t),
        "binary cross-entropy": lambda p, t: nn.BCELoss("mean")(p, t),
        "binary cross-entropy of logits": lambda p, t: nn.BCEWithLogitsLoss("mean")(p, t),
        "softmax and cross-entropy": lambda p, t: nn.CrossEntropyLoss("mean")(p, t),
        "batch normalisation": lambda x, g, b: _normalised(x, o) * g + b,
        "layer normalisation": lambda x, g, b: _normalised(x, o) * g + b,
    }[kind]


def _convolved(x, w, b, o):
    made = nn.Conv2D(
        x.shape[1], w.shape[0], w.shape[2:], o["stride"],
        tuple(p for p, _ in o["padding"]), o["dilation"], bias=False,
    )  # fmt: skip
    del made.weight
    made.weight = w[:, :, ::-1, ::-1] if o["rotated"] else w
    return made(x) + b


def _normalised(x, o):
    centred = x - x.mean(o["over"], keepdims=True)
    variance = (centred**2).mean(o["over"], keepdims=True)
    return centred / (variance + o["eps"]).sqrt()


COMPARED = [
    "dense: square", "dense: samples in columns", "dense: one sample",
    "convolution: square channels", "convolution: stride that does not divide",
    "convolution: rectangles", "convolution: wide margins, dilated", "convolution: dilated",
    "convolution: one image, a bias for each entry", "convolution: rotated",
    "max pooling: overlapping", "max pooling: with margins", "max pooling: ties 0",
    "max pooling: ties 1", "max pooling: ties, overlapping, with margins",
    "max pooling: stride that does not divide", "average pooling: overlapping",
    "average pooling: with margins", "average pooling: rectangles",
    "global average pooling: shape kept", "relu: shape (4, 3)", "sigmoid: shape (4, 3)",
    "tanh: shape (4, 3)", "gelu: shape (4, 3)", "leaky relu: shape (4, 3), 0.1",
    "softmax: rows", "softmax: columns", "softmax: deep", "log softmax: rows",
    "squared error: rows", "squared error: images", "absolute error: rows",
    "binary cross-entropy: rows", "binary cross-entropy of logits: rows",
    "softmax and cross-entropy: rows",
    "batch normalisation: images", "batch normalisation: features",
    "layer normalisation: images", "layer normalisation: words",
]  # fmt: skip
ROWS = ("softmax and", "softmax: ", "log soft", "squared", "absolute", "binary", "relu", "leaky",
        "sigmoid", "tanh", "gelu")  # fmt: skip


@pytest.mark.parametrize("label", COMPARED)
def test_forward_and_backward_are_those_of_our_engine(label):
    case = CASES[LABELS.index(label)]
    kind, reading = case.operation.name, case.reading
    flat = label.startswith(ROWS)
    arrays = reading.inputs if flat else reading.arrays()
    tensors = {role: Tensor(x.tolist()) for role, x in arrays.items()}
    y = layer(kind, case)(**tensors)
    theirs = np.asarray(y.data if not isinstance(y, Tensor) else y.tolist())
    mine = np.asarray(case.forward(**case.inputs)) if flat else reading.forward()
    assert np.allclose(mine.reshape(theirs.shape), theirs, rtol=1e-10, atol=1e-12)
    upstream = np.linspace(0.5, 1.5, theirs.size).reshape(theirs.shape)
    loss = (y * Tensor(upstream.tolist())).sum() if isinstance(y, Tensor) else y * float(upstream)
    loss.backward()
    found = case.operation.backward(upstream.reshape(mine.shape), reading.arrays(), reading.options)
    for role, tensor in tensors.items():
        grad = np.asarray(tensor.grad)
        assert np.allclose(found[role].reshape(grad.shape), grad, rtol=1e-9, atol=1e-11), role
