"""Runs a plan on a share of a batch, in parts that stay in a processor's cache."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from ..arrays.machine import Machine
from ..arrays.memory import Array
from ..plan.kernels import Kernel, Plan

CACHE = 4_000_000  # bytes of rows, with their adjoints, that are worked on at a time
SIZES = 8  # of parts that have buffers at a time
MEMORY = 1_000_000_000  # the same for graphs so large that fewer than 64 samples need more


class Engine:
    """A plan with its machines, one for each size of a part; all read `weights`, and write the
    gradient to `gradient`.
    """

    def __init__(self, plan: Plan, weights: Array, gradient: Array | None = None) -> None:
        self.plan, self.weights = plan, weights
        self.gradient = np.zeros_like(weights) if gradient is None else gradient
        self._total = np.zeros_like(weights)
        bytes_each = 2 * cost(plan)[1] * weights.itemsize + 1
        self.part = min(max(_power(CACHE // bytes_each), 64), _power(MEMORY // bytes_each))
        self._machines: dict[tuple[int, bool], Machine] = {}

    def run(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> Array:
        """Fill the results (n, ...) for samples (n, numbers); the gradient, if there is a seed."""
        n = len(results[0])
        parts = cuts(n, -(-n // self.part))
        for k, span in enumerate(parts):
            machine = self.machine(span.stop - span.start, bool(seed))
            machine.run([array[span] for array in arrays], seed)
            for result, rows in zip(results, machine.results, strict=True):
                part = result[span]
                np.copyto(part if part.ndim == 1 else part.reshape((-1, *rows.shape[1:])), rows)
            if seed and len(parts) > 1:
                self._add_up(k, len(parts))
        return self.gradient

    def _add_up(self, k: int, parts: int) -> None:
        """Add the gradient of part k to the sum; after the last, the sum is the gradient."""
        if k == 0:
            np.copyto(self._total, self.gradient)
        elif k < parts - 1:
            self._total += self.gradient
        else:
            self.gradient += self._total

    def machine(self, size: int, differentiate: bool) -> Machine:
        """The buffers and calls for parts of this size."""
        key = (size, differentiate)
        if key not in self._machines:
            while len(self._machines) >= SIZES:
                del self._machines[next(iter(self._machines))]
            gradient = self.gradient if differentiate else None
            self._machines[key] = Machine(self.plan, self.weights, size, gradient)
        return self._machines[key]

    def nbytes(self) -> int:
        """Bytes of all buffers."""
        return sum(machine.memory.nbytes() for machine in self._machines.values())


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
    rows = sum(b.size for b in plan.blocks if b.batched)
    return 6 * sum(map(multiply_adds, plan.kernels)) / 60e9 + rows * 2e-9, rows


def multiply_adds(kernel: Kernel) -> int:
    """Of the forward pass of one sample."""
    return kernel.count * getattr(kernel, "inner", 0)


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
