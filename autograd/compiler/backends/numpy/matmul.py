"""Matrix products on arrays: operands gathered in tiles, viewed where that needs no copy."""

import math
from functools import partial

import numpy as np

from ..plan.kernels import MatMul
from ..plan.views import View
from ..strided import Layout
from .arithmetic import Fill, Plain, product, transposed
from .memory import Array, Memory, reshaped
from .ufuncs import Call

TILE = 1 << 18  # bytes of columns that a matrix product gathers at a time: they stay in the cache


class MatMulArrays:
    """A product's operands as matrices, and its products, forward and in reverse.

    left (g, f, k), right (g, k, p·batch), out (g, f, p·batch). What the right operand gathers is
    cut into tiles along the positions, so that it stays in the cache between the gather and the
    product; the reverse pass gathers it again.
    """

    def __init__(self, memory: Memory, kernel: MatMul, arithmetic: Plain | None = None) -> None:
        self.memory, self.kernel, self.arithmetic = memory, kernel, arithmetic or Plain()
        self.batched = kernel.right.block.batched
        g, f, k, p = kernel.groups, kernel.rows, kernel.inner, kernel.columns
        self.width = memory.batch if self.batched else 1
        self.left_shape, self.right_shape = (g, f, k), (g, k, p * self.width)
        self.out_shape = (g, f, p * self.width)
        self.sample_shape = (g, f, p)
        self.left = memory.view(kernel.left, beside_batch=False)
        self.right = memory.view(kernel.right, beside_batch=False)
        self.out = memory.array(kernel.out)

    # --- operands --------------------------------------------------------------------------------

    def left_matrix(self) -> tuple[list[Call], Array]:
        """The left operand as matrices (g, f, k), copied where its strides forbid a view."""
        matrix = reshaped(self.left, self.left_shape)
        if matrix is not None and matrix.itemsize in matrix.strides[1:]:
            return [], matrix
        copy = self.memory.scratch(self.left.shape)
        return [partial(np.copyto, copy, self.left)], copy.reshape(self.left_shape)

    def right_matrix(self) -> Array | None:
        """The right operand as matrices (g, k, p·batch) where that needs no copy."""
        matrix = reshaped(self.right, self.right_shape)
        direct = matrix is not None and matrix.itemsize in matrix.strides[1:]
        return matrix if direct else None

    def tiles(self) -> list[tuple[slice, slice]]:
        """Where the right operand is gathered: slices of the first dimension of its positions, and
        of the matrices' columns.
        """
        positions = self.kernel.right.layout.dims[2]
        if not positions:
            return [(slice(None), slice(None))]
        n = positions[0]
        each = math.prod(self.right_shape) * self.memory.dtype.itemsize // n
        count = max(1, min(n, TILE // max(1, each)))
        width = self.right_shape[2] // n
        return [
            (slice(i, min(n, i + count)), slice(i * width, min(n, i + count) * width))
            for i in range(0, n, count)
        ]

    def tile(self, positions: slice) -> View:
        """The right operand's view at some positions."""
        view, layout = self.kernel.right, self.kernel.right.layout
        if not layout.dims[2] or positions == slice(None):
            return view
        (first, *sizes), (step, *steps) = layout.dims[2], layout.steps[2]
        start, stop, _ = positions.indices(first)
        dims = (*layout.dims[:2], (stop - start, *sizes))
        offset = layout.offset + start * step
        return View(view.block, Layout(offset, dims, (*layout.steps[:2], (step, *steps))))

    def columns(self, positions: slice, gather: bool = True) -> tuple[list[Call], Array, Array]:
        """A tile: the calls that gather it, the array in its layout's shape, and as matrices.

        A single tile has room of its own, and is not gathered again for the reverse pass.
        """
        layout = self.kernel.right.layout
        at = len(layout.dims[0]) + len(layout.dims[1])
        view = self.right[(slice(None),) * at + (positions,)] if layout.dims[2] else self.right
        single = view.shape == self.right.shape
        copy = self._own(view.shape) if single else self.memory.scratch(view.shape)
        matrix = copy.reshape((*self.right_shape[:2], -1))
        calls: list[Call] = [partial(np.copyto, copy, view)]
        return [] if single and not gather else calls, copy, matrix

    def _own(self, shape: tuple[int, ...]) -> Array:
        columns, number = self.memory.columns, self.kernel.out.number
        if number not in columns:
            columns[number] = np.empty(shape, self.memory.dtype)
        return columns[number]

    def adjoint_of_left(self, bar: Array) -> tuple[list[Call], Array, Array]:
        """W̄ = Z̄·Xᵀ, added up over tiles: the calls, the scratch, and W̄ (g, f, k) in it.

        Where rows are long and outputs are few, W̄ᵀ = X·Z̄ᵀ is faster.
        """
        g, f, k = self.left_shape
        tall = k > 4 * f
        total = self.memory.adjoint((g, k, f) if tall else (g, f, k))
        calls: list[Call] = []
        for n, (positions, span) in enumerate(self.tiles()):
            copies, copy, matrix = self.columns(positions, gather=False)
            out, part = self.memory.adjoint(total.shape) if n else total, bar[:, :, span]
            if tall:
                product = self.arithmetic.product_with_right(matrix, transposed(part), out)
            else:
                product = self.arithmetic.product_with_left(part, transposed(matrix), out)
            calls += [*copies, product]
            if n:
                calls.append(partial(np.add, total, out, out=total))
                self.memory.release(out)
            self.memory.release(copy)
        return calls, total, transposed(total) if tall else total

    # --- forward ---------------------------------------------------------------------------------

    def forward(self) -> list[Call]:
        """out = left · right."""
        if self.kernel.per_sample:
            return self._forward_entrywise() if self.single else self._forward_by_sample()
        calls, left = self.left_matrix()
        out = self.out.reshape(self.out_shape)
        direct = self.right_matrix()
        if direct is not None:
            calls.append(product(left, direct, out))
        else:
            for positions, span in self.tiles():
                copies, copy, matrix = self.columns(positions)
                calls += [*copies, product(left, matrix, out[:, :, span])]
                self.memory.release(copy)
        self.memory.release(left)
        return calls

    # --- both operands differ from sample to sample ----------------------------------------------

    @property
    def single(self) -> bool:
        """Whether the groups are single dots."""
        return self.kernel.rows == self.kernel.columns == 1

    def _forward_entrywise(self) -> list[Call]:
        calls, a, b = self.entrywise()
        terms = self.memory.scratch(a.shape)
        out = self.out.reshape(self.kernel.groups, -1)
        calls.append(partial(np.multiply, a, b, out=terms))
        calls.append(partial(np.add.reduce, terms, axis=1, out=out))
        self.memory.release(a, b, terms)
        return calls

    def _forward_by_sample(self) -> list[Call]:
        """One small product for each sample."""
        calls, a, b = self.by_sample()
        terms = self.memory.scratch((len(a), *self.sample_shape))
        out = np.moveaxis(self.out.reshape(*self.sample_shape, -1), -1, 0)
        calls += [partial(np.matmul, a, b, out=terms), partial(np.copyto, out, terms)]
        self.memory.release(a, b, terms)
        return calls

    def entrywise(self) -> tuple[list[Call], Array, Array]:
        """left and right as (g, k, batch)."""
        shape = (self.kernel.groups, self.kernel.inner, self.memory.batch)
        calls: list[Call] = []
        sides = []
        for x in (self.left, self.right):
            view = reshaped(x, shape)
            if view is None:
                copy = self.memory.scratch(x.shape)
                calls.append(partial(np.copyto, copy, x))
                view = copy.reshape(shape)
            sides.append(view)
        return calls, sides[0], sides[1]

    def by_sample(self) -> tuple[list[Call], Array, Array]:
        """Copies of left (batch, g, f, k) and right (batch, g, k, p)."""
        g, f, k = self.left_shape
        calls: list[Call] = []
        copies = []
        for x, shape in ((self.left, (g, f, k)), (self.right, (g, k, self.kernel.columns))):
            moved = np.moveaxis(x, -1, 0)
            copy = self.memory.scratch(moved.shape)
            calls.append(partial(np.copyto, copy, moved))
            copies.append(copy.reshape(-1, *shape))
        return calls, copies[0], copies[1]


def fill_reshaped(memory: Memory, shape: tuple[int, ...], fill: Fill, dense: bool) -> Fill:
    """Fill an array in another shape of the same order: where it is, if that is a view (and its
    rows are dense, where that matters), else through a copy.
    """

    def filled(out: Array) -> list[Call]:
        view = reshaped(out, shape)
        if view is not None and (view.strides[-1] == view.itemsize or not dense):
            return fill(view)
        copy = memory.adjoint(shape)
        memory.release(copy)
        return [*fill(copy), partial(np.copyto, out, copy.reshape(out.shape))]

    return filled
