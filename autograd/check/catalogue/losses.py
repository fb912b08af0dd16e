"""Losses entry by entry: squared and absolute error, binary cross-entropy of numbers and logits."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from .changes import instead
from .core import Array, Arrays, Axes, Mistake, Operation, Options, Step
from .functions import sigmoid
from .reductions import ORDERS, arrangements, described, reduced, weight

EPS = (0.0, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)  # as people add to a logarithm's x
Formula = Callable[..., Array]  # of p, t and the ε of the logarithms


def slope(name: str, remark: str, formula: Formula) -> Mistake:
    """Another ∂/∂p of each loss: a formula of p and t."""
    return shifted_slope(name, remark, lambda p, t, _: formula(p, t))


def shifted_slope(name: str, remark: str, formula: Formula) -> Mistake:
    """Another ∂/∂p of each loss: a formula of p, t and what may be added to p."""
    change = instead(lambda given: formula(given["p"], given["t"], given.options["eps"]))
    return Mistake(name, "dp.slope", remark, change)


def entrywise(
    name: str,
    line: str,
    each: Formula,
    slopes: tuple[Formula, Formula],
    mistakes: tuple[Mistake, ...],
    scales: tuple[float, ...] = (1.0,),
    shifts: tuple[float, ...] = (0.0,),
    signs: bool = False,
) -> Operation:
    """A loss of predictions p and targets t; `slopes` are ∂/∂p and ∂/∂t of `each`.

    `shifts` are the ε that may be added to p, or the margins, `scales` the factors before the sum;
    with `signs` the targets are ±1.
    """

    def forward(a: Arrays, o: Options) -> Array:
        return reduced(each(a["p"], a["t"], o["eps"]), o, a["p"].shape)

    def backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
        p, t = a["p"], a["t"]
        dp, dt = (partial(p, t, o["eps"]) for partial in slopes)
        factor = weight(p.shape, o)
        return {"p": g * step("dp.slope", dp) * factor, "t": g * dt * factor}

    return Operation(
        name, ("p", "t"), {"dp": line}, mistakes, forward, backward,
        _readings(scales, shifts, signs), orders=ORDERS, describe=described,
    )  # fmt: skip


def _readings(
    scales: tuple[float, ...], shifts: tuple[float, ...], signs: bool
) -> Callable[[Arrays, Array], Iterator[tuple[Axes, Options]]]:
    def readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
        if not signs or np.all(np.abs(a["t"]) == 1):
            for axes, options in arrangements(a, output, rows=False):
                for scale, eps in product(scales, shifts):
                    yield axes, {**options, "scale": scale, "eps": eps}

    return readings


SQUARED = entrywise(
    "squared error", "dP = 2·(P − T)/n, with n the number that the loss divides by",
    lambda p, t, _: (p - t) ** 2,
    (lambda p, t, _: 2 * (p - t), lambda p, t, _: -2 * (p - t)),
    (
        slope("targets-forgotten", "the targets are not subtracted", lambda p, _: 2 * p),
        slope("plus-targets", "the targets are added, not subtracted", lambda p, t: 2 * (p + t)),
        slope("still-squared", "the error is still squared", lambda p, t: 2 * (p - t) ** 2),
        slope("loss-for-gradient", "the squared error stands for its derivative",
              lambda p, t: (p - t) ** 2),
        slope("sign-of-error", "only the sign of the error is used",
              lambda p, t: 2 * np.sign(p - t)),
        slope("absolute-error", "the error's sign is lost", lambda p, t: 2 * np.abs(p - t)),
        slope("times-prediction", "the error is multiplied by the prediction",
              lambda p, t: 2 * (p - t) * p),
    ),
    scales=(1.0, 0.5),
)  # fmt: skip
ABSOLUTE = entrywise(
    "absolute error", "dP = sign(P − T)/n",
    lambda p, t, _: np.abs(p - t),
    (lambda p, t, _: np.sign(p - t), lambda p, t, _: -np.sign(p - t)),
    (
        slope("error-for-sign", "the error stands where its sign belongs", lambda p, t: p - t),
        slope("one-for-sign", "1 stands where the sign belongs", lambda p, _: np.ones_like(p)),
        slope("step-for-sign", "1 and 0 stand where 1 and −1 belong", lambda p, t: (p > t) * 1.0),
    ),
)  # fmt: skip
BINARY = entrywise(
    "binary cross-entropy", "dP = (P − T)/(P·(1 − P))/n",
    lambda p, t, e: -(t * np.log(p + e) + (1 - t) * np.log(1 - p + e)),
    (
        lambda p, t, e: (1 - t) / (1 - p + e) - t / (p + e),
        lambda p, _, e: np.log(1 - p + e) - np.log(p + e),
    ),
    (
        slope("sigmoid-included", "P − T is the gradient of the logits, not of P",
              lambda p, t: p - t),
        slope("one-minus-t-forgotten", "the term (1 − T)/(1 − P) is missing", lambda p, t: -t / p),
        slope("t-forgotten", "the term −T/P is missing", lambda p, t: (1 - t) / (1 - p)),
        slope("inner-sign", "the inner derivative −1 of log(1 − P) is missing",
              lambda p, t: -t / p - (1 - t) / (1 - p)),
        slope("denominator-multiplied", "P·(1 − P) is multiplied in where it divides",
              lambda p, t: (p - t) * p * (1 - p)),
        slope("denominator-halved", "1 − P is missing in the denominator",
              lambda p, t: (p - t) / p),
        slope("targets-forgotten", "the targets are not subtracted", lambda p, _: 1 / (1 - p)),
        slope("logarithm-for-quotient", "the logarithms are not differentiated",
              lambda p, t: -t * np.log(p) + (1 - t) * np.log(1 - p)),
        slope("squared-error", "2·(P − T) is the gradient of the squared error",
              lambda p, t: 2 * (p - t)),
    ),
    shifts=EPS,
)  # fmt: skip
BINARY_LOGITS = entrywise(
    "binary cross-entropy of logits", "dP = (σ(P) − T)/n",
    lambda p, t, _: np.logaddexp(0, p) - t * p,
    (lambda p, t, _: sigmoid(p) - t, lambda p, *_: -p),
    (
        slope("logits-for-probabilities", "the logits stand where their sigmoid belongs",
              lambda p, t: p - t),
        slope("sigmoid-twice", "σ′ is multiplied in once more",
              lambda p, t: (sigmoid(p) - t) * sigmoid(p) * (1 - sigmoid(p))),
        slope("sigmoid-left-out", "the gradient is that of σ(P): σ′ is missing",
              lambda p, t: (sigmoid(p) - t) / (sigmoid(p) * (1 - sigmoid(p)))),
        slope("targets-forgotten", "the targets are not subtracted", lambda p, _: sigmoid(p)),
        slope("sigmoid-of-sigmoid", "the sigmoid is taken twice",
              lambda p, t: sigmoid(sigmoid(p)) - t),
    ),
)  # fmt: skip
