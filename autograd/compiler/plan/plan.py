"""A plan: the blocks of a program, and the kernels of both its passes, in order."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..strided import Ints
from ..trace.tape import CONSTANT
from .kernels import Kernel
from .views import Block, View

Indices = list[
    tuple[int, Ints, int]
]  # (argument, which of its numbers, how many entries there are)


@dataclass(eq=False)
class Plan:
    """Where parameters, arguments, draws and results are, and the kernels of both passes.

    `seed` is the adjoint of the loss, which the one who runs the plan sets (1/N for each sample);
    so it sets `part` to 1/N for each sample, where there is a mean over the batch. `gradients` are
    the adjoints of the parameters that have one. `indices` are numbers by which entries are looked
    up. Blocks without samples that kernels add to start at 0.
    """

    blocks: list[Block] = field(default_factory=list)
    forward: list[Kernel] = field(default_factory=list)
    reverse: list[Kernel] = field(default_factory=list)
    constants: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    constant_block: Block = field(default_factory=lambda: Block(-1, 0, CONSTANT))
    parameters: list[Block] = field(default_factory=list)
    arguments: list[Block] = field(default_factory=list)
    draws: list[Block] = field(default_factory=list)
    results: list[View] = field(default_factory=list)
    seed: Block | None = None
    part: Block | None = None
    gradients: dict[int, Block] = field(default_factory=dict)
    indices: Indices = field(default_factory=list)

    def block(
        self,
        size: int,
        dependence: int,
        name: str = "",
        initial: NDArray[np.float64] | None = None,
        primal: Block | None = None,
    ) -> Block:
        """Another block."""
        self.blocks.append(Block(len(self.blocks), size, dependence, name, initial, primal))
        return self.blocks[-1]

    def active(self) -> set[int]:
        """The blocks that need an adjoint, by number: those between a parameter and the loss.

        They depend on a parameter, and the loss depends on them (activity analysis). In
        `loss = (w * x) + (2 * x)` the block of 2·x depends on no parameter, so it is not active.
        """
        varied = {block.number for block in self.parameters}
        for kernel in self.forward:
            if any(view.block.number in varied for view in kernel.reads()):
                varied.add(kernel.out.number)
        useful = {self.results[0].block.number}
        for kernel in reversed(self.forward):
            if kernel.out.number in useful:
                useful.update(block.number for block in kernel.differentiated())
        return varied & useful

    def accumulated(self) -> list[Block]:
        """The blocks that start at 0: without samples, and added to."""
        found = {
            target.view.block
            for kernel in [*self.forward, *self.reverse]
            for target in kernel.targets()
            if target.adds and not target.view.block.batched
        }
        return sorted(found, key=lambda block: block.number)


def multiply_adds(kernels: Iterable[Kernel]) -> int:
    """Of the matrix products among kernels, for one sample."""
    return sum(kernel.multiply_adds for kernel in kernels)
