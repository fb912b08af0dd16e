"""Kernels that compute number by number, formulas of the table's primitives, and their adjoints."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ...dialects.formulas import chooses, handed_on, leaves, row
from ...primitives import Primitive
from ...value import Value, unknown
from ..strided import Layout
from .kernels import Bar, Kernel, Target, Words, plural
from .views import Block, View

SIGNS = {"add": "+", "sub": "-", "mul": "·", "div": "/", "pow": "**", "neg": "-"}


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
class Winners(Chain):
    """x̄[k] += ȳ for the first k of which x[k] is y, the largest or smallest one. The leaves are ȳ,
    y and all x; a backend whose y need not be any x, bit by bit, compares these with each other.
    """

    op: Primitive = field(kw_only=True)


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
        return Winners(self.scope, self.count, names, inputs, terms, shape, note, op=self.op)

    def describe(self) -> Words:
        """`1,152 max of 4`, `windows of 2×2`."""
        dims = self.operand.affine.dims[1]
        windows = f"windows of {'×'.join(map(str, dims))}" if len(dims) > 1 else ""
        return f"{self.count:,} {self.op.name} of {self.entries:,}", windows
