"""Normalisation: y = γ·x̂ + β, x̂ = (x − μ)/√(σ² + ε), over the batch, a sample or an image."""

from collections.abc import Iterator

import numpy as np

from .axes import fitting, spread
from .core import Array, Arrays, Axes, Operation, Options, Switches, shared, table

ORDERS = {"x": "NCHW", "g": "NCHW", "b": "NCHW", "y": "NCHW"}
EPS = (1e-5, 1e-8, 1e-3, 1e-7, 1e-6, 1e-4, 1e-9, 1e-10, 1e-12, 1e-2, 0.0)
DX = "dX = γ/√(σ² + ε) · (dY − mean(dY) − x̂·mean(dY·x̂))"
DG, DB = "dγ = Σ dY·x̂", "dβ = Σ dY"
MISTAKES = table(
    ("x", "statistics-constant", "mean and variance are treated as constants", DX),
    ("x", "mean-constant", "the mean is treated as a constant: − mean(dY) is missing", DX),
    ("x", "variance-constant", "the variance is treated as a constant: its term is missing", DX),
    ("x", "sums-for-means", "1/m is missing before the sums over the statistics' entries", DX),
    ("x", "mean-not-divided", "1/m is missing before Σ dY", DX),
    ("x", "variance-not-divided", "1/m is missing before Σ dY·x̂", DX),
    ("x", "one-less", "m − 1 stands where m belongs", DX),
    ("x", "divided-again", "dX is divided by m once more", DX),
    ("x", "variance-sign", "the term of the variance is added, not subtracted", DX),
    ("x", "mean-sign", "the term of the mean is added, not subtracted", DX),
    ("x", "eps-forgotten", "ε is missing beside the variance", DX),
    ("x", "variance-for-deviation", "it is divided by σ² + ε, without the root", DX),
    ("x", "deviation-forgotten", "it is not divided by √(σ² + ε)", DX),
    ("x", "deviation-multiplied", "it is multiplied by √(σ² + ε) where it should be divided", DX),
    ("x", "variance-twice", "the term of the variance is there twice: the ½ is forgotten", DX),
    ("x", "variance-halved", "the term of the variance is halved: the square's 2 is missing", DX),
    ("x", "gamma-forgotten", "γ is missing in dX", DX),
    ("x", "gamma-squared", "γ is multiplied in twice in dX", DX),
    ("x", "y-for-normalised", "y stands where x̂ belongs in the term of the variance", DX),
    ("x", "x-for-normalised", "x stands where x̂ belongs in the term of the variance", DX),
    ("x", "centred-for-normalised", "x − μ stands where x̂ belongs in the variance's term", DX),
    ("x", "batch-for-all", "m counts the samples only, not their positions", DX),
    ("g", "dgamma-with-x", "dγ multiplies by x, not by x̂", DG),
    ("g", "dgamma-centred", "dγ multiplies by x − μ, not divided by √(σ² + ε)", DG),
    ("g", "dgamma-with-y", "dγ multiplies by y, not by x̂", DG),
    ("g", "dgamma-without-x", "dγ lacks the factor x̂: it is dβ", DG),
    ("g", "dgamma-mean", "dγ is the mean, not the sum", DG),
    ("g", "dgamma-by-samples", "dγ is divided by the number of samples", DG),
    ("g", "dgamma-times-gamma", "dγ is multiplied by γ", DG),
    ("g", "dgamma-first-sample", "dγ is the first sample's", DG),
    ("g", "dgamma-total", "dγ is summed over the features too: one number for all", DG),
    ("g", "dgamma-eps-forgotten", "ε is missing in the x̂ of dγ", DG),
    ("b", "dbeta-mean", "dβ is the mean, not the sum", DB),
    ("b", "dbeta-by-samples", "dβ is divided by the number of samples", DB),
    ("b", "dbeta-first-sample", "dβ is the first sample's", DB),
    ("b", "dbeta-total", "dβ is summed over the features too: one number for all", DB),
    ("b", "dbeta-forgotten", "dβ is zero", DB),
    ("b", "dbeta-times-gamma", "dβ is multiplied by γ", DB),
) + shared("x g b", f"{DX}; {DG}; {DB}")  # fmt: skip


def _deviation(x: Array, o: Options, eps: float) -> Array:
    variance = x.var(o["over"], keepdims=True, ddof=o["less"])
    deviation = np.sqrt(variance + eps) if o["inside"] else np.sqrt(variance) + eps
    return np.asarray(deviation)


def _normalised(x: Array, o: Options) -> Array:
    """x̂."""
    return np.asarray((x - x.mean(o["over"], keepdims=True)) / _deviation(x, o, o["eps"]))


def _forward(a: Arrays, o: Options) -> Array:
    return np.asarray(a.get("g", 1.0) * _normalised(a["x"], o) + a.get("b", 0.0))


def _backward(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    found = {"x": _dx(g, a, o, on)}
    if "g" in a:
        found["g"] = _dgamma(g, a, o, on)
    if "b" in a:
        found["b"] = _dbeta(g, a, on)
    return found


def _dx(g: Array, a: Arrays, o: Options, on: Switches) -> Array:
    gamma = 1.0 if "gamma-forgotten" in on else a.get("g", 1.0)
    if "gamma-squared" in on:
        gamma = gamma * gamma
    eps = 0.0 if "eps-forgotten" in on else o["eps"]
    through_mean, through_variance = _terms(np.asarray(g * gamma), a, o, on)
    deviation = _deviation(a["x"], o, eps)
    if "variance-for-deviation" in on:
        deviation = deviation**2
    if "deviation-forgotten" in on:
        deviation = np.ones_like(deviation)
    if "deviation-multiplied" in on:
        deviation = 1 / deviation
    dx = (g * gamma - through_mean - through_variance) / deviation
    if "divided-again" in on:
        dx = dx / _count(a["x"], o)
    return np.asarray(dx)


def _count(x: Array, o: Options) -> int:
    """m, the number of entries that a statistic is taken over."""
    return int(np.prod([x.shape[k] for k in o["over"]]))


def _terms(g: Array, a: Arrays, o: Options, on: Switches) -> tuple[Array, Array]:
    """What goes through the mean, and what through the variance."""
    x, m = a["x"], _count(a["x"], o)
    hat = _normalised(x, o)
    factor = _stand_in(hat, a, o, on)
    through_mean = g.sum(o["over"], keepdims=True)
    through_variance = factor * (g * factor).sum(o["over"], keepdims=True)
    through_variance = through_variance * _variance_share(x, o)
    least = {"one-less": m - 1, "batch-for-all": len(x), "sums-for-means": 1}
    m = next((n for name, n in least.items() if name in on), m)
    through_mean = through_mean / (1 if "mean-not-divided" in on else m)
    through_variance = through_variance / (1 if "variance-not-divided" in on else m)
    if on & {"statistics-constant", "mean-constant"}:
        through_mean = 0 * through_mean
    if on & {"statistics-constant", "variance-constant"}:
        through_variance = 0 * through_variance
    scales = {"variance-sign": -1.0, "variance-twice": 2.0, "variance-halved": 0.5}
    for name, scale in scales.items():
        through_variance = through_variance * (scale if name in on else 1.0)
    return (-through_mean if "mean-sign" in on else through_mean), through_variance


def _variance_share(x: Array, o: Options) -> Array:
    """m/(m − 1) for the unbiased variance, and (σ + ε)/σ where ε stands outside of the root."""
    m, less = _count(x, o), o["less"]
    if o["inside"]:
        return np.asarray(m / (m - less))
    return np.asarray(_deviation(x, o, o["eps"]) / _deviation(x, o, 0.0) * m / (m - less))


def _stand_in(hat: Array, a: Arrays, o: Options, on: Switches) -> Array:
    """x̂, or what stands in its place."""
    if "y-for-normalised" in on:
        return _forward(a, o)
    if "x-for-normalised" in on:
        return a["x"]
    if "centred-for-normalised" in on:
        return a["x"] - a["x"].mean(o["over"], keepdims=True)
    return hat


def _dgamma(g: Array, a: Arrays, o: Options, on: Switches) -> Array:
    x, gamma = a["x"], a["g"]
    centred = x - x.mean(o["over"], keepdims=True)
    factor = _normalised(x, o)
    if "dgamma-eps-forgotten" in on:
        factor = centred / _deviation(x, o, 0.0)
    if "dgamma-with-x" in on:
        factor = x
    if "dgamma-centred" in on:
        factor = centred
    if "dgamma-with-y" in on:
        factor = _forward(a, o)
    if "dgamma-without-x" in on:
        factor = np.ones_like(x)
    if "dgamma-times-gamma" in on:
        factor = factor * gamma
    return _summed(g * factor, gamma, "dgamma", on)


def _dbeta(g: Array, a: Arrays, on: Switches) -> Array:
    if "dbeta-times-gamma" in on:
        g = g * a.get("g", 1.0)
    if "dbeta-forgotten" in on:
        g = 0 * g
    return _summed(g, a["b"], "dbeta", on)


def _summed(g: Array, like: Array, name: str, on: Switches) -> Array:
    """Summed over what γ and β are shared by."""
    axes, n = tuple(k for k, size in enumerate(like.shape) if size == 1), len(g)
    if f"{name}-first-sample" in on:
        g = g[:1]
    total = g.sum(axes, keepdims=True)
    if f"{name}-mean" in on:
        total = total * total.size / g.size
    if f"{name}-by-samples" in on:
        total = total / n
    if f"{name}-total" in on:
        total = np.full_like(total, total.sum())
    return total


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
        name, ("x", "g", "b"), MISTAKES, _forward, _backward,
        lambda a, output: _readings(kinds, a, output), frozenset("gb"), ORDERS,
        lambda options: options["layout"],
    )  # fmt: skip


BATCH_NORM = _operation("batch normalisation", BATCH)
LAYER_NORM = _operation("layer normalisation", LAYER)
