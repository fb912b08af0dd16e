"""Forwards as they stand in people's repositories: the record has their slopes."""

import numpy as np
import pytest
from recorded_runs import assert_recorded

R = np.random.default_rng(0)


def draw(*shape):
    return R.normal(size=shape)


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def sigmoid(x):
    mask = x >= 0
    z = np.zeros_like(x)
    z[mask] = np.exp(-x[mask])
    z[~mask] = np.exp(x[~mask])
    top = np.ones_like(x)
    top[~mask] = z[~mask]
    return top / (1 + z)


def im2col(x, w, b):
    """Columns by fancy indices, as in cs231n."""
    n, c, h, wd = x.shape
    f, _, hh, ww = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="constant")
    oh, ow = (h + 2 - hh) // 2 + 1, (wd + 2 - ww) // 2 + 1
    i0 = np.tile(np.repeat(np.arange(hh), ww), c)
    i = i0.reshape(-1, 1) + (2 * np.repeat(np.arange(oh), ow)).reshape(1, -1)
    j0 = np.tile(np.arange(ww), hh * c)
    j = j0.reshape(-1, 1) + (2 * np.tile(np.arange(ow), oh)).reshape(1, -1)
    k = np.repeat(np.arange(c), hh * ww).reshape(-1, 1)
    cols = padded[:, k, i, j].transpose(1, 2, 0).reshape(hh * ww * c, -1)
    out = w.reshape(f, -1) @ cols + b.reshape(-1, 1)
    return out.reshape(f, oh, ow, n).transpose(3, 0, 1, 2)


def convolution_by_windows(x, w, b):
    n, c, h, wd = x.shape
    s = x.strides
    shape = (n, c, h - 2, wd - 2, 3, 3)
    windows = np.lib.stride_tricks.as_strided(x, shape, (*s, s[2], s[3]))
    return np.einsum("nchwij,fcij->nfhw", windows, w) + b[None, :, None, None]


def convolution_naive(x, w, b):
    out = np.zeros((x.shape[0], w.shape[0], 2, 2))
    for n in range(x.shape[0]):
        for f in range(w.shape[0]):
            for i in range(2):
                for j in range(2):
                    out[n, f, i, j] = np.sum(x[n, :, i : i + 3, j : j + 3] * w[f]) + b[f]
    return out


def pooling_naive(x):
    out = np.zeros((x.shape[0], x.shape[1], 2, 2))
    for i in range(2):
        for j in range(2):
            window = x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            out[:, :, i, j] = np.max(window, axis=(2, 3))
    return out


def pooling_by_reshape(x):
    n, c, h, w = x.shape
    split = x.reshape(n, c, h // 2, 2, w // 2, 2)
    return split.max(axis=3).max(axis=4) + split.mean(axis=(3, 5))


def batch_norm(x, gamma, beta):
    running = {"mean": np.zeros(x.shape[1]), "var": np.ones(x.shape[1])}
    mu, var = x.mean(axis=0), x.var(axis=0)
    running["mean"] = 0.9 * running["mean"] + 0.1 * mu
    running["var"] *= 0.9
    running["var"] += 0.1 * var
    return gamma * (x - mu) / np.sqrt(var + 1e-5) + beta + running["mean"] * running["var"]


def layer_norm(x, gamma, beta):
    mean = np.mean(x, -1, keepdims=True)
    std = np.std(x, axis=-1, keepdims=True)
    return gamma * (x - mean) / (std + 1e-6) + beta


def group_norm(x, gamma, beta):
    n, c, h, w = x.shape
    g = x.reshape(n, 2, -1)
    g = (g - g.mean(2, keepdims=True)) / np.sqrt(g.var(2, keepdims=True) + 1e-5)
    return g.reshape(n, c, h, w) * gamma[:, 0, :1, :1] + beta.reshape(1, -1, 1, 1)


def gru(x, w, u, b):
    n, t, _ = x.shape
    h = np.zeros((t + 1, n, 3))
    for k in range(t):
        gates = sigmoid(x[:, k] @ w[:, :6] + h[k] @ u[:, :6] + b[:6])
        z, r = np.split(gates, 2, axis=1)
        new = np.tanh(x[:, k] @ w[:, 6:] + (r * h[k]) @ u[:, 6:] + b[6:])
        h[k + 1] = (1 - z) * h[k] + z * new
    return h[1:].transpose(1, 0, 2)


def lstm_with_caches(x, w, u, b):
    states, cells, caches = {-1: np.zeros((x.shape[0], 2))}, {-1: np.zeros((x.shape[0], 2))}, []
    for t in range(x.shape[1]):
        joined = np.hstack((states[t - 1], x[:, t]))
        pre = joined.dot(np.vstack((u[:2, :8], w[:, :8]))) + b[:8]
        i, f, o = (sigmoid(pre[:, 2 * k : 2 * k + 2]) for k in range(3))
        g = np.tanh(pre[:, 6:8])
        cells[t] = f * cells[t - 1] + i * g
        states[t] = o * np.tanh(cells[t])
        caches.append((joined, i, f, o, g))
    return np.array([states[t] for t in range(x.shape[1])])


def characters(x, w, u, b):
    """Losses summed over time, as min-char-rnn has it: column vectors and one-hot rows."""
    loss, h = 0, np.zeros((3, 1))
    for t, (this, following) in enumerate(zip([0, 2, 1], [2, 1, 0], strict=True)):
        one_hot = np.zeros((4, 1))
        one_hot[this] = 1
        h = np.tanh(np.dot(w[:, :3].T, one_hot) + np.dot(u[:, :3], h) + b[:3, None] * x[0, t, 0])
        y = np.dot(w[:, 3:6], h)
        p = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(p[following, 0])
    return loss


def attention(x, wq, wk, wv):
    n, t, d = x.shape
    q, k, v = ((x @ m).reshape(n, t, 2, d // 2).transpose(0, 2, 1, 3) for m in (wq, wk, wv))
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(d // 2)
    mask = np.triu(np.ones((t, t)), k=1).astype(bool)
    scores = np.where(mask, -1e9, scores)
    scores[:, :, mask] = -np.inf
    return (softmax(scores) @ v).swapaxes(1, 2).reshape(n, t, d)


def rotary(x, wq, wk, wv):
    angle = np.outer(np.arange(x.shape[1]), 1 / 10 ** (np.arange(2) / 2))
    cos, sin = np.cos(angle), np.sin(angle)
    q = x @ wq
    turned = np.empty_like(q)
    turned[..., 0::2] = q[..., 0::2] * cos - q[..., 1::2] * sin
    turned[..., 1::2] = q[..., 0::2] * sin + q[..., 1::2] * cos
    return np.einsum("nid,njd->nij", turned, x @ wk) @ (x @ wv)


def embedding_loss(table, w):
    words, targets = np.array([[0, 2, 2], [1, 0, 3]]), np.array([1, 0])
    context = table[words].mean(axis=1)
    logits = context @ w
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -logs[np.arange(2), targets].mean() + 0.01 * np.sum(w * w) + 0.5 * np.linalg.norm(table)


def negative_sampling(table, w):
    loss = 0.0
    for centre, outside, negative in ((0, 1, [2, 2, 3]), (1, 3, [0, 2, 2])):
        u = np.vstack([w.T[outside % 3], w.T[np.array(negative) % 3]])
        scores = 1 / (1 + np.exp(-(u @ table[centre])))
        loss += -np.log(scores[0]) - np.sum(np.log(1 - scores[1:]))
    return loss


def activations(x):
    leaky = np.where(x > 0, x, 0.01 * x)
    elu = np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
    gelu = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    relu = np.maximum(0, x) + x * (x > 0) + np.clip(x, 0, 6)
    swish, mish = x * sigmoid(x), x * np.tanh(np.log1p(np.exp(x)))
    selu = x.copy()
    selu[selu < 0] = np.expm1(selu[selu < 0])
    return [leaky, elu, gelu, relu, swish, mish, selu, x / (1 + np.abs(x)), np.logaddexp(0, x)]


def upsampling(x):
    twice = x.repeat(2, axis=2).repeat(2, axis=3)
    blocks = np.kron(x, np.ones((2, 2)))
    dilated = np.zeros((*x.shape[:2], 7, 7))
    dilated[:, :, ::2, ::2] = x
    return (
        np.pad(twice * blocks, ((0, 0), (0, 0), (1, 1), (1, 1)), "reflect")[:, :, :7, :7] * dilated
    )


def depthwise(x, w, b):
    out = np.zeros((x.shape[0], 2, 2, 2))
    for u in range(3):
        for v in range(3):
            out += x[:, :2, u : u + 2, v : v + 2] * w[:2, 0, u, v][None, :, None, None]
    return out + b[:2].reshape(-1, 1, 1)


def a_net_of_dicts(x, w, b):
    cache, layers = {"A0": x.reshape(x.shape[0], -1)[:, :4].T}, 2
    parameters = {
        "W1": w[:, 0, :2, 0] @ np.ones((2, 4)),
        "W2": w[:, 0, 0, :2],
        "b1": b,
        "b2": b * 2,
    }
    for k in range(1, layers + 1):
        a = cache[f"A{k - 1}"]
        cache[f"Z{k}"] = np.dot(parameters[f"W{k}"], a[: parameters[f"W{k}"].shape[1]])
        cache[f"Z{k}"] += parameters[f"b{k}"].reshape(-1, 1)
        cache[f"A{k}"] = np.tanh(cache[f"Z{k}"])
    y = np.array([[1.0, 0.0]])
    p = 1 / (1 + np.exp(-cache["A2"][:1]))
    return np.squeeze(-np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / y.shape[1])


def kl_and_huber(x, gamma, beta):
    mu, logvar = x[:, :2], x[:, 2:4]
    z = mu + np.exp(0.5 * logvar) * np.random.default_rng(1).standard_normal(mu.shape)
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar), axis=1)
    off = z - gamma[:2]
    huber = np.where(np.abs(off) < 1, 0.5 * off**2, np.abs(off) - 0.5)
    return kl.mean() + huber.sum() + np.average(beta, weights=np.abs(gamma))


IMAGES = (draw(2, 2, 4, 4), draw(2, 2, 3, 3), draw(2))
ROWS = (draw(4, 5), draw(5), draw(5))
SEQUENCE = (draw(2, 3, 4), draw(4, 9), draw(3, 9), draw(9))
HEADS = (draw(2, 3, 4), draw(4, 4), draw(4, 4), draw(4, 4))
WORDS = (draw(4, 3), draw(3, 3))

CASES = [
    *((f, IMAGES) for f in (im2col, convolution_by_windows, convolution_naive, depthwise,
                            group_norm, a_net_of_dicts)),
    *((f, ROWS) for f in (batch_norm, layer_norm, kl_and_huber)),
    *((f, SEQUENCE) for f in (gru, lstm_with_caches, characters)),
    *((f, HEADS) for f in (attention, rotary)),
    *((f, WORDS) for f in (embedding_loss, negative_sampling)),
    *((f, IMAGES[:1]) for f in (pooling_naive, pooling_by_reshape, activations, upsampling)),
]  # fmt: skip


@pytest.mark.parametrize(("forward", "inputs"), CASES, ids=lambda f: getattr(f, "__name__", ""))
def test_a_forward_as_people_write_it_has_its_slopes(forward, inputs):
    assert_recorded(forward, inputs)
