"""The numbers of leaves at several moments of a training, for the page's slider."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...tensor import Tensor
from ...value import Value
from ..read.graph import Graph

Part = Value | Tensor
Epoch = tuple[str, Mapping[Any, Any]]  # what it is called, {Value or Tensor: its numbers}
Array = NDArray[Any]
NOW = "as it was explored"  # the numbers of the graph, where they are of no moment


def moments(
    graph: Graph, epochs: Sequence[Epoch], dtype: Any = np.float64
) -> tuple[dict[str, Any], dict[str, Array]]:
    """For the header what each moment is called; and as arrays the leaves (n,) and numbers (e·n,).

    `epoch` is the moment of the graph's own numbers, which is added where it is none of those. The
    dtype is the graph's, or float32 where that holds all numbers. What the graph does not read is
    passed over; ValueError where it reads nothing, where a moment lacks a tensor, and for another
    shape.
    """
    entries = {part: _leaves(part, graph) for part in epochs[0][1]}
    leaves = [v for found in entries.values() for v in found if v in graph.number]
    if not leaves:
        raise ValueError("explore(epochs=...): the graph reads none of these tensors")
    names = [words for words, _ in epochs]
    rows = [_row(epoch, entries, graph) for epoch in epochs]
    now = [float(v.data) for v in leaves]
    if not any(np.array_equal(row, now, equal_nan=True) for row in rows):
        names, rows = [*names, NOW], [*rows, now]
    own = max(k for k, row in enumerate(rows) if np.array_equal(row, now, equal_nan=True))
    return {"epochs": names, "epoch": own}, {
        "epochLeaves": np.array([graph.number[v] for v in leaves], np.int32),
        "epochNumbers": _shortest(np.array(rows), dtype).ravel(),
    }


def _shortest(numbers: Array, dtype: Any) -> Array:
    """In single precision where that is asked for, or holds them."""
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    holds = dtype == np.float32 or np.array_equal(single, numbers, equal_nan=True)
    return single if holds else numbers


def _leaves(part: Part, graph: Graph) -> list[Value]:
    """The entries of a tensor; ValueError where the graph computes them."""
    found = [part] if isinstance(part, Value) else list(part.values)
    if any(v.inputs for v in found if v in graph.number):
        raise ValueError(f"explore(epochs=...): {_name(part)} is computed, and no leaf")
    return found


def _row(epoch: Epoch, entries: Mapping[Part, list[Value]], graph: Graph) -> list[float]:
    """The numbers of all leaves of the graph at one moment."""
    words, numbers = epoch
    row: list[float] = []
    for part, found in entries.items():
        if part not in numbers:
            raise ValueError(f"explore(epochs=...): {words!r} has no numbers for {_name(part)}")
        given = np.asarray(numbers[part], np.float64)
        shape = () if isinstance(part, Value) else part.shape
        if given.shape != shape:
            got = f"has the shape {given.shape}, the tensor {shape}"
            raise ValueError(f"explore(epochs=...): {_name(part)} at {words!r} {got}")
        pairs = zip(found, given.ravel().tolist(), strict=True)
        row += [number for v, number in pairs if v in graph.number]
    return row


def _name(part: Part) -> str:
    first: Any = part if isinstance(part, Value) else part.values[0]
    return str(first.name or part)
