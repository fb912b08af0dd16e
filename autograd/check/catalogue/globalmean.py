"""The mean of whole channels: y[n,c] = Σ_{i,j} x[n,c,i,j]/(H·W)."""

from collections.abc import Iterator

import numpy as np

from .axes import spread
from .changes import FIRST, only
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step


def to_the_maximum(_: Array, given: Given) -> Array:
    """All of it to the largest entry."""
    x = given["x"]
    return np.asarray((x == x.max((2, 3), keepdims=True)) * 1.0)


def times_entries(shares: Array, given: Given) -> Array:
    """Multiplied by the entries."""
    return shares * given["x"]


MISTAKES = (
    Mistake("first-entry", "dx.shares",
            "only the first entry of each channel gets the gradient", only(FIRST, 2, 3)),
    Mistake("to-the-maximum", "dx.shares",
            "the gradient goes to the largest entry", to_the_maximum),
    Mistake("times-value", "dx.shares",
            "the gradient is multiplied by the entries", times_entries),
)  # fmt: skip
ORDERS = {"x": "NCHW", "y": "NCPQ"}
LAYOUTS = [
    {"x": x, "y": y}
    for x, y in (("NCHW", "NC"), ("NHWC", "NC"), ("CHW", "C"), ("HWC", "C"), ("NCW", "NC"))
]


def _forward(a: Arrays, _: Options) -> Array:
    return np.asarray(a["x"].mean((2, 3), keepdims=True))


def _backward(step: Step, g: Array, a: Arrays, _: Options) -> dict[str, Array]:
    shape = a["x"].shape
    return {"x": g * step("dx.shares", np.full(shape, 1 / (shape[2] * shape[3])))}


def _readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    for layout in LAYOUTS:
        if len(layout["x"]) == a["x"].ndim:
            lengths = dict(zip(layout["x"], a["x"].shape, strict=True))
            y = spread(output.shape, layout["y"], lengths)
            if y is not None:
                yield {"x": layout["x"], "y": y}, {"layout": layout["x"]}


GLOBAL_MEAN = Operation(
    "global average pooling", ("x",), {"dx": "dX[n,c,i,j] = dY[n,c]/(H·W)"}, MISTAKES,
    _forward, _backward, _readings, orders=ORDERS, describe=lambda o: str(o["layout"]),
)  # fmt: skip
