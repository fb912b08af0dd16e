"""Losses entry by entry: squared and absolute error, binary cross-entropy of numbers and logits."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from .activations import sigmoid
from .core import Array, Arrays, Axes, Operation, Options, Switches, shared, table
from .reductions import ORDERS, arrangements, described, divisors, first_sample, reduced, weight

EPS = (0.0, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)  # as people add to a logarithm's x
Formula = Callable[..., Array]  # of p, t and the ε of the logarithms
Wrong = dict[str, tuple[str, Callable[[Array, Array], Array]]]  # name: remark, slope of p and t


def entrywise(
    name: str,
    line: str,
    each: Formula,
    slopes: tuple[Formula, Formula],
    wrong: Wrong,
    scales: tuple[float, ...] = (1.0,),
    shifts: tuple[float, ...] = (0.0,),
) -> Operation:
    """A loss of predictions p and targets t; `slopes` are ∂/∂p and ∂/∂t of `each`.

    `shifts` are the ε that may be added to p, `scales` the factors before the sum.
    """
    rows = table(*(("p", key, remark, line) for key, (remark, _) in wrong.items()), *divisors(line))

    def forward(a: Arrays, o: Options) -> Array:
        return reduced(each(a["p"], a["t"], o["eps"]), o, a["p"].shape)

    def backward(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
        p, t, factor = a["p"], a["t"], weight(a["p"].shape, o, on)
        slope = slopes[0](p, t, o["eps"])
        for key, (_, formula) in wrong.items():
            if key in on:
                slope = formula(p, t)
        dp = first_sample(np.asarray(g * slope * factor), on)
        return {"p": dp, "t": g * slopes[1](p, t, o["eps"]) * weight(p.shape, o, frozenset())}

    return Operation(
        name, ("p", "t"), rows + shared("p t", line), forward, backward,
        lambda a, output: _readings(a, output, scales, shifts), orders=ORDERS, describe=described,
    )  # fmt: skip


def _readings(
    a: Arrays, output: Array, scales: tuple[float, ...], shifts: tuple[float, ...]
) -> Iterator[tuple[Axes, Options]]:
    for axes, options in arrangements(a, output, rows=False):
        for scale, eps in product(scales, shifts):
            yield axes, {**options, "scale": scale, "eps": eps}


SQUARED = entrywise(
    "squared error", "dP = 2·(P − T)/n, with n the number that the loss divides by",
    lambda p, t, e: (p - t) ** 2,
    (lambda p, t, e: 2 * (p - t), lambda p, t, e: -2 * (p - t)),
    {
        "factor-2-missing": ("the factor 2 of the square is missing", lambda p, t: p - t),
        "factor-2-twice": ("the factor 2 of the square is there twice", lambda p, t: 4 * (p - t)),
        "targets-forgotten": ("the targets are not subtracted", lambda p, t: 2 * p),
        "plus-targets": ("the targets are added, not subtracted", lambda p, t: 2 * (p + t)),
        "still-squared": ("the error is still squared", lambda p, t: 2 * (p - t) ** 2),
        "loss-for-gradient": ("the squared error stands for its derivative",
                              lambda p, t: (p - t) ** 2),
        "sign-of-error": ("only the sign of the error is used", lambda p, t: 2 * np.sign(p - t)),
        "absolute-error": ("the error's sign is lost", lambda p, t: 2 * np.abs(p - t)),
        "mean-error": ("every entry gets the mean error",
                       lambda p, t: 2 * np.full_like(p, (p - t).mean())),
        "times-prediction": ("the error is multiplied by the prediction",
                             lambda p, t: 2 * (p - t) * p),
    },
    scales=(1.0, 0.5),
)  # fmt: skip
ABSOLUTE = entrywise(
    "absolute error", "dP = sign(P − T)/n",
    lambda p, t, e: np.abs(p - t),
    (lambda p, t, e: np.sign(p - t), lambda p, t, e: -np.sign(p - t)),
    {
        "error-for-sign": ("the error stands where its sign belongs", lambda p, t: p - t),
        "one-for-sign": ("1 stands where the sign belongs", lambda p, t: np.ones_like(p)),
        "step-for-sign": ("1 and 0 stand where 1 and −1 belong", lambda p, t: (p > t) * 1.0),
    },
)  # fmt: skip
BINARY = entrywise(
    "binary cross-entropy", "dP = (P − T)/(P·(1 − P))/n",
    lambda p, t, e: -(t * np.log(p + e) + (1 - t) * np.log(1 - p + e)),
    (
        lambda p, t, e: (1 - t) / (1 - p + e) - t / (p + e),
        lambda p, t, e: np.log(1 - p + e) - np.log(p + e),
    ),
    {
        "sigmoid-included": ("P − T is the gradient of the logits, not of P", lambda p, t: p - t),
        "one-minus-t-forgotten": ("the term (1 − T)/(1 − P) is missing", lambda p, t: -t / p),
        "t-forgotten": ("the term −T/P is missing", lambda p, t: (1 - t) / (1 - p)),
        "inner-sign": ("the inner derivative −1 of log(1 − P) is missing",
                       lambda p, t: -t / p - (1 - t) / (1 - p)),
        "denominator-multiplied": ("P·(1 − P) is multiplied in where it divides",
                                   lambda p, t: (p - t) * p * (1 - p)),
        "denominator-halved": ("1 − P is missing in the denominator", lambda p, t: (p - t) / p),
        "targets-forgotten": ("the targets are not subtracted", lambda p, t: 1 / (1 - p)),
        "logarithm-for-quotient": ("the logarithms are not differentiated",
                                   lambda p, t: -t * np.log(p) + (1 - t) * np.log(1 - p)),
        "squared-error": ("2·(P − T) is the gradient of the squared error",
                          lambda p, t: 2 * (p - t)),
    },
    shifts=EPS,
)  # fmt: skip
BINARY_LOGITS = entrywise(
    "binary cross-entropy of logits", "dP = (σ(P) − T)/n",
    lambda p, t, e: np.logaddexp(0, p) - t * p,
    (lambda p, t, e: sigmoid(p) - t, lambda p, t, e: -p),
    {
        "logits-for-probabilities": ("the logits stand where their sigmoid belongs",
                                     lambda p, t: p - t),
        "sigmoid-twice": ("σ′ is multiplied in once more",
                          lambda p, t: (sigmoid(p) - t) * sigmoid(p) * (1 - sigmoid(p))),
        "sigmoid-left-out": ("the gradient is that of σ(P): σ′ is missing",
                             lambda p, t: (sigmoid(p) - t) / (sigmoid(p) * (1 - sigmoid(p)))),
        "targets-forgotten": ("the targets are not subtracted", lambda p, t: sigmoid(p)),
        "sigmoid-of-sigmoid": ("the sigmoid is taken twice",
                               lambda p, t: sigmoid(sigmoid(p)) - t),
        "squared-error": ("2·(σ(P) − T) is the squared error's", lambda p, t: 2 * (sigmoid(p) - t)),
    },
)  # fmt: skip
