"""Lookups on arrays: where each named entry lies, and adjoints added up by that place."""

import numpy as np

from ....dialects.numpy import Call
from ...plan.lookups import Gather, Lookup, Scatter
from .memory import Array, Memory


class Places:
    """Where the entries of a lookup lie in their array, by the indices as they are at a call."""

    def __init__(self, kernel: Lookup, memory: Memory) -> None:
        g, p, f = self.shape = kernel.sizes
        self.starts = kernel.starts().reshape(g, 1, f, 1)
        self.index = memory.view(kernel.index, beside_batch=True)
        self.step, self.length = kernel.step, kernel.length
        self.samples = np.arange(memory.batch) if kernel.table.block.batched else None
        self.rows = memory.array(kernel.rows.block).reshape(g, p, f, -1)

    def now(self) -> tuple[Array, Array]:
        """The places (g, p, f, samples), and which of them there are."""
        g, p, _ = self.shape
        index = self.index.reshape(g, p, 1, -1)
        k = index.astype(np.int64)
        known = (k == index) & (k >= -self.length) & (k < self.length)
        at = self.starts + self.step * np.where(known, k % self.length, 0)
        return at if self.samples is None else at * len(self.samples) + self.samples, known


def gather(kernel: Gather, memory: Memory) -> list[Call]:
    """y = x[i], nan where i names no entry."""
    places, source = Places(kernel, memory), memory.array(kernel.table.block)

    def call() -> None:
        at, known = places.now()
        np.copyto(places.rows, source.take(at))
        np.copyto(places.rows, np.nan, where=~known)

    return [call]


def scatter(kernel: Scatter, memory: Memory) -> list[Call]:
    """x̄[i] += ȳ."""
    places, target = Places(kernel, memory), memory.array(kernel.table.block)
    first = target.ndim == 1 and kernel.table.block.number not in memory.started
    memory.started.add(kernel.table.block.number)

    def call() -> None:
        at, known = places.now()
        shape = np.broadcast_shapes(at.shape, places.rows.shape)
        at, known = np.broadcast_to(at, shape), np.broadcast_to(known, shape)
        given = np.broadcast_to(places.rows, shape)[known]
        sums = _sums(at[known], given, target.size).reshape(target.shape)
        np.add(0 if first else target, sums, out=target, casting="same_kind")

    return [call]


def _sums(at: Array, given: Array, size: int) -> Array:
    """What is given to each of so many places, added up."""
    if given.dtype.kind == "c":
        return _sums(at, given.real, size) + 1j * _sums(at, given.imag, size)
    return np.bincount(at, given, size)
