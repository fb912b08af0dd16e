"""Normalisation: y = γ·x̂ + β, x̂ = (x − μ)/√(σ² + ε), over the batch, a sample or an image."""

from collections.abc import Iterator

import numpy as np

from .axes import fitting, spread
from .changes import FIRST, inverted, one, part, squared, the, the_output, the_upstream, times, zero
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step

ORDERS = {"x": "NCHW", "g": "NCHW", "b": "NCHW", "y": "NCHW"}
EPS = (1e-5, 1e-8, 1e-3, 1e-7, 1e-6, 1e-4, 1e-9, 1e-10, 1e-12, 1e-2, 0.0)
ALGEBRA = {
    "dx": "dX = (γ·dY − mean(γ·dY) − x̂·mean(γ·dY·x̂)) / √(σ² + ε)",
    "dg": "dγ = Σ dY·x̂",
    "db": "dβ = Σ dY",
}


def _is_centred(o: Options) -> bool:
    return bool(o.get("centred", True))


def _centred(x: Array, o: Options) -> Array:
    """x − μ; x itself under the root mean square."""
    return np.asarray(x - x.mean(o["over"], keepdims=True)) if _is_centred(o) else x


def deviation(x: Array, o: Options, eps: float) -> Array:
    """√(σ² + ε), or σ + ε."""
    squares = (_centred(x, o) ** 2).sum(o["over"], keepdims=True)
    variance = squares / (_count(x, o) - o["less"])
    root = np.sqrt(variance + eps) if o["inside"] else np.sqrt(variance) + eps
    return np.asarray(root)


def _normalised(x: Array, o: Options) -> Array:
    """x̂."""
    return _centred(x, o) / deviation(x, o, o["eps"])


def _count(x: Array, o: Options) -> int:
    """m, the number of entries that a statistic is taken over."""
    return int(np.prod([x.shape[k] for k in o["over"]]))


def _centred_x(_: Array, given: Given) -> Array:
    """x − μ in the place of another value."""
    return _centred(given["x"], given.options)


def _without_eps(_: Array, given: Given) -> Array:
    """x̂ without the ε beside the variance."""
    x, o = given["x"], given.options
    return _centred(x, o) / deviation(x, o, 0.0)


def _times_gamma(value: Array, given: Given) -> Array:
    return value * given.arrays.get("g", 1.0)


M = "dx.m_mean dx.m_variance"
MISTAKES = (
    Mistake("statistics-constant", "dx.mean dx.variance",
            "mean and variance are treated as constants", zero),
    Mistake("mean-constant", "dx.mean",
            "the mean is treated as a constant: − mean(dY) is missing", zero),
    Mistake("variance-constant", "dx.variance",
            "the variance is treated as a constant: its term is missing", zero),
    Mistake("sums-for-means", M,
            "1/m is missing before the sums over the statistics' entries", one),
    Mistake("mean-not-divided", "dx.m_mean", "1/m is missing before Σ dY", one),
    Mistake("variance-not-divided", "dx.m_variance", "1/m is missing before Σ dY·x̂", one),
    Mistake("one-less", M, "m − 1 stands where m belongs", lambda m, _: m - 1),
    Mistake("variance-sign", "dx.variance",
            "the term of the variance is added, not subtracted", times(-1)),
    Mistake("mean-sign", "dx.mean", "the term of the mean is added, not subtracted", times(-1)),
    Mistake("eps-forgotten", "dx.eps", "ε is missing beside the variance", zero),
    Mistake("variance-for-deviation", "dx.deviation",
            "it is divided by σ² + ε, without the root", squared),
    Mistake("deviation-forgotten", "dx.deviation", "it is not divided by √(σ² + ε)", one),
    Mistake("deviation-multiplied", "dx.deviation",
            "it is multiplied by √(σ² + ε) where it should be divided", inverted),
    Mistake("variance-twice", "dx.variance",
            "the term of the variance is there twice: the ½ is forgotten", times(2)),
    Mistake("variance-halved", "dx.variance",
            "the term of the variance is halved: the square's 2 is missing", times(0.5)),
    Mistake("gamma-forgotten", "dx.gamma", "γ is missing in dX", one),
    Mistake("gamma-squared", "dx.gamma", "γ is multiplied in twice in dX", squared),
    Mistake("y-for-normalised", "dx.hat",
            "y stands where x̂ belongs in the term of the variance", the_output),
    Mistake("x-for-normalised", "dx.hat",
            "x stands where x̂ belongs in the term of the variance", the("x")),
    Mistake("centred-for-normalised", "dx.hat",
            "x − μ stands where x̂ belongs in the variance's term", _centred_x),
    Mistake("normalised-missing", "dx.outer",
            "x̂ is missing before the mean(dY·x̂) of the variance's term", one),
    Mistake("centred-before-variance", "dx.outer",
            "x − μ stands where x̂ belongs before the variance's mean(dY·x̂)", _centred_x),
    Mistake("gamma-inside-forgotten", "dx.mean_terms dx.variance_terms",
            "γ is missing inside of the means of dY and of dY·x̂", the_upstream),
    Mistake("gamma-in-mean-forgotten", "dx.mean_terms",
            "γ is missing inside of the mean of dY", the_upstream),
    Mistake("gamma-in-variance-forgotten", "dx.variance_terms",
            "γ is missing inside of the mean of dY·x̂", the_upstream),
    Mistake("gamma-outside-forgotten", "dx.direct",
            "γ is missing in what goes straight to x, and is there in the means", the_upstream),
    Mistake("batch-for-all", M,
            "m counts the samples only, not their positions", lambda _, given: len(given["x"])),
    Mistake("dgamma-with-x", "dg.hat", "dγ multiplies by x, not by x̂", the("x")),
    Mistake("dgamma-centred", "dg.hat",
            "dγ multiplies by x − μ, not divided by √(σ² + ε)", _centred_x),
    Mistake("dgamma-with-y", "dg.hat", "dγ multiplies by y, not by x̂", the_output),
    Mistake("dgamma-without-x", "dg.hat", "dγ lacks the factor x̂: it is dβ", one),
    Mistake("dgamma-times-gamma", "dg.terms", "dγ is multiplied by γ", _times_gamma),
    Mistake("dgamma-first-sample", "dg.terms", "dγ is the first sample's", part(FIRST)),
    Mistake("dgamma-eps-forgotten", "dg.hat", "ε is missing in the x̂ of dγ", _without_eps),
    Mistake("dbeta-first-sample", "db.terms", "dβ is the first sample's", part(FIRST)),
    Mistake("dbeta-times-gamma", "db.terms", "dβ is multiplied by γ", _times_gamma),
)  # fmt: skip


def _forward(a: Arrays, o: Options) -> Array:
    return np.asarray(a.get("g", 1.0) * _normalised(a["x"], o) + a.get("b", 0.0))


def _backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    found = {"x": _dx(step, g, a, o)}
    if "g" in a:
        terms = step("dg.terms", g * step("dg.hat", _normalised(a["x"], o)))
        found["g"] = _summed(terms, a["g"])
    if "b" in a:
        found["b"] = _summed(step("db.terms", g), a["b"])
    return found


def _dx(step: Step, g: Array, a: Arrays, o: Options) -> Array:
    """What goes straight to x, less what goes through the mean and through the variance."""
    x, m, over = a["x"], _count(a["x"], o), o["over"]
    g = g * step("dx.gamma", a.get("g", np.ones(())))
    hat = step("dx.hat", _normalised(x, o))
    terms = step("dx.mean_terms", g), step("dx.variance_terms", g) * hat
    mean, slope = (each.sum(over, keepdims=True) for each in terms)
    mean = step("dx.mean_sum", mean) / step("dx.m_mean", m) * _is_centred(o)
    slope = step("dx.variance_sum", slope) / step("dx.m_variance", m)
    variance = step("dx.variance", step("dx.outer", hat) * slope * _variance_share(x, o))
    divisor = step("dx.deviation", deviation(x, o, step("dx.eps", o["eps"])))
    return np.asarray((step("dx.direct", g) - step("dx.mean", mean) - variance) / divisor)


def _variance_share(x: Array, o: Options) -> Array:
    """m/(m − 1) for the unbiased variance, and (σ + ε)/σ where ε stands outside of the root."""
    m, less = _count(x, o), o["less"]
    if o["inside"]:
        return np.asarray(m / (m - less))
    return np.asarray(deviation(x, o, o["eps"]) / deviation(x, o, 0.0) * m / (m - less))


def _summed(terms: Array, like: Array) -> Array:
    """Summed over what γ and β are shared by."""
    return np.asarray(
        terms.sum(tuple(k for k, size in enumerate(like.shape) if size == 1), keepdims=True)
    )


Proposals = Iterator[tuple[Axes, Options]]
# the user's axes, the axes of the statistics, the letters of γ and β
BATCH = (
    ("NC", "N", "C"), ("CN", "N", "C"), ("NCHW", "NHW", "C"), ("NHWC", "NHW", "C"),
    ("NCH", "NH", "C"), ("NHC", "NH", "C"), ("NCHW", "N", "CHW"), ("N", "N", ""),
)  # fmt: skip
LAYER = (
    ("NC", "C", "C"), ("NHC", "C", "C"), ("NHWC", "C", "C"), ("CN", "C", "C"), ("C", "C", "C"),
    ("NCHW", "CHW", "CHW"), ("NCHW", "CHW", "C"), ("NHWC", "HWC", "HWC"), ("NHWC", "HWC", "C"),
    ("NCHW", "HW", "C"), ("NHWC", "HW", "C"), ("CHW", "HW", "C"), ("NCHW", "C", "C"),
)  # fmt: skip


def _readings(kinds: tuple[tuple[str, str, str], ...], a: Arrays, output: Array) -> Proposals:
    layouts = [{"x": x, "y": x} for x, _, _ in kinds]
    over = [tuple("NCHW".index(letter) for letter in axes) for _, axes, _ in kinds]
    for n, layout in enumerate(layouts):
        for axes, lengths in fitting([layout], {"x": a["x"], "y": output}, ORDERS):
            ranks = {r: spread(a[r].shape, kinds[n][2], lengths) for r in ("g", "b") if r in a}
            given = {role: found for role, found in ranks.items() if found is not None}
            if len(given) == len(ranks) and any(lengths[k] > 1 for k in kinds[n][1]):
                for eps, less, inside in SETTINGS:
                    words = f"{axes['x']}, statistics over {kinds[n][1]}, ε = {eps:g}"
                    yield {**axes, **given}, {
                        "over": over[n], "eps": eps, "less": less, "inside": inside,
                        "layout": words + ", N − 1" * less,
                    }  # fmt: skip


SETTINGS = [(eps, less, True) for less in (0, 1) for eps in EPS] + [(e, 0, False) for e in EPS[:-1]]


def _operation(name: str, kinds: tuple[tuple[str, str, str], ...]) -> Operation:
    return Operation(
        name, ("x", "g", "b"), ALGEBRA, MISTAKES, _forward, _backward,
        lambda a, output: _readings(kinds, a, output), frozenset("gb"), ORDERS,
        lambda options: options["layout"],
    )  # fmt: skip


BATCH_NORM = _operation("batch normalisation", BATCH)
LAYER_NORM = _operation("layer normalisation", LAYER)
