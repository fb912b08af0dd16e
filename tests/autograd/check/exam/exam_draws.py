"""What the passes of the examination are tried on."""

import numpy as np

RNG = np.random.default_rng(17)


def normal(*shape, scale=0.7):
    """Weights and data of both signs."""
    return RNG.standard_normal(shape) * scale


def positive(*shape):
    """Apart from 0 and from each other."""
    return RNG.uniform(0.4, 1.8, shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def one_hot(labels, n):
    return np.eye(n)[np.asarray(labels)]
