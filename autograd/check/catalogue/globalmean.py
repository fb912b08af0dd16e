"""The mean of whole channels: y[n,c] = Σ_{i,j} x[n,c,i,j]/(H·W)."""

from collections.abc import Iterator

import numpy as np

from .axes import spread
from .core import Array, Arrays, Axes, Operation, Options, Switches, shared, table

MEAN_LINE = "dX[n,c,i,j] = dY[n,c]/(H·W)"
MEAN_MISTAKES = table(
    ("x", "not-divided", "it is not divided by H·W", MEAN_LINE),
    ("x", "divided-by-side", "it is divided by one side of the image only", MEAN_LINE),
    ("x", "divided-twice", "it is divided by H·W twice", MEAN_LINE),
    ("x", "divided-by-channels", "it is divided by the number of channels", MEAN_LINE),
    ("x", "divided-by-samples", "it is divided by the number of samples too", MEAN_LINE),
    ("x", "divided-by-image", "it is divided by C·H·W", MEAN_LINE),
    ("x", "first-entry", "only the first entry of each channel gets the gradient", MEAN_LINE),
    ("x", "to-the-maximum", "the gradient goes to the largest entry", MEAN_LINE),
    ("x", "times-value", "the gradient is multiplied by the entries", MEAN_LINE),
    ("x", "first-channel", "only the first channel gets a gradient", MEAN_LINE),
    ("x", "channels-summed", "every channel gets the sum over the channels", MEAN_LINE),
) + shared("x", MEAN_LINE)
MEAN_ORDERS = {"x": "NCHW", "y": "NCPQ"}
MEAN_LAYOUTS = [
    {"x": x, "y": y}
    for x, y in (("NCHW", "NC"), ("NHWC", "NC"), ("CHW", "C"), ("HWC", "C"), ("NCW", "NC"))
]


def _global_mean(a: Arrays, o: Options) -> Array:
    return a["x"].mean((2, 3), keepdims=True)


def _from_mean(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    x = a["x"]
    n, c, h, w = x.shape
    if "channels-summed" in on:
        g = np.broadcast_to(g.sum(1, keepdims=True), g.shape)
    if "first-channel" in on:
        g = np.concatenate([g[:, :1], 0 * g[:, 1:]], 1)
    divisors = {
        "not-divided": 1, "divided-by-side": w, "divided-twice": (h * w) ** 2,
        "divided-by-channels": c, "divided-by-samples": h * w * n, "divided-by-image": h * w * c,
    }  # fmt: skip
    shares = np.full(x.shape, 1 / next((d for k, d in divisors.items() if k in on), h * w))
    if "first-entry" in on:
        shares[:, :, 1:] = shares[..., 1:] = 0
    if "to-the-maximum" in on:
        shares = (x == x.max((2, 3), keepdims=True)) * 1.0
    if "times-value" in on:
        shares = shares * x
    return {"x": g * shares}


def _mean_readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    for layout in MEAN_LAYOUTS:
        if len(layout["x"]) == a["x"].ndim:
            lengths = dict(zip(layout["x"], a["x"].shape, strict=True))
            y = spread(output.shape, layout["y"], lengths)
            if y is not None:
                yield {"x": layout["x"], "y": y}, {"layout": layout["x"]}


GLOBAL_MEAN = Operation(
    "global average pooling", ("x",), MEAN_MISTAKES, _global_mean, _from_mean, _mean_readings,
    orders=MEAN_ORDERS, describe=lambda o: str(o["layout"]),
)  # fmt: skip
