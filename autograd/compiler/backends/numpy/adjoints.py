"""The adjoints of blocks: the first contribution to rows is written, the later ones are added.

A contribution is an array, or a `Fill`: calls that compute it where it goes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ..plan.kernels import Piece
from ..plan.views import Block, View
from ..strided import injective, slices
from .arithmetic import Fill, Plain
from .memory import Array, Memory, strided_view
from .ufuncs import Call


class Adjoints:
    """The arrays x̄ of blocks, and the calls so far that fill them."""

    def __init__(self, memory: Memory, gradients: dict[int, Array], arithmetic: Plain) -> None:
        self.memory, self.arithmetic = memory, arithmetic
        self.arrays: dict[int, Array] = dict(gradients)
        self.written: dict[int, Array] = {}
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
        self._fill_rest(block)
        return self.arrays[block.number]

    def release(self, block: Block, array: Array) -> None:
        """Nobody reads a block's adjoint again; its array is free, if it has no alias."""
        del self.arrays[block.number]
        if not any(a is array for a in self.arrays.values()):
            self.memory.release(array)

    def may_alias(self, view: View, batched: bool) -> bool:
        """Whether a block's adjoint may be an array that is there: nothing was written to it."""
        block = view.block
        return block.batched == batched and block.number not in self.arrays and view.is_whole()

    def alias(self, block: Block, array: Array) -> None:
        """Let the adjoint of a block be this array."""
        self.arrays[block.number] = array
        self.written[block.number] = np.ones(block.size, bool)

    def _fill_rest(self, block: Block) -> None:
        """Write 0 to the rows that nothing was written to."""
        bar, written = self.array(block), self.written[block.number]
        if not written.any():
            self.calls.append(partial(bar.fill, 0))
        elif not written.all():
            self.calls.append(partial(bar.__setitem__, np.flatnonzero(~written), 0))
        written[:] = True

    def add(self, view: View, contribution: Array | Fill, batched: bool) -> None:
        """Add to the adjoint of a view.

        `batched` says whether the contribution has a last axis of samples. Repeated dimensions of
        the view, and samples where the block has none, are summed.
        """
        repeated = [k for k, step in enumerate(view.layout.strides) if step == 0]
        if repeated or (batched and not view.block.batched):
            self._add_sum(view, contribution, batched, repeated)
        elif not injective(view.layout):
            self._add_overlapping(view, contribution)
        else:
            self._add_once(view, contribution)

    def _add_sum(
        self, view: View, contribution: Array | Fill, batched: bool, repeated: list[int]
    ) -> None:
        block, shape = view.block, view.layout.shape
        kept = [k for k in range(len(shape)) if k not in repeated]
        axes = (*repeated, *([len(shape)] if batched and not block.batched else []))
        whole = (*shape, self.memory.batch) if batched else shape

        def fill(out: Array) -> list[Call]:
            with self._computed(contribution, whole) as (array, calls):
                return [*calls, self.arithmetic.total(array, axes, out)]

        self.add(View(block, view.layout.part(kept)), fill, block.batched)

    def _add_once(self, view: View, contribution: Array | Fill) -> None:
        target, rows = self._target(view), view.rows()
        written = self.written[view.block.number]
        if not written[rows].any():
            fill = contribution if callable(contribution) else copied(contribution)
            self.calls += fill(target)
            written[rows] = True
            return
        if not written[rows].all():
            self._fill_rest(view.block)
        self._add_slices(target, contribution, [...])

    def _add_overlapping(self, view: View, contribution: Array | Fill) -> None:
        """Rows occur several times: add slices in which each occurs once, one after the other."""
        target = self._target(view)
        self._fill_rest(view.block)
        self._add_slices(target, contribution, slices(view.layout))

    def _target(self, view: View) -> Array:
        return strided_view(self.array(view.block), view.block, view.layout, beside_batch=False)

    def _add_slices(self, target: Array, contribution: Array | Fill, indices: list[Any]) -> None:
        with self._computed(contribution, target.shape) as (array, calls):
            self.calls += calls
            self.calls += [partial(np.add, target[at], array[at], out=target[at]) for at in indices]

    def scatter(self, piece: Piece, upstream: Array, batched: bool) -> None:
        """Add rows of `upstream` to the rows that a piece was gathered from."""
        bar = self.complete(piece.source)
        summed = batched and not piece.source.batched
        by_row = np.argsort(piece.source_rows, kind="stable")
        unique, starts = np.unique(piece.source_rows[by_row], return_index=True)
        taken = piece.target_rows[by_row]

        def scatter() -> None:
            rows = upstream[taken]
            rows = rows.sum(axis=1) if summed else rows
            bar[unique] += np.add.reduceat(rows, starts, axis=0)

        self.calls.append(scatter)

    @contextmanager
    def _computed(
        self, contribution: Array | Fill, shape: tuple[int, ...]
    ) -> Iterator[tuple[Array, list[Call]]]:
        """A contribution as an array, and the calls that fill it; scratch is free afterwards."""
        if callable(contribution):
            array = self.memory.adjoint(shape)
            yield array, contribution(array)
            self.memory.release(array)
        else:
            yield contribution, []


def copied(array: Array) -> Fill:
    """A copy, of the same shape."""
    return lambda out: [partial(np.copyto, out, array)]
