"""Cross-entropy of rows: of logits through the softmax, of probabilities, one-hot or by class."""

from collections.abc import Callable, Iterator
from math import log

import numpy as np

from .axes import fitting
from .changes import FIRST, alike, instead, inverted, one, squared, the, zero
from .core import Array, Arrays, Axes, Change, Given, Mistake, Operation, Options, Step
from .functions import sigmoid
from .losses import EPS
from .reductions import ORDERS, arrangements, described, reduced, weight
from .softmax import softmax

BASES = {"e": 1.0, "2": 1 / log(2), "10": 1 / log(10)}


def onehot(a: Arrays) -> Array:
    """Targets as rows of the predictions' shape, from classes where they are numbers."""
    t, p = a["t"], a["p"]
    return t if t.shape == p.shape else (t == np.arange(p.shape[1]).reshape(1, -1, 1, 1)) * 1.0


def slope(name: str, remark: str, formula: Callable[[Array, Array], Array]) -> Mistake:
    """Another ∂/∂P of each loss: a formula of P and the one-hot T."""
    change = instead(lambda given: formula(given["p"], onehot(given.arrays)))
    return Mistake(name, "dp.slope", remark, change)


def true_class_only(slope: Array, given: Given) -> Array:
    """0 but for the true class."""
    return np.asarray(slope * (onehot(given.arrays) != 0))


def times_softmax_slope(slope: Array, given: Given) -> Array:
    """Multiplied by the derivative y·(1 − y) of one class."""
    y = softmax(given["p"], 1)
    return slope * y * (1 - y)


def plus_other_classes(slope: Array, given: Given) -> Array:
    """With the derivative of −(1 − T)·log(1 − P)."""
    return np.asarray(slope + (1 - onehot(given.arrays)) / (1 - given["p"] - given.options["eps"]))


def _softmax_over(axis: int) -> Change:
    return lambda _, given: softmax(given["p"], axis)


BASE_FORGOTTEN = Mistake(
    "base-forgotten", "dp.base", "the logarithm's base is forgotten: 1/ln(base)", one
)
LOGITS_MISTAKES = (
    Mistake("targets-forgotten", "dp.t", "the targets are not subtracted", zero),
    Mistake("one-from-all", "dp.t", "1 is subtracted from every class, not from the true one", one),
    Mistake("true-class-only", "dp.slope", "only the true class gets a gradient", true_class_only),
    slope("softmax-left-out", "−T/softmax(P) is the gradient of the probabilities",
          lambda p, t: -t / softmax(p, 1)),
    Mistake("softmax-twice", "dp.slope",
            "y·(1 − y) is multiplied in once more", times_softmax_slope),
    Mistake("softmax-of-softmax", "dp.y",
            "the softmax is taken twice", lambda y, _: softmax(y, 1)),
    Mistake("logits-for-probabilities", "dp.y", "the logits stand for their softmax", the("p")),
    Mistake("wrong-axis", "dp.y",
            "the softmax runs over the samples, not the classes", _softmax_over(0)),
    Mistake("sigmoid", "dp.y", "the sigmoid stands where the softmax belongs",
            instead(lambda given: sigmoid(given["p"]))),
    BASE_FORGOTTEN,
    Mistake("rows-sum-to-one", "dp.total",
            "the rows of T do not sum to 1, as y − T takes for granted", one),
    Mistake("next-class", "dp.t", "1 is subtracted from the next class: labels count from 1",
            lambda t, _: np.roll(t, 1, 1)),
    Mistake("first-target", "dp.t",
            "the first sample's target is used for all", alike(FIRST)),
)  # fmt: skip
MISTAKES = (
    slope("softmax-included", "P − T is the gradient of the logits, not of P", lambda p, t: p - t),
    Mistake("targets-forgotten", "dp.t", "−1/P goes to every class, not to the true one", one),
    Mistake("logarithm-kept", "dp.p", "the logarithm is not differentiated: −T·log P",
            lambda p, _: 1 / np.log(p)),
    Mistake("p-forgotten", "dp.p", "−T is not divided by P", one),
    Mistake("p-multiplied", "dp.p", "−T is multiplied by P, not divided", inverted),
    Mistake("p-squared", "dp.p", "−T is divided by P twice", squared),
    Mistake("binary", "dp.slope",
            "the gradient is that of the binary cross-entropy of every class", plus_other_classes),
    BASE_FORGOTTEN,
    slope("true-class-only", "P − T is used at the true class only",
          lambda p, t: (p - t) * (t != 0)),
)  # fmt: skip


def _each(p: Array, t: Array, o: Options) -> Array:
    losses = -(t * np.log(p + o["eps"])).sum(1, keepdims=True)
    return reduced(losses * BASES[o["base"]], o, p.shape)


def _logits_forward(a: Arrays, o: Options) -> Array:
    return _each(softmax(a["p"], 1), onehot(a), o)


def _forward(a: Arrays, o: Options) -> Array:
    return _each(a["p"], onehot(a), o)


def _gradients(
    step: Step, g: Array, slope: Array, scores: Array, a: Arrays, o: Options
) -> dict[str, Array]:
    """dP from the slope of a sample's loss, and dT from its scores where T is one-hot."""
    factor, base = g * weight(a["p"].shape, o), BASES[o["base"]]
    found = {"p": step("dp.slope", slope) * factor * step("dp.base", np.float64(base))}
    if a["t"].shape == a["p"].shape:
        found["t"] = factor * scores * base
    return found


def _logits_backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    """An ε in the logarithm is left out of dP, as everybody does."""
    y, t = softmax(a["p"], 1), onehot(a)
    total = step("dp.total", t.sum(1, keepdims=True))
    slope = step("dp.y", y) * total - step("dp.t", t)  # where rows sum to 1: y − t
    return _gradients(step, g, slope, -np.log(y + o["eps"]), a, o)


def _backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    p = a["p"] + o["eps"]
    slope = -step("dp.t", onehot(a)) / step("dp.p", p)
    return _gradients(step, g, slope, -np.log(p), a, o)


CLASSES = [
    {"p": "NK", "t": "N"},
    {"p": "KN", "t": "N"},
    {"p": "K", "t": ""},
    {"p": "NKLM", "t": "NLM"},
]
CLASS_ORDERS = {"p": "NKLM", "t": "NLM", "y": "NKLM"}


def _readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    for axes, options in arranged(a, output):
        for base in BASES:
            for eps in EPS:
                yield axes, {**options, "base": base, "eps": eps, "scale": 1.0}


def arranged(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """Rows of targets, or class numbers spread over a column."""
    yield from arrangements(a, output, rows=True)
    labels = a["t"]
    if np.array_equal(labels, np.floor(labels)):
        for axes, n in fitting(CLASSES, {"p": a["p"], "t": labels}, CLASS_ORDERS):
            if labels.min() >= 0 and labels.max() < n["K"]:
                alike = {"p": axes["p"], "t": axes["t"]}
                for over in ("samples", "entries", "nothing"):
                    if output.size == 1:
                        yield {**alike, "y": "1" * output.ndim}, {"over": over, "each": False}
                if output.shape == labels.shape and labels.ndim:
                    yield {**alike, "y": axes["t"]}, {"over": "nothing", "each": True}


def _words(o: Options) -> str:
    return described(o) + ("" if o["base"] == "e" else f", base {o['base']}")


def _binary_forward(a: Arrays, o: Options) -> Array:
    y, t = softmax(a["p"], 1), onehot(a)
    losses = -(t * np.log(y + o["eps"]) + (1 - t) * np.log(1 - y + o["eps"]))
    return reduced(losses.sum(1, keepdims=True) * BASES[o["base"]], o, a["p"].shape)


def _binary_backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    """Through the losses of each class, then through the softmax that the classes share."""
    y, t, e = softmax(a["p"], 1), onehot(a), o["eps"]
    dy = step("dp.loss", (1 - t) / (1 - y + e) - t / (y + e))
    slope = y * (dy - step("dp.others", (dy * y).sum(1, keepdims=True)))
    return _gradients(step, g, slope, np.log(1 - y + e) - np.log(y + e), a, o)


BINARY_MISTAKES = (
    slope("softmax-cross-entropy", "y − T is the gradient of −Σ T·log y, or of a sigmoid for each "
          "class; here (1 − T)·log(1 − y) of the other classes counts too",
          lambda p, t: softmax(p, 1) - t),
    slope("softmax-left-out", "(y − T)/(y·(1 − y)) is the gradient of the probabilities",
          lambda p, t: (softmax(p, 1) - t) / (softmax(p, 1) * (1 - softmax(p, 1)))),
    BASE_FORGOTTEN,
)  # fmt: skip
SOFTMAX_BINARY = Operation(
    "softmax and binary cross-entropy of each class", ("p", "t"),
    {"dp": "dP = y·(dy − Σ_k dy[k]·y[k]), dy = (y − T)/(y·(1 − y))/N, y = softmax(P)"},
    BINARY_MISTAKES, _binary_forward, _binary_backward, _readings, orders=ORDERS, describe=_words,
)  # fmt: skip
CROSS_ENTROPY = Operation(
    "softmax and cross-entropy", ("p", "t"),
    {"dp": "dP = (softmax(P) − T)/N", "dp.total": "dP = (softmax(P)·Σ_k T[k] − T)/N"},
    LOGITS_MISTAKES, _logits_forward, _logits_backward, _readings, orders=ORDERS, describe=_words,
)  # fmt: skip
NEGATIVE_LOG = Operation(
    "cross-entropy of probabilities", ("p", "t"), {"dp": "dP = −T/P/N"}, MISTAKES, _forward,
    _backward, _readings, orders=ORDERS, describe=_words,
)  # fmt: skip
