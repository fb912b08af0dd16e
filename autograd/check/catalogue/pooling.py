"""Pooling: the largest entry or the mean of each window, and the mean of whole channels."""

from collections.abc import Callable, Iterator

import numpy as np

from .axes import fitting, standard
from .changes import FIRST, LAST, alike, one, only, option, swap, the_output
from .core import Array, Arrays, Axes, Change, Forward, Given, Mistake, Operation, Options, Step
from .windows import (
    IMAGES,
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

ORDERS = {"x": "NCHW", "y": "NCPQ"}
WHERE = "dX[c, s·i+u, s·j+v] += dY[c,i,j]·"
MAX_LINE = WHERE + "[x[c, s·i+u, s·j+v] is the first maximum of window i,j]"
MEAN_LINE = WHERE + "1/(kh·kw)"


def algebra(line: str) -> dict[str, str]:
    """The line of a kind of windows, and that of their margins."""
    return {"dx": line, "dx.corner": "dX = dXpad[p:p+H, p:p+W]"}


def _first_maximum(windows: Array) -> Array:
    """1 at the first maximum of each window, else 0."""
    flat = windows.reshape(*windows.shape[:4], -1)
    mask = np.arange(flat.shape[-1]) == flat.argmax(-1)[..., None]
    return np.asarray(mask.reshape(windows.shape).astype(float))


def _windows(given: Given) -> Array:
    """The windows of the input, with its margins."""
    o = given.options
    return taken(padded(given["x"], o, o["fill"]), o)


def to_the_maximum(_: Array, given: Given) -> Array:
    """All of it to the first maximum."""
    return _first_maximum(_windows(given))


def to_the_minimum(_: Array, given: Given) -> Array:
    """All of it to the first minimum."""
    return _first_maximum(-_windows(given))


def equal_shares(shares: Array, _: Given) -> Array:
    """The same to each entry, 1 in all."""
    u, v = shares.shape[4:]
    return np.full(shares.shape, 1 / (u * v))


def maximum_over(*axes: int) -> Change:
    """All of it to each entry that is the largest over these axes of the windows."""

    def change(_: Array, given: Given) -> Array:
        windows = _windows(given)
        return np.asarray((windows == windows.max(axes, keepdims=True)).astype(float))

    return change


def times_entries(shares: Array, given: Given) -> Array:
    """Multiplied by the entries, those of the margin taken for 0."""
    windows = _windows(given)
    return shares * np.where(np.isfinite(windows), windows, 0.0)


def whole_to_the_corner(shares: Array, given: Given) -> Array:
    """1 to the first entry of each window."""
    return np.asarray(only(FIRST, 4, 5)(np.ones_like(shares), given))


def all_in_the_first_window(windows: Array, _: Given) -> Array:
    """Everything goes where the first window was."""
    return np.asarray(windows.sum((2, 3), keepdims=True))


def kernel_for_stride(options: Options, _: Given) -> Options:
    """Windows side by side."""
    return {**options, "stride": options["kernel"]}


OF_WINDOWS = (  # the slips in which both kinds of windows are alike
    OVERWRITTEN,
    Mistake("stride-ignored", "dx.where",
            "windows go back one entry apart, not a stride apart", option(stride=(1, 1))),
    Mistake("stride-is-kernel", "dx.where",
            "windows go back a kernel apart, not a stride apart", kernel_for_stride),
    Mistake("offset-forgotten", "dx.windows",
            "all windows go back to the first window's place", all_in_the_first_window),
    Mistake("last-channel", "dx",
            "every channel gets the last channel's gradient", alike(LAST, 1)),
    MARGIN_KEPT,
)  # fmt: skip
MAX_MISTAKES = (
    Mistake("every-entry", "dx.shares",
            "the gradient goes to every entry of the window, not to the maximum", one),
    Mistake("shared-out", "dx.shares",
            "the gradient is shared out equally, as in average pooling", equal_shares),
    Mistake("every-tie", "dx.shares",
            "every entry that ties for the maximum gets the whole gradient", maximum_over(4, 5)),
    Mistake("maximum-of-channels", "dx.shares",
            "the maximum is sought over all channels at once", maximum_over(1, 4, 5)),
    Mistake("maximum-of-batch", "dx.shares",
            "the maximum is sought over the whole batch at once", maximum_over(0, 4, 5)),
    Mistake("index-swapped", "dx.shares",
            "row and column of the maximum are swapped", swap(4, 5)),
    Mistake("times-value", "dx.shares",
            "the gradient is multiplied by the maximum", times_entries),
    Mistake("value-for-gradient", "dx.g",
            "the maximum is written where the gradient belongs", the_output),
    Mistake("minimum", "dx.shares",
            "the gradient goes to the minimum of the window", to_the_minimum),
    Mistake("positions-swapped", "dx.g",
            "rows and columns of the upstream gradient are swapped", swap(2, 3)),
    *OF_WINDOWS,
)  # fmt: skip
MEAN_MISTAKES = (
    Mistake("one-corner", "dx.shares",
            "only the first entry of each window gets the gradient", only(FIRST, 4, 5)),
    Mistake("whole-corner", "dx.shares",
            "the first entry of each window gets the whole gradient", whole_to_the_corner),
    Mistake("to-the-maximum", "dx.shares",
            "the gradient goes to the maximum, as in max pooling", to_the_maximum),
    Mistake("times-value", "dx.shares",
            "the gradient is multiplied by the entries", times_entries),
    *OF_WINDOWS,
)  # fmt: skip


def _maximum(a: Arrays, o: Options) -> Array:
    return np.asarray(taken(padded(a["x"], o, o["fill"]), o).max((4, 5)))


def _mean(a: Arrays, o: Options) -> Array:
    return np.asarray(taken(padded(a["x"], o), o).mean((4, 5)))


def _back(step: Step, g: Array, a: Arrays, o: Options, shares: Array) -> dict[str, Array]:
    """dX, from what each entry of a window gets of the upstream gradient."""
    g = step("dx.g", g)
    parts = step("dx.windows", step("dx.shares", shares) * g[..., None, None])
    full = scattered(parts, padded(a["x"], o).shape, step("dx.where", o))
    return {"x": step("dx", cropped(full, step("dx.corner", corner(o)), a["x"].shape))}


def _max_backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    return _back(step, g, a, o, _first_maximum(taken(padded(a["x"], o, o["fill"]), o)))


def _mean_backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    u, v = o["kernel"]
    return _back(step, g, a, o, np.full((*a["x"].shape[:2], *g.shape[2:], u, v), 1 / (u * v)))


def _readings(
    fills: tuple[float, ...], forward: Forward
) -> Callable[[Arrays, Array], Iterator[tuple[Axes, Options]]]:
    """Layouts, then kernels, strides and margins that fit; a margin has one of `fills`."""

    def readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
        for axes, n in fitting(IMAGES, {"x": a["x"], "y": output}, ORDERS):
            x = standard(a["x"], axes["x"], ORDERS["x"])[:1, :1]
            y = standard(output, axes["y"], ORDERS["y"])[0, 0]
            for options in sorted(_geometries(n), key=_usual):
                for fill in fills if np.any(options["padding"]) else fills[:1]:
                    o = {**options, "fill": fill, "layout": axes["x"]}
                    if all(_plausible(x, y, o, corner, forward) for corner in (0, -1)):
                        yield axes, o

    return readings


def _plausible(x: Array, y: Array, o: Options, corner: int, forward: Forward) -> bool:
    """Whether the first or last window of one channel agrees, if it lies inside the image."""
    (top, _), (left, _) = o["padding"]
    i, j = ((n + corner) % n for n in y.shape)
    i, j = i * o["stride"][0] - top, j * o["stride"][1] - left
    u, v = o["kernel"]
    window = x[:, :, max(i, 0) : i + u, max(j, 0) : j + v]
    if window.shape[2:] != (u, v):
        return True
    alone = forward({"x": window}, {**o, "padding": ((0, 0), (0, 0))})
    return bool(np.isclose(alone[0, 0, 0, 0], y[corner, corner], rtol=1e-4, atol=1e-12))


def _geometries(n: dict[str, int]) -> Iterator[Options]:
    """Windows of more than one entry; all strides at least 1, margins up to half a kernel."""
    heights = {u: list(steps(n["H"], u, n["P"], _margin(u))) for u in range(1, n["H"] + 1)}
    widths = {v: list(steps(n["W"], v, n["Q"], _margin(v))) for v in range(1, n["W"] + 1)}
    for u, rows in heights.items():
        for v, columns in widths.items():
            if u * v > 1:
                for found in together(rows, columns, True):
                    (s, t), single = found["stride"], 1 in (n["P"], n["Q"])
                    if s == t or (s, t) == (u, v) or single:
                        yield {**geometry((u, v)), **found}


def _margin(kernel: int) -> int:
    """The most padding that is tried: half a kernel on each side, for the kernels that are used."""
    return kernel if kernel <= 7 else 0


def _usual(o: Options) -> tuple[bool, ...]:
    """A key that puts the usual windows first: square, no margins, stride as the kernel."""
    (u, v), (s, t) = o["kernel"], o["stride"]
    return bool(np.any(o["padding"])), u != v, s != t, (s, t) != (u, v)


def _words(o: Options) -> str:
    return f"{o['layout']}, windows of {o['kernel'][0]}×{o['kernel'][1]}, {described(o)}"


MAX_POOL = Operation(
    "max pooling", ("x",), algebra(MAX_LINE), MAX_MISTAKES, _maximum, _max_backward,
    _readings((-np.inf, 0.0), _maximum), orders=ORDERS, describe=_words,
)  # fmt: skip
MEAN_POOL = Operation(
    "average pooling", ("x",), algebra(MEAN_LINE), MEAN_MISTAKES, _mean, _mean_backward,
    _readings((0.0,), _mean), orders=ORDERS, describe=_words,
)  # fmt: skip
