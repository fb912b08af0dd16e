"""Entries that are found by a number, as a token's row of a table is; in reverse, added to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ..strided import Ints, Layout
from .kernels import Bar, Kernel, Target, Words, plural
from .views import Block, View


@dataclass(eq=False)
class Lookup(Kernel):
    """y[g, p, f] = x[g, f, i[g, p]]: from sequences f of a group g, the entries that its indices p
    name; nan for an index that names none. Of a token p, f goes along its row of a table.

    `rows` is y, or ȳ in reverse; `table` is x, or x̄, and its last axis has one step.
    """

    rows: View
    table: View
    index: View

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Groups, indices, sequences: g, p, f."""
        g, p, f = map(math.prod, self.rows.affine.dims)
        return g, p, f

    @property
    def length(self) -> int:
        """How many entries each sequence has."""
        return math.prod(self.table.affine.dims[2])

    def starts(self) -> Ints:
        """Where each sequence begins in its block, (g, f)."""
        offset, dims, steps = self.table.affine
        g, _, f = self.sizes
        return Layout(offset, dims[:2], steps[:2]).addresses().reshape(g, f)

    @property
    def step(self) -> int:
        """From an entry of a sequence to the next."""
        return sum(self.table.affine.steps[2])


class Gather(Lookup):
    """The forward pass."""

    def reads(self) -> list[View]:
        """The sequences, and the indices."""
        return [self.table, self.index]

    def targets(self) -> list[Target]:
        """The entries."""
        return [Target(self.rows)]

    def differentiated(self) -> list[Block]:
        """The sequences: an index has no derivative."""
        return [self.table.block]

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """x̄[g, f, i[g, p]] += ȳ[g, p, f]."""
        if self.table.block.number in active:
            yield Scatter(self.scope, self.count, bar(self.rows), bar(self.table), self.index)

    def describe(self) -> Words:
        """`256 numbers looked up`, `in wte.weight by 4 indices`."""
        g, p, _ = self.sizes
        by = f"{g * p:,} indices" if g * p > 1 else "1 index"
        name = self.table.block.name
        return (
            f"{plural(self.count, 'number')} looked up",
            f"in {name} by {by}" if name else f"by {by}",
        )


class Scatter(Lookup):
    """The reverse pass: only the entries that were named are added to."""

    def reads(self) -> list[View]:
        """The adjoints, and the indices."""
        return [self.rows, self.index]

    def targets(self) -> list[Target]:
        """The sequences' adjoints."""
        return [Target(self.table, adds=True, some=True)]

    def stops(self) -> bool:
        """Nothing is handed to the entries that were not named."""
        return True

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """Derivatives of derivatives are recorded as scalars, and compiled as everything else."""
        raise NotImplementedError

    def describe(self) -> Words:
        """`256 adjoints`, `added to the entries of wte.weight that were named`."""
        primal = self.table.block.primal
        of = f" of {primal.name}" if primal and primal.name else ""
        return plural(self.count, "adjoint"), f"added to the entries{of} that were named"
