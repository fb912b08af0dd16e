"""Pooling: the largest entry or the mean of each window, and the mean of whole channels."""

from collections.abc import Callable, Iterator

import numpy as np

from .axes import fitting, standard
from .core import Array, Arrays, Axes, Operation, Options, Switches, shared, table
from .windows import IMAGES, cropped, described, geometry, padded, scattered, steps, taken, together

ORDERS = {"x": "NCHW", "y": "NCPQ"}
WHERE = "dX[c, s·i+u, s·j+v] += dY[c,i,j]·"
MAX = WHERE + "[x[c, s·i+u, s·j+v] is the first maximum of window i,j]"
MEAN = WHERE + "1/(kh·kw)"


def _of_windows(line: str) -> tuple[tuple[str, str, str, str], ...]:
    """Mistakes that both kinds of windows share."""
    return (
        ("x", "overwritten", "overlapping windows overwrite dX where they should add to it", line),
        ("x", "stride-ignored", "windows go back one entry apart, not a stride apart", line),
        ("x", "stride-is-kernel", "windows go back a kernel apart, not a stride apart", line),
        ("x", "offset-forgotten", "all windows go back to the first window's place", line),
        ("x", "first-channel", "only the first channel gets a gradient", line),
        ("x", "last-channel", "every channel gets the last channel's gradient", line),
        ("x", "first-sample", "only the first sample gets a gradient", line),
        ("x", "positions-swapped", "rows and columns of the upstream gradient are swapped", line),
        ("x", "margin-kept", "the margin is cropped at the bottom and right only", line),
        ("x", "averaged-over-samples", "dX is divided by the number of samples", line),
    )


MAX_MISTAKES = table(
    ("x", "every-entry", "the gradient goes to every entry of the window, not to the maximum", MAX),
    ("x", "shared-out", "the gradient is shared out equally, as in average pooling", MAX),
    ("x", "every-tie", "every entry that ties for the maximum gets the whole gradient", MAX),
    ("x", "maximum-of-channels", "the maximum is sought over all channels at once", MAX),
    ("x", "maximum-of-batch", "the maximum is sought over the whole batch at once", MAX),
    ("x", "index-swapped", "row and column of the maximum are swapped", MAX),
    ("x", "times-value", "the gradient is multiplied by the maximum", MAX),
    ("x", "value-for-gradient", "the maximum is written where the gradient belongs", MAX),
    ("x", "minimum", "the gradient goes to the minimum of the window", MAX),
    ("x", "divided", "the gradient at the maximum is divided by the window's size", MAX),
    *_of_windows(MAX),
) + shared("x", MAX)
MEAN_MISTAKES = table(
    ("x", "not-divided", "the gradient is not divided by the window's size", MEAN),
    ("x", "divided-by-side", "the gradient is divided by the window's side, not its size", MEAN),
    ("x", "divided-twice", "the gradient is divided by the window's size twice", MEAN),
    ("x", "divided-by-windows", "the gradient is divided by the number of windows", MEAN),
    ("x", "divided-by-image", "the gradient is divided by the image's size", MEAN),
    ("x", "one-corner", "only the first entry of each window gets the gradient", MEAN),
    ("x", "whole-corner", "the first entry of each window gets the whole gradient", MEAN),
    ("x", "to-the-maximum", "the gradient goes to the maximum, as in max pooling", MEAN),
    ("x", "times-value", "the gradient is multiplied by the entries", MEAN),
    *_of_windows(MEAN),
) + shared("x", MEAN)


def _first_maximum(windows: Array) -> Array:
    """1 at the first maximum of each window, else 0."""
    flat = windows.reshape(*windows.shape[:4], -1)
    mask = np.arange(flat.shape[-1]) == flat.argmax(-1)[..., None]
    return mask.reshape(windows.shape).astype(float)


def _max_shares(windows: Array, on: Switches) -> Array:
    """What each entry of a window gets of the upstream gradient."""
    shares, highest = _first_maximum(windows), windows.max((4, 5), keepdims=True)
    if "every-entry" in on:
        shares = np.ones_like(windows)
    if "shared-out" in on:
        shares = np.full(windows.shape, 1 / windows[0, 0, 0, 0].size)
    if "every-tie" in on:
        shares = (windows == highest).astype(float)
    if "maximum-of-channels" in on:
        shares = (windows == highest.max(1, keepdims=True)).astype(float)
    if "maximum-of-batch" in on:
        shares = (windows == highest.max(0, keepdims=True)).astype(float)
    if "minimum" in on:
        shares = _first_maximum(-windows)
    if "index-swapped" in on and windows.shape[4] == windows.shape[5]:
        shares = shares.swapaxes(4, 5)
    if "times-value" in on:
        shares = shares * np.where(np.isfinite(windows), windows, 0.0)
    if "divided" in on:
        shares = shares / windows[0, 0, 0, 0].size
    return shares


def _mean_shares(windows: Array, on: Switches) -> Array:
    u, v = windows.shape[4:]
    shares = np.full(windows.shape, 1 / (u * v))
    if "not-divided" in on:
        shares = np.ones_like(windows)
    if "divided-by-side" in on:
        shares = shares * v
    if "divided-twice" in on:
        shares = shares / (u * v)
    if "divided-by-windows" in on:
        shares = np.full(windows.shape, 1 / (windows.shape[2] * windows.shape[3]))
    if "one-corner" in on:
        shares[..., 1:, :] = shares[..., 1:] = 0
    if "whole-corner" in on:
        shares = np.zeros_like(windows)
        shares[..., 0, 0] = 1
    if "to-the-maximum" in on:
        shares = _first_maximum(windows)
    if "times-value" in on:
        shares = shares * windows
    return shares


def _maximum(a: Arrays, o: Options) -> Array:
    return taken(padded(a["x"], o, o["fill"]), o).max((4, 5))


def _mean(a: Arrays, o: Options) -> Array:
    return taken(padded(a["x"], o), o).mean((4, 5))


Shares = Callable[[Array, Switches], Array]


def _rule(shares: Shares) -> Callable[[Array, Arrays, Options, Switches], dict[str, Array]]:
    """The backward pass from what each entry of a window gets."""

    def backward(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
        x = padded(a["x"], o, o["fill"])
        windows = taken(x, o)
        if "positions-swapped" in on and g.shape[2] == g.shape[3]:
            g = g.swapaxes(2, 3)
        if "value-for-gradient" in on:
            g = windows.max((4, 5))
        parts = shares(windows, on) * g[..., None, None]
        if "offset-forgotten" in on:
            parts = parts.sum((2, 3), keepdims=True)
        where = dict(o)
        if "stride-ignored" in on:
            where["stride"] = (1, 1)
        if "stride-is-kernel" in on:
            where["stride"] = o["kernel"]
        return {"x": _back(scattered(parts, x.shape, where, "overwritten" in on), a["x"], o, on)}

    return backward


def _back(full: Array, x: Array, o: Options, on: Switches) -> Array:
    """The gradient of the image from that of the image with margins."""
    dx = cropped(full, o, x.shape)
    if "margin-kept" in on:
        dx = full[:, :, : x.shape[2], : x.shape[3]]
    if "first-channel" in on:
        dx = np.concatenate([dx[:, :1], 0 * dx[:, 1:]], 1)
    if "last-channel" in on:
        dx = np.broadcast_to(dx[:, -1:], dx.shape)
    if "first-sample" in on:
        dx = np.concatenate([dx[:1], 0 * dx[1:]])
    if "averaged-over-samples" in on:
        dx = dx / len(dx)
    if "divided-by-image" in on:
        dx = dx * o["kernel"][0] * o["kernel"][1] / (x.shape[2] * x.shape[3])
    return dx


def _readings(
    fills: tuple[float, ...], forward: Callable[[Arrays, Options], Array]
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


def _plausible(
    x: Array, y: Array, o: Options, corner: int, forward: Callable[[Arrays, Options], Array]
) -> bool:
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
    "max pooling", ("x",), MAX_MISTAKES, _maximum, _rule(_max_shares),
    _readings((-np.inf, 0.0), _maximum), orders=ORDERS, describe=_words,
)  # fmt: skip
MEAN_POOL = Operation(
    "average pooling", ("x",), MEAN_MISTAKES, _mean, _rule(_mean_shares),
    _readings((0.0,), _mean), orders=ORDERS, describe=_words,
)  # fmt: skip
