"""Kernels: what a program does, as data that a back end carries out and that people can read.

A kernel fills a block from views of others. It knows what it reads, to whose adjoints it adds, and
the words for all that; nothing here knows how large a batch is, or what computes it.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...primitives import Primitive
from ..strided import Ints, Layout
from ..trace.tape import CONSTANT
from .partials import Partials, partials
from .views import Block, View

SIGNS = {"add": "+", "sub": "-", "mul": "·", "div": "/", "pow": "**", "neg": "-"}
Words = tuple[str, str]  # what is computed, and what it was recognised as


def plural(n: int, what: str) -> str:
    """`1 dot`, `4,608 dots`."""
    return f"{n:,} {what}" + "s" * (n != 1)


@dataclass
class Kernel(ABC):
    """Fills the block `out`; `count` is how many scalars of the graph it computes."""

    out: Block
    scope: str
    count: int
    holds_constants: ClassVar[bool] = False  # rows of `out` that are written once, before all runs

    @property
    def multiply_adds(self) -> int:
        """Of its matrix products, forward, for one sample."""
        return 0

    @abstractmethod
    def reads(self) -> list[Block]:
        """The blocks that it reads."""

    def differentiated(self) -> list[Block]:
        """The blocks whose adjoints its reverse pass adds to."""
        return self.reads()

    def saved(self, active: set[int]) -> set[int]:
        """The blocks whose numbers its reverse pass reads: they must not be overwritten before."""
        return set()

    @abstractmethod
    def describe(self) -> Words:
        """The forward pass in words."""

    @abstractmethod
    def describe_reverse(self, active: set[int]) -> list[Words]:
        """The reverse pass in words, a line for each thing that it computes."""


@dataclass
class Piece:
    """Rows of a gathered block and where they come from: both as layouts, or as row numbers."""

    source: Block
    target_rows: Ints
    source_rows: Ints
    layouts: tuple[Layout, Layout] | None


@dataclass
class Gather(Kernel):
    """Copies rows together; `initial` holds what stays constant, such as a halo of zeros."""

    pieces: list[Piece]
    initial: NDArray[np.float64]
    halo: bool = False
    holds_constants = True

    def reads(self) -> list[Block]:
        """The blocks that it reads."""
        return [piece.source for piece in self.pieces]

    def describe(self) -> Words:
        """`1,152 rows copied`, `into an image with margins of 0`."""
        moved = sum(len(piece.target_rows) for piece in self.pieces)
        if self.halo:
            return f"{moved:,} rows copied", f"into an image with margins of {self.initial[0]:g}"
        if not moved:
            return f"{self.out.size:,} constants", "laid out once"
        return f"{moved:,} rows gathered", f"from {plural(len(self.pieces), 'place')}"

    def describe_reverse(self, active: set[int]) -> list[Words]:
        """The adjoint of a copy is a scatter that adds."""
        return [("rows handed back", "to where they were copied from")]


@dataclass
class Elementwise(Kernel):
    """y[i] = op(a[i], b[i], ...), all views of one shape; `constants` says which are numbers."""

    op: Primitive
    operands: list[View]
    constants: tuple[float | None, ...]
    shape: tuple[int, ...] = ()

    @property
    def partials(self) -> Partials:
        """∂y/∂x for each operand."""
        return partials(self.op, self.constants)

    def reads(self) -> list[Block]:
        """The blocks that it reads."""
        return [view.block for view in self.operands]

    def differentiated(self) -> list[Block]:
        """The operands whose partial is not False."""
        pairs = zip(self.operands, self.partials.of_x, strict=True)
        return [view.block for view, p in pairs if p is not False]

    def saved(self, active: set[int]) -> set[int]:
        """What the partials are formulas of: y for tanh, both operands for a product."""
        found, blocks = self.partials, self.reads()
        used = found.reads([block.number in active for block in blocks])
        pairs = [(found.y, self.out), *zip(found.x, blocks, strict=True)]
        return {block.number for v, block in pairs if v in used}

    def describe(self) -> Words:
        """`4,608 +`, `conv1.bias repeated ×576`."""
        sign = SIGNS.get(self.op.name, self.op.name)
        notes = [note for view in self.operands if (note := _repetition(view))]
        return f"{self.count:,} {sign}", "; ".join(notes)

    def describe_reverse(self, active: set[int]) -> list[Words]:
        """`10 adjoints`, `as they are to the operand, summed to fc.bias`."""
        pairs = zip(self.operands, self.partials.of_x, strict=True)
        terms = [_term(v, p) for v, p in pairs if v.block.number in active and p is not False]
        return [(f"{self.count:,} adjoints", ", ".join(terms))] if terms else []


def _repetition(view: View) -> str:
    """How an operand of an elementwise kernel is repeated."""
    times = view.repeats()
    if times == 1:
        return "" if view.is_whole() or view.block.constant else "rows in another order"
    what = "a constant" if view.block.constant else view.block.name or "an operand"
    return f"{what} repeated ×{times:,}"


def _term(view: View, partial: object) -> str:
    """What an elementwise kernel adds to the adjoint of an operand."""
    if 0 in view.layout.strides or not view.block.batched:
        return f"summed to {_name(view) or 'the operand'}"
    return ("as they are" if partial is True else "times the partial") + " to the operand"


def _name(view: View) -> str:
    """The name of a parameter; what depends on the sample has none that people gave."""
    return "" if view.block.batched else view.block.name


@dataclass
class Reduce(Kernel):
    """y[i] = op over k of x[i, k]; op is sum, max or min."""

    op: Primitive
    operand: View

    @property
    def entries(self) -> int:
        """How many numbers each result is made of."""
        return math.prod(self.operand.layout.dims[1])

    def reads(self) -> list[Block]:
        """The block that it reads."""
        return [self.operand.block]

    def saved(self, active: set[int]) -> set[int]:
        """Of a maximum, who won: y and x."""
        return set() if self.op.name == "sum" else {self.out.number, self.operand.block.number}

    def describe(self) -> Words:
        """`1,152 max of 4`, `windows of 2×2`."""
        dims = self.operand.layout.dims[1]
        windows = f"windows of {'×'.join(map(str, dims))}" if len(dims) > 1 else ""
        return f"{self.count:,} {self.op.name} of {self.entries:,}", windows

    def describe_reverse(self, active: set[int]) -> list[Words]:
        """A sum hands its adjoint to every entry, a maximum to the entry that won."""
        to = "every entry" if self.op.name == "sum" else "the first winner"
        return [(f"{self.count:,} adjoints", f"to {to} of {self.entries:,}")]


@dataclass
class MatMul(Kernel):
    """z[g, f, p] = Σ_k left[g, f, k]·right[g, k, p]: matrix products, one for each group g."""

    left: View
    right: View
    groups: int
    rows: int
    inner: int
    columns: int

    @property
    def multiply_adds(self) -> int:
        """One for each entry of each dot."""
        return self.count * self.inner

    @property
    def per_sample(self) -> bool:
        """Whether each sample has a product of its own: both operands depend on it.

        The operand that depends on less is on the left.
        """
        return self.left.block.batched

    @property
    def width(self) -> str:
        """The number of columns: positions times samples, where all samples are in one product."""
        if self.per_sample or not self.right.block.batched:
            return str(self.columns)
        return f"{self.columns}·B" if self.columns > 1 else "B"

    def reads(self) -> list[Block]:
        """The blocks that it reads."""
        return [self.left.block, self.right.block]

    def saved(self, active: set[int]) -> set[int]:
        """The adjoint of one operand is made with the other."""
        left, right = self.left.block.number, self.right.block.number
        return {other for own, other in [(left, right), (right, left)] if own in active}

    def describe(self) -> Words:
        """`4,608 dots = (8×25)·(25×576)`, `8 shared kernels × 576 shared windows`."""
        f, k, p = self.rows, self.inner, self.columns
        return f"{plural(self.count, 'dot')} = {self._groups}({f}×{k})·({k}×{p})", self._origin()

    @property
    def _groups(self) -> str:
        return f"{self.groups} × " if self.groups > 1 else ""

    def _origin(self) -> str:
        f, p = self.rows, self.columns
        if self.per_sample:
            return "both differ from sample to sample: one product each"
        each = " in each group" if self.groups > 1 else ""
        if self.right.overlaps():
            return f"{plural(f, 'shared kernel')} × {plural(p, 'shared window')}{each}"
        return f"{plural(f, 'row')} of weights × {plural(p, 'shared input')}{each}"

    def describe_reverse(self, active: set[int]) -> list[Words]:
        """dW = dZ·Xᵀ and dX = Wᵀ·dZ, with their shapes."""
        f, k, width = self.rows, self.inner, self.width
        lines = []
        if self.left.block.number in active:
            lines.append((f"{self._groups}dW ({f}×{k}) = dZ ({f}×{width}) · Xᵀ", _name(self.left)))
        if self.right.block.number in active:
            shifts = "added where windows overlap" if self.right.overlaps() else ""
            lines.append((f"{self._groups}dX ({k}×{width}) = Wᵀ ({k}×{f}) · dZ", shifts))
        return lines


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

    def block(self, size: int, dependence: int, name: str = "") -> Block:
        """Another block."""
        self.blocks.append(Block(len(self.blocks), size, dependence, name))
        return self.blocks[-1]

    def active(self) -> set[int]:
        """The blocks that need an adjoint, by number: those between a parameter and the loss.

        They depend on a parameter, and the loss depends on them (activity analysis). In
        `loss = (w * x) + (2 * x)` the block of 2·x depends on no parameter, so it is not active.
        """
        varied = {block.number for block in self.parameters}
        for kernel in self.kernels:
            if any(block.number in varied for block in kernel.reads()):
                varied.add(kernel.out.number)
        useful = {self.results[0].block.number}
        for kernel in reversed(self.kernels):
            if kernel.out.number in useful:
                useful.update(block.number for block in kernel.differentiated())
        return varied & useful
