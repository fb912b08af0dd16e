"""Kernels: what a program does, as data that a back end carries out and that people can read.

A kernel writes views of blocks from views of others. It knows its adjoint (the kernels of the
reverse pass, which are of the same few kinds) and the words for itself; nothing here knows how
large a batch is, or what computes it. Where a target has no samples and what is read has, the
samples are summed; so are the repeated entries of a target.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ...dialects.formulas import chooses, handed_on, leaves, row, unknown
from ...primitives import Primitive
from ...value import Value
from ..strided import Layout
from .views import Block, View

SIGNS = {"add": "+", "sub": "-", "mul": "·", "div": "/", "pow": "**", "neg": "-"}
Words = tuple[str, str]  # what is computed, and what it was recognised as
Bar = Callable[[View], View]  # the same rows of a block's adjoints


def plural(n: int, what: str) -> str:
    """`1 dot`, `4,608 dots`."""
    return f"{n:,} {what}" + "s" * (n != 1)


@dataclass(eq=False)
class Kernel(ABC):
    """Part of a pass; `count` is how many scalars of the graph it computes, or whose adjoints."""

    scope: str
    count: int

    @property
    def multiply_adds(self) -> int:
        """Of its matrix products, for one sample."""
        return 0

    @abstractmethod
    def reads(self) -> list[View]:
        """What it reads, besides what it adds to."""

    @abstractmethod
    def targets(self) -> list["Target"]:
        """What it writes."""

    @property
    def out(self) -> Block:
        """The one block that a kernel of the forward pass fills."""
        return self.targets()[0].view.block

    def differentiated(self) -> list[Block]:
        """The blocks whose adjoints its reverse pass adds to."""
        return [view.block for view in self.reads()]

    @abstractmethod
    def adjoint(self, bar: Bar, active: set[int]) -> Iterator["Kernel"]:
        """The kernels that hand its adjoints on to the blocks that are active (by number)."""

    def stops(self) -> bool:
        """Whether it may hand on 0 because of a choice, its own or one before it."""
        return any(view.block.stopped for view in self.reads())

    @abstractmethod
    def describe(self) -> Words:
        """What it does in words."""


@dataclass(eq=False)
class Target:
    """What a kernel writes: rows, which it fills, or to which it `adds`."""

    view: View
    adds: bool = False


@dataclass(eq=False)
class Zero(Kernel):
    """rows = 0: adjoints that will be added to."""

    target: View

    def reads(self) -> list[View]:
        """Nothing."""
        return []

    def targets(self) -> list[Target]:
        """The rows."""
        return [Target(self.target)]

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """There is none."""
        yield from ()

    def describe(self) -> Words:
        """`100 adjoints`, `start at 0`."""
        return plural(self.target.size, "adjoint"), "start at 0"


@dataclass(eq=False)
class Copy(Kernel):
    """target[i] = source[i]: rows brought together, or handed back."""

    target: Target
    source: View
    note: str = ""

    def reads(self) -> list[View]:
        """The source."""
        return [self.source]

    def targets(self) -> list[Target]:
        """The target."""
        return [self.target]

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """The adjoint of a copy is a scatter that adds."""
        if self.source.block.number in active:
            target, source = Target(bar(self.source)), bar(self.target.view)
            yield Copy(self.scope, 0, target, source, "handed back to where they were copied from")

    def describe(self) -> Words:
        """`1,152 rows copied`, `into an image with margins of 0`."""
        return f"{plural(self.source.size, 'row')} copied", self.note


@dataclass(eq=False)
class Term:
    """target[i] = formula(inputs[i]), or += it."""

    target: Target
    formula: Value


@dataclass(eq=False)
class Map(Kernel):
    """Formulas of numbers side by side: every view has one axis, of the dimensions `shape`.

    `leaves` are the unknowns of the formulas, `inputs` the views whose entries they are.
    """

    leaves: Sequence[Value]
    inputs: Sequence[View]
    terms: list[Term]
    shape: tuple[int, ...]

    def reads(self) -> list[View]:
        """The inputs that some formula has."""
        used = leaves(*[term.formula for term in self.terms])
        return [view for v, view in zip(self.leaves, self.inputs, strict=True) if v in used]

    def targets(self) -> list[Target]:
        """One for each formula."""
        return [term.target for term in self.terms]

    def stops(self) -> bool:
        """Whether one of the formulas chooses."""
        return super().stops() or any(chooses(term.formula) for term in self.terms)


@dataclass(eq=False)
class Elementwise(Map):
    """y[i] = op(a[i], b[i], ...); `constants` says which operands are numbers."""

    op: Primitive
    constants: tuple[float | None, ...]

    def differentiated(self) -> list[Block]:
        """The operands whose partial is not False."""
        pairs = zip(self.inputs, row(self.op, self.constants).of_x, strict=True)
        return [view.block for view, p in pairs if p is not False]

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """x̄ += ȳ·∂y/∂x for each operand."""
        of, out = row(self.op, self.constants), self.terms[0].target.view
        upstream, outer = unknown(), bar(out)
        terms = [
            Term(Target(bar(view)), handed_on(upstream, p, outer.block.stopped))
            for view, p in zip(self.inputs, of.of_x, strict=True)
            if p is not False and view.block.number in active
        ]
        if terms:
            names, inputs = [upstream, of.y, *of.x], [outer, out, *self.inputs]
            yield Chain(self.scope, self.count, names, inputs, _merged(terms), self.shape)

    def describe(self) -> Words:
        """`4,608 +`, `conv1.bias repeated ×576`."""
        sign = SIGNS.get(self.op.name, self.op.name)
        notes = [note for view in self.inputs if (note := _repetition(view))]
        return f"{self.count:,} {sign}", "; ".join(notes)


@dataclass(eq=False)
class BatchMean(Elementwise):
    """y[i] = Σ x[i]·(1/N) over the N samples; 1/N has samples of its own, so that those which only
    fill up a tile may count for nothing. The adjoint is of the same kind: x̄[i] += ȳ[i]·(1/N).
    """

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """Each sample has its part of the adjoint."""
        for chain in super().adjoint(bar, active):
            assert isinstance(chain, Chain)
            chain.note = "each sample's part of a mean"
            yield chain

    def describe(self) -> Words:
        """`8 means`, `over the batch`."""
        return plural(self.count, "mean"), "over the batch"


def _repetition(view: View) -> str:
    """How an operand of an elementwise kernel is repeated."""
    times = view.repeats()
    if times == 1:
        return "" if view.is_whole() or view.block.constant else "rows in another order"
    what = "a constant" if view.block.constant else view.block.name or "an operand"
    return f"{what} repeated ×{times:,}"


def _merged(terms: list[Term]) -> list[Term]:
    """Terms with one for all that goes to the same rows: of x·x the sum of both."""
    found: dict[object, Term] = {}
    for term in terms:
        view = term.target.view
        first = found.setdefault((view.block.number, view.layout), term)
        if first is not term:
            first.formula = first.formula + term.formula
    return list(found.values())


@dataclass(eq=False)
class Chain(Map):
    """The chain rule on numbers side by side: x̄[i] += ȳ[i]·∂y/∂x[i], ȳ the first of the leaves."""

    note: str = ""

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """Derivatives of derivatives are recorded as scalars, and compiled as everything else."""
        raise NotImplementedError

    def describe(self) -> Words:
        """`10 adjoints`, `as they are to the operand, summed to fc.bias`."""
        how = self.note or ", ".join(self._handed(term) for term in self.terms)
        return plural(self.count, "adjoint"), how

    def _handed(self, term: Term) -> str:
        view = term.target.view
        primal = view.block.primal
        if not view.block.batched or view.repeats() > 1:
            name = primal.name if primal and not view.block.batched else ""
            return f"summed to {name or 'the operand'}"
        plain = term.formula is self.leaves[0]
        return ("as they are" if plain else "times the partial") + " to the operand"


@dataclass(eq=False)
class Reduce(Kernel):
    """y[i] = op over k of x[i, k]; op is sum, max or min."""

    target: Target
    op: Primitive
    operand: View

    @property
    def entries(self) -> int:
        """How many numbers each result is made of."""
        return math.prod(self.operand.affine.dims[1])

    def reads(self) -> list[View]:
        """The operand."""
        return [self.operand]

    def targets(self) -> list[Target]:
        """The results."""
        return [self.target]

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """A sum hands its adjoint to every entry, a maximum to the entry that won."""
        if self.operand.block.number in active:
            yield self._spread(bar) if self.op.name == "sum" else self._to_winners(bar)

    def _spread(self, bar: Bar) -> Kernel:
        offset, (rows, over), (steps, others) = self.operand.affine
        out, upstream = self.target.view, unknown()
        to = View(self.operand.block, Layout(offset, ((*rows, *over),), ((*steps, *others),)))
        start, _, (outer,) = out.affine
        back = View(out.block, Layout(start, ((*rows, *over),), ((*outer, *[0] * len(over)),)))
        terms = [Term(Target(bar(to)), upstream)]
        note = f"to every entry of {self.entries:,}"
        shape = (*rows, *over)
        return Chain(self.scope, self.count, [upstream], [bar(back)], terms, shape, note)

    def _to_winners(self, bar: Bar) -> Kernel:
        parts, out = self.operand.planes(), self.target.view
        of = row(self.op, (None,) * len(parts))
        upstream = unknown()
        terms = [
            Term(Target(bar(part)), handed_on(upstream, p))
            for part, p in zip(parts, of.of_x, strict=True)
        ]
        names, inputs = [upstream, of.y, *of.x], [bar(out), out, *parts]
        shape, note = self.operand.affine.dims[0], f"to the first winner of {self.entries:,}"
        return Chain(self.scope, self.count, names, inputs, terms, shape, note)

    def describe(self) -> Words:
        """`1,152 max of 4`, `windows of 2×2`."""
        dims = self.operand.affine.dims[1]
        windows = f"windows of {'×'.join(map(str, dims))}" if len(dims) > 1 else ""
        return f"{self.count:,} {self.op.name} of {self.entries:,}", windows


@dataclass(eq=False)
class MatMul(Kernel):
    """z[g, f, p] = Σ_k left[g, f, k]·right[g, k, p]: matrix products, one for each group g.

    `role` is Z in the forward pass, and dW = dZ·Xᵀ or dX = Wᵀ·dZ in reverse.
    """

    target: Target
    left: View
    right: View
    role: str = "Z"
    active: set[int] = field(default_factory=set)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Groups, rows, inner, columns: g, f, k, p."""
        (g, f, k), (_, _, p) = self.left.affine.dims, self.right.affine.dims
        return math.prod(g), math.prod(f), math.prod(k), math.prod(p)

    @property
    def groups(self) -> int:
        """How many products."""
        return self.sizes[0]

    @property
    def rows(self) -> int:
        """Of the left operand."""
        return self.sizes[1]

    @property
    def inner(self) -> int:
        """Columns of the left operand, rows of the right one."""
        return self.sizes[2]

    @property
    def columns(self) -> int:
        """Of the right operand."""
        return self.sizes[3]

    @property
    def multiply_adds(self) -> int:
        """One for each entry of each dot."""
        return math.prod(self.sizes)

    @property
    def per_sample(self) -> bool:
        """Whether each sample has a product of its own: both operands depend on it.

        The operand that depends on less is on the left.
        """
        return self.left.block.batched

    @property
    def width(self) -> str:
        """The number of columns: positions times samples, where all samples are in one product."""
        return _width(self.columns, not self.per_sample and self.right.block.batched)

    def reads(self) -> list[View]:
        """Both operands."""
        return [self.left, self.right]

    def targets(self) -> list[Target]:
        """The products."""
        return [self.target]

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """W̄ = Z̄·Xᵀ and X̄ = Wᵀ·Z̄."""
        upstream = bar(self.target.view)
        if self.left.block.number in active:
            to, right = Target(bar(self.left)), self.right.transposed()
            yield MatMul(self.scope, self.count, to, upstream, right, "dW", active)
        if self.right.block.number in active:
            to, left = Target(bar(self.right)), self.left.transposed()
            yield MatMul(self.scope, self.count, to, left, upstream, "dX", active)

    def describe(self) -> Words:
        """`4,608 dots = (8×25)·(25×576)`, `8 shared kernels × 576 shared windows`."""
        if self.role != "Z":
            return self._describe_reverse()
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

    def _describe_reverse(self) -> Words:
        """dW = dZ·Xᵀ and dX = Wᵀ·dZ, with their shapes."""
        _, rows, inner, columns = self.sizes
        to = self.target.view.block
        primal = to.primal
        if self.role == "dW":
            width = _width(inner, not to.batched and self.left.block.batched)
            name = primal.name if primal and not to.batched else ""
            return f"{self._groups}dW ({rows}×{columns}) = dZ ({rows}×{width}) · Xᵀ", name
        width = _width(columns, to.batched and not self.left.block.batched)
        shifts = "added where windows overlap" if self.target.view.overlaps() else ""
        return f"{self._groups}dX ({rows}×{width}) = Wᵀ ({rows}×{inner}) · dZ", shifts


def _width(columns: int, over_samples: bool) -> str:
    """`576·B` columns, where the samples of a batch stand side by side."""
    if not over_samples:
        return str(columns)
    return f"{columns}·B" if columns > 1 else "B"
