"""How a loss becomes one number: summed, or the mean over samples or entries."""

from collections.abc import Iterator

import numpy as np

from .axes import fitting, spread
from .core import Array, Arrays, Axes, Options

ORDERS = {"p": "NKLM", "t": "NKLM", "y": "NKLM"}
LAYOUTS = [{"p": axes, "t": axes} for axes in ("NK", "KN", "N", "K", "", "NKL", "NKLM")]
OVER = ("samples", "entries", "nothing")  # what a sum is divided by


def divisor(shape: tuple[int, ...], over: str) -> float:
    """What the sum over all entries of this shape is divided by."""
    return {"samples": shape[0], "entries": int(np.prod(shape))}.get(over, 1)


def weight(shape: tuple[int, ...], o: Options) -> float:
    """The factor before the sum: 1, ½, 1/N, ..."""
    return float(o["scale"] / divisor(shape, o["over"]))


def reduced(losses: Array, o: Options, shape: tuple[int, ...]) -> Array:
    """Losses as the user's number, or each of them."""
    scaled = losses * weight(shape, o)
    return scaled if o["each"] else scaled.sum(keepdims=True)


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
