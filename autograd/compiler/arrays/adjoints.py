"""The adjoints of blocks: the first contribution to rows is written, the later ones are added."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..plan.kernels import Block, Piece, View
from ..strided import Box, injective, slices
from .memory import Array, Memory, boxed, merged
from .products import Fast
from .ufuncs import Call


class Adjoints:
    """The arrays x̄ of blocks, and the calls so far that fill them."""

    def __init__(self, memory: Memory, gradients: dict[int, Array], rules: Any = Fast) -> None:
        self.memory, self.rules = memory, rules
        self.arrays: dict[int, Array] = dict(gradients)
        self.written: dict[int, Any] = {}
        self.calls: list[Call] = []

    def array(self, block: Block) -> Array:
        """The adjoint's array of a block."""
        if block.number not in self.arrays:
            self.arrays[block.number] = self.memory.adjoint(self.memory.shape(block))
        if block.number not in self.written:
            self.written[block.number] = np.zeros(block.size, bool)
        return self.arrays[block.number]

    def complete(self, block: Block) -> Array:
        """The adjoint, 0 where nothing was written."""
        self.fill_rest(block)
        return self.arrays[block.number]

    def retire(self, block: Block, array: Array) -> None:
        """Nobody reads a block's adjoint again; its array is free, if no other block took it."""
        del self.arrays[block.number]
        if not any(a is array for a in self.arrays.values()):
            self.memory.release(array)

    def may_take(self, view: View, batched: bool) -> bool:
        """Whether a block's adjoint may be an array that is there: nothing was written to it."""
        block = view.block
        return block.batched == batched and block.number not in self.arrays and view.is_whole()

    def take(self, block: Block, array: Array) -> None:
        """Let the adjoint of a block be this array."""
        self.arrays[block.number] = array
        self.written[block.number] = np.ones(block.size, bool)

    def fill_rest(self, block: Block) -> None:
        """Write 0 to the rows that nothing was written to."""
        bar, written = self.array(block), self.written[block.number]
        if not written.any():
            self.calls.append(partial(bar.fill, 0))
        elif not written.all():
            self.calls.append(partial(bar.__setitem__, np.flatnonzero(~written), 0))
        written[:] = True

    def add(self, view: View, c: Any, batched: bool) -> None:
        """Add to the adjoint of a view: an array of its shape, or calls that compute one.

        `batched` says whether the contribution has a last axis of samples. Repeated dimensions of
        the view, and samples where the block has none, are summed.
        """
        block, box = view.block, view.box
        bar = self.array(block)
        repeated = [k for k, step in enumerate(box.strides) if step == 0]
        summed = repeated + ([len(box.shape)] if batched and not block.batched else [])
        if summed:
            kept = [k for k in range(len(box.shape)) if k not in repeated]
            smaller = Box(
                box.offset,
                (tuple(box.shape[k] for k in kept),),
                (tuple(box.strides[k] for k in kept),),
            )
            shape = (*box.shape, self.memory.batch) if batched else box.shape
            reduced = Summed(self.memory, self.rules.total, c, shape, tuple(summed))
            self.add(View(block, smaller), reduced, block.batched)
            return
        target, rows = boxed(bar, block, box, beside_batch=False), view.rows()
        written = self.written[block.number]
        if not injective(box):
            self._overlapping(block, box, target, c)
        elif not written[rows].any():
            self.calls += c(target) if callable(c) else [partial(np.copyto, target, c)]
            written[rows] = True
        else:
            if not written[rows].all():
                self.fill_rest(block)
            array = self._array(c, target.shape)
            self.calls.append(partial(np.add, target, array, out=target))
            if callable(c):
                self.memory.release(array)

    def scatter(self, piece: Piece, upstream: Array, batched: bool) -> None:
        """Add rows of `upstream` to the rows that a piece was gathered from."""
        bar = self.array(piece.source)
        self.fill_rest(piece.source)
        summed = batched and not piece.source.batched
        by_row = np.argsort(piece.source_rows, kind="stable")
        unique, starts = np.unique(piece.source_rows[by_row], return_index=True)
        taken = piece.target_rows[by_row]

        def scatter() -> None:
            found = upstream[taken]
            found = found.sum(axis=1) if summed else found
            bar[unique] += np.add.reduceat(found, starts, axis=0)

        self.calls.append(scatter)

    def _array(self, c: Any, shape: tuple[int, ...]) -> Array:
        """A contribution as an array; scratch where it has to be computed."""
        if not callable(c):
            return c
        array = self.memory.adjoint(shape)
        self.calls += c(array)
        return array

    def _overlapping(self, block: Block, box: Box, target: Array, c: Any) -> None:
        """Rows occur several times: add slices in which each occurs once, one after the other."""
        self.fill_rest(block)
        array = self._array(c, target.shape)
        for at in slices(box):
            self.calls.append(partial(np.add, target[at], array[at], out=target[at]))
        if callable(c):
            self.memory.release(array)


# --- contributions that are computed where they go ----------------------------------------------


def filled(
    memory: Memory, out: Array, shape: tuple[int, ...], fill: Callable[[Array], Call], dense: bool
) -> list[Call]:
    """Fill `out` in another shape of the same order: where it is, if that is a view (and its rows
    are dense, where that matters), else through a copy.
    """
    view = merged(out, shape)
    if view is not None and (view.strides[-1] == view.itemsize or not dense):
        return [fill(view)]
    copy = memory.adjoint(shape)
    memory.release(copy)
    return [fill(copy), partial(np.copyto, out, copy.reshape(out.shape))]


class Into:
    """A product of matrices, computed where it goes if it lies there as matrices do."""

    def __init__(self, memory: Memory, product: Any, a: Array, b: Array, adjoint: int) -> None:
        self.memory, self.shape = memory, (len(a), a.shape[1], b.shape[2])
        self.product = partial(product, a, b, adjoint=adjoint)

    def __call__(self, out: Array) -> list[Call]:
        return filled(self.memory, out, self.shape, self.product, dense=True)


class Copied:
    """An array that has not the target's shape, but its order."""

    def __init__(self, memory: Memory, array: Array) -> None:
        self.memory, self.array = memory, array

    def __call__(self, out: Array) -> list[Call]:
        def fill(target: Array) -> Call:
            return partial(np.copyto, target, self.array)

        return filled(self.memory, out, self.array.shape, fill, dense=False)


class Summed:
    """The sum of a contribution over some of its axes."""

    def __init__(
        self, memory: Memory, total: Any, c: Any, shape: tuple[int, ...], axes: tuple[int, ...]
    ) -> None:
        self.memory, self.total, self.c, self.shape, self.axes = memory, total, c, shape, axes

    def __call__(self, out: Array) -> list[Call]:
        array, made = self.c, []
        if callable(self.c):
            array = self.memory.adjoint(self.shape)
            made += self.c(array)
        made.append(self.total(array, self.axes, out))
        if callable(self.c):
            self.memory.release(array)
        return made
