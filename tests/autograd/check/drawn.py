"""Numbers that the families of random points are drawn from."""

import numpy as np


def family(group):
    """Put a function into a group under its name."""
    return lambda draw: group.setdefault(draw.__name__.replace("_", " "), draw)


def single(x):
    return np.asarray(x).astype(np.float32)


def some(rng, *shape):
    """Ordinary numbers, of a size that is drawn too."""
    return rng.standard_normal(shape) * 10.0 ** rng.uniform(-1, 1)


def probabilities(rng, n, k, least):
    """Rows that add up to 1, with one entry of at most `least`."""
    p = rng.dirichlet(np.ones(k), n)
    p[rng.integers(n), rng.integers(k)] = least * rng.uniform(0.01, 1)
    return p / p.sum(1, keepdims=True)


def one_hot(rng, n, k):
    return np.eye(k)[rng.integers(k, size=n)]


def softmax(z):
    powers = np.exp(z - z.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
