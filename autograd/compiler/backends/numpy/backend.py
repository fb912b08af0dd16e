"""The NumPy backend: a plan with its executables, one for each size of batch."""

import sys
import timeit
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...plan.plan import Plan
from .. import Timed
from .executable import Executable
from .memory import Array

BYTES = 1_000_000_000  # of rows that are worked on at a time
KEPT_SIZES = 8  # of batches that have arrays at a time
REPEATS = 20  # of what is measured


class NumPy:
    """Runs batches, cut where their rows would not fit the memory and no number needs all samples;
    reads `weights` at each run.

    `threads` is nothing to it: NumPy leaves its matrix products to BLAS and to BLAS's threads.
    """

    name = "numpy"

    def __init__(self, plan: Plan, weights: Array, threads: int | None = None) -> None:
        self.plan, self.weights, self.precision = plan, weights, str(weights.dtype)
        self.gradient = np.zeros_like(weights)
        rows = sum(block.size for block in plan.blocks if block.batched)
        self.size = sys.maxsize if plan.part else max(1, BYTES // (rows * weights.itemsize + 1))
        self._executables: dict[int, Executable] = {}

    def trial(self) -> "NumPy":
        """Itself."""
        return self

    def read(self, weights: Array) -> None:
        """Let another array be the `weights`."""
        self.weights = weights
        self._executables.clear()

    def run(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> None:
        """Fill the results (n, ...) for samples (n, numbers); with a seed also the gradient."""
        n, total = len(results[0]), np.zeros_like(self.gradient)
        several = bool(seed) and n > self.size
        for start in range(0, n, self.size):
            span = slice(start, min(n, start + self.size))
            executable = self.executable(span.stop - start)
            executable.run([array[span] for array in arrays], seed)
            for result, rows in zip(results, executable.results, strict=True):
                result[span].reshape((-1, *rows.shape[1:]))[...] = rows
            if several:
                total += self.gradient
        if several:
            np.copyto(self.gradient, total)

    def executable(self, size: int) -> Executable:
        """The arrays and calls for batches of this size."""
        if size not in self._executables:
            while len(self._executables) >= KEPT_SIZES:
                del self._executables[next(iter(self._executables))]
            self._executables[size] = Executable(self.plan, self.weights, self.gradient, size)
        return self._executables[size]

    def updater(self, *_: Any) -> None:
        """Nothing: the host steps."""

    def profile(self, arrays: Sequence[Array]) -> list[Timed]:
        """Seconds of each kernel, forward and in reverse, the best of a few runs."""
        n, plan = len(arrays[0]), self.plan
        kernels = [*((k, False) for k in plan.forward), *((k, True) for k in plan.reverse)]
        times = self.executable(n).timed(arrays, 1 / n, REPEATS)
        return [
            Timed(k.scope, k.describe(), backward, seconds, 2 * n * k.multiply_adds)
            for (k, backward), seconds in zip(kernels, times, strict=True)
        ]

    def peak(self) -> float:
        """Of a product of two matrices of 512 rows, on BLAS's threads."""
        a = np.ones((512, 512), self.weights.dtype)
        return 2 * 512**3 / min(timeit.repeat(lambda: a @ a, number=1, repeat=REPEATS))
