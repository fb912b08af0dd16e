"""The arrays of a plan for one batch size: one for each block, views of them, and scratch."""

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from ...plan.kernels import Target
from ...plan.plan import Plan
from ...plan.views import Block, View
from .sharing import sharing

Array = NDArray[Any]


class Memory:
    """rows[number, sample] of every block that has samples, rows[number] of the others.

    `adjoint_dtype` is complex where adjoints say in their imaginary part that they were reached.
    """

    def __init__(self, plan: Plan, dtype: Any, batch: int, exact: bool) -> None:
        self.plan, self.batch, self.exact = plan, batch, exact
        self.dtype = np.dtype(dtype)
        self.adjoint_dtype = np.result_type(dtype, np.complex64) if exact else self.dtype
        self.shared = {} if exact else sharing(plan)
        self.arrays: dict[int, Array] = {}
        self.started: set[int] = set()  # blocks without samples that something was added to
        self._free: dict[int, list[Array]] = {}
        self._lent: list[Array] = []

    def array(self, block: Block) -> Array:
        """The array of a block."""
        number = self.shared.get(block.number, block.number)
        if number not in self.arrays:
            adjoints = block.primal is not None or block is self.plan.seed
            shape = (block.size, self.batch) if block.batched else (block.size,)
            array = np.zeros(shape, self.adjoint_dtype if adjoints else self.dtype)
            if block.initial is not None:
                array.T[...] = block.initial
            self.arrays[number] = array
        return self.arrays[number]

    def overwrites(self, target: Target) -> bool:
        """Whether a target is filled in the array of an operand."""
        return not target.adds and target.view.block.number in self.shared

    def view(self, view: View, beside_batch: bool = False) -> Array:
        """A view in its layout's shape, samples last; beside samples, others get an axis of 1."""
        array, layout = self.array(view.block), view.affine
        unit = array.strides[0]
        shape, strides = layout.shape, tuple(step * unit for step in layout.strides)
        start = array[layout.offset :]
        if view.block.batched:
            return as_strided(start, (*shape, self.batch), (*strides, array.strides[1]))
        found = as_strided(start, shape, strides)
        return found[..., None] if beside_batch else found

    def scratch(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """An array that is free until `release`; its numbers are whatever was there."""
        dtype = np.dtype(dtype or self.dtype)
        count = math.prod(shape) * dtype.itemsize
        size = 1 << max(6, (count - 1).bit_length())
        free = self._free.setdefault(size, [])
        raw = free.pop() if free else np.empty(size, np.uint8)
        self._lent.append(raw)
        array: Array = raw[:count].view(dtype).reshape(shape)
        return array

    def release(self) -> None:
        """Let all scratch be used again: the calls of one kernel are known."""
        for raw in self._lent:
            self._free[raw.size].append(raw)
        self._lent.clear()


def reshaped(array: Array, shape: tuple[int, ...]) -> Array | None:
    """An array in another shape of the same order, as a view, or None where that needs a copy."""
    try:
        return np.reshape(array, shape, copy=False)
    except ValueError:
        return None
