"""A plan for one batch size: its arrays, and the calls that run it forward and in reverse."""

import time
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ....dialects.numpy import Call
from ...plan.kernels import Kernel
from ...plan.matmul import MatMul
from ...plan.plan import Plan
from ...plan.views import Block
from .kernels import calls
from .memory import Array, Memory

Arrays = Sequence[Array]


class Executable:
    """Runs a plan on so many samples; reads `weights`, and writes `gradient`.

    Arrays are allocated here, once; running allocates nothing that grows with the batch. An `exact`
    one has adjoints, and a gradient, that say whether they were reached.
    """

    def __init__(
        self, plan: Plan, weights: Array, gradient: Array, batch: int, exact: bool = False
    ) -> None:
        self.plan, self.batch, self.weights, self.gradient = plan, batch, weights, gradient
        self.memory = Memory(plan, weights.dtype, batch, exact)
        start = 0
        for block in plan.parameters:
            rows = slice(start, start + block.size)
            self.memory.arrays[block.number] = weights[rows]
            if block.number in plan.gradients:
                self.memory.arrays[plan.gradients[block.number].number] = gradient[rows]
            start += block.size
        self.memory.array(plan.constant_block)[...] = plan.constants
        if plan.part:
            self.memory.array(plan.part)[...] = 1 / batch
        self.inputs = [self._input(block) for block in plan.arguments + plan.draws]
        self.forward = [self._calls(kernel) for kernel in plan.forward]
        views = [self.memory.view(view, beside_batch=True) for view in plan.results]
        self.results = [np.moveaxis(view, -1, 0) for view in views]

    def _calls(self, kernel: Kernel) -> list[Call]:
        found = calls(kernel, self.memory)
        self.memory.release()
        return found

    @cached_property
    def reverse(self) -> list[list[Call]]:
        """The calls of each kernel of the reverse pass."""
        return [self._calls(kernel) for kernel in self.plan.reverse]

    @cached_property
    def exact(self) -> "Executable":
        """One that tells what was reached with 0 from what was not reached."""
        gradient = np.zeros(len(self.gradient), np.result_type(self.gradient, np.complex64))
        return Executable(self.plan, self.weights, gradient, self.batch, exact=True)

    def _input(self, block: Block) -> Array:
        """The array of an argument. What only products read as it is lies sample by sample, as it
        comes; everything else reads rows.
        """
        readers = [k for k in self.plan.forward if block in [view.block for view in k.reads()]]
        if all(isinstance(k, MatMul) and k.right.is_whole() for k in readers):
            dtype = self.memory.dtype
            self.memory.arrays[block.number] = np.zeros((self.batch, block.size), dtype).T
        return self.memory.array(block)

    def run(self, samples: Arrays, seed: float = 0.0) -> None:
        """Compute the results, and with a seed, the adjoint of each sample's loss, the gradient."""
        with np.errstate(all="ignore"):
            self._load(samples)
            for kernel in self.forward:
                for call in kernel:
                    call()
            if seed and self.plan.seed:
                self._differentiate(samples, seed)

    def _load(self, samples: Arrays) -> None:
        """Copy samples (batch, numbers) into rows (numbers, batch)."""
        for rows, array in zip(self.inputs, samples, strict=True):
            np.copyto(rows, array.T, casting="unsafe")

    def _differentiate(self, samples: Arrays, seed: float) -> None:
        assert self.plan.seed
        share = seed if self.plan.seed.batched else seed * self.batch
        self.memory.array(self.plan.seed)[...] = complex(share, 1) if self.memory.exact else share
        for kernel in self.reverse:
            for call in kernel:
                call()
        if not self.memory.exact and self._has_nan():
            self.exact.run(samples, seed)
            np.copyto(self.gradient, self.exact.gradient.real)

    def _has_nan(self) -> bool:
        """Whether an adjoint or the loss is nan."""
        return bool(
            np.isnan(np.dot(self.gradient, self.gradient)) or np.isnan(self.results[0]).any()
        )

    def timed(self, samples: Arrays, seed: float, repeats: int) -> list[float]:
        """Seconds of each kernel, forward and in reverse, the best of a few runs."""
        kernels = [*self.forward, *self.reverse]
        best = [float("inf")] * len(kernels)
        self.run(samples, seed)
        with np.errstate(all="ignore"):
            for _ in range(repeats):
                self._load(samples)
                for k, kernel in enumerate(kernels):
                    start = time.perf_counter()
                    for call in kernel:
                        call()
                    best[k] = min(best[k], time.perf_counter() - start)
        return best
