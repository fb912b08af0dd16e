"""Right layers of attention, as people write it."""

import numpy as np
from layers_of_cells import pair
from right_layers import Right, draw

N, T, D = 2, 4, 3


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(p, d):
    return p * (d - (d * p).sum(axis=-1, keepdims=True))


def swapped(a):
    return np.swapaxes(a, -1, -2)


class ScaledDot:
    """forward(q, k, v) -> y; backward(dout) -> (dq, dk, dv)."""

    def forward(self, q, k, v, mask=None):
        self.q, self.k, self.v = q, k, v
        scores = q @ swapped(k) / np.sqrt(q.shape[-1])
        self.p = softmax(scores if mask is None else np.where(mask, scores, -1e9))
        return self.p @ v

    def backward(self, dout):
        dp = dout @ swapped(self.v)
        ds = softmax_backward(self.p, dp) / np.sqrt(self.q.shape[-1])
        return ds @ self.k, swapped(ds) @ self.q, swapped(self.p) @ dout


class WithWeights(ScaledDot):
    """forward returns the attention weights too, which nobody differentiates."""

    def forward(self, Q, K, V):
        return super().forward(Q, K, V), self.p

    def backward(self, grad_output):
        grad_q, grad_k, grad_v = super().backward(grad_output)
        return {"dQ": grad_q, "dK": grad_k, "dV": grad_v}


class ValuesFirst(ScaledDot):
    """The gradients come in an order of their own, by name."""

    def forward(self, query, key, value):
        return super().forward(query, key, value)

    def backward(self, dout):
        dq, dk, dv = super().backward(dout)
        return dv, dk, dq


class SelfAttention:
    """x alone in; projections' gradients in a dict."""

    def __init__(self):
        self.W = {name: draw(D, D) for name in ("q", "k", "v", "o")}
        self.attention, self.grads = ScaledDot(), {}

    def forward(self, x):
        self.x = x
        self.y = self.attention.forward(*(x @ self.W[name] for name in "qkv"))
        return self.y @ self.W["o"]

    def backward(self, dout):
        self.grads["o"] = np.einsum("ntd,nte->de", self.y, dout)
        dx = 0
        for name, d in zip("qkv", self.attention.backward(dout @ self.W["o"].T), strict=True):
            self.grads[name] = np.einsum("ntd,nte->de", self.x, d)
            dx = dx + d @ self.W[name].T
        return dx


class MultiHead:
    """Query, key and value by themselves; two heads; weights and gradients are attributes."""

    def __init__(self, heads=2, size=4):
        self.heads, self.size = heads, size
        self.W_q, self.W_k, self.W_v, self.W_o = (draw(size, size) for _ in range(4))

    def split(self, a):
        return a.reshape(*a.shape[:2], self.heads, -1).transpose(0, 2, 1, 3)

    def join(self, a):
        return a.transpose(0, 2, 1, 3).reshape(a.shape[0], a.shape[2], self.size)

    def forward(self, query, key, value):
        self.query, self.key, self.value = query, key, value
        q, k, v = self.split(query @ self.W_q), self.split(key @ self.W_k), self.split(
            value @ self.W_v)  # fmt: skip
        self.core = ScaledDot()
        self.out = self.join(self.core.forward(q, k, v))
        return self.out @ self.W_o

    def backward(self, dout):
        self.dW_o = np.einsum("ntd,nte->de", self.out, dout)
        dq, dk, dv = map(self.join, self.core.backward(self.split(dout @ self.W_o.T)))
        self.dW_q = np.einsum("ntd,nte->de", self.query, dq)
        self.dW_k = np.einsum("ntd,nte->de", self.key, dk)
        self.dW_v = np.einsum("ntd,nte->de", self.value, dv)
        return dq @ self.W_q.T, dk @ self.W_k.T, dv @ self.W_v.T


class WeightSum:
    """hs (N, T, H), a (N, T) -> c (N, H)."""

    def forward(self, hs, a):
        self.cache = hs, a
        return np.sum(hs * a[:, :, None], axis=1)

    def backward(self, dc):
        hs, a = self.cache
        dt = np.repeat(dc[:, None], hs.shape[1], axis=1)
        return dt * a[:, :, None], np.sum(dt * hs, axis=2)


class AttentionWeight:
    """hs (N, T, H), h (N, H) -> a (N, T)."""

    def forward(self, hs, h):
        self.hs, self.hr = hs, np.repeat(h[:, None], hs.shape[1], axis=1)
        self.a = softmax(np.sum(hs * self.hr, axis=2))
        return self.a

    def backward(self, da):
        ds = softmax_backward(self.a, da)
        dt = np.repeat(ds[:, :, None], self.hs.shape[2], axis=2)
        return dt * self.hr, np.sum(dt * self.hs, axis=1)


class Additive:
    """Query and keys through tanh; the context out, and the weights beside it."""

    def __init__(self):
        self.Wq, self.Wk, self.v = draw(D, 5), draw(D, 5), draw(5)

    def forward(self, query, keys):
        self.query, self.keys = query, keys
        self.e = np.tanh((query @ self.Wq)[:, None] + keys @ self.Wk)
        self.alpha = softmax(self.e @ self.v)
        return np.einsum("nt,ntd->nd", self.alpha, keys), self.alpha

    def backward(self, dcontext):
        ds = softmax_backward(self.alpha, np.einsum("nd,ntd->nt", dcontext, self.keys))
        dkeys = self.alpha[:, :, None] * dcontext[:, None]
        self.dv = np.einsum("nt,nth->h", ds, self.e)
        de = ds[:, :, None] * self.v * (1 - self.e**2)
        self.dWq, self.dWk = self.query.T @ de.sum(1), np.einsum("ntd,nth->dh", self.keys, de)
        return de.sum(1) @ self.Wq.T, dkeys + de @ self.Wk.T


def named_hand(layer, Q, K, V):
    y, _ = layer.forward(Q, K, V)
    return (y,), lambda d: {k[1:]: v for k, v in layer.backward(d).items()}


def self_hand(layer, x):
    y = layer.forward(x)
    return (y,), lambda d: {"x": layer.backward(d)} | {f"W['{n}']": layer.grads[n] for n in "qkvo"}


def context_hand(layer, query, keys):
    y, _ = layer.forward(query, keys)
    return (
        (y,),
        lambda d: (
            dict(zip(("query", "keys"), layer.backward(d), strict=True))
            | {w: getattr(layer, f"d{w}") for w in ("Wq", "Wk", "v")}
        ),
    )


def alike(n, t, d):
    x = draw(n, t, d)
    return {"query": x, "key": x, "value": x}


THREE = {"q": draw(N, T, D), "k": draw(N, T, D), "v": draw(N, T, D)}


PROJECTIONS = ("W_q", "W_k", "W_v", "W_o")


ATTENTION = {
    "scaled dot": Right(ScaledDot(), THREE, pair("qkv")),
    "scaled dot, other lengths": Right(
        ScaledDot(), {"q": draw(2, D), "k": draw(T, D), "v": draw(T, 5)}, pair("qkv")
    ),
    "scaled dot, masked": Right(
        ScaledDot(), {**THREE, "mask": np.tril(np.ones((T, T), bool))}, pair("qkv")
    ),
    "weights returned": Right(WithWeights(), dict(zip("QKV", THREE.values(), strict=True)),
                              named_hand),
    "gradients in another order": Right(
        ValuesFirst(), {"query": draw(T, D), "key": draw(T, D), "value": draw(T, D)},
        pair(("value", "key", "query")),
    ),
    "self-attention": Right(SelfAttention(), {"x": draw(N, T, D)}, self_hand),
    "heads": Right(
        MultiHead(), {n: draw(N, T, 4) for n in ("query", "key", "value")},
        pair(("query", "key", "value"), PROJECTIONS),
    ),
    "heads on the same array": Right(
        MultiHead(), alike(N, T, 4), pair(("query", "key", "value"), PROJECTIONS)
    ),
    "weight sum": Right(WeightSum(), {"hs": draw(2, 5, 3), "a": draw(2, 5)}, pair(("hs", "a"))),
    "attention weight": Right(
        AttentionWeight(), {"hs": draw(2, 5, 3), "h": draw(2, 3)}, pair(("hs", "h"))
    ),
    "additive": Right(Additive(), {"query": draw(N, D), "keys": draw(N, T, D)}, context_hand),
}  # fmt: skip
