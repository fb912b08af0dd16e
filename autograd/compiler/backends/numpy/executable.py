"""A plan for one batch size: its arrays, and the calls that run it forward and in reverse."""

import time
from typing import Any

import numpy as np

from ..plan.kernels import MatMul, Plan
from ..plan.views import Block
from .aliases import aliases
from .arithmetic import Masked, Plain
from .forward import forward
from .memory import Array, Memory
from .reverse import Reverse
from .ufuncs import Call


class Executable:
    """Runs a plan on so many samples; reads `weights`, and writes `gradient` if there is one.

    Arrays are allocated here, once; running allocates nothing that grows with the batch.
    """

    def __init__(
        self, plan: Plan, weights: Array, batch: int, gradient: Array | None = None
    ) -> None:
        self.plan, self.batch = plan, batch
        dtype = weights.dtype
        self.active = set() if gradient is None else plan.active()
        self.memory = Memory(plan, dtype, batch, aliases(plan, self.active))
        self.seed = np.zeros((), dtype)
        self.memory.arrays.update(self._by_parameter(weights))
        self.memory.array(plan.constant_block)[...] = plan.constants
        self.inputs = [self._input(b) for b in plan.arguments + plan.draws]
        self.forward = [call for kernel in plan.kernels for call in forward(kernel, self.memory)]
        views = [self.memory.view(view, beside_batch=True) for view in plan.results]
        self.results = [np.moveaxis(view, -1, 0) for view in views]
        self.reverse: list[Call] = []
        self.masked: Any = None
        self.gradient = weights if gradient is None else gradient
        if gradient is not None:
            self.reverse = self._reverse(Plain(), self.gradient, self.seed)

    def _reverse(self, arithmetic: Plain, gradient: Array, seed: Array) -> list[Call]:
        """The calls of the reverse pass."""
        loss = self.plan.results[0]
        if loss.block.number not in self.active:
            return []
        seeds = np.broadcast_to(seed, (self.batch,) if loss.block.batched else ())
        gradients = self._by_parameter(gradient)
        return Reverse(self.memory, gradients, self.active, arithmetic).run(loss, seeds)

    def _by_parameter(self, flat: Array) -> dict[int, Array]:
        """Views of a flat array, by the number of each parameter's block."""
        found, start = {}, 0
        for block in self.plan.parameters:
            found[block.number] = flat[start : start + block.size]
            start += block.size
        return found

    def _input(self, block: Block) -> Array:
        """The array of an argument. What only products read as it is lies sample by sample, as it
        comes; everything else reads rows.
        """
        readers = [kernel for kernel in self.plan.kernels if block in kernel.reads()]
        if all(isinstance(k, MatMul) and k.right.is_whole() for k in readers):
            self.memory.arrays[block.number] = np.zeros((self.batch, block.size), self.seed.dtype).T
        return self.memory.array(block)

    def load(self, samples: list[Array]) -> None:
        """Copy samples (batch, numbers) into rows (numbers, batch)."""
        for rows, array in zip(self.inputs, samples, strict=True):
            np.copyto(rows, array.T, casting="unsafe")

    def run(self, samples: list[Array], seed: float = 0.0) -> None:
        """Compute the results, and with a seed, the adjoint of each sample's loss, the gradient."""
        with np.errstate(all="ignore"):
            self.load(samples)
            for call in self.forward:
                call()
            if seed:
                self.seed[...] = seed if self.plan.results[0].block.batched else seed * self.batch
                for call in self.reverse:
                    call()
                square = np.dot(self.gradient, self.gradient)  # nan if one of them is
                if square != square:
                    self._run_masked()

    def _run_masked(self) -> None:
        """The reverse pass once more, so that 0·nan of branches not taken stays out."""
        if self.masked is None:
            memory, dtype = self.memory, np.result_type(self.gradient.dtype, np.complex64)
            memory.adjoint_dtype = dtype
            gradient, seed = np.zeros(len(self.gradient), dtype), np.zeros((), dtype)
            self.masked = gradient, seed, self._reverse(Masked(), gradient, seed)
            memory.adjoint_dtype = memory.dtype
        gradient, seed, calls = self.masked
        seed[...] = complex(float(self.seed), 1)
        for call in calls:
            call()
        np.copyto(self.gradient, gradient.real)

    def timed(self, samples: list[Array], seed: float, repeats: int) -> tuple[float, float]:
        """Seconds of all calls and of the matrix products, each the best of a few runs."""
        calls = [*self.forward, *self.reverse]
        best = [float("inf")] * len(calls)
        with np.errstate(all="ignore"):
            self.run(samples, seed)
            for _ in range(repeats):
                self.load(samples)
                for k, call in enumerate(calls):
                    start = time.perf_counter()
                    call()
                    best[k] = min(best[k], time.perf_counter() - start)
        products = [
            t for t, c in zip(best, calls, strict=True) if getattr(c, "func", None) is np.matmul
        ]
        return sum(best), sum(products)
