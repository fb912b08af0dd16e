"""Activations whose derivatives are often those of a neighbour."""

import math

import numpy as np
from exam_draws import draws, sigmoid
from telling import EXTRA, INSTEAD, MISSING, SIGN, SLOPE, both
from wrong_passes import Family

normal, _ = draws(11)

ACTIVATIONS = Family("activations")
X = np.linspace(-2.3, 2.6, 15).reshape(3, 5) + 0.04
NEGATIVE = r"x ?[<≤]=? ?0|negative|below"


def swish(x):
    return x * sigmoid(x)


def swish_backward(dout, x):
    s = sigmoid(x)
    return {"x": dout * (s + x * s * (1 - s))}


silu = ACTIVATIONS.functions("swish", swish, swish_backward, x=X)
silu.wrong(
    "bracket", {"(s + x * s * (1 - s))": "(s + x * s) * (1 - s)"}, "x",
    "a bracket closes too early: (s + x·s)(1 − s) in place of s + x·s(1 − s)",
    both(r"bracket|parenthes|\(1 ?[-−]|swish|silu",
    r"bracket|parenthes|instead|in place|true|term|should"),
)  # fmt: skip
silu.wrong(
    "product-rule", {"(s + x * s * (1 - s))": "s"}, "x",
    "x·σ′ is left out: the product rule has two terms",
    both(MISSING + "|constant", r"σ′|sigmoid|product|x ?·|s ?[·*]? ?\(1|term|path"),
)  # fmt: skip
silu.wrong(
    "other-term", {"(s + x * s * (1 - s))": "x * s * (1 - s)"}, "x",
    "the term σ is left out: the product rule has two terms",
    both(MISSING + "|constant", r"σ|sigmoid|product|term|path|\bs\b"),
)  # fmt: skip


def gelu(x):
    """By tanh, as in GPT-2."""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_backward(dout, x):
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    inner = c * (1 + 3 * 0.044715 * x**2)
    return {"x": dout * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)}


def erf_gelu_backward(dout, x):
    """What people put in its place."""
    cdf = 0.5 * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))
    return {"x": dout * (cdf + x * np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi))}


def erf_gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


gaussian = ACTIVATIONS.functions("gelu", gelu, gelu_backward, x=X)
gaussian.wrong(
    "exact-for-tanh", {
        "    c = np.sqrt(2 / np.pi)\n": "    return erf_gelu_backward(dout, x)\n"
        "    c = np.sqrt(2 / np.pi)\n"}, "x",
    "the derivative of the exact GELU (erf) for the one by tanh",
    both(r"gelu|erf", r"exact|erf|tanh|approx"),
)  # fmt: skip
gaussian.wrong(
    "three-missing", {"3 * 0.044715": "0.044715"}, "x",
    "the factor 3 of x³ is missing",
    both(r"\b3\b|x³|x\*\*3|cube|power|1/3", MISSING + "|factor|" + INSTEAD),
)  # fmt: skip
gaussian.wrong(
    "inner-missing", {"(1 - t**2) * inner": "(1 - t**2)"}, "x",
    "the inner derivative is left out",
    both(MISSING, r"inner|chain|√|sqrt|0\.0447|2/π|factor|x\*\*3|x³"),
)  # fmt: skip
exact = ACTIVATIONS.functions("gelu-erf", erf_gelu, erf_gelu_backward, x=X)
exact.wrong(
    "tanh-for-exact", {"    cdf = ": "    return gelu_backward(dout, x)\n    cdf = "}, "x",
    "the derivative of the GELU by tanh for the exact one",
    both(r"gelu|erf", r"exact|erf|tanh|approx"),
)  # fmt: skip
exact.wrong(
    "density-without-half", {"np.exp(-0.5 * x**2)": "np.exp(-(x**2))"}, "x",
    "the density is exp(−x²) in place of exp(−x²/2)", both(r"1/2|0\.5|half|exp|√2|density|erf"),
)  # fmt: skip


def elu(x, alpha=0.7):
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


def elu_backward(dout, x, alpha=0.7):
    return {"x": dout * np.where(x > 0, 1, alpha * np.exp(x))}


exponential = ACTIVATIONS.functions("elu", elu, elu_backward, x=X)
exponential.wrong(
    "alpha-missing", {"alpha * np.exp(x))": "np.exp(x))"}, "x",
    "α is missing where x ≤ 0", both(r"alpha|α|0\.7|1\.4|negative", MISSING + "|factor|times"),
)  # fmt: skip
exponential.wrong(
    "value-for-slope", {"alpha * np.exp(x))": "alpha * (np.exp(x) - 1))"}, "x",
    "the value α(eˣ − 1) stands for its slope α·eˣ",
    both(r"value|f\(x\)|forward|output|f for|function itself|− ?1|- ?1|\by\b|itself|not derived"),
)  # fmt: skip


def celu(x, alpha=1.6):
    return np.maximum(0, x) + np.minimum(0, alpha * (np.exp(x / alpha) - 1))


def celu_backward(dout, x, alpha=1.6):
    return {"x": dout * np.where(x > 0, 1.0, np.exp(x / alpha))}


continuous = ACTIVATIONS.functions("celu", celu, celu_backward, x=X)
continuous.wrong(
    "alpha-not-cancelled", {"np.exp(x / alpha))": "alpha * np.exp(x / alpha))"}, "x",
    "α is left in front: its inner derivative 1/α is forgotten",
    both(r"alpha|α|1\.6|5/8|8/5|elu", r"factor|times|1/α|chain|inner|missing|elu|cancel"),
)  # fmt: skip
continuous.wrong(
    "elus-slope", {"np.exp(x / alpha))": "alpha * np.exp(x))"}, "x",
    "ELU's slope in place of CELU's", both(r"elu|alpha|α|exp", r"elu|instead|in place|1/α|x ?/"),
)  # fmt: skip


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def leaky_backward(dout, x):
    dx = dout.copy()
    dx[x < 0] *= 0.1
    return {"x": dx}


leak = ACTIVATIONS.functions("leaky", leaky, leaky_backward, x=X)
leak.wrong(
    "assigned", {"dx[x < 0] *= 0.1": "dx[x < 0] = 0.1"}, "x",
    "0.1 is assigned where x < 0: the upstream is left out there",
    both(r"upstream|dout|\bg\b|dY", MISSING),
)  # fmt: skip
leak.wrong(
    "mask-of-upstream", {"dx[x < 0] *= 0.1": "dx[dout < 0] *= 0.1"}, "x",
    "the mask is taken from the upstream's sign",
    both(r"upstream|dout|\bg\b|dY", r"mask|sign|< ?0|where"),
)  # fmt: skip
leak.wrong(
    "zero", {"*= 0.1": "*= 0.0"}, "x",
    "the slope of ReLU: 0 in place of 0.1 where x < 0",
    both(r"relu|0\.1|slope|leak|zero|missing", NEGATIVE + r"|relu|leak|where|slope"),
)  # fmt: skip


def softplus(x):
    return np.log1p(np.exp(x))


def softplus_backward(dout, x):
    return {"x": dout * sigmoid(x)}


plus = ACTIVATIONS.functions("softplus", softplus, softplus_backward, x=X)
plus.wrong(
    "slope-twice", {"dout * sigmoid(x)": "dout * sigmoid(x) * (1 - sigmoid(x))"}, "x",
    "σ′ in place of σ", both(r"sigmoid|σ|\(1 ?[-−]", SLOPE + "|" + EXTRA),
)  # fmt: skip
plus.wrong(
    "of-minus", {"dout * sigmoid(x)": "dout * sigmoid(-x)"}, "x",
    "σ(−x) in place of σ(x)", both(r"sigmoid|σ|x", SIGN + r"|1 ?[-−]"),
)  # fmt: skip


def tanh_layer(x, W):
    return np.tanh(x @ W)


def tanh_layer_backward(dout, x, W):
    y = np.tanh(x @ W)
    dz = dout * (1 - y**2)
    return {"x": dz @ W.T, "W": x.T @ dz}


dense = ACTIVATIONS.functions("tanh-dense", tanh_layer, tanh_layer_backward, x=normal(3, 5),
                              W=normal(5, 4))  # fmt: skip
dense.wrong(
    "of-pre-activation", {"(1 - y**2)": "(1 - (x @ W) ** 2)"}, "x W",
    "tanh′ is taken as 1 − z² of the pre-activation",
    both(r"tanh",
    r"x²|z²|pre.?activation|before|argument|input|x @ W|instead|itself|in place|without"),
)  # fmt: skip
dense.wrong(
    "slope-of-y", {"(1 - y**2)": "(1 - np.tanh(y) ** 2)"}, "x W",
    "tanh is applied twice inside its slope", both(r"tanh", EXTRA + "|output|" + INSTEAD),
)  # fmt: skip
dense.wrong(
    "one-plus", {"(1 - y**2)": "(1 + y**2)"}, "x W",
    "1 + y² in place of 1 − y²", both(r"tanh|1 ?\+|1 ?[-−] ?y", SIGN + r"|1 ?\+|tan\b|" + INSTEAD),
)  # fmt: skip


MASK = (np.random.default_rng(6).random((3, 5)) < 0.6) / 0.6


def dropped(x):
    """Inverted dropout with a mask that was drawn beforehand, after a ReLU."""
    return np.maximum(x, 0) * MASK


def dropped_backward(dout, x):
    return {"x": dout * MASK * (x > 0)}


dropout = ACTIVATIONS.functions("dropout-relu", dropped, dropped_backward, x=X[::-1].copy())
dropout.wrong(
    "keep-missing", {"dout * MASK *": "dout * (MASK > 0) *"}, "x",
    "1 / 0.6 is missing",
    both(r"0\.6|keep|1/\(1|1 ?[-−] ?p|dropout|MASK", MISSING + "|times|factor"),
)  # fmt: skip
dropout.wrong(
    "mask-missing", {"dout * MASK *": "dout / 0.6 *"}, "x",
    "dropout's mask is missing", both(r"mask|dropout|zero|drop", MISSING + "|not 0|where"),
)  # fmt: skip
dropout.pair(
    "both-masks", {"dout * MASK * (x > 0)": "dout / 0.6 + 0 * x"}, "x",
    "dropout's mask and ReLU's are missing",
    both(r"mask|dropout|relu|maximum|zero", MISSING + "|where"),
)  # fmt: skip
