"""im2col: the windows of images as the columns, or rows, of a matrix; its gradient is col2im."""

from collections.abc import Iterator
from math import isqrt

import numpy as np

from .axes import fitting
from .changes import option
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step
from .windows import (
    MARGIN_KEPT,
    OVERWRITTEN,
    corner,
    cropped,
    described,
    geometry,
    padded,
    scattered,
    steps,
    taken,
    together,
)

LETTERS = "NCPQUV"  # as windows are taken
ORDERS = {"x": "NCHW"}
LAYOUTS: list[Axes] = [{"x": x} for x in ("NCHW", "NHWC", "CHW", "HWC", "HW")]
# the axes of the output, each of several letters, the last running fastest
FORMS = (
    ("CUV", "PQN"), ("CUV", "NPQ"), ("NPQ", "CUV"), ("N", "CUV", "PQ"), ("N", "PQ", "CUV"),
    ("UVC", "NPQ"), ("NPQ", "UVC"), ("N", "PQ", "UVC"), ("N", "P", "Q", "CUV"),
)  # fmt: skip


def _turned(form: tuple[str, ...]) -> list[int]:
    return [LETTERS.index(letter) for letter in "".join(form)]


def _windows(columns: Array, form: tuple[str, ...], shape: tuple[int, ...]) -> Array:
    """Columns as windows of this shape, which have the letters' order."""
    turned = _turned(form)
    return columns.reshape([shape[k] for k in turned]).transpose(np.argsort(turned))


def _shape(a: Arrays, o: Options) -> tuple[int, ...]:
    return taken(padded(a["x"], o), o).shape


def other_rows(windows: Array, given: Given) -> Array:
    """Channels last for first in a window, or the reverse."""
    form = given.options["form"]
    swap = {"CUV": "UVC", "UVC": "CUV"}
    other = tuple(swap.get(letters, letters) for letters in form)
    return _windows(given.g, other, windows.shape)


def other_columns(windows: Array, given: Given) -> Array:
    """Samples last for first among the positions, or the reverse."""
    swap = {"PQN": "NPQ", "NPQ": "PQN"}
    other = tuple(swap.get(letters, letters) for letters in given.options["form"])
    return _windows(given.g, other, windows.shape)


def divided(full: Array, given: Given) -> Array:
    """Divided by the number of windows that an entry lies in."""
    o, shape = given.options, _shape(given.arrays, given.options)
    counts = scattered(np.ones((1, 1, *shape[2:])), full.shape, o)
    return full / np.maximum(counts, 1)


MISTAKES = (
    OVERWRITTEN,
    MARGIN_KEPT,
    Mistake("stride-ignored", "dx.where",
            "windows go back one entry apart, not a stride apart", option(stride=(1, 1))),
    Mistake("channels-misplaced", "dx.windows",
            "the entries of a window are read in another order: channels first for last, or the "
            "reverse", other_rows),
    Mistake("samples-misplaced", "dx.windows",
            "the positions are read in another order: samples first for last, or the reverse",
            other_columns),
    Mistake("divided", "dx.full",
            "each entry is divided by the number of its windows: a mean for the sum", divided),
)  # fmt: skip


def _forward(a: Arrays, o: Options) -> Array:
    windows = taken(padded(a["x"], o), o)
    return np.asarray(windows.transpose(_turned(o["form"])).reshape(o["size"]))


def _backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    windows = step("dx.windows", _windows(g, o["form"], _shape(a, o)))
    full = scattered(windows, padded(a["x"], o).shape, step("dx.where", o))
    return {"x": cropped(step("dx.full", full), step("dx.corner", corner(o)), a["x"].shape)}


def _readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """Square kernels that fit the rows, then strides and margins that fit several columns."""
    for axes, n in fitting(LAYOUTS, {"x": a["x"]}, ORDERS):
        for form in FORMS:
            if len(form) != output.ndim:
                continue
            lengths = dict(zip(form, output.shape, strict=True))
            row = next(lengths[letters] for letters in form if "U" in letters)
            side = isqrt(row // n["C"])
            places, left = divmod(output.size, row * n["N"])
            if side < 2 or side * side * n["C"] != row or left or places < 2:
                continue
            for options in _geometries(n, side, places):
                o = {**options, "form": form, "size": output.shape}
                yield axes, {**o, "layout": f"{axes['x']} to ({', '.join(form)})"}


def _geometries(n: dict[str, int], side: int, places: int) -> Iterator[Options]:
    """How square windows of this side lie where there are so many of them in an image."""
    for count in range(1, places + 1):
        if places % count == 0:
            rows = list(steps(n["H"], side, count, 2 * (side - 1)))
            columns = list(steps(n["W"], side, places // count, 2 * (side - 1)))
            for found in together(rows, columns, False):
                yield {**geometry((side, side)), **found}


COLUMNS = Operation(
    "im2col", ("x",), {"dx": "dX[c, s·i+u, s·j+v] += dcolumns[c·u·v, i·j], without the margins",
                       "dx.corner": "dX = dXpad[p:p+H, p:p+W]"},
    MISTAKES, _forward, _backward, _readings, orders=ORDERS,
    describe=lambda o: f"{o['layout']}, {described(o)}",
)  # fmt: skip
