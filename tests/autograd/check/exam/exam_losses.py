"""Losses: from logits and from probabilities, with weights, masks, margins."""

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
    "p − t is multiplied by σ′ again", both(SLOPE + "|p(1|sigmoid|σ", EXTRA + "|" + INSTEAD),
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
    "the margin of 1 is left out", both(r"margin|\b1\b", MISSING + "|" + INSTEAD + "|threshold"),
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
