"""How a loss becomes one number, and the places where its 1/N goes wrong."""

from collections.abc import Iterator

import numpy as np

from .axes import fitting, spread
from .core import Array, Arrays, Axes, Options, Row, Switches

ORDERS = {"p": "NKLM", "t": "NKLM", "y": "NKLM"}
LAYOUTS = [{"p": axes, "t": axes} for axes in ("NK", "KN", "N", "K", "", "NKL", "NKLM")]
OVER = ("samples", "entries", "nothing")  # what a sum is divided by


def divisors(line: str) -> tuple[Row, ...]:
    """Mistakes in 1/N; `line` is the loss's gradient."""
    return (
        ("p", "not-divided", "the mean's 1/N is missing", line),
        ("p", "divided-twice", "the mean's 1/N is multiplied in twice", line),
        ("p", "divided-by-samples", "it is divided by the number of samples", line),
        ("p", "divided-by-entries", "it is divided by the number of all entries", line),
        ("p", "divided-by-width", "it is divided by the length of a sample", line),
        ("p", "first-sample", "only the first sample gets a gradient", line),
    )  # fmt: skip


def divisor(shape: tuple[int, ...], over: str) -> float:
    """What the sum over all entries of this shape is divided by."""
    return {"samples": shape[0], "entries": int(np.prod(shape))}.get(over, 1)


def weight(shape: tuple[int, ...], o: Options, on: Switches) -> float:
    """The factor before the sum: 1, ½, 1/N, ..., and what is put in its place."""
    n = divisor(shape, o["over"])
    if "divided-twice" in on:
        n = n * n
    if "not-divided" in on:
        n = 1
    if "divided-by-samples" in on:
        n = shape[0]
    if "divided-by-entries" in on:
        n = int(np.prod(shape))
    if "divided-by-width" in on:
        n = int(np.prod(shape[1:]))
    return float(o["scale"] / n)


def reduced(losses: Array, o: Options, shape: tuple[int, ...]) -> Array:
    """Losses as the user's number, or each of them."""
    scaled = losses * weight(shape, o, frozenset())
    return scaled if o["each"] else scaled.sum(keepdims=True)


def first_sample(dp: Array, on: Switches) -> Array:
    """Nothing for the other samples, where that is switched on."""
    return np.concatenate([dp[:1], 0 * dp[1:]]) if "first-sample" in on else dp


def arrangements(a: Arrays, output: Array, rows: bool) -> Iterator[tuple[Axes, Options]]:
    """Layouts of predictions and targets, and what the losses are divided by.

    With `rows` a loss is that of a row of classes, else of an entry.
    """
    for axes, n in fitting(LAYOUTS, {"p": a["p"], "t": a["t"]}, ORDERS):
        if rows and n["K"] == 1:
            continue
        each = spread(output.shape, axes["p"].replace("K", "") if rows else axes["p"], n)
        if output.size == 1:
            for over in _distinct(tuple(n[letter] for letter in "NKLM")):
                yield {**axes, "y": "1" * output.ndim}, {"over": over, "each": False}
        elif each is not None:
            yield {**axes, "y": each}, {"over": "nothing", "each": True}


def _distinct(shape: tuple[int, ...]) -> list[str]:
    """The divisors that differ, the usual ones first."""
    found: dict[float, str] = {}
    for over in OVER:
        found.setdefault(divisor(shape, over), over)
    return list(found.values())


def described(o: Options) -> str:
    """The reduction in words."""
    if o["each"]:
        return "of each"
    half = "half " if o["scale"] == 0.5 else ""
    return half + {"nothing": "summed"}.get(o["over"], f"mean over {o['over']}")
