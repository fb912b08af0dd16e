"""Embeddings: y[n] = w[i[n]], a row for each index, or the sum or mean of several rows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step


def _last(rows: NDArray[np.intp]) -> Array:
    """1 where an index occurs for the last time, else 0."""
    flat = np.ravel(rows)[::-1]
    _, first = np.unique(flat, return_index=True)
    found = np.zeros(flat.size)
    found[first] = 1.0
    return found[::-1].reshape(rows.shape)


def last_of_each(terms: Array, given: Given) -> Array:
    """What an assignment keeps of rows that occur several times."""
    return terms * _last(_rows(given.arrays, given.options))[..., None]


def first_of_each(terms: Array, given: Given) -> Array:
    """What comes first of rows that occur several times."""
    rows = np.ravel(_rows(given.arrays, given.options))
    return terms * _last(rows[::-1])[::-1].reshape(terms.shape[:-1])[..., None]


def mean_of_each(terms: Array, given: Given) -> Array:
    """Divided by how often its row occurs."""
    rows = _rows(given.arrays, given.options)
    return np.asarray(terms / np.bincount(np.ravel(rows))[rows][..., None])


def count_times(terms: Array, given: Given) -> Array:
    """Multiplied by how often its row occurs."""
    rows = _rows(given.arrays, given.options)
    return np.asarray(terms * np.bincount(np.ravel(rows))[rows][..., None])


def in_order(rows: NDArray[np.intp], given: Given) -> NDArray[np.intp]:
    """The first rows of W, one after the other."""
    return np.arange(rows.size).reshape(rows.shape) % len(given["w"])


ADDED = "rows that occur several times get the sum: np.add.at(dW, i, dY), not dW[i] = or += dY"
MISTAKES = (
    Mistake("last-occurrence", "dw.terms",
            "of a row that occurs several times only the last gradient is kept: = for +=",
            last_of_each),
    Mistake("first-occurrence", "dw.terms",
            "of a row that occurs several times only the first gradient is kept", first_of_each),
    Mistake("mean-of-occurrences", "dw.terms",
            "a row gets the mean over its occurrences, not the sum", mean_of_each),
    Mistake("counted-twice", "dw.terms",
            "a row that occurs k times gets k times its gradient", count_times),
    Mistake("off-by-one", "dw.rows", "the gradients go one row too far",
            lambda rows, given: (rows + 1) % len(given["w"])),
    Mistake("in-order", "dw.rows",
            "the gradients go to the rows in order, not to those of the indices", in_order),
    Mistake("not-divided", "dw.share", "1/k of the mean over k rows is missing",
            lambda share, _: np.ones_like(share)),
)  # fmt: skip


def _rows(a: Arrays, o: Options) -> NDArray[np.intp]:
    """The indices, those that were measured where none are given."""
    return np.asarray(a["i"] if "i" in a else o["rows"]).astype(np.intp)


def _share(rows: NDArray[np.intp], o: Options) -> float:
    return 1 / rows.shape[-1] if o["pooled"] == "mean" else 1.0


def _forward(a: Arrays, o: Options) -> Array:
    rows = _rows(a, o)
    y = a["w"][rows]
    return np.asarray(y.sum(-2) * _share(rows, o) if o["pooled"] else y)


def _backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    rows = _rows(a, o)
    if o["pooled"]:
        g = np.repeat(g[..., None, :], rows.shape[-1], -2)
    dw = np.zeros_like(a["w"])
    terms = step("dw.terms", g * step("dw.share", np.float64(_share(rows, o))))
    np.add.at(dw, step("dw.rows", rows), terms)
    return {"w": dw}


def _readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    w = a["w"]
    if w.ndim != 2 or not output.ndim or output.shape[-1] != w.shape[1]:
        return
    if "i" in a:
        yield from _given(a["i"], len(w), output.shape[:-1])
    elif (found := _measured(w, output)) is not None:
        yield {}, {"pooled": "", "rows": found}


def _given(rows: Array, count: int, shape: tuple[int, ...]) -> Iterator[tuple[Axes, Options]]:
    """A row of `count` for each output, or several."""
    if not rows.size or rows.min() < 0 or rows.max() >= count or np.any(rows % 1):
        return
    if rows.shape == shape:
        yield {}, {"pooled": ""}
    elif rows.ndim and rows.shape[:-1] == shape:
        yield {}, {"pooled": "mean"}
        yield {}, {"pooled": "sum"}


def _measured(w: Array, output: Array) -> NDArray[np.intp] | None:
    """The row of W that each row of the output is, where there is one and some occur again."""
    flat = output.reshape(-1, w.shape[1])
    if len(flat) * len(w) > MOST or len(np.unique(w, axis=0)) < len(w):
        return None
    same = (flat[:, None] == w[None]).all(-1)
    rows = same.argmax(1)
    again = same.any(1).all() and len(np.unique(rows)) < len(rows)
    return rows.reshape(output.shape[:-1]) if again else None


MOST = 100_000  # pairs of rows that are compared
EMBEDDING = Operation(
    "embedding", ("w", "i"), {"dw": "dW[i[n]] += dY[n]: " + ADDED}, MISTAKES, _forward, _backward,
    _readings, frozenset("i"), describe=lambda o: o["pooled"] and f"{o['pooled']} of rows",
)  # fmt: skip
