"""Operations that only select, repeat or rearrange: dropout, upsampling, flattening."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from .axes import fitting
from .changes import FIRST, LAST, part, squared, the
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step


def _kept(factor: Array) -> Array:
    """1 where an entry is kept, else 0."""
    return np.asarray((factor != 0) * 1.0)


def rate_for_kept(factor: Array, _: Given) -> Array:
    """1/p for 1/(1 − p), or the reverse."""
    kept = 1 / factor.max()
    return _kept(factor) / (1 - kept) if kept < 1 else factor


DROPOUT_MISTAKES = (
    Mistake("mask-forgotten", "dx.factor",
            "the mask is not applied", lambda f, _: np.full_like(f, f.max())),
    Mistake("mask-reversed", "dx.factor",
            "the gradient passes where the entries were dropped",
            lambda f, _: f.max() * (f == 0)),
    Mistake("scale-forgotten", "dx.factor",
            "the scale of the entries that are kept is missing", lambda f, _: _kept(f)),
    Mistake("scale-twice", "dx.factor", "the scale is multiplied in twice", squared),
    Mistake("scale-divided", "dx.factor",
            "it is divided by the scale, not multiplied",
            lambda f, _: np.where(f == 0, 0, 1 / np.where(f == 0, 1, f))),
    Mistake("rate-for-kept", "dx.factor",
            "1/p stands where 1/(1 − p) belongs, or the reverse", rate_for_kept),
    Mistake("value-for-gradient", "dx.g",
            "the output is handed back, not the gradient", the("x")),
)  # fmt: skip


def _mask(a: Arrays, o: Options) -> Array:
    """The mask that is given, or measured where it is not."""
    return np.asarray(a["m"] if "m" in a else o["mask"])


def _drop(a: Arrays, o: Options) -> Array:
    return np.asarray(a["x"] * _mask(a, o) * o["scale"])


def _undrop(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    dx = step("dx.g", g) * step("dx.factor", _mask(a, o) * o["scale"])
    return {"x": dx, "m": g * a["x"] * o["scale"]}


def _dropout_readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """A mask of two numbers, one of them 0; the scale is measured, and a mask that is not given."""
    x = a["x"]
    mask = a["m"] if "m" in a else (output != 0) * 1.0
    if not x.shape == mask.shape == output.shape or len(np.unique(mask)) != 2:
        return
    kept = (x * mask) != 0
    if kept.any() and (mask == 0).any():
        scales = output[kept] / (x * mask)[kept]
        if np.ptp(scales) <= 1e-9 * abs(scales[0]) and ("m" in a or _is_dropout(x, mask, scales)):
            yield {}, {"scale": float(scales[0]), **({} if "m" in a else {"mask": mask})}


def _is_dropout(x: Array, mask: Array, scales: Array) -> bool:
    """Whether a mask that was measured is scaled as dropout is, and not one of signs, as relu's."""
    signs = [np.sign(x[mask == kept]) for kept in (0, 1)]
    return bool(scales[0] > 1 + 1e-6 and np.isin(signs[0], signs[1]).any())


DROPOUT = Operation(
    "dropout", ("x", "m"), {"dx": "dX = dY·mask/(1 − p)", "dm": "dmask = dY·X/(1 − p)"},
    DROPOUT_MISTAKES, _drop, _undrop, _dropout_readings, frozenset("m"),
    describe=lambda o: f"scale {o['scale']:.6g}",
)  # fmt: skip


def interleaved(blocks: Array, given: Given) -> Array:
    """Cut into k rows of H where H rows of k belong."""
    n, c, h, w, k, m = blocks.shape
    return given.g.reshape(n, c, k, h, m, w).transpose(0, 1, 3, 5, 2, 4)


UPSAMPLE_MISTAKES = (
    Mistake("interleaved", "dx.blocks",
            "the blocks are cut in the wrong order: (k, H) for (H, k)", interleaved),
    Mistake("one-entry", "dx.blocks",
            "only the first of the repeated entries is used", part(FIRST, 4, 5)),
    Mistake("last-entry", "dx.blocks",
            "the repeated entries overwrite each other", part(LAST, 4, 5)),
    Mistake("maximum", "dx.blocks", "the largest of the repeated entries is used, not their sum",
            lambda blocks, _: blocks.max((4, 5), keepdims=True)),
    Mistake("rows-only", "dx.blocks",
            "only the first column of each block is summed", part(FIRST, 5)),
    Mistake("diagonal-only", "dx.blocks", "only the diagonal of each block is summed",
            lambda blocks, _: blocks * np.eye(*blocks.shape[4:])),
)  # fmt: skip
UPSAMPLE_ORDERS = {"x": "NCHW", "y": "NCPQ"}
UPSAMPLE_LAYOUTS = [
    {"x": x, "y": x.replace("H", "P").replace("W", "Q")}
    for x in ("NCHW", "NHWC", "CHW", "HWC", "HW", "NCW", "CW", "W")
]


def _upsample(a: Arrays, o: Options) -> Array:
    return a["x"].repeat(o["factors"][0], 2).repeat(o["factors"][1], 3)


def _downsum(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    n, c, h, w = a["x"].shape
    k, m = o["factors"]
    blocks = g.reshape(n, c, h, k, w, m).transpose(0, 1, 2, 4, 3, 5)
    return {"x": step("dx.blocks", blocks).sum((4, 5))}


def _upsample_readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    for axes, n in fitting(UPSAMPLE_LAYOUTS, {"x": a["x"], "y": output}, UPSAMPLE_ORDERS):
        if n["P"] % n["H"] == 0 == n["Q"] % n["W"] and n["P"] * n["Q"] > n["H"] * n["W"]:
            factors = (n["P"] // n["H"], n["Q"] // n["W"])
            yield axes, {"factors": factors, "layout": axes["x"]}


UPSAMPLE = Operation(
    "nearest upsampling", ("x",), {"dx": "dX[c,i,j] = Σ_{u,v} dY[c, k·i+u, k·j+v]"},
    UPSAMPLE_MISTAKES, _upsample, _downsum, _upsample_readings,
    orders=UPSAMPLE_ORDERS, describe=lambda o: f"{o['layout']}, by {o['factors']}",
)  # fmt: skip


def first_index_fastest(dx: Array, given: Given) -> Array:
    """In the order of Fortran."""
    return given.g.reshape(dx.shape, order="F")


def channels_last(dx: Array, given: Given) -> Array:
    """As if the channels, the third axis from the end, ran fastest."""
    if dx.ndim < 3:
        return dx
    *samples, channels, height, width = dx.shape
    return np.moveaxis(given.g.reshape(*samples, height, width, channels), -1, -3)


def rows_and_columns(dx: Array, given: Given) -> Array:
    """As if the last two axes came in the other order."""
    *others, height, width = dx.shape
    return given.g.reshape(*others, width, height).swapaxes(-1, -2)


RESHAPE_MISTAKES = (
    Mistake("fortran-order", "dx",
            "the first index runs fastest (order F), not the last", first_index_fastest),
    Mistake("channels-last", "dx", "the channels are taken to run fastest", channels_last),
    Mistake("rows-and-columns", "dx", "rows and columns are swapped", rows_and_columns),
    Mistake("samples-mixed", "dx.g",
            "samples and features are swapped before the reshape", lambda g, _: g.T),
)  # fmt: skip


def _flatten(a: Arrays, o: Options) -> Array:
    return a["x"].transpose(o["moved"]).reshape(o["shape"])


def _unflatten(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    moved = o["moved"]
    shape = tuple(a["x"].shape[k] for k in moved)
    return {"x": step("dx", step("dx.g", g).reshape(shape).transpose(np.argsort(moved)))}


def _flatten_readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """The axes in any order, then another shape."""
    x = a["x"]
    if x.size == output.size and 1 < x.ndim <= 5:
        for moved in permutations(range(x.ndim)):
            if moved != tuple(range(x.ndim)) or x.shape != output.shape:
                yield {}, {"moved": moved, "shape": output.shape}


FLATTEN = Operation(
    "reshape", ("x",), {"dx": "dX = dY in the shape of X, in the order in which X was flattened"},
    RESHAPE_MISTAKES, _flatten, _unflatten, _flatten_readings,
    describe=lambda o: f"axes in the order {o['moved']}, shape {o['shape']}",
)  # fmt: skip
