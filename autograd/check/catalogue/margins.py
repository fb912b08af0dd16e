"""Losses with a margin: Huber's, the hinge of ±1 and of classes; and log cosh, which is smooth."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from .changes import one, zero
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step
from .entropy import arranged, onehot
from .losses import entrywise, slope
from .losses import shifted_slope as margin_slope
from .reductions import ORDERS, described, reduced, weight

MARGINS = (
    1.0,
    *(k / 20 for k in range(1, 20)),
    1.2,
    1.25,
    1.345,
    1.5,
    2.0,
    2.5,
    3.0,
    4.0,
    5.0,
    10.0,
)


def _huber(e: Array, d: float) -> Array:
    return np.where(np.abs(e) <= d, e * e / 2, d * (np.abs(e) - d / 2))


def _huber_slope(e: Array, d: float) -> Array:
    return np.clip(e, -d, d)


HUBER = entrywise(
    "huber", "dP = (P − T where |P − T| ≤ δ, else δ·sign(P − T))/n",
    lambda p, t, d: _huber(p - t, d),
    (lambda p, t, d: _huber_slope(p - t, d), lambda p, t, d: -_huber_slope(p - t, d)),
    (
        margin_slope("quadratic-everywhere", "the error is not cut at δ", lambda p, t, _: p - t),
        margin_slope("sign-everywhere", "δ·sign(P − T) stands also where |P − T| ≤ δ",
                     lambda p, t, d: d * np.sign(p - t)),
        margin_slope("delta-forgotten", "sign(P − T) lacks its factor δ where |P − T| > δ",
                     lambda p, t, d: np.where(np.abs(p - t) <= d, p - t, np.sign(p - t))),
        margin_slope("sign-forgotten", "δ lacks the sign of the error where |P − T| > δ",
                     lambda p, t, d: np.where(np.abs(p - t) <= d, p - t, d)),
        margin_slope("error-kept", "δ·(P − T) stands for δ·sign(P − T) where |P − T| > δ",
                     lambda p, t, d: np.where(np.abs(p - t) <= d, p - t, d * (p - t))),
        margin_slope("tails-forgotten", "there is no gradient where |P − T| > δ",
                     lambda p, t, d: np.where(np.abs(p - t) <= d, p - t, 0.0)),
        margin_slope("margin-of-one", "the error is cut at 1, not at δ",
                     lambda p, t, _: _huber_slope(p - t, 1.0)),
    ),
    shifts=MARGINS,
)  # fmt: skip
SMOOTH = entrywise(
    "smooth absolute error", "dP = ((P − T)/β where |P − T| < β, else sign(P − T))/n",
    lambda p, t, b: _huber(p - t, b) / b,
    (lambda p, t, b: _huber_slope(p - t, b) / b, lambda p, t, b: -_huber_slope(p - t, b) / b),
    (
        margin_slope("beta-forgotten", "P − T is not divided by β where |P − T| < β",
                     lambda p, t, b: np.where(np.abs(p - t) <= b, p - t, np.sign(p - t))),
        margin_slope("sign-everywhere", "sign(P − T) stands also where |P − T| < β",
                     lambda p, t, _: np.sign(p - t)),
        margin_slope("huber", "the gradient is Huber's: β·sign(P − T) where |P − T| > β",
                     lambda p, t, b: np.clip(p - t, -b, b)),
        margin_slope("quadratic-everywhere", "(P − T)/β stands also where |P − T| > β",
                     lambda p, t, b: (p - t) / b),
    ),
    shifts=MARGINS[1:],  # with β = 1 it is Huber's
)  # fmt: skip
LOG_COSH = entrywise(
    "log cosh", "dP = tanh(P − T)/n",
    lambda p, t, _: np.logaddexp(p - t, t - p) - np.log(2),
    (lambda p, t, _: np.tanh(p - t), lambda p, t, _: -np.tanh(p - t)),
    (
        slope("error-for-tanh", "P − T stands where tanh(P − T) belongs", lambda p, t: p - t),
        slope("sinh", "sinh(P − T) is not divided by cosh(P − T)", lambda p, t: np.sinh(p - t)),
        slope("inverted", "1/cosh(P − T) is not multiplied by sinh(P − T)",
              lambda p, t: 1 / np.cosh(p - t)),
        slope("derivative-of-tanh", "1 − tanh² stands where tanh(P − T) belongs",
              lambda p, t: 1 - np.tanh(p - t) ** 2),
        slope("targets-forgotten", "the targets are not subtracted", lambda p, _: np.tanh(p)),
    ),
)  # fmt: skip
HINGE = entrywise(
    "hinge", "dP = −T·[T·P < m]/n",
    lambda p, t, m: np.maximum(0, m - t * p),
    (lambda p, t, m: -t * (t * p < m), lambda p, t, m: -p * (t * p < m)),
    (
        margin_slope("mask-forgotten", "−T stands also where the margin is kept",
                     lambda _, t, __: -t),
        margin_slope("margin-forgotten", "the mask is T·P < 0, not T·P < m",
                     lambda p, t, _: -t * (t * p < 0)),
        margin_slope("mask-reversed", "the gradient is there where the margin is kept",
                     lambda p, t, m: -t * (t * p > m)),
        margin_slope("targets-forgotten", "−1 stands where −T belongs",
                     lambda p, t, m: -1.0 * (t * p < m)),
        margin_slope("predictions-for-targets", "−P stands where −T belongs",
                     lambda p, t, m: -p * (t * p < m)),
        margin_slope("targets-out-of-mask", "the mask is P < m, without T",
                     lambda p, t, m: -t * (p < m)),
    ),
    shifts=MARGINS,
    signs=True,
)  # fmt: skip

# --- classes --------------------------------------------------------------------------------------


def _gaps(a: Arrays, o: Options) -> Array:
    """P[n,k] − P[n,class of n] + m, and 0 at the class itself."""
    t = onehot(a)
    own = (a["p"] * t).sum(1, keepdims=True)
    return np.asarray((a["p"] - own + o["margin"]) * (1 - t))


def without_margin(_: Array, given: Given) -> Array:
    """[P[n,k] > P[n,class of n]]: the margin is forgotten in the mask."""
    return np.asarray((_gaps(given.arrays, {"margin": 0.0}) > 0) * 1.0)


def once(counts: Array, _: Given) -> Array:
    """1 where the class violates any margin, not how many."""
    return np.asarray((counts > 0) * 1.0)


CLASS_MISTAKES = (
    Mistake("own-class-forgotten", "dp.counts",
            "the true class gets no gradient: − the number of margins not kept", zero),
    Mistake("own-class-once", "dp.counts",
            "the true class gets −1, not − the number of margins not kept", once),
    Mistake("own-class-always", "dp.counts",
            "the true class gets −1, also where no margin is broken, or several", one),
    Mistake("margin-forgotten", "dp.mask", "the mask is P[k] > P[class], without the margin",
            without_margin),
    Mistake("mask-forgotten", "dp.mask", "every other class gets a gradient, also where the "
            "margin is kept", lambda _, given: 1 - onehot(given.arrays)),
    Mistake("gap-for-mask", "dp.mask", "the gap itself stands where 1 belongs",
            lambda mask, given: mask * _gaps(given.arrays, given.options)),
)  # fmt: skip


def _forward(a: Arrays, o: Options) -> Array:
    losses = np.maximum(0, _gaps(a, o)).sum(1, keepdims=True)
    return reduced(losses, o, a["p"].shape)


def _backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    t = onehot(a)
    mask = step("dp.mask", (_gaps(a, o) > 0) * 1.0)
    counts = step("dp.counts", mask.sum(1, keepdims=True))
    return {"p": g * weight(a["p"].shape, o) * (mask - t * counts)}


def _readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    for (axes, options), margin in product(arranged(a, output), MARGINS):
        yield axes, {**options, "margin": margin, "scale": 1.0}


CLASS_HINGE = Operation(
    "hinge of classes", ("p", "t"),
    {"dp": "dP[k] = [P[k] − P[class] + m > 0]/N, and dP[class] = − the sum of those"},
    CLASS_MISTAKES, _forward, _backward, _readings, orders=ORDERS,
    describe=lambda o: f"{described(o)}, margin {o['margin']:g}",
)  # fmt: skip
