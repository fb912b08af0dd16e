"""Kernels: what a program does, in terms of blocks of rows and boxes of addresses.

A block is an array rows[number, sample], or rows[number] where nothing depends on the sample. A
kernel fills a block from views of others; nothing here knows how large a batch will be.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...primitives import Primitive
from ...shapes.indexing import strides
from ..strided import Box, Ints
from ..trace.tape import BATCH, CONSTANT


@dataclass
class Block:
    """Consecutive rows: a parameter, an argument, what a kernel makes."""

    number: int
    size: int
    kind: int
    name: str = ""

    @property
    def batched(self) -> bool:
        """Whether its rows have an entry for each sample of a batch."""
        return self.kind == BATCH

    @property
    def constant(self) -> bool:
        """Whether its rows are numbers that never change."""
        return self.kind == CONSTANT


@dataclass
class View:
    """Rows of a block that form a box."""

    block: Block
    box: Box

    def rows(self) -> Ints:
        """The row of every entry, in the box's shape."""
        return self.box.addresses()

    def is_whole(self) -> bool:
        """Whether this is the whole block, row by row."""
        box = self.box
        dense = box.offset == 0 and box.strides == strides(box.shape)
        return dense and math.prod(box.shape) == self.block.size

    def constant(self) -> bool:
        """Whether all entries are one constant."""
        return self.block.constant and not any(self.box.strides)

    def planes(self) -> list["View"]:
        """One view for each entry of the second axis: what a reduction combines."""
        (rows, over), (row_steps, steps) = self.box.dims, self.box.steps
        offsets = Box(self.box.offset, (over,), (steps,)).addresses().ravel()
        return [View(self.block, Box(int(o), (rows,), (row_steps,))) for o in offsets]


@dataclass
class Kernel:
    """Fills the block `out`; `count` is how many scalars of the graph it computes."""

    out: Block
    scope: str
    count: int


@dataclass
class Piece:
    """Rows of a gathered block and where they come from: boxes where both are, else row numbers."""

    source: Block
    target_rows: Ints
    source_rows: Ints
    boxes: tuple[Box, Box] | None


@dataclass
class Gather(Kernel):
    """Copies rows together; `initial` holds what stays constant, such as margins."""

    pieces: list[Piece]
    initial: NDArray[np.float64]
    margins: bool = False


@dataclass
class Elementwise(Kernel):
    """y[i] = op(a[i], b[i], ...), all views of one shape."""

    op: Primitive
    operands: list[View]
    shape: tuple[int, ...] = ()


@dataclass
class Reduce(Kernel):
    """y[i] = op over k of x[i, k]; op is sum, max or min."""

    op: Primitive
    operand: View


@dataclass
class Product(Kernel):
    """y[g, f, p] = Σ_k left[g, f, k]·right[g, k, p]: `groups` matrix products."""

    left: View
    right: View
    groups: int
    rows: int
    inner: int
    columns: int


@dataclass
class Plan:
    """Blocks, the kernels in order, and where parameters, arguments, draws and results are."""

    blocks: list[Block] = field(default_factory=list)
    kernels: list[Kernel] = field(default_factory=list)
    constants: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    constant_block: Block = field(default_factory=lambda: Block(-1, 0, CONSTANT))
    parameters: list[Block] = field(default_factory=list)
    arguments: list[Block] = field(default_factory=list)
    draws: list[Block] = field(default_factory=list)
    results: list[View] = field(default_factory=list)

    def block(self, size: int, kind: int, name: str = "") -> Block:
        """Another block."""
        self.blocks.append(Block(len(self.blocks), size, kind, name))
        return self.blocks[-1]
