"""The arrays of a program for one batch size: one for each block, views of them, and scratch."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from ..plan.kernels import Plan
from ..plan.views import Block, View
from ..strided import Layout

Array = NDArray[Any]
Arrays = Sequence[Array]


class Memory:
    """rows[number, sample] of every block that has samples, rows[number] of the others."""

    def __init__(self, plan: Plan, dtype: Any, batch: int, aliases: dict[int, int]) -> None:
        self.dtype = np.dtype(dtype)
        self.adjoint_dtype = self.dtype  # complex where the reverse pass is masked
        self.batch = batch
        self.plan = plan
        self.arrays: dict[int, Array] = {}
        self.columns: dict[int, Array] = {}  # what products gathered in one piece
        self.aliases = aliases  # {block: the block whose array it is computed in}
        self._free: dict[int, list[Array]] = {}
        self._lent: dict[int, Array] = {}

    def shape(self, block: Block) -> tuple[int, ...]:
        """The shape of a block's array."""
        return (block.size, self.batch) if block.batched else (block.size,)

    def array(self, block: Block) -> Array:
        """The array of a block."""
        number = self.aliases.get(block.number, block.number)
        if number not in self.arrays:
            self.arrays[number] = np.zeros(self.shape(block), self.dtype)
        return self.arrays[number]

    def view(self, view: View, beside_batch: bool = True) -> Array:
        """A view in its layout's shape, samples last; weights beside samples get an axis of 1."""
        return strided_view(self.array(view.block), view.block, view.layout, beside_batch)

    def scratch(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """An array that is free until `release`; its numbers are whatever was there."""
        dtype = np.dtype(dtype or self.dtype)
        count = math.prod(shape)
        size = 1 << max(6, (count * dtype.itemsize - 1).bit_length())
        free = self._free.setdefault(size, [])
        raw = free.pop() if free else np.empty(size, np.uint8)
        array: Array = raw[: count * dtype.itemsize].view(dtype).reshape(shape)
        self._lent[array.ctypes.data] = raw
        return array

    def adjoint(self, shape: tuple[int, ...]) -> Array:
        """Scratch for adjoints."""
        return self.scratch(shape, self.adjoint_dtype)

    def release(self, *arrays: Array) -> None:
        """Let scratch (or a reshaped view of it) be used again; other arrays stay."""
        for array in arrays:
            raw = self._lent.pop(array.ctypes.data, None)
            if raw is not None:
                self._free[raw.size].append(raw)

    def nbytes(self) -> int:
        """Bytes of all blocks and of scratch that is free."""
        scratch = [raw for free in self._free.values() for raw in free]
        return sum(a.nbytes for a in [*self.arrays.values(), *self.columns.values(), *scratch])


def strided_view(array: Array, block: Block, layout: Layout, beside_batch: bool = True) -> Array:
    """A block's array as a layout reads it."""
    unit = array.strides[0]
    shape, strides = layout.shape, tuple(s * unit for s in layout.strides)
    start = array[layout.offset :]
    if block.batched:
        return as_strided(start, (*shape, array.shape[1]), (*strides, array.strides[1]))
    view = as_strided(start, shape, strides)
    return view[..., None] if beside_batch else view


def reshaped(array: Array, shape: tuple[int, ...]) -> Array | None:
    """An array in another shape of the same order, as a view, or None where that needs a copy."""
    try:
        return np.reshape(array, shape, copy=False)
    except ValueError:
        return None
