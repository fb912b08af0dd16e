"""Runs a plan in micro-batches that stay in a processor's cache, and adds their gradients up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from ..arrays.executable import Executable
from ..arrays.memory import Array, Arrays
from ..plan.kernels import Plan

CACHE_BYTES = 4_000_000  # of rows, with their adjoints, that are worked on at a time
MEMORY_BYTES = 1_000_000_000  # the same for graphs so large that fewer than 64 samples need more
KEPT_SIZES = 8  # of micro-batches that have arrays at a time


class MicroBatches:
    """A plan with its executables, one for each size of a micro-batch; all read `weights`, and
    write the gradient to `gradient`.
    """

    def __init__(self, plan: Plan, weights: Array, gradient: Array | None = None) -> None:
        self.plan, self.weights = plan, weights
        self.gradient = np.zeros_like(weights) if gradient is None else gradient
        self._total = np.zeros_like(weights)
        bytes_each = 2 * cost(plan)[1] * weights.itemsize + 1
        fit = max(_power(CACHE_BYTES // bytes_each), 64)
        self.size = min(fit, _power(MEMORY_BYTES // bytes_each))
        self._executables: dict[tuple[int, bool], Executable] = {}

    def run(self, arrays: Arrays, results: Arrays, seed: float) -> Array:
        """Fill the results (n, ...) for samples (n, numbers); the gradient, if there is a seed."""
        n = len(results[0])
        spans = cuts(n, -(-n // self.size))
        for k, span in enumerate(spans):
            executable = self.executable(span.stop - span.start, bool(seed))
            executable.run([array[span] for array in arrays], seed)
            for result, rows in zip(results, executable.results, strict=True):
                part = result[span]
                np.copyto(part if part.ndim == 1 else part.reshape((-1, *rows.shape[1:])), rows)
            if seed and len(spans) > 1:
                self._add_up(k, len(spans))
        return self.gradient

    def _add_up(self, k: int, count: int) -> None:
        """Add the gradient of micro-batch k to the sum; after the last, the sum is the gradient."""
        if k == 0:
            np.copyto(self._total, self.gradient)
        elif k < count - 1:
            self._total += self.gradient
        else:
            self.gradient += self._total

    def executable(self, size: int, differentiate: bool) -> Executable:
        """The arrays and calls for micro-batches of this size."""
        key = (size, differentiate)
        if key not in self._executables:
            while len(self._executables) >= KEPT_SIZES:
                del self._executables[next(iter(self._executables))]
            gradient = self.gradient if differentiate else None
            self._executables[key] = Executable(self.plan, self.weights, size, gradient)
        return self._executables[key]

    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(executable.memory.nbytes() for executable in self._executables.values())


def _power(n: int) -> int:
    """The largest power of two up to n, at least 1."""
    return 1 << max(0, n.bit_length() - 1)


@cache
def cuts(n: int, parts: int) -> list[slice]:
    """n in so many parts of nearly equal size."""
    marks = [n * k // parts for k in range(parts + 1)]
    return [slice(a, b) for a, b in pairwise(marks)]


def cost(plan: Plan) -> tuple[float, int]:
    """A rough estimate for one sample: seconds of a step, and rows."""
    rows = sum(block.size for block in plan.blocks if block.batched)
    multiply_adds = sum(kernel.multiply_adds for kernel in plan.kernels)
    return 6 * multiply_adds / 60e9 + rows * 2e-9, rows


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _blas() -> list[Any]:
    """The BLAS libraries of this process."""
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


@contextmanager
def single_blas() -> Iterator[None]:
    """Keep each BLAS to one thread; afterwards they have as many as before."""
    changed = [(blas, n) for blas in _blas() if (n := blas.get_num_threads()) != 1]
    for blas, _ in changed:
        blas.set_num_threads(1)
    try:
        yield
    finally:
        for blas, n in changed:
            blas.set_num_threads(n)
