"""Right backward passes but for an ε in the logarithm, which they leave out."""

import numpy as np
from drawn import family, one_hot, probabilities, softmax

EPSILON = {}


def epsilon_for(rng, p):
    """An ε by which the gradient of log(p + ε) is off by 1e-8 to 1e-4 at the smallest p."""
    return p.min() * 10.0 ** rng.uniform(-8, -4)


@family(EPSILON)
def epsilon_beside_probabilities(rng):
    p, t = probabilities(rng, 4, 5, 5e-4), one_hot(rng, 4, 5)
    eps = epsilon_for(rng, p)
    return lambda p: -np.sum(t * np.log(p + eps)) / 4, (p,), lambda u, p: -u * t / p / 4


@family(EPSILON)
def epsilon_behind_softmax(rng):
    z, t = rng.standard_normal((5, 4)), one_hot(rng, 5, 4)
    eps = epsilon_for(rng, softmax(z))
    return (lambda z: -np.sum(t * np.log(softmax(z) + eps)) / 5, (z,),
            lambda u, z: u * (softmax(z) - t) / 5)  # fmt: skip


@family(EPSILON)
def epsilon_behind_a_dense_layer(rng):
    x, w, b = rng.standard_normal((6, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3)
    t, eps = one_hot(rng, 6, 3), epsilon_for(rng, softmax(x @ w + b))

    def backward(u, w, b):
        dz = u * (softmax(x @ w + b) - t) / 6
        return x.T @ dz, dz.sum(0)

    return lambda w, b: -np.sum(t * np.log(softmax(x @ w + b) + eps)) / 6, (w, b), backward


@family(EPSILON)
def epsilon_in_binary_cross_entropy(rng):
    x, w = rng.standard_normal((6, 4)), rng.standard_normal((4, 1))
    t, eps = rng.integers(2, size=(6, 1)) * 1.0, epsilon_for(rng, 1 / (1 + np.exp(np.abs(x @ w))))

    def forward(w):
        p = 1 / (1 + np.exp(-x @ w))
        return -np.mean(t * np.log(p + eps) + (1 - t) * np.log(1 - p + eps))

    return forward, (w,), lambda u, w: u * x.T @ (1 / (1 + np.exp(-x @ w)) - t) / 6
