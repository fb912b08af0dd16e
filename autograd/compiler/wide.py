"""Adding windows back in long runs: the adjoint of Z with rows as wide as the image.

X̄ = Wᵀ·Z̄ is added to the image window by window, and a row of positions is a short run of memory.
With zeros between the rows of Z̄, as many as a window sticks out, all rows of positions become one
long run. The product grows by these zeros, the additions take a third of the time.
"""

from functools import partial

import numpy as np

from .boxes import Box, injective
from .kernels import Product, View
from .memory import Array, Memory
from .ufuncs import Call

MOST = 1.6  # how many times as wide as the rows of Z the image may be


class Wide:
    """Z̄ with zeros between its rows; for kernels of which `fits` is true."""

    def __init__(self, memory: Memory, kernel: Product) -> None:
        self.kernel, self.memory = kernel, memory
        (self.rows, self.columns), (self.step, self.unit) = self._positions(kernel)
        self.width = self.step // self.unit
        shape = (kernel.groups, kernel.rows, self.rows, self.width, memory.batch)
        self.buffer = np.zeros(shape, memory.adjoint_dtype)  # the zeros between rows stay
        memory.columns[-1 - kernel.out.number] = self.buffer

    @staticmethod
    def _positions(kernel: Product) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return kernel.right.box.dims[2], kernel.right.box.steps[2]

    @classmethod
    def fits(cls, kernel: Product) -> bool:
        """Whether positions overlap, and are rows of an image that is not much wider."""
        sizes, steps = cls._positions(kernel)
        if len(sizes) != 2 or steps[1] < 1 or steps[0] % steps[1]:
            return False
        narrow = sizes[1] < steps[0] // steps[1] <= MOST * sizes[1]
        return narrow and kernel.right.block.batched and not injective(kernel.right.box)

    def tile(self, bar: Array, positions: slice) -> tuple[list[Call], Array, View]:
        """Some rows of positions: the calls that widen them, the matrices, and where X̄ goes."""
        start, stop, _ = positions.indices(self.rows)
        shape = (*self.buffer.shape[:3], self.columns, self.memory.batch)
        target = self.buffer[:, :, start:stop, : self.columns]
        copy = partial(np.copyto, target, bar.reshape(shape)[:, :, start:stop])
        run = (stop - start - 1) * self.width + self.columns
        flat = self.buffer.reshape((*self.buffer.shape[:2], -1))
        first = start * self.width * self.memory.batch
        return [copy], flat[:, :, first : first + run * self.memory.batch], self._view(start, run)

    def _view(self, start: int, run: int) -> View:
        """A run of positions of the right operand."""
        view, box = self.kernel.right, self.kernel.right.box
        dims, steps = (*box.dims[:2], (run,)), (*box.steps[:2], (self.unit,))
        return View(view.block, Box(box.offset + start * self.step, dims, steps))
