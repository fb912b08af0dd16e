"""Matrix products, which are two more in reverse."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from .kernels import Bar, Kernel, Target, Words, plural
from .views import View


@dataclass(eq=False)
class MatMul(Kernel):
    """z[g, f, p] = Σ_k left[g, f, k]·right[g, k, p]: matrix products, one for each group g.

    `role` is Z in the forward pass, and dW = dZ·Xᵀ or dX = Wᵀ·dZ in reverse.
    """

    target: Target
    left: View
    right: View
    role: str = "Z"

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
            yield MatMul(self.scope, self.count, to, upstream, right, "dW")
        if self.right.block.number in active:
            to, left = Target(bar(self.right)), self.left.transposed()
            yield MatMul(self.scope, self.count, to, left, upstream, "dX")

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
