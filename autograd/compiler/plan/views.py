"""Blocks of rows, and views of them: where the numbers of a program lie.

A block is an array rows[number, sample], or rows[number] where nothing depends on the sample.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ...shapes.indexing import strides
from ..strided import Dims, Ints, Layout, injective
from ..trace.tape import CONSTANT, SAMPLE


@dataclass(eq=False)
class Block:
    """Consecutive rows: a parameter, an argument, what a kernel computes, or the adjoints of one.

    `initial` are numbers that rows hold before any run, such as a halo of zeros; `primal` is the
    block whose adjoints these are, and `stopped` says that a choice may have left some at 0.
    """

    number: int
    size: int
    dependence: int
    name: str = ""
    initial: NDArray[np.float64] | None = None
    primal: Optional["Block"] = None
    stopped: bool = False

    @property
    def batched(self) -> bool:
        """Whether its rows have an entry for each sample of a batch."""
        return self.dependence == SAMPLE

    @property
    def constant(self) -> bool:
        """Whether its rows are numbers that never change."""
        return self.dependence == CONSTANT


def uniform(initial: NDArray[np.float64]) -> bool:
    """Whether rows start with one number, bit by bit: 0.0 is not -0.0."""
    return len(np.unique(initial.view(np.int64))) == 1


class Listed(NamedTuple):
    """Rows in no order that dimensions could say, one by one."""

    numbers: Ints

    def addresses(self) -> Ints:
        """The address of every entry."""
        return self.numbers

    @property
    def shape(self) -> Dims:
        """One dimension."""
        return (len(self.numbers),)


@dataclass(eq=False)
class View:
    """Rows of a block, in the order and shape of a layout. Only copies have rows listed."""

    block: Block
    layout: Layout | Listed

    def on(self, block: Block) -> "View":
        """The same rows of another block: of a block's adjoints."""
        return View(block, self.layout)

    @property
    def affine(self) -> Layout:
        """The layout, of a view that is not a list of rows."""
        assert isinstance(self.layout, Layout)
        return self.layout

    @property
    def size(self) -> int:
        """How many entries it has."""
        return math.prod(self.layout.shape)

    def rows(self) -> Ints:
        """The row of every entry, in the layout's shape."""
        return self.layout.addresses()

    def is_whole(self) -> bool:
        """Whether this is the whole block, row by row."""
        layout = self.layout
        if isinstance(layout, Listed):
            return False
        dense = layout.offset == 0 and layout.strides == strides(layout.shape)
        return dense and math.prod(layout.shape) == self.block.size

    def is_constant(self) -> bool:
        """Whether all entries are one constant."""
        return self.block.constant and not any(self.affine.strides)

    def is_injective(self) -> bool:
        """Whether no row occurs twice."""
        if isinstance(self.layout, Listed):
            return len(np.unique(self.layout.numbers)) == len(self.layout.numbers)
        return injective(self.layout)

    def overlaps(self) -> bool:
        """Whether entries are read several times: windows that overlap."""
        return len(self.affine.dims[-1]) > 0 and not injective(self.affine)

    def repeats(self) -> int:
        """How often each entry is repeated, as a bias is for every position of an image."""
        layout = self.affine
        pairs = zip(layout.shape, layout.strides, strict=True)
        return math.prod(n for n, step in pairs if step == 0)

    def transposed(self) -> "View":
        """Matrices (groups, rows, columns) with rows and columns exchanged."""
        offset, (g, a, b), (of_g, of_a, of_b) = self.affine
        return View(self.block, Layout(offset, (g, b, a), (of_g, of_b, of_a)))

    def flat(self) -> "View":
        """The same entries in one axis."""
        return View(self.block, self.affine.part(list(range(len(self.affine.shape)))))

    def planes(self) -> list["View"]:
        """One view for each entry of the second axis: what a reduction combines."""
        layout = self.affine
        (rows, over), (row_steps, steps) = layout.dims, layout.steps
        offsets = Layout(layout.offset, (over,), (steps,)).addresses().ravel()
        return [View(self.block, Layout(int(o), (rows,), (row_steps,))) for o in offsets]


def whole(block: Block, *dims: Dims) -> View:
    """A block row by row, with one axis of dimensions for each of `dims`."""
    steps = iter(strides(sum(dims, ())))
    return View(block, Layout(0, dims, tuple(tuple(next(steps) for _ in axis) for axis in dims)))
