"""Sliding windows: what an image's windows see, what goes back to it, and how large they may be."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .changes import instead
from .core import Array, Axes, Given, Mistake, Options

Pair = tuple[int, int]
IMAGES: list[Axes] = [
    {"x": x, "y": y}
    for x, y in (
        ("NCHW", "NCPQ"), ("NHWC", "NPQC"), ("CHW", "CPQ"), ("HWC", "PQC"), ("HW", "PQ"),
    )
]  # fmt: skip


class Steps(NamedTuple):
    """How windows lie along one axis."""

    stride: int
    before: int
    after: int


def geometry(kernel: Pair, stride: Any = 1, padding: Any = 0, dilation: int = 1) -> dict[str, Any]:
    """Options of windows, from numbers or pairs; padding is ((top, bottom), (left, right))."""
    pads = (padding, padding) if isinstance(padding, int) else padding
    margins = tuple((p, p) if isinstance(p, int) else tuple(p) for p in pads)
    strides = (stride, stride) if isinstance(stride, int) else tuple(stride)
    return {"kernel": kernel, "stride": strides, "padding": margins, "dilation": dilation}


def padded(x: Array, options: Options, fill: float = 0.0) -> Array:
    """(N, C, H, W) with its margins."""
    return np.pad(x, ((0, 0), (0, 0), *options["padding"]), constant_values=fill)


def corner(options: Options) -> tuple[int, int]:
    """Where the image begins inside of its margins: row and column."""
    (top, _), (left, _) = options["padding"]
    return top, left


def cropped(x: Array, at: tuple[int, int], shape: tuple[int, ...]) -> Array:
    """The opposite of `padded`: the image of this shape that begins at a row and a column."""
    top, left = at
    return x[:, :, top : top + shape[2], left : left + shape[3]]


def taken(x: Array, options: Options) -> Array:
    """The windows of padded images, a view: (N, C, H, W) -> (N, C, H', W', U, V)."""
    d, (s, t) = options["dilation"], options["stride"]
    u, v = ((k - 1) * d + 1 for k in options["kernel"])
    return sliding_window_view(x, (u, v), (2, 3), writeable=True)[:, :, ::s, ::t, ::d, ::d]


def scattered(windows: Array, shape: tuple[int, ...], options: Options) -> Array:
    """Add windows (N, C, H', W', U, V) to where they were taken from: (N, C, H, W)."""
    n, c, p, q, u, v = windows.shape
    d, (s, t) = options["dilation"], options["stride"]
    height, width = s * (p - 1) + d * (u - 1) + 1, t * (q - 1) + d * (v - 1) + 1
    image = np.zeros((n, c, max(shape[2], height), max(shape[3], width)))
    places = taken(image, options)[:, :, :p, :q]
    for k, m in np.ndindex(u, v):
        places[..., k, m] += windows[..., k, m]
    return image[:, :, : shape[2], : shape[3]]


# --- what goes wrong with windows -----------------------------------------------------------------


def overwritten(windows: Array, given: Given) -> Array:
    """0 wherever a later window comes to lie: `=` in a loop, where `+=` belongs."""
    _, _, p, q, _, _ = windows.shape
    last = np.zeros(padded(given["x"][:1, :1], given.options).shape)
    places = taken(last, given.options)[:, :, :p, :q]
    for i, j in np.ndindex(p, q):
        places[:, :, i, j] = i * q + j
    return np.asarray(windows * (places == np.arange(p * q).reshape(p, q, 1, 1)))


def both_margins(_: tuple[int, int], given: Given) -> tuple[int, int]:
    """Where the image would begin if both margins were before it."""
    rows, columns = given.options["padding"]
    return sum(rows), sum(columns)


MARGIN_KEPT = Mistake(
    "margin-kept", "dx.corner", "the margin is cropped at the bottom and right only",
    instead(lambda _: (0, 0)),
)  # fmt: skip
OVERWRITTEN = Mistake(
    "overwritten", "dx.windows",
    "overlapping windows overwrite dX where they should add to it", overwritten,
)  # fmt: skip


def steps(n: int, kernel: int, count: int, most: int) -> Iterator[Steps]:
    """How `count` windows of a kernel can lie on n entries, with at most `most` of padding."""
    seen = set()
    for stride in range(1, n + kernel if count > 1 else 2):
        for total in sorted(range(most + 1), key=lambda p: (p % 2, p)):
            if n + total >= kernel and (n + total - kernel) // stride + 1 == count:
                for before in {total // 2: 0, total - total // 2: 0}:
                    if (stride, before) not in seen:
                        seen.add((stride, before))
                        yield Steps(stride, before, total - before)


def together(rows: list[Steps], columns: list[Steps], one: bool) -> Iterator[Options]:
    """Options from what fits rows and what fits columns, equal ones first.

    `one` says that an axis with one window takes the other's stride.
    """
    pairs = [(r, c) for r in rows for c in columns]
    for r, c in sorted(pairs, key=lambda rc: (rc[0].before != rc[1].before, rc)):
        if r.stride == c.stride or one:
            yield {"stride": (r.stride, c.stride), "padding": (r[1:], c[1:])}


def described(options: Options) -> str:
    """Stride, padding and dilation, where they are not the usual ones."""
    (s, t), (rows, columns) = options["stride"], options["padding"]
    words = [f"stride {s}" if s == t else f"stride {s}×{t}"]
    if any(rows + columns):
        alike = len({*rows, *columns}) == 1
        words.append(f"padding {rows[0]}" if alike else f"padding {rows} and {columns}")
    if options["dilation"] != 1:
        words.append(f"dilation {options['dilation']}")
    return ", ".join(words)
