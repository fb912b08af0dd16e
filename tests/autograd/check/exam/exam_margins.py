"""Losses with margins and thresholds, between distributions, by squares."""

import numpy as np
from exam_draws import draws, one_hot, sigmoid, softmax
from exam_losses import LOSSES, P
from telling import INSTEAD, MISSING, SIGN, both

normal, positive = draws(62)


def huber(pred, target):
    e = pred - target
    small = np.abs(e) <= 0.5
    return np.where(small, 0.5 * e**2, 0.5 * (np.abs(e) - 0.25)).mean()


def huber_prime(pred, target):
    e = pred - target
    small = np.abs(e) <= 0.5
    return np.where(small, e, 0.5 * np.sign(e)) / e.size


robust = LOSSES.loss("huber", huber, huber_prime, normal(4, 3) * 2, normal(4, 3))
OUTSIDE = r"outside|beyond|large|threshold|δ|delta|margin|where|> ?0\.5|linear|\|e\||above|tail"
robust.wrong(
    "delta-missing", {"0.5 * np.sign(e)": "np.sign(e)"}, P,
    "δ is missing where |e| > δ", both(OUTSIDE, MISSING + r"|2 times|twice|factor|\b2\b|0\.5"),
)  # fmt: skip
robust.wrong(
    "threshold-one", {"<= 0.5\n": "<= 1.0\n"}, P,
    "the threshold is 1 in place of 1/2", both(r"threshold|δ|delta|margin|\b1\b|0\.5|clip|huber"),
)  # fmt: skip
robust.wrong(
    "sign-missing", {"0.5 * np.sign(e)": "0.5"}, P,
    "the sign of e is missing where |e| > δ", both(SIGN, OUTSIDE + "|negative"),
)  # fmt: skip


def hinge(scores, y):
    """Multi-class SVM, margin 1, a mean over samples."""
    rows = np.arange(len(y))
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    return margins.sum() / len(y)


def hinge_prime(scores, y):
    rows = np.arange(len(y))
    d = (scores - scores[rows, y][:, None] + 1 > 0).astype(float)
    d[rows, y] = 0
    d[rows, y] = -d.sum(axis=1)
    return d / len(y)


svm = LOSSES.loss("hinge", hinge, hinge_prime, normal(3, 4) * 1.5, np.array([2, 0, 3]))
svm.wrong(
    "true-class-once", {"d[rows, y] = -d.sum(axis=1)": "d[rows, y] = -1"}, P,
    "the true class gets −1 in place of minus the number of violated margins",
    both(r"true class|target|label|correct|class", r"number|count|sum|−1|-1|violat|margin"),
)  # fmt: skip
svm.wrong(
    "margin-missing", {"[:, None] + 1 > 0)": "[:, None] > 0)"}, P,
    "the margin of 1 is left out",
    both(r"margin|[-+−] ?1\b", MISSING + "|" + INSTEAD + "|threshold"),
)  # fmt: skip
svm.wrong(
    "true-class-zero", {"d[rows, y] = -d.sum(axis=1)\n": "\n"}, P,
    "the true class gets no gradient",
    both(r"true class|target|label|correct|class", MISSING + "|zero"),
)  # fmt: skip


def triplet(anchor, others):
    """max(0, ‖a − p‖² − ‖a − n‖² + 1) summed; others = (p, n)."""
    near, far = others
    return np.maximum(
        0, ((anchor - near) ** 2).sum(axis=1) - ((anchor - far) ** 2).sum(axis=1) + 1
    ).sum()


def triplet_prime(anchor, others):
    near, far = others
    d = ((anchor - near) ** 2).sum(axis=1) - ((anchor - far) ** 2).sum(axis=1) + 1
    return (d > 0)[:, None] * 2 * (far - near)


three = LOSSES.loss("triplet", triplet, triplet_prime, normal(4, 3), normal(2, 4, 3))
three.wrong(
    "not-gated", {"(d > 0)[:, None] * 2": "2"}, P,
    "triplets that are far enough get a gradient too",
    both(r"mask|maximum|max|hinge|margin|> ?0|zero", MISSING + "|where"),
)  # fmt: skip
three.wrong(
    "two-missing", {"* 2 * (far": "* (far"}, P,
    "the factor 2 of the squares is missing", both(r"\b2\b|half|square|e²"),
)  # fmt: skip


def kl_divergence(q, p):
    """Σ p log(p / q) for probabilities q that are not normalised here."""
    return np.sum(p * (np.log(p) - np.log(q)))


def kl_prime(q, p):
    return -p / q


divergence = LOSSES.loss("kl", kl_divergence, kl_prime, positive(3, 4), softmax(normal(3, 4)))
divergence.wrong(
    "log", {"-p / q": "np.log(q) - np.log(p) + 1"}, P,
    "the gradient is that of Σ q log(q / p): the arguments are exchanged",
    both(r"log|swap|exchang|other way|q ?·? ?log|arguments|revers",
    r"log|p ?/ ?q|arguments|target"),
)  # fmt: skip
divergence.wrong(
    "minus-missing", {"-p / q": "p / q"}, P, "the sign is wrong", both(SIGN),
)  # fmt: skip


def mean_square(y, t):
    return np.mean((y - t) ** 2)


def mean_square_prime(y, t):
    return 2 * (y - t) / y.size


square = LOSSES.loss("mse", mean_square, mean_square_prime, normal(3, 4), normal(3, 4))
square.wrong(
    "two-and-mean", {"2 * (y - t) / y.size": "(y - t)"}, P,
    "2 / (N·D) is missing",
    both(r"mean|entries|size|number|12|\b6\b", r"times|factor|missing|divid"),
)  # fmt: skip
square.wrong(
    "over-batch", {"/ y.size": "/ len(y)"}, P,
    "divided by the samples in place of all entries",
    both(r"mean|entries|size|classes|4|number|\bD\b"),
)  # fmt: skip
square.pair(
    "sign-and-square", {"2 * (y - t) / y.size": "2 * (t - y) ** 2 / y.size"}, P,
    "the sign is wrong, and the error is squared", both(SIGN), both(r"square|²|power|· ?\(?[yt]"),
)  # fmt: skip


def focal(z, t):
    """Binary focal loss with γ = 2, summed."""
    p = sigmoid(z)
    pt = np.where(t == 1, p, 1 - p)
    return -np.sum((1 - pt) ** 2 * np.log(pt))


def focal_prime(z, t):
    p = sigmoid(z)
    pt = np.where(t == 1, p, 1 - p)
    sign = np.where(t == 1, 1, -1)
    dpt = 2 * (1 - pt) * np.log(pt) - (1 - pt) ** 2 / pt
    return dpt * sign * p * (1 - p)


focus = LOSSES.loss("focal", focal, focal_prime, normal(3, 3), one_hot([0, 2, 1], 3))
focus.wrong(
    "first-part-missing", {"2 * (1 - pt) * np.log(pt) - ": "-"}, P,
    "the derivative of (1 − p)² is left out",
    both(MISSING + "|constant", r"1 ?[-−] ?p|factor|\*\*2|²"
    "|square|power|focal|term|path"),
)  # fmt: skip
focus.wrong(
    "sign-of-class", {"dpt * sign * p": "dpt * p"}, P,
    "dpt/dp = −1 is left out where t = 0", both(SIGN, r"t ?[!=]=? ?0|where|class|target|1 ?[-−] ?p"
    "|negative|label"),
)  # fmt: skip
focus.wrong(
    "slope", {"sign * p * (1 - p)": "sign"}, P,
    "σ′ is missing", both(r"sigmoid|σ|p ?[·*]? ?\(1", MISSING),
)  # fmt: skip
