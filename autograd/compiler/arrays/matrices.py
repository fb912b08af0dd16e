"""The operands of a product as matrices: gathered in tiles, viewed where that needs no copy."""

import math
from functools import partial
from typing import Any

import numpy as np

from ..plan.kernels import Product, View
from ..strided import Box
from .memory import Array, Memory, merged
from .products import Fast, product, turned
from .ufuncs import Call

TILE = 1 << 18  # bytes of columns that a matrix product gathers at a time: they stay in the cache


class Matrices:
    """A product's operands as matrices, and its products, forward and in reverse.

    left (g, f, k), right (g, k, p·batch), out (g, f, p·batch). What the right operand gathers is
    cut into tiles along the positions, so that it stays in the cache between the gather and the
    product; the reverse pass gathers it again.
    """

    def __init__(self, memory: Memory, kernel: Product, rules: Any = Fast) -> None:
        self.memory, self.kernel, self.rules = memory, kernel, rules
        self.batched = kernel.right.block.batched
        self.per_sample = kernel.left.block.batched  # then both are
        g, f, k, p = kernel.groups, kernel.rows, kernel.inner, kernel.columns
        self.width = memory.batch if self.batched else 1
        self.left_shape, self.right_shape = (g, f, k), (g, k, p * self.width)
        self.out_shape = (g, f, p * self.width)
        self.left = memory.view(kernel.left, beside_batch=False)
        self.right = memory.view(kernel.right, beside_batch=False)
        self.out = memory.array(kernel.out)

    # --- operands --------------------------------------------------------------------------------

    def left_matrix(self) -> tuple[list[Call], Array]:
        """The left operand as matrices (g, f, k), copied where its strides forbid a view."""
        matrix = merged(self.left, self.left_shape)
        if matrix is not None and matrix.itemsize in matrix.strides[1:]:
            return [], matrix
        copy = self.memory.scratch(self.left.shape)
        return [partial(np.copyto, copy, self.left)], copy.reshape(self.left_shape)

    def right_matrix(self) -> Array | None:
        """The right operand as matrices (g, k, p·batch) where that needs no copy."""
        matrix = merged(self.right, self.right_shape)
        direct = matrix is not None and matrix.itemsize in matrix.strides[1:]
        return matrix if direct else None

    def tiles(self) -> list[tuple[slice, slice]]:
        """Where the right operand is gathered: slices of the first dimension of its positions, and
        of the matrices' columns.
        """
        positions = self.kernel.right.box.dims[2]
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

    def part(self, x: Array, positions: slice) -> Array:
        """The right operand (or its adjoint) at some positions."""
        at = len(self.kernel.right.box.dims[0]) + len(self.kernel.right.box.dims[1])
        return x[(slice(None),) * at + (positions,)]

    def tile(self, positions: slice) -> View:
        """The right operand's view at some positions."""
        view, box = self.kernel.right, self.kernel.right.box
        if not self._has_positions() or positions == slice(None):
            return view
        (first, *sizes), (step, *steps) = box.dims[2], box.steps[2]
        start, stop, _ = positions.indices(first)
        dims = (*box.dims[:2], (stop - start, *sizes))
        return View(
            view.block, Box(box.offset + start * step, dims, (*box.steps[:2], (step, *steps)))
        )

    def columns(self, positions: slice, gather: bool = True) -> tuple[list[Call], Array, Array]:
        """A tile: the calls that gather it, the array in its box's shape, and as matrices.

        A single tile has room of its own, and is not gathered again for the reverse pass.
        """
        view = self.part(self.right, positions) if self._has_positions() else self.right
        single = view.shape == self.right.shape
        copy = self._own(view.shape) if single else self.memory.scratch(view.shape)
        matrix = copy.reshape((*self.right_shape[:2], -1))
        known = single and not gather and self.rules is Fast
        return [] if known else [partial(np.copyto, copy, view)], copy, matrix

    def _own(self, shape: tuple[int, ...]) -> Array:
        number = self.kernel.out.number
        if number not in self.memory.columns:
            self.memory.columns[number] = np.empty(shape, self.memory.dtype)
        return self.memory.columns[number]

    def _has_positions(self) -> bool:
        return bool(self.kernel.right.box.dims[2])

    # --- the left operand's adjoint, added up over tiles ----------------------------------------

    @property
    def tall(self) -> bool:
        """Whether W̄ᵀ = X·Z̄ᵀ is the faster product: long rows of few outputs."""
        return self.kernel.inner > 4 * self.kernel.rows

    def left_total(self) -> Array:
        """Room for W̄, or its transpose."""
        g, f, k = self.left_shape
        return self.memory.adjoint((g, k, f) if self.tall else (g, f, k))

    def as_left(self, total: Array) -> Array:
        """W̄ (g, f, k), whichever way it was added up."""
        return turned(total) if self.tall else total

    def add_to_left(self, total: Array, bar: Array, matrix: Array, first: bool) -> list[Call]:
        """Add one tile's Z̄·Xᵀ, or its transpose; the first one is written."""
        a, b = (matrix, turned(bar)) if self.tall else (bar, turned(matrix))
        adjoint = int(self.tall)
        if first:
            return [self.rules.product(a, b, total, adjoint)]
        more = self.memory.adjoint(total.shape)
        self.memory.release(more)
        return [self.rules.product(a, b, more, adjoint), partial(np.add, total, more, out=total)]

    # --- forward ---------------------------------------------------------------------------------

    def forward(self) -> list[Call]:
        """out = left · right."""
        if self.per_sample:
            return self._per_sample()
        made, left = self.left_matrix()
        out = self.out.reshape(self.out_shape)
        direct = self.right_matrix()
        if direct is not None:
            made.append(product(left, direct, out))
        else:
            for positions, span in self.tiles():
                copies, copy, matrix = self.columns(positions)
                made += [*copies, product(left, matrix, out[:, :, span])]
                self.memory.release(copy)
        self.memory.release(left)
        return made

    def _per_sample(self) -> list[Call]:
        """Both operands differ from sample to sample: one small product for each sample."""
        if self.single:
            made, a, b = self.entrywise()
            terms = self.memory.scratch(a.shape)
            out = self.out.reshape(self.kernel.groups, -1)
            made.append(partial(np.multiply, a, b, out=terms))
            made.append(partial(np.add.reduce, terms, axis=1, out=out))
        else:
            made, a, b = self.by_sample()
            terms = self.memory.scratch((len(a), *self.by_sample_shape()))
            out = np.moveaxis(self.out.reshape(*self.by_sample_shape(), -1), -1, 0)
            made += [partial(np.matmul, a, b, out=terms), partial(np.copyto, out, terms)]
        for x in (a, b, terms):
            self.memory.release(x)
        return made

    @property
    def single(self) -> bool:
        """Whether the groups are single dots."""
        return self.kernel.rows == self.kernel.columns == 1

    def entrywise(self) -> tuple[list[Call], Array, Array]:
        """left and right as (g, k, batch)."""
        shape = (self.kernel.groups, self.kernel.inner, self.memory.batch)
        made: list[Call] = []
        sides = []
        for x in (self.left, self.right):
            view = merged(x, shape)
            if view is None:
                copy = self.memory.scratch(x.shape)
                made.append(partial(np.copyto, copy, x))
                view = copy.reshape(shape)
            sides.append(view)
        return made, sides[0], sides[1]

    def by_sample(self) -> tuple[list[Call], Array, Array]:
        """Copies of left (batch, g, f, k) and right (batch, g, k, p)."""
        g, f, k = self.left_shape
        made: list[Call] = []
        copies = []
        for x, shape in ((self.left, (g, f, k)), (self.right, (g, k, self.kernel.columns))):
            moved = np.moveaxis(x, -1, 0)
            copy = self.memory.scratch(moved.shape)
            made.append(partial(np.copyto, copy, moved))
            copies.append(copy.reshape(-1, *shape))
        return made, copies[0], copies[1]

    def by_sample_shape(self) -> tuple[int, int, int]:
        """The output of one sample."""
        return self.kernel.groups, self.kernel.rows, self.kernel.columns
