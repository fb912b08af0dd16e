"""Cross-entropy of rows: of logits through the softmax, of probabilities, one-hot or by class."""

from collections.abc import Iterator
from math import log

import numpy as np

from .axes import fitting
from .core import Array, Arrays, Axes, Operation, Options, Switches, shared, table
from .losses import EPS
from .reductions import ORDERS, arrangements, described, divisors, first_sample, reduced, weight
from .softmax import softmax

LOGITS_LINE = "dP = (softmax(P) − T)/N"
LINE = "dP = −T/P/N"
BASES = {"e": 1.0, "2": 1 / log(2), "10": 1 / log(10)}
LOGITS_MISTAKES = table(
    ("p", "targets-forgotten", "the targets are not subtracted", LOGITS_LINE),
    ("p", "one-from-all", "1 is subtracted from every class, not from the true one", LOGITS_LINE),
    ("p", "true-class-only", "only the true class gets a gradient", LOGITS_LINE),
    ("p", "softmax-left-out", "−T/softmax(P) is the gradient of the probabilities", LOGITS_LINE),
    ("p", "softmax-twice", "y·(1 − y) is multiplied in once more", LOGITS_LINE),
    ("p", "softmax-of-softmax", "the softmax is taken twice", LOGITS_LINE),
    ("p", "logits-for-probabilities", "the logits stand for their softmax", LOGITS_LINE),
    ("p", "wrong-axis", "the softmax runs over the samples, not the classes", LOGITS_LINE),
    ("p", "sigmoid", "the sigmoid stands where the softmax belongs", LOGITS_LINE),
    ("p", "base-forgotten", "the logarithm's base is forgotten: 1/ln(base)", LOGITS_LINE),
    ("p", "factor-2", "there is a factor 2, as in the squared error", LOGITS_LINE),
    ("p", "next-class", "1 is subtracted from the next class: labels count from 1", LOGITS_LINE),
    ("p", "first-target", "the first sample's target is used for all", LOGITS_LINE),
    *divisors(LOGITS_LINE),
) + shared("p t", LOGITS_LINE)  # fmt: skip
MISTAKES = table(
    ("p", "softmax-included", "P − T is the gradient of the logits, not of P", LINE),
    ("p", "targets-forgotten", "−1/P goes to every class, not to the true one", LINE),
    ("p", "logarithm-kept", "the logarithm is not differentiated: −T·log P", LINE),
    ("p", "p-forgotten", "−T is not divided by P", LINE),
    ("p", "p-multiplied", "−T is multiplied by P, not divided", LINE),
    ("p", "p-squared", "−T is divided by P twice", LINE),
    ("p", "binary", "the gradient is that of the binary cross-entropy of every class", LINE),
    ("p", "base-forgotten", "the logarithm's base is forgotten: 1/ln(base)", LINE),
    ("p", "true-class-only", "P − T is used at the true class only", LINE),
    *divisors(LINE),
) + shared("p t", LINE)


def _onehot(a: Arrays) -> Array:
    """Targets as rows of the predictions' shape, from classes where they are numbers."""
    t, p = a["t"], a["p"]
    return t if t.shape == p.shape else (t == np.arange(p.shape[1]).reshape(1, -1, 1, 1)) * 1.0


def _each(p: Array, t: Array, o: Options) -> Array:
    losses = -(t * np.log(p + o["eps"])).sum(1, keepdims=True)
    return reduced(losses * BASES[o["base"]], o, p.shape)


def _scaled(a: Arrays, o: Options, on: Switches) -> float:
    base = "e" if "base-forgotten" in on else o["base"]
    return weight(a["p"].shape, o, on) * BASES[base]


def _logits_forward(a: Arrays, o: Options) -> Array:
    return _each(softmax(a["p"], 1), _onehot(a), o)


def _targets(a: Arrays, on: Switches) -> Array:
    t = _onehot(a)
    if "targets-forgotten" in on:
        t = np.zeros_like(t)
    if "one-from-all" in on:
        t = np.ones_like(t)
    if "next-class" in on:
        t = np.roll(t, 1, 1)
    if "first-target" in on:
        t = np.broadcast_to(t[:1], t.shape)
    return t


def _probabilities(p: Array, on: Switches) -> Array:
    y = softmax(p, 0 if "wrong-axis" in on else 1)
    if "sigmoid" in on:
        y = 1 / (1 + np.exp(-p))
    if "softmax-of-softmax" in on:
        y = softmax(y, 1)
    return p if "logits-for-probabilities" in on else y


def _gradients(
    g: Array, slope: Array, scores: Array, a: Arrays, o: Options, on: Switches
) -> dict[str, Array]:
    """dP from the slope of a sample's loss, and dT from its scores where T is one-hot."""
    found = {"p": first_sample(g * slope * _scaled(a, o, on), on)}
    if a["t"].shape == a["p"].shape:
        found["t"] = g * scores * _scaled(a, o, frozenset())
    return found


def _logits_backward(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    t, y = _targets(a, on), _probabilities(a["p"], on)
    slope = y * t.sum(1, keepdims=True) - t  # rows that sum to 1: y - t
    if "one-from-all" in on:
        slope = y - t
    if "targets-forgotten" in on:
        slope = y
    if "true-class-only" in on:
        slope = slope * (t != 0)
    if "softmax-left-out" in on:
        slope = -t / y
    if "softmax-twice" in on:
        slope = slope * y * (1 - y)
    if "factor-2" in on:
        slope = 2 * slope
    if o["eps"]:  # log(y + ε): through the Jacobian
        slope = _shifted(slope, t, y, o["eps"], on)
    scores = -np.log(softmax(a["p"], 1) + o["eps"])
    return _gradients(g, slope, scores, a, o, on)


def _shifted(slope: Array, t: Array, y: Array, eps: float, on: Switches) -> Array:
    """The exact gradient with ε inside the logarithm, which hardly anybody writes."""
    if on - {"sign", "upstream-ignored", "upstream-squared", "first-sample"}:
        return slope
    inner = -t / (y + eps)
    return np.asarray(y * (inner - (inner * y).sum(1, keepdims=True)))


def _forward(a: Arrays, o: Options) -> Array:
    return _each(a["p"], _onehot(a), o)


def _backward(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    p, t = a["p"] + o["eps"], _onehot(a)
    slope = -(np.ones_like(t) if "targets-forgotten" in on else t) / p
    if "softmax-included" in on:
        slope = a["p"] - t
    if "true-class-only" in on:
        slope = (a["p"] - t) * (t != 0)
    if "logarithm-kept" in on:
        slope = -t * np.log(p)
    if "p-forgotten" in on:
        slope = -t
    if "p-multiplied" in on:
        slope = -t * p
    if "p-squared" in on:
        slope = -t / p**2
    if "binary" in on:
        slope = (1 - t) / (1 - p) - t / p
    return _gradients(g, slope, -np.log(p), a, o, on)


CLASSES = [
    {"p": "NK", "t": "N"},
    {"p": "KN", "t": "N"},
    {"p": "K", "t": ""},
    {"p": "NKLM", "t": "NLM"},
]
CLASS_ORDERS = {"p": "NKLM", "t": "NLM", "y": "NKLM"}


def _readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    for axes, options in _arranged(a, output):
        for base in BASES:
            for eps in EPS:
                yield axes, {**options, "base": base, "eps": eps, "scale": 1.0}


def _arranged(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
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
    return described(o) + f", base {o['base']}" * (o["base"] != "e")


CROSS_ENTROPY = Operation(
    "softmax and cross-entropy", ("p", "t"), LOGITS_MISTAKES, _logits_forward, _logits_backward,
    _readings, orders=ORDERS, describe=_words,
)  # fmt: skip
NEGATIVE_LOG = Operation(
    "cross-entropy of probabilities", ("p", "t"), MISTAKES, _forward, _backward, _readings,
    orders=ORDERS, describe=_words,
)  # fmt: skip
