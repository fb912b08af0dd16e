"""Forwards that are searched, with inputs: each an everyday piece of code of its kind."""

import numpy as np

from autograd.check.search.steps import Steps
from autograd.check.trace.record import record
from autograd.check.truth.arrays import Inputs


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def recurrent(x, h, Wx, Wh, b):
    states = np.zeros((x.shape[0], x.shape[1], h.shape[1]))
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
        states[:, t] = h
    return states


def gated(x, h, W, U):
    n = h.shape[1]
    a = x @ W + h @ U
    z = sigmoid(a[:, :n])
    r = sigmoid(a[:, n : 2 * n])
    new = np.tanh(a[:, 2 * n :] * r)
    return z * h + (1 - z) * new


def attention(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.T / np.sqrt(k.shape[1])
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return weights @ v


def convolution(x, w, b):
    n, _, height, width = x.shape
    out = np.zeros((n, len(w), (height - 3) // 2 + 1, (width - 3) // 2 + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = x[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            out[:, :, i, j] = np.einsum("ncuv,ocuv->no", window, w) + b
    return out


def normalised(x, gain, shift):
    centred = x - x.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    return gain * centred / spread + shift


def embedded(table, w):
    return np.tanh(table[np.array([0, 2, 2, 1])] @ w)


def scaled(x, table, w):
    y = np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-6)
    words = table - table.mean(axis=0)
    return x / y * w @ words


def turned(x, a, b):
    """Two heads of two, of which each pair is rotated, and a product with two square matrices."""
    heads = x.reshape(3, 2, 2).transpose(1, 0, 2)
    out = np.zeros((2, 3, 2))
    out[..., 0] = 0.6 * heads[..., 0] - 0.8 * heads[..., 1]
    out[..., 1] = 0.8 * heads[..., 0] + 0.6 * heads[..., 1]
    flat = out.transpose(1, 0, 2).reshape(3, 4)
    return np.tanh(flat @ a) + flat @ b


def numbers(seed, **shapes):
    rng = np.random.default_rng(seed)
    return {name: 0.7 * rng.standard_normal(shape) for name, shape in shapes.items()}


FORWARDS = {
    "recurrent": (recurrent, numbers(1, x=(3, 4, 5), h=(3, 2), Wx=(5, 2), Wh=(2, 2), b=(2,))),
    "gated": (gated, numbers(2, x=(3, 4), h=(3, 2), W=(4, 6), U=(2, 6))),
    "attention": (attention, numbers(3, x=(4, 5), Wq=(5, 3), Wk=(5, 3), Wv=(5, 2))),
    "convolution": (convolution, numbers(4, x=(2, 2, 7, 5), w=(3, 2, 3, 3), b=(3,))),
    "normalised": (normalised, numbers(5, x=(3, 4), gain=(4,), shift=(4,))),
    "scaled": (scaled, numbers(7, x=(3, 4), table=(4, 3), w=(4,))),
    "turned": (turned, numbers(8, x=(3, 4), a=(4, 4), b=(4, 4))),
    "embedded": (embedded, numbers(6, table=(3, 2), w=(2, 4))),
}


def steps_of(name):
    """The recorded steps of a forward at its inputs, with a random upstream gradient."""
    forward, inputs = FORWARDS[name]
    found = record(forward, Inputs(inputs), inputs, [globals()])
    upstream = np.random.default_rng(9).standard_normal(found.output.value.shape)
    return Steps(found, upstream)
