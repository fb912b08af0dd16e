"""Backward passes of normalisations as people write them wrong, each told by its name.

A group of numbers shares its mean and variance: the entries of a channel (batch normalisation), or
of a sample (layer normalisation). With h = (x − μ)/√(σ² + ε) and d = dY·γ, the right one is
dX = (d − Σd/m − h·Σ(d·h)/m)/√(σ² + ε).
"""

from types import SimpleNamespace

import numpy as np
import pytest
from told import apart, told

EPS = 1e-2


def group(x, g, gamma, beta):
    """What a formula of one group needs, in plain numbers and lists of one axis."""
    m, mean = x.size, sum(x) / x.size
    variance = sum((x - mean) ** 2) / m
    root = (variance + EPS) ** 0.5
    hat = (x - mean) / root
    y = gamma * hat + beta
    d = g * gamma
    return SimpleNamespace(
        x=x, g=g, m=m, c=x - mean, h=hat, y=y, d=d, gamma=gamma, root=root, variance=variance
    )


def dx(s, mean=1.0, variance=1.0):
    """dX with multiples of its two terms."""
    return (s.d - mean * sum(s.d) / s.m - variance * s.h * sum(s.d * s.h) / s.m) / s.root


def with_hat(s, hat):
    """dX with something else for h."""
    return (s.d - sum(s.d) / s.m - hat * sum(s.d * hat) / s.m) / s.root


def with_gamma(s, power):
    """dX with another power of γ."""
    d = s.g * s.gamma**power
    return (d - sum(d) / s.m - s.h * sum(d * s.h) / s.m) / s.root


GROUPS = {  # dX of a group
    "statistics-constant": lambda s, n: dx(s, 0, 0),
    "mean-constant": lambda s, n: dx(s, 0, 1),
    "variance-constant": lambda s, n: dx(s, 1, 0),
    "sums-for-means": lambda s, n: dx(s, s.m, s.m),
    "mean-not-divided": lambda s, n: dx(s, s.m, 1),
    "variance-not-divided": lambda s, n: dx(s, 1, s.m),
    "one-less": lambda s, n: dx(s, s.m / (s.m - 1), s.m / (s.m - 1)),
    "variance-sign": lambda s, n: dx(s, 1, -1),
    "mean-sign": lambda s, n: dx(s, -1, 1),
    "eps-forgotten": lambda s, n: dx(s) * s.root / s.variance**0.5,
    "variance-for-deviation": lambda s, n: dx(s) / s.root,
    "deviation-forgotten": lambda s, n: dx(s) * s.root,
    "deviation-multiplied": lambda s, n: dx(s) * s.root**2,
    "variance-twice": lambda s, n: dx(s, 1, 2),
    "variance-halved": lambda s, n: dx(s, 1, 0.5),
    "gamma-forgotten": lambda s, n: with_gamma(s, 0),
    "gamma-squared": lambda s, n: with_gamma(s, 2),
    "y-for-normalised": lambda s, n: with_hat(s, s.y),
    "x-for-normalised": lambda s, n: with_hat(s, s.x),
    "centred-for-normalised": lambda s, n: with_hat(s, s.c),
    "batch-for-all": lambda s, n: dx(s, s.m / n, s.m / n),
}
SCALES = {  # dγ of a channel of batch normalisation
    "dgamma-with-x": lambda s, n: sum(s.g * s.x),
    "dgamma-centred": lambda s, n: sum(s.g * s.c),
    "dgamma-with-y": lambda s, n: sum(s.g * s.y),
    "dgamma-without-x": lambda s, n: sum(s.g),
    "dgamma-times-gamma": lambda s, n: sum(s.g * s.h) * s.gamma,
    "dgamma-first-sample": lambda s, n: sum((s.g * s.h)[: s.m // n]),
    "dgamma-eps-forgotten": lambda s, n: sum(s.g * s.c) / s.variance**0.5,
}
SHIFTS = {
    "dbeta-first-sample": lambda s, n: sum(s.g[: s.m // n]),
    "dbeta-times-gamma": lambda s, n: sum(s.g) * s.gamma,
}
IMAGES = {"x": apart(3, 2, 2, 2), "gamma": 1.5 + apart(2), "beta": apart(2)}
ROWS = {"x": apart(4, 5), "gamma": 1.9 + apart(5), "beta": apart(5)}


def batch(x, gamma, beta):
    """Over samples and positions, a channel at a time."""
    y = np.zeros(x.shape)
    for c in range(x.shape[1]):
        channel = x[:, c]
        root = (channel.var() + EPS) ** 0.5
        y[:, c] = gamma[c] * (channel - channel.mean()) / root + beta[c]
    return y


def layer(x, gamma, beta):
    """Over the features, a sample at a time."""
    return np.array([gamma * (row - row.mean()) / (row.var() + EPS) ** 0.5 + beta for row in x])


def channels(formula, g, x, gamma, beta):
    each = [group(x[:, c].ravel(), g[:, c].ravel(), gamma[c], beta[c]) for c in range(x.shape[1])]
    return [formula(s, len(x)) for s in each]


@pytest.mark.parametrize("name", GROUPS)
def test_a_wrong_gradient_of_a_normalised_batch_is_told(name):
    def wrong(g, x, gamma, beta):
        found = channels(GROUPS[name], g, x, gamma, beta)
        return np.stack([np.reshape(part, x[:, 0].shape) for part in found], 1)

    assert told(batch, IMAGES, wrong, "x") == [name]


@pytest.mark.parametrize(
    ("formulas", "of"), [(SCALES, "gamma"), (SHIFTS, "beta")], ids=["gamma", "beta"]
)
def test_a_wrong_gradient_of_scale_and_shift_is_told(formulas, of):
    for name, formula in formulas.items():
        found = told(batch, IMAGES, lambda *a, f=formula, **k: np.array(channels(f, *a, **k)), of)
        assert found == [name]


def test_a_wrong_gradient_of_a_normalised_layer_is_told():
    """m counts the features: there a batch of 4 is neither m nor m − 1 of 5 … but m − 1 is 4."""
    for name, formula in GROUPS.items():

        def wrong(g, x, gamma, beta, formula=formula):
            parts = zip(x, g, strict=True)
            return np.array([formula(group(a, b, gamma, beta), len(x)) for a, b in parts])

        found = told(layer, ROWS, wrong, "x")
        assert len(found) == 1
        assert name in found[0].split(" | ")
