"""Losses from logits and from probabilities, with weights and masks."""

import numpy as np
from exam_draws import draws, one_hot, sigmoid, softmax
from telling import EXTRA, INSTEAD, MASK, MISSING, SIGN, SLOPE, both
from wrong_passes import Family

normal, positive = draws(16)

LOSSES = Family("losses")
MEAN = r"mean|averag|batch|\bN\b|divid|1/3|\b3 times|number"
LOGITS = r"softmax|sigmoid|σ|logit|probab|activation"


def cross_entropy(logits, targets):
    """Softmax inside, a mean over samples."""
    p = softmax(logits)
    return -np.sum(targets * np.log(p)) / len(logits)


def cross_entropy_prime(logits, targets):
    p = softmax(logits)
    return (p - targets) / len(logits)


entropy = LOSSES.loss(
    "cross-entropy", cross_entropy, cross_entropy_prime, normal(3, 4), one_hot([0, 3, 1], 4)
)
P = "prediction"
entropy.wrong(
    "logits-for-probabilities", {"p = softmax(logits)": "p = logits"}, P,
    "the logits stand where their softmax belongs", both(LOGITS, MISSING + "|" + INSTEAD),
)  # fmt: skip
entropy.wrong(
    "mean-missing", {" / len(logits)": ""}, P, "the mean is missing", both(MEAN),
)  # fmt: skip
entropy.wrong(
    "sign", {"(p - targets)": "(targets - p)"}, P, "the sign is wrong", both(SIGN),
)  # fmt: skip
entropy.wrong(
    "only-true-class", {"(p - targets)": "(p - targets) * targets"}, P,
    "only the true class gets a gradient", both(r"class|target|label", MISSING + "|only|zero|mask"),
)  # fmt: skip
entropy.wrong(
    "of-probabilities", {"(p - targets)": "-targets / p"}, P,
    "−t/p is the gradient of the probabilities: softmax's own derivative is missing",
    both(r"softmax|t ?/|logits?|probab", MISSING + "|" + INSTEAD),
)  # fmt: skip
entropy.wrong(
    "softmax-over-batch", {"softmax(logits)": "softmax(logits, axis=0)"}, P,
    "softmax runs over the samples",
    both(r"softmax|normali[sz]|sum", r"sample|batch|axis 0|wrong axis"),
)  # fmt: skip
entropy.wrong(
    "times-slope", {"(p - targets)": "(p - targets) * p * (1 - p)"}, P,
    "p − t is multiplied by σ′ again", both(SLOPE + r"|p\(1|sigmoid|σ", EXTRA + "|" + INSTEAD),
)  # fmt: skip
entropy.pair(
    "sign-and-mean", {"(p - targets) / len(logits)": "(targets - p)"}, P,
    "the sign is wrong and the mean missing", both(SIGN), both(MEAN),
)  # fmt: skip


def bce(p, t):
    """Probabilities in, a mean over all entries."""
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


def bce_prime(p, t):
    return (p - t) / (p * (1 - p)) / p.size


binary = LOSSES.loss(
    "bce", bce, bce_prime, positive(3, 2) / 2, one_hot([0, 1, 1], 2)
)  # fmt: skip
binary.wrong(
    "as-from-logits", {" / (p * (1 - p))": ""}, P,
    "p − t is the gradient of the logits: the division by p(1 − p) is missing",
    both(r"p ?[·*]? ?\(1|logit|sigmoid|σ|1/", MISSING + "|" + INSTEAD),
)  # fmt: skip
binary.wrong(
    "one-side", {"(p - t) / (p * (1 - p))": "-t / p"}, P,
    "the part of t = 0 is left out",
    both(MISSING + r"|zero", r"1 ?[-−] ?t|t ?= ?0|negative|class|term"
    "|target"),
)  # fmt: skip
binary.wrong(
    "sign-of-second", {"(p - t) / (p * (1 - p))": "-t / p - (1 - t) / (1 - p)"}, P,
    "the part of t = 0 has the wrong sign",
    both(SIGN, r"1 ?[-−] ?t|t ?= ?0|negative|class|term|target"
    r"|1 ?[-−] ?p|where"),
)  # fmt: skip
binary.wrong(
    "batch-for-size", {" / p.size": " / len(p)"}, P,
    "divided by the samples in place of all entries",
    both(r"mean|entries|size|classes|\bC\b|columns|outputs|axis 1"),
)  # fmt: skip


def bce_logits(z, t):
    return np.mean(np.sum(np.logaddexp(0, z) - t * z, axis=1))


def bce_logits_prime(z, t):
    return (sigmoid(z) - t) / len(z)


multi = LOSSES.loss("bce-logits", bce_logits, bce_logits_prime, normal(3, 4),
                    one_hot([0, 3, 1], 4))  # fmt: skip
multi.wrong(
    "softmax-for-sigmoid", {"sigmoid(z) - t": "softmax(z) - t"}, P,
    "softmax in place of the sigmoid of each class", both(r"softmax", r"sigmoid|σ|per.class|each"),
)  # fmt: skip
multi.wrong(
    "logits", {"sigmoid(z) - t": "z - t"}, P,
    "the logits stand where their sigmoid belongs",
    both(r"sigmoid|σ", MISSING + "|" + INSTEAD + "|logit"),
)  # fmt: skip
multi.wrong(
    "slope-again", {"(sigmoid(z) - t)": "(sigmoid(z) - t) * sigmoid(z) * (1 - sigmoid(z))"}, P,
    "multiplied by σ′ again", both(r"σ′|sigmoid|σ|slope|y\(1|p\(1", EXTRA + "|·|multipl"),
)  # fmt: skip


CLASS_WEIGHTS = np.array([0.5, 2.0, 1.0, 3.0])


def weighted(logits, y):
    """Class weights; the mean is over the samples."""
    p = softmax(logits)
    rows = np.arange(len(y))
    return np.mean(-np.log(p[rows, y]) * CLASS_WEIGHTS[y])


def weighted_prime(logits, y):
    d = softmax(logits)
    d[np.arange(len(y)), y] -= 1
    return d * CLASS_WEIGHTS[y][:, None] / len(y)


classes = LOSSES.loss("weighted-ce", weighted, weighted_prime, normal(3, 4), np.array([1, 3, 0]))
classes.wrong(
    "weights-missing", {" * CLASS_WEIGHTS[y][:, None]": ""}, P,
    "the class weights are left out", both(r"weight", MISSING),
)  # fmt: skip
classes.wrong(
    "weights-of-columns", {"CLASS_WEIGHTS[y][:, None]": "CLASS_WEIGHTS"}, P,
    "each column takes its class's weight in place of the true class's",
    both(r"weight", r"column|class|axis|instead|in place|row|target|label"),
)  # fmt: skip


def masked_mse(pred, target):
    """Padded steps do not count; the mean is over those that do."""
    mask = np.array([[1.0, 1, 1], [1, 0, 0]])
    return np.sum(mask * (pred - target) ** 2) / mask.sum()


def masked_mse_prime(pred, target):
    mask = np.array([[1.0, 1, 1], [1, 0, 0]])
    return 2 * mask * (pred - target) / mask.sum()


steps = LOSSES.loss("masked-mse", masked_mse, masked_mse_prime, normal(2, 3), normal(2, 3))
steps.wrong(
    "mask-missing", {"2 * mask * (pred": "2 * (pred"}, P,
    "the mask is left out", both(MASK, MISSING + "|zero|not 0|where"),
)  # fmt: skip
steps.wrong(
    "mean-over-all", {"/ mask.sum()": "/ mask.size"}, P,
    "divided by all entries in place of those that count",
    both(r"mask|count|padd|number of|entries"),
)  # fmt: skip
steps.wrong(
    "two-missing", {"2 * mask": "mask"}, P,
    "the factor 2 of the square is missing", both(r"\b2\b|half|square|e²"),
)  # fmt: skip
