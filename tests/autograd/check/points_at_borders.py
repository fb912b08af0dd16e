"""Right backward passes at borders of domains, and at curves that are sharper than a step."""

import numpy as np
from drawn import family, one_hot, probabilities, some

BORDERS = {}


def elementwise(f, slope, draw):
    """A family of one function, each entry by itself; summed up in half of the points."""

    def made(rng):
        x = draw(rng)
        if rng.random() < 0.5:
            return lambda x: np.sum(f(x)), (x,), lambda u, x: u * slope(x)
        return f, (x,), lambda u, x: u * slope(x)

    return made


def small_beside_one(rng, least=-9):
    x = rng.uniform(0.5, 2, 6)
    x[rng.integers(6)] = 10.0 ** rng.uniform(least, -3)
    return x


def signed(rng):
    return small_beside_one(rng, -5) * rng.choice([-1.0, 1.0], 6)


BORDERS |= {
    "log": elementwise(np.log, lambda x: 1 / x, small_beside_one),
    "log of 1 − x": elementwise(
        lambda x: np.log(1 - x), lambda x: -1 / (1 - x), lambda rng: 1 - small_beside_one(rng)
    ),
    "root": elementwise(np.sqrt, lambda x: 0.5 / np.sqrt(x), small_beside_one),
    "p log p": elementwise(lambda p: p * np.log(p), lambda p: np.log(p) + 1, small_beside_one),
    "1/x": elementwise(lambda x: 1 / x, lambda x: -1 / x**2, signed),
    "1/x²": elementwise(lambda x: 1 / x**2, lambda x: -2 / x**3, signed),
    "arcsin": elementwise(
        np.arcsin,
        lambda x: 1 / np.sqrt(1 - x * x),
        lambda rng: np.append(rng.uniform(-0.9, 0.9, 4), 1 - 10.0 ** rng.uniform(-9, -3)),
    ),
}


@family(BORDERS)
def sharp_tanh(rng):
    k = 10.0 ** rng.uniform(3, 7)
    x = rng.standard_normal(5)
    x[:3] = rng.standard_normal(3) / k
    return elementwise(
        lambda x: np.tanh(k * x), lambda x: k * (1 - np.tanh(k * x) ** 2), lambda _: x
    )(rng)


@family(BORDERS)
def cross_entropy_of_probabilities(rng):
    p, t = probabilities(rng, 4, 5, 5e-4), one_hot(rng, 4, 5)
    t[p.min(1).argmin()] = np.eye(5)[p.min(0).argmin()]
    return lambda p: -np.sum(t * np.log(p)) / 4, (p,), lambda u, p: -u * t / p / 4


@family(BORDERS)
def cross_entropy_of_soft_targets(rng):
    p, t = probabilities(rng, 4, 5, 5e-4), rng.dirichlet(np.ones(5), 4)
    return lambda p: -np.sum(t * np.log(p)) / 4, (p,), lambda u, p: -u * t / p / 4


@family(BORDERS)
def binary_cross_entropy(rng):
    p, t = rng.uniform(0.1, 0.9, 6), rng.integers(2, size=6) * 1.0
    small = 10.0 ** rng.uniform(-7, -3.3)
    p[0] = abs(rng.integers(2) - small)
    return (lambda p: -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p)), (p,),
            lambda u, p: u * (p - t) / (p * (1 - p)) / 6)  # fmt: skip


@family(BORDERS)
def divergence(rng):
    p, q = probabilities(rng, 3, 4, 5e-4), probabilities(rng, 3, 4, 5e-4)
    return (lambda p, q: np.sum(p * np.log(p / q)), (p, q),
            lambda u, p, q: (u * (np.log(p / q) + 1), -u * p / q))  # fmt: skip


def _standardised(rng, level):
    x = some(rng, 6, 4)
    x[:, 1] = level
    n, eps = 6, 1e-6

    def backward(u, x):
        std, centred = x.std(0), x - x.mean(0)
        d = std + eps
        along = np.divide((u * centred).sum(0), std, out=np.zeros(4), where=std > 0)
        return (u - u.mean(0)) / d - centred * along / (n * d * d)

    return lambda x: (x - x.mean(0)) / (x.std(0) + eps), (x,), backward


@family(BORDERS)
def a_dead_column(rng):
    return _standardised(rng, float(rng.integers(-2, 3)))


@family(BORDERS)
def a_column_almost_dead(rng):
    return _standardised(rng, rng.standard_normal(6) * 10.0 ** rng.uniform(-6, -3))


@family(BORDERS)
def unit_length(rng):
    x = rng.standard_normal((3, 4))
    x[rng.integers(3)] *= 10.0 ** rng.uniform(-7, -4)

    def backward(u, x):
        size = np.sqrt((x * x).sum(1, keepdims=True))
        y = x / size
        return (u - y * (u * y).sum(1, keepdims=True)) / size

    return lambda x: x / np.sqrt((x * x).sum(1, keepdims=True)), (x,), backward


@family(BORDERS)
def norm(rng):
    x = rng.standard_normal((3, 4))
    x[rng.integers(3)] *= 10.0 ** rng.uniform(-7, -4)
    return (lambda x: np.sqrt((x * x).sum(1)), (x,),
            lambda u, x: u[:, None] * x / np.sqrt((x * x).sum(1, keepdims=True)))  # fmt: skip


@family(BORDERS)
def relu_close_to_zero(rng):
    x = rng.standard_normal(6)
    x[:3] *= 10.0 ** rng.uniform(-8, -3, 3)
    return lambda x: np.maximum(x, 0), (x,), lambda u, x: u * (x > 0)
