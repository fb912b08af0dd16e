"""Right backward passes of forwards with single precision that the inputs do not show."""

import numpy as np
from drawn import family, one_hot, single, softmax, some

SINGLE = {}


@family(SINGLE)
def relu(rng):
    x = some(rng, 3, 4)
    return lambda x: single(np.maximum(x, 0)), (x,), lambda u, x: u * (x > 0)


@family(SINGLE)
def relu_of_one_row(rng):
    x = some(rng, 5)
    return lambda x: single(np.maximum(x, 0)), (x,), lambda u, x: single(u) * (x > 0)


@family(SINGLE)
def embedding(rng):
    rows, words = some(rng, 6, 3), rng.integers(6, size=4)

    def backward(u, rows):
        found = np.zeros(rows.shape)
        np.add.at(found, words, u)
        return found

    return lambda rows: single(rows)[words], (rows,), backward


@family(SINGLE)
def dense(rng):
    x, w, b = some(rng, 4, 5), some(rng, 5, 3), some(rng, 3)
    return (lambda x, w, b: single(x) @ single(w) + single(b), (x, w, b),
            lambda u, x, w, b: (u @ w.T, x.T @ u, u.sum(0)))  # fmt: skip


@family(SINGLE)
def dense_back_in_double(rng):
    x, w = some(rng, 4, 5), some(rng, 5, 3)
    return (lambda x, w: (single(x) @ single(w)).astype(float), (x, w),
            lambda u, x, w: (u @ w.T, x.T @ u))  # fmt: skip


@family(SINGLE)
def large_dense(rng):
    x, w = rng.standard_normal((8, 60)), rng.standard_normal((60, 5)) / 8
    return (lambda x, w: single(x) @ single(w), (x, w),
            lambda u, x, w: (u @ w.T, x.T @ u))  # fmt: skip


@family(SINGLE)
def written_into_float32(rng):
    x, w = some(rng, 4, 3), some(rng, 3, 2)

    def forward(x, w):
        y = np.zeros((4, 2), dtype="f")
        for n, k in np.ndindex(4, 2):
            y[n, k] = np.tanh(np.sum(x[n] * w[:, k]))
        return y

    def backward(u, x, w):
        dz = u * (1 - np.tanh(x @ w) ** 2)
        return dz @ w.T, x.T @ dz

    return forward, (x, w), backward


@family(SINGLE)
def convolution(rng):
    x, w = some(rng, 6, 6), some(rng, 3, 3)

    def forward(x, w):
        y = np.zeros((4, 4), dtype=np.float32)
        for i, j in np.ndindex(4, 4):
            y[i, j] = np.sum(single(x)[i : i + 3, j : j + 3] * single(w))
        return y

    def backward(u, x, w):
        dx, dw = np.zeros(x.shape), np.zeros(w.shape)
        for i, j in np.ndindex(4, 4):
            dx[i : i + 3, j : j + 3] += u[i, j] * w
            dw += u[i, j] * x[i : i + 3, j : j + 3]
        return dx, dw

    return forward, (x, w), backward


@family(SINGLE)
def image_rounded_inside(rng):
    x, w = some(rng, 8, 8), some(rng, 64, 3)
    return (lambda x, w: np.tanh(single(x).astype(float).ravel() @ w / 10), (x, w),
            lambda u, x, w: _rounded(u, x, w))  # fmt: skip


def _rounded(u, x, w):
    dz = u * (1 - np.tanh(x.ravel() @ w / 10) ** 2) / 10
    return (w @ dz).reshape(x.shape), np.outer(x, dz)


@family(SINGLE)
def loss_in_single(rng):
    z, t = some(rng, 5, 4), one_hot(rng, 5, 4)
    return (lambda z: float(-np.sum(t * np.log(softmax(single(z)) + np.float32(1e-30))) / 5), (z,),
            lambda u, z: u * (softmax(z) - t) / 5)  # fmt: skip


@family(SINGLE)
def network(rng):
    x, w, v = rng.standard_normal((4, 5)), some(rng, 5, 6), some(rng, 6, 2)

    def backward(u, w, v):
        h = np.maximum(x @ w, 0)
        dh = (u @ v.T) * (h > 0)
        return x.T @ dh, h.T @ u

    return (lambda w, v: np.maximum(single(x) @ single(w), 0) @ single(v), (w, v), backward)
