"""Bilinear upsampling: y = A·x·Bᵀ for each channel; A and B interpolate in rows and columns."""

from collections.abc import Iterator

import numpy as np

from .arranging import UPSAMPLE_LAYOUTS, UPSAMPLE_ORDERS
from .axes import fitting
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step


def weights(n: int, count: int, corners: bool) -> Array:
    """How much of each of n entries is in each of `count`: (count, n), rows sum to 1.

    With `corners` the outermost entries stay where they are, else pixels are cells.

    >>> weights(2, 3, corners=True)
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    at = np.arange(count)
    places = at * (n - 1) / max(count - 1, 1) if corners else (at + 0.5) * n / count - 0.5
    places = np.clip(places, 0, n - 1)
    return np.asarray(np.maximum(0.0, 1 - np.abs(places[:, None] - np.arange(n))))


def _both(g: Array, rows: Array, columns: Array) -> Array:
    return np.asarray(np.einsum("ph,qw,nchw->ncpq", rows, columns, g, optimize=True))


def nearest(of: Array, _: Given) -> Array:
    """All of it to the largest weight."""
    return np.asarray((np.arange(of.shape[1]) == of.argmax(1)[:, None]) * 1.0)


def lower(of: Array, _: Given) -> Array:
    """The weight of the first of the two neighbours alone."""
    return np.asarray(of * (np.arange(of.shape[1]) == (of != 0).argmax(1)[:, None]))


def swapped(of: Array, _: Given) -> Array:
    """The weights of the two neighbours swapped."""
    inside = (of != 0) & (of != 1)
    return np.where(inside, 1 - of, of)


def equal(of: Array, _: Given) -> Array:
    """Both neighbours alike."""
    return np.asarray((of != 0) / (of != 0).sum(1, keepdims=True))


def other_grid(of: Array, given: Given) -> Array:
    """The weights of the other convention."""
    return weights(of.shape[1], of.shape[0], not given.options["corners"])


BOTH = "dx.rows dx.columns"
MISTAKES = (
    Mistake("nearest", BOTH, "the gradient goes to the nearest entry only", nearest),
    Mistake("first-neighbour", BOTH,
            "only the first of two neighbours gets its share, in rows and in columns", lower),
    Mistake("weights-swapped", BOTH, "the weights of the two neighbours are swapped", swapped),
    Mistake("equal-weights", BOTH, "the neighbours get equal shares", equal),
    Mistake("other-grid", BOTH,
            "the weights are those of aligned corners, or the reverse", other_grid),
)  # fmt: skip


def _matrices(a: Arrays, o: Options) -> tuple[Array, Array]:
    (n, m), (p, q) = a["x"].shape[2:], o["size"]
    return weights(n, p, o["corners"]), weights(m, q, o["corners"])


def _forward(a: Arrays, o: Options) -> Array:
    return _both(a["x"], *_matrices(a, o))


def _backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    rows, columns = _matrices(a, o)
    return {"x": _both(g, step("dx.rows", rows).T, step("dx.columns", columns).T)}


def _readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    for axes, n in fitting(UPSAMPLE_LAYOUTS, {"x": a["x"], "y": output}, UPSAMPLE_ORDERS):
        if n["P"] >= n["H"] and n["Q"] >= n["W"] and n["P"] * n["Q"] > n["H"] * n["W"]:
            for corners in (True, False):
                size = (n["P"], n["Q"])
                yield axes, {"size": size, "corners": corners, "layout": axes["x"]}


BILINEAR = Operation(
    "bilinear upsampling", ("x",), {"dx": "dX[c] = Aᵀ·dY[c]·B"}, MISTAKES, _forward, _backward,
    _readings, orders=UPSAMPLE_ORDERS,
    describe=lambda o: o["layout"] + ", corners aligned" * o["corners"],
)  # fmt: skip
