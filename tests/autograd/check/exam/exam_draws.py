"""What the passes of the examination are tried on."""

import numpy as np


def draws(seed):
    """normal(*shape) of both signs, and positive(*shape) apart from 0: the same in every order."""
    rng = np.random.default_rng(seed)

    def normal(*shape, scale=0.7):
        return rng.standard_normal(shape) * scale

    def positive(*shape):
        return rng.uniform(0.4, 1.8, shape)

    return normal, positive


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def one_hot(labels, n):
    return np.eye(n)[np.asarray(labels)]
