"""The samples that a page carries: columns of numbers, one for each argument of a function.

A column whose numbers are few different ones (pixels of one byte, however scaled; one-hot rows)
travels as codes and a table of them, exactly.
"""

import math
from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...scopes import no_grad
from ...tensor import Tensor
from ...value import Value

MOST = 32_000_000  # bytes of numbers, before they are deflated
CODES = 256

Array = NDArray[Any]


class Samples:
    """Samples by columns (N, *shape) of floats; the last `held_out` ones are not learned from.

    `names` are what columns are called. Where the second one tells of classes, `labels` are their
    numbers, and `classes` their names.

    Raises ValueError for samples of several shapes, none at all, too many for a page, and numbers
    that are not finite; TypeError for what are no numbers.
    """

    def __init__(self, samples: Any, validation: Any = None, names: Sequence[str] = ()) -> None:
        columns = _columns("samples", samples)
        self.held_out = 0
        if validation is not None:
            others = _columns("validation", validation)
            if len(others) != len(columns):
                raise ValueError(
                    f"explore: a sample of validation has {len(others)} parts, one of samples "
                    f"{len(columns)}"
                )
            self.held_out = len(others[0])
            columns = [[*a, *b] for a, b in zip(columns, others, strict=True)]
        known = [*names, *["x", "target"][len(names) :]]
        self.names = [*known, *(f"part {k}" for k in range(len(known), len(columns)))]
        arrays = [_array(name, column) for name, column in zip(self.names, columns, strict=False)]
        sizes = [math.prod(a.shape[1:]) for a in arrays]
        _refuse_many(len(arrays[0]), sum(sizes))
        classes = getattr(samples, "class_names", ())
        self.columns = [arrays[0].astype(float), *(self._one_hot(a, classes) for a in arrays[1:])]
        self.labels, numbers = _labels(self.columns)
        self.classes = [str(name) for name in (classes or numbers)]
        self.arrays = self._arrays()
        _refuse_many(len(self), sum(a.nbytes for a in self.arrays.values()) / len(self))

    @property
    def signed(self) -> bool:
        """Whether the targets are -1 and 1."""
        return self.labels is not None and bool((self.columns[1] == -1).any())

    def __len__(self) -> int:
        return len(self.columns[0])

    def row(self, index: int) -> list[Any]:
        """One sample: nested lists, and numbers."""
        return [column[index].tolist() for column in self.columns]

    def _one_hot(self, column: Array, names: Sequence[str]) -> Array:
        """Numbers of classes as one-hot rows; other columns as they are.

        These are whole numbers from 0, one for each sample (or several, where classes have names).
        """
        if column.dtype.kind not in "iu" or column.min() < 0 or not (names or column.ndim == 1):
            return column.astype(float)
        n = len(names) or int(column.max()) + 1
        return np.eye(n)[column]

    def header(self) -> dict[str, Any]:
        """What the page is told besides the numbers."""
        return {
            "count": len(self),
            "heldOut": self.held_out,
            "classes": self.classes,
            "labels": self.labels,
            "columns": [{"shape": list(c.shape[1:])} for c in self.columns],
        }

    def _arrays(self) -> dict[str, Array]:
        """The numbers of column k as `samples{k}`; where those are codes, of `levels{k}`."""
        found: dict[str, Array] = {}
        for k, column in enumerate(self.columns):
            flat = column.ravel()
            levels = np.unique(flat)
            if len(levels) <= CODES:
                found[f"samples{k}"] = np.searchsorted(levels, flat).astype(np.uint8)
                found[f"levels{k}"] = levels
            else:
                single = flat.astype(np.float32)
                found[f"samples{k}"] = single if (single == flat).all() else flat
        return found


def _labels(columns: Sequence[Array]) -> tuple[list[int] | None, Sequence[Any]]:
    """The classes in the second column, and what they are called: those of one-hot rows, or of
    numbers -1 and 1, or 0 and 1; None for others.
    """
    rows = columns[1] if len(columns) > 1 else np.zeros(0)
    if rows.ndim == 1 and rows.size:
        pair = next((pair for pair in ([-1, 1], [0, 1]) if np.isin(rows, pair).all()), None)
        return (None, ()) if pair is None else ((rows == 1).astype(int).tolist(), pair)
    if rows.ndim != 2 or rows.shape[1] < 2:
        return None, ()
    one_hot = ((rows == 0) | (rows == 1)).all() and (rows.sum(1) == 1).all()
    return (rows.argmax(1).tolist() if one_hot else None), range(rows.shape[1])


def _columns(what: str, samples: Any) -> list[Any]:
    """The parts of samples: of a data set, a tuple of arrays (X, Y), a list of pairs, one array."""
    if hasattr(samples, "images") and hasattr(samples, "labels"):
        columns = [samples.images, samples.labels]
    elif isinstance(samples, tuple):
        columns = list(samples)
    elif hasattr(samples, "shape"):
        columns = [samples]
    else:
        columns = _of_rows(what, samples)
    lengths = [_length(what, column) for column in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"explore: {what} has parts of different lengths: {lengths}")
    if not lengths or not lengths[0]:
        raise ValueError(f"explore: {what} is empty")
    return columns


def _of_rows(what: str, samples: Any) -> list[Any]:
    """A list of samples, each one part, or a tuple of several."""
    ordered = hasattr(samples, "__iter__") or hasattr(samples, "__getitem__")
    if not ordered or isinstance(samples, Mapping | Set | str):
        needed = "a data set, (X, Y), or a list of pairs (x, label)"
        raise TypeError(f"explore: {what} must be {needed}, got {samples!r:.60}")
    rows = list(samples)
    if not all(map(_is_tuple, rows)):
        return [rows]
    parts = {len(row) for row in rows}
    if len(parts) > 1:
        raise ValueError(f"explore: {what} has samples of different numbers of parts: {parts}")
    return list(zip(*rows, strict=True))


def _is_tuple(row: Any) -> bool:
    """Whether a sample is several parts: a tuple, or a list of an input and one number."""
    if isinstance(row, list) and len(row) == 2:
        return hasattr(row[0], "__len__") and not hasattr(row[1], "__len__")
    return isinstance(row, tuple)


def _length(what: str, column: Any) -> int:
    try:
        return len(column)
    except TypeError as error:
        raise TypeError(f"explore: a part of {what} is {column!r:.60}, no array or list") from error


@no_grad()
def _array(name: str, column: Any) -> Array:
    """The numbers of one argument, (N, *shape)."""
    if isinstance(column, Tensor) or hasattr(column, "dtype"):
        array = np.asarray(column)
    else:
        rows = [_row(name, k, x) for k, x in enumerate(column)]
        for k, row in enumerate(rows):
            if row.shape != rows[0].shape:
                shapes = f"has shape {row.shape}, that of sample 0 {rows[0].shape}"
                raise ValueError(f"explore: {name} of sample {k} {shapes}")
        array = np.stack(rows)
    if array.dtype == object:  # exact fractions
        array = array.astype(float)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"explore: samples are real numbers, {name} holds {array.dtype}")
    if not array[0].size:
        raise ValueError(f"explore: {name} of each sample has shape {array.shape[1:]}: it is empty")
    if not np.isfinite(array).all():
        k, *place = np.argwhere(~np.isfinite(array))[0].tolist()
        where = str(place) if place else ""
        raise ValueError(f"explore: {name}{where} of sample {k} is {array[k][tuple(place)]}")
    return array


def _row(name: str, k: int, x: Any) -> Array:
    try:
        row = np.asarray(x.data if isinstance(x, Value) else x)
        return row.astype(float) if row.dtype == object else row
    except (TypeError, ValueError) as error:
        raise TypeError(f"explore: {name} of sample {k} is {x!r:.60}, no numbers") from error


def _refuse_many(n: int, size: float) -> None:
    """ValueError where samples of so many bytes make too large a page."""
    if n * size > MOST:
        most = int(MOST / size)
        raise ValueError(
            f"explore: {n:,} samples make a page of about {n * size / 1e6:.0f} MB; give at most "
            f"{most:,}, for instance samples.take(range({most}))"
        )
