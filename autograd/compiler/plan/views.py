"""Blocks of rows, and views of them: where the numbers of a program lie.

A block is an array rows[number, sample], or rows[number] where nothing depends on the sample.
"""

import math
from dataclasses import dataclass

from ...shapes.indexing import strides
from ..strided import Ints, Layout, injective
from ..trace.tape import CONSTANT, SAMPLE


@dataclass
class Block:
    """Consecutive rows: a parameter, an argument, what a kernel computes."""

    number: int
    size: int
    dependence: int
    name: str = ""

    @property
    def batched(self) -> bool:
        """Whether its rows have an entry for each sample of a batch."""
        return self.dependence == SAMPLE

    @property
    def constant(self) -> bool:
        """Whether its rows are numbers that never change."""
        return self.dependence == CONSTANT


@dataclass
class View:
    """Rows of a block, in the order and shape of a layout."""

    block: Block
    layout: Layout

    def rows(self) -> Ints:
        """The row of every entry, in the layout's shape."""
        return self.layout.addresses()

    def is_whole(self) -> bool:
        """Whether this is the whole block, row by row."""
        layout = self.layout
        dense = layout.offset == 0 and layout.strides == strides(layout.shape)
        return dense and math.prod(layout.shape) == self.block.size

    def is_constant(self) -> bool:
        """Whether all entries are one constant."""
        return self.block.constant and not any(self.layout.strides)

    def overlaps(self) -> bool:
        """Whether entries are read several times: windows that overlap."""
        return len(self.layout.dims[-1]) > 0 and not injective(self.layout)

    def repeats(self) -> int:
        """How often each entry is repeated, as a bias is for every position of an image."""
        layout = self.layout
        pairs = zip(layout.shape, layout.strides, strict=True)
        return math.prod(n for n, step in pairs if step == 0)

    def planes(self) -> list["View"]:
        """One view for each entry of the second axis: what a reduction combines."""
        (rows, over), (row_steps, steps) = self.layout.dims, self.layout.steps
        offsets = Layout(self.layout.offset, (over,), (steps,)).addresses().ravel()
        return [View(self.block, Layout(int(o), (rows,), (row_steps,))) for o in offsets]
