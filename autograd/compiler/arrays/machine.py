"""A plan for one batch size: its buffers, and the calls that run it forward and in reverse."""

from typing import Any

import numpy as np

from ..plan.kernels import Block, Elementwise, Gather, Plan, Product
from ..plan.needs import read_again, reads, wanted
from .forward import forward
from .memory import Array, Memory
from .products import Careful, Fast
from .reverse import Reverse
from .ufuncs import IN_PLACE, name_of


class Machine:
    """Runs a plan on so many samples; reads `weights`, and writes `gradient` if there is one.

    Buffers are allocated here, once; running allocates nothing that grows with the batch.
    """

    def __init__(
        self, plan: Plan, weights: Array, batch: int, gradient: Array | None = None
    ) -> None:
        self.plan, self.batch = plan, batch
        dtype = weights.dtype
        needed = set() if gradient is None else wanted(plan)
        self.memory = Memory(plan, dtype, batch, places(plan, needed))
        self.seed = np.zeros((), dtype)
        self.memory.arrays.update(self._by_parameter(weights))
        self.memory.array(plan.constant_block)[...] = plan.constants
        self.inputs = [self._input(b) for b in plan.arguments + plan.draws]
        self.forward = [call for kernel in plan.kernels for call in forward(self.memory, kernel)]
        views = [self.memory.view(view, beside_batch=True) for view in plan.results]
        self.results = [np.moveaxis(view, -1, 0) for view in views]
        self.reverse: list[Any] = []
        self.careful: Any = None
        self.needed = needed
        self.gradient = weights if gradient is None else gradient
        if gradient is not None:
            self.reverse = self._reversed(Fast, self.gradient, self.seed)

    def _reversed(self, rules: Any, gradient: Array, seed: Array) -> list[Any]:
        """The calls of the reverse pass by these rules."""
        loss = self.plan.results[0]
        if loss.block.number not in self.needed:
            return []
        seeds = np.broadcast_to(seed, (self.batch,) if loss.block.batched else ())
        by_parameter = self._by_parameter(gradient)
        return Reverse(self.memory, by_parameter, self.needed, rules).run(loss, seeds)

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
        readers = [k for k in self.plan.kernels if block in reads(k)]
        if all(isinstance(k, Product) and k.right.is_whole() for k in readers):
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
                    self._again()

    def _again(self) -> None:
        """The reverse pass once more, so that 0·nan of branches not taken stays out."""
        if self.careful is None:
            memory, kind = self.memory, np.result_type(self.gradient.dtype, np.complex64)
            memory.adjoint_dtype = kind
            marked, seed = np.zeros(len(self.gradient), kind), np.zeros((), kind)
            self.careful = marked, seed, self._reversed(Careful, marked, seed)
            memory.adjoint_dtype = memory.dtype
        marked, seed, calls = self.careful
        seed[...] = complex(float(self.seed), 1)
        for call in calls:
            call()
        np.copyto(self.gradient, marked.real)


def places(plan: Plan, needed: set[int]) -> dict[int, int]:
    """{block: the block in whose place it is computed}: operands that nobody reads afterwards."""
    last: dict[int, int] = {}
    kept = {b.number for b in plan.parameters + plan.arguments + plan.draws}
    kept |= {view.block.number for view in plan.results}
    for k, kernel in enumerate(plan.kernels):
        last.update((block.number, k) for block in reads(kernel))
        if kernel.out.number in needed:
            kept |= read_again(kernel, plan, needed)
        if isinstance(kernel, Gather):
            kept.add(kernel.out.number)  # its margins are written once
    shared: dict[int, int] = {}
    for k, kernel in enumerate(plan.kernels):
        if isinstance(kernel, Elementwise) and name_of(kernel.op) in IN_PLACE:
            heir = _heir(kernel, k, last, kept, shared)
            if heir is not None:
                shared[kernel.out.number] = _place(heir, shared)
    return shared


def _place(block: Block, shared: dict[int, int]) -> int:
    """The block whose array this one lives in."""
    return shared.get(block.number, block.number)


def _heir(
    kernel: Elementwise, k: int, last: dict[int, int], kept: set[int], shared: dict[int, int]
) -> Block | None:
    """An operand that may be overwritten: whole, read for the last time, by whole views only."""
    for view in kernel.operands:
        block = view.block
        fits = block.batched == kernel.out.batched and not block.constant and view.is_whole()
        place = _place(block, shared)
        others = [v for v in kernel.operands if _place(v.block, shared) == place]
        free = block.number not in kept and last[block.number] == k
        if fits and free and all(v.is_whole() for v in others):
            return block
    return None
