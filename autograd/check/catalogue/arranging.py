"""Operations that only select, repeat or rearrange: dropout, upsampling, flattening."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from .axes import fitting
from .core import Array, Arrays, Axes, Operation, Options, Switches, shared, table

DROPOUT_LINE = "dX = dY·mask/(1 − p)"
DROPOUT_MISTAKES = table(
    ("x", "mask-forgotten", "the mask is not applied", DROPOUT_LINE),
    ("x", "mask-reversed", "the gradient passes where the entries were dropped", DROPOUT_LINE),
    ("x", "scale-forgotten", "the scale of the entries that are kept is missing", DROPOUT_LINE),
    ("x", "scale-twice", "the scale is multiplied in twice", DROPOUT_LINE),
    ("x", "scale-divided", "it is divided by the scale, not multiplied", DROPOUT_LINE),
    ("x", "rate-for-kept", "1/p stands where 1/(1 − p) belongs, or the reverse", DROPOUT_LINE),
    ("x", "derivative-forgotten", "mask and scale are both missing", DROPOUT_LINE),
    ("x", "value-for-gradient", "the output is handed back, not the gradient", DROPOUT_LINE),
) + shared("x m", DROPOUT_LINE)


def _drop(a: Arrays, o: Options) -> Array:
    return a["x"] * a["m"] * o["scale"]


def _undrop(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    mask, scale = a["m"], o["scale"]
    if "scale-forgotten" in on:
        mask, scale = np.sign(np.abs(mask)), 1.0
    if "scale-twice" in on:
        mask, scale = mask * mask, scale * scale
    if "scale-divided" in on:
        mask, scale = np.where(mask == 0, 0, 1 / np.where(mask == 0, 1, mask)), 1 / scale
    if "rate-for-kept" in on:
        kept = 1 / (scale * mask.max())
        mask, scale = np.sign(np.abs(mask)), 1 / (1 - kept) if kept < 1 else scale
    if "mask-forgotten" in on or "derivative-forgotten" in on:
        mask = np.full_like(mask, mask.max())
    if "mask-reversed" in on:
        mask = mask.max() * (mask == 0)
    if "derivative-forgotten" in on:
        mask, scale = np.ones_like(mask), 1.0
    value = a["x"] if "value-for-gradient" in on else g
    return {"x": value * mask * scale, "m": g * a["x"] * o["scale"]}


def _dropout_readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """A mask of two numbers, one of them 0; the scale is measured."""
    x, mask = a["x"], a["m"]
    if not x.shape == mask.shape == output.shape or len(np.unique(mask)) != 2:
        return
    kept = (x * mask) != 0
    if kept.any() and (mask == 0).any():
        scales = output[kept] / (x * mask)[kept]
        if np.ptp(scales) <= 1e-9 * abs(scales[0]):
            yield {}, {"scale": float(scales[0])}


DROPOUT = Operation(
    "dropout", ("x", "m"), DROPOUT_MISTAKES, _drop, _undrop, _dropout_readings,
    describe=lambda o: f"scale {o['scale']:.6g}",
)  # fmt: skip

UPSAMPLE_LINE = "dX[c,i,j] = Σ_{u,v} dY[c, k·i+u, k·j+v]"
UPSAMPLE_MISTAKES = table(
    ("x", "one-entry", "only the first of the repeated entries is used", UPSAMPLE_LINE),
    ("x", "last-entry", "the repeated entries overwrite each other", UPSAMPLE_LINE),
    ("x", "averaged", "the repeated entries are averaged, not summed", UPSAMPLE_LINE),
    ("x", "maximum", "the largest of the repeated entries is used, not their sum", UPSAMPLE_LINE),
    ("x", "half-averaged", "the repeated entries are divided by the factor", UPSAMPLE_LINE),
    ("x", "interleaved", "the blocks are cut in the wrong order: (k, H) for (H, k)", UPSAMPLE_LINE),
    ("x", "rows-only", "only the first column of each block is summed", UPSAMPLE_LINE),
    ("x", "diagonal-only", "only the diagonal of each block is summed", UPSAMPLE_LINE),
    ("x", "positions-swapped", "rows and columns are swapped", UPSAMPLE_LINE),
    ("x", "first-channel", "only the first channel gets a gradient", UPSAMPLE_LINE),
) + shared("x", UPSAMPLE_LINE)  # fmt: skip
UPSAMPLE_ORDERS = {"x": "NCHW", "y": "NCPQ"}
UPSAMPLE_LAYOUTS = [
    {"x": x, "y": x.replace("H", "P").replace("W", "Q")}
    for x in ("NCHW", "NHWC", "CHW", "HWC", "HW", "NCW", "CW", "W")
]


def _upsample(a: Arrays, o: Options) -> Array:
    return a["x"].repeat(o["factors"][0], 2).repeat(o["factors"][1], 3)


def _downsum(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    n, c, h, w = a["x"].shape
    k, m = o["factors"]
    blocks = g.reshape(n, c, h, k, w, m).transpose(0, 1, 2, 4, 3, 5)
    if "interleaved" in on:
        blocks = g.reshape(n, c, k, h, m, w).transpose(0, 1, 3, 5, 2, 4)
    dx = blocks.sum((4, 5))
    if "one-entry" in on:
        dx = blocks[..., 0, 0]
    if "last-entry" in on:
        dx = blocks[..., -1, -1]
    if "averaged" in on:
        dx = dx / (k * m)
    if "half-averaged" in on:
        dx = dx / k
    if "maximum" in on:
        dx = blocks.max((4, 5))
    if "rows-only" in on:
        dx = blocks[..., 0].sum(4)
    if "diagonal-only" in on:
        dx = blocks.trace(axis1=4, axis2=5)
    if "positions-swapped" in on and h == w:
        dx = dx.swapaxes(2, 3)
    if "first-channel" in on:
        dx = np.concatenate([dx[:, :1], 0 * dx[:, 1:]], 1)
    return {"x": dx}


def _upsample_readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    for axes, n in fitting(UPSAMPLE_LAYOUTS, {"x": a["x"], "y": output}, UPSAMPLE_ORDERS):
        if n["P"] % n["H"] == 0 == n["Q"] % n["W"] and n["P"] * n["Q"] > n["H"] * n["W"]:
            factors = (n["P"] // n["H"], n["Q"] // n["W"])
            yield axes, {"factors": factors, "layout": axes["x"]}


UPSAMPLE = Operation(
    "nearest upsampling", ("x",), UPSAMPLE_MISTAKES, _upsample, _downsum, _upsample_readings,
    orders=UPSAMPLE_ORDERS, describe=lambda o: f"{o['layout']}, by {o['factors']}",
)  # fmt: skip

FLATTEN_LINE = "dX = dY in the shape of X, in the order in which X was flattened"
FLATTEN_MISTAKES = table(
    ("x", "fortran-order", "the first index runs fastest (order F), not the last", FLATTEN_LINE),
    ("x", "axes-not-moved-back", "dY is reshaped without moving its axes back", FLATTEN_LINE),
    ("x", "channels-last", "the channels are taken to run fastest", FLATTEN_LINE),
    ("x", "rows-and-columns", "rows and columns are swapped", FLATTEN_LINE),
    ("x", "samples-mixed", "samples and features are swapped before the reshape", FLATTEN_LINE),
    ("x", "reversed", "the order is reversed", FLATTEN_LINE),
) + shared("x", FLATTEN_LINE)  # fmt: skip


def _flatten(a: Arrays, o: Options) -> Array:
    return a["x"].transpose(o["moved"]).reshape(o["shape"])


def _unflatten(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    x, moved = a["x"], o["moved"]
    shape = tuple(x.shape[k] for k in moved)
    if "samples-mixed" in on:
        g = g.T
    order = [k for k, _ in sorted(enumerate(moved), key=lambda place: place[1])]
    dx = g.reshape(shape).transpose(order)
    if "fortran-order" in on:
        dx = g.reshape(x.shape, order="F")
    if "axes-not-moved-back" in on:
        dx = g.reshape(x.shape)
    if "channels-last" in on and x.ndim > 2:
        dx = np.moveaxis(g.reshape(*x.shape[:-3], *x.shape[-2:], x.shape[-3]), -1, -3)
    if "rows-and-columns" in on and x.ndim > 1:
        dx = g.reshape(*x.shape[:-2], x.shape[-1], x.shape[-2]).swapaxes(-1, -2)
    if "reversed" in on:
        dx = dx.reshape(-1)[::-1].reshape(x.shape)
    return {"x": dx}


def _flatten_readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """The axes in any order, then another shape."""
    x = a["x"]
    if x.size == output.size and 1 < x.ndim <= 5:
        for moved in permutations(range(x.ndim)):
            if moved != tuple(range(x.ndim)) or x.shape != output.shape:
                yield {}, {"moved": moved, "shape": output.shape}


FLATTEN = Operation(
    "reshape", ("x",), FLATTEN_MISTAKES, _flatten, _unflatten, _flatten_readings,
    describe=lambda o: f"axes in the order {o['moved']}, shape {o['shape']}",
)  # fmt: skip
