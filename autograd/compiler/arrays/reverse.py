"""The reverse pass on arrays: every kernel hands its adjoint on, by the partials of the table.

x̄ += ȳ·∂y/∂x. A matrix product hands on two more: for Z = W·X, W̄ = Z̄·Xᵀ and X̄ = Wᵀ·Z̄.
"""

from functools import partial
from typing import Any

import numpy as np

from ...value import Value
from ..plan import partials
from ..plan.kernels import Elementwise, Gather, Kernel, Product, Reduce, View
from ..plan.needs import elementwise_formulas
from .adjoints import Adjoints, Copied, Into
from .formula import Formula
from .forward import operand
from .matrices import Matrices
from .memory import Array, Memory, boxed
from .products import Fast, turned
from .ufuncs import Call, name_of


class Reverse:
    """The calls of the reverse pass, from the last kernel to the first."""

    def __init__(
        self, memory: Memory, gradients: dict[int, Array], needed: set[int], rules: Any = Fast
    ) -> None:
        self.memory, self.plan, self.needed, self.rules = memory, memory.plan, needed, rules
        self.adjoints = Adjoints(memory, gradients, rules)

    @property
    def calls(self) -> list[Call]:
        """What was planned so far."""
        return self.adjoints.calls

    def run(self, loss: View, seed: Array) -> list[Call]:
        """From the adjoint of the loss (1/N for each sample) to the parameters' gradients."""
        self.adjoints.add(loss, seed, loss.block.batched)
        for kernel in reversed(self.plan.kernels):
            if kernel.out.number in self.needed:
                upstream = self.adjoints.complete(kernel.out)
                self._hand_on(kernel, upstream)
                self.adjoints.retire(kernel.out, upstream)
        return self.calls

    def _hand_on(self, kernel: Kernel, upstream: Array) -> None:
        if isinstance(kernel, Elementwise):
            self._elementwise(kernel, upstream)
        elif isinstance(kernel, Reduce):
            self._reduce(kernel, upstream)
        elif isinstance(kernel, Gather):
            self._gather(kernel, upstream)
        elif isinstance(kernel, Product):
            self._product(kernel, upstream)

    def _wants(self, view: View) -> bool:
        return view.block.number in self.needed

    # --- number by number ------------------------------------------------------------------------

    def _elementwise(self, kernel: Elementwise, upstream: Array) -> None:
        """x̄ᵢ += ȳ·∂y/∂xᵢ for each operand; the last one may take ȳ's array over."""
        found, batched = elementwise_formulas(kernel, self.plan.constants), kernel.out.batched
        bar = upstream.reshape((*kernel.shape, *upstream.shape[1:]))
        leaves = {found.y: self.memory.array(kernel.out).reshape(bar.shape)}
        for v, view in zip(found.x, kernel.operands, strict=True):
            leaves[v] = operand(self.memory, view, batched)
        values = self._formula(leaves, bar.shape)
        terms = [
            (view, self._with_nan(kernel, values, self._factor(values, p), leaves[found.y]))
            for view, p in zip(kernel.operands, found.partials, strict=True)
            if self._wants(view) and p is not False
        ]
        heir = next((t for t in terms if self.adjoints.may_take(t[0], batched)), None)
        for view, factor in terms:
            if heir is None or view is not heir[0]:
                self._add(view, bar, factor, batched)
        if heir is not None:
            self._bequeath(*heir, upstream, bar, batched)
        values.release()

    def _bequeath(
        self, view: View, factor: Any, upstream: Array, bar: Array, batched: bool
    ) -> None:
        """The last contribution: multiplied where ȳ is, unless the block was written meanwhile."""
        if not self.adjoints.may_take(view, batched):
            self._add(view, bar, factor, batched)
            return
        self.adjoints.take(view.block, upstream)
        if factor is not True:
            self.adjoints.calls += self.rules.times(bar, factor)(bar)

    def _add(self, view: View, bar: Array, factor: Any, batched: bool) -> None:
        """x̄ += ȳ·∂y/∂x."""
        c = bar if factor is True else self.rules.times(bar, factor)
        self.adjoints.add(view, c, batched)

    def _formula(self, leaves: dict[Value, Any], shape: tuple[int, ...]) -> Formula:
        exact = self.rules is not Fast
        return Formula(self.memory, leaves, shape, exact, self.adjoints.calls)

    def _factor(self, values: Formula, p: Any) -> Any:
        """A partial as True, a number or an array."""
        return values.array(p) if isinstance(p, Value) else p

    def _with_nan(self, kernel: Elementwise, values: Formula, factor: Any, y: Array) -> Any:
        """With care: the slopes of relu and abs are nan where they are nan, not 0."""
        if self.rules is Fast or name_of(kernel.op) not in ("relu", "abs"):
            return factor
        slopes = values.borrow()
        self.adjoints.calls += [
            partial(np.copyto, slopes, factor),
            lambda: np.copyto(slopes, y, where=np.isnan(y)),
        ]
        return slopes

    def _reduce(self, kernel: Reduce, upstream: Array) -> None:
        """To every entry of a sum, to the winner of a maximum."""
        view, batched = kernel.operand, kernel.out.batched
        rows, over = view.box.dims
        tail = upstream.shape[1:]
        if not self._wants(view):
            return
        if kernel.op.name == "sum":
            spread = upstream.reshape((*rows, *(1,) * len(over), *tail))
            self.adjoints.add(view, np.broadcast_to(spread, (*rows, *over, *tail)), batched)
            return
        parts = view.planes()
        found = partials.formulas(kernel.op, (None,) * len(parts), sequence=True)
        bar = upstream.reshape((*rows, *tail))
        leaves = {found.y: self.memory.array(kernel.out).reshape(bar.shape)}
        for v, part in zip(found.x, parts, strict=True):
            leaves[v] = self.memory.view(part, batched)
        values = self._formula(leaves, bar.shape)
        for part, p in zip(parts, found.partials, strict=True):
            self._add(part, bar, self._factor(values, p), batched)
        values.release()

    def _gather(self, kernel: Gather, upstream: Array) -> None:
        """Back to where the rows came from."""
        for piece in kernel.pieces:
            if piece.source.number not in self.needed:
                continue
            if piece.boxes:
                target, source = piece.boxes
                c = boxed(upstream, kernel.out, target, beside_batch=False)
                self.adjoints.add(View(piece.source, source), c, kernel.out.batched)
            else:
                self.adjoints.scatter(piece, upstream, kernel.out.batched)

    # --- matrix products -------------------------------------------------------------------------

    def _product(self, kernel: Product, upstream: Array) -> None:
        """W̄ = Z̄·Xᵀ and X̄ = Wᵀ·Z̄."""
        work = Matrices(self.memory, kernel, self.rules)
        if work.per_sample:
            (self._entrywise if work.single else self._by_sample)(work, upstream)
            return
        bar = upstream.reshape(work.out_shape)
        left = None
        if self._wants(kernel.right):
            copies, left = work.left_matrix()
            self.adjoints.calls += copies
        direct = work.right_matrix()
        if direct is None:
            self._tiled(work, bar, left)
        else:
            if self._wants(kernel.left):
                self.adjoints.add(
                    kernel.left,
                    Into(self.memory, self.rules.product, bar, turned(direct), 0),
                    False,
                )
            if left is not None:
                c = Into(self.memory, self.rules.product, turned(left), bar, 1)
                self.adjoints.add(kernel.right, c, work.batched)
        if left is not None:
            self.memory.release(left)

    def _tiled(self, work: Matrices, bar: Array, left: Array | None) -> None:
        """The same, a tile of X at a time."""
        if self._wants(work.kernel.left):
            self._tiles_to_left(work, bar)
        if left is not None:
            for positions, span in work.tiles():
                self._to_right(work, left, bar[:, :, span], work.tile(positions))

    def _tiles_to_left(self, work: Matrices, bar: Array) -> None:
        """W̄ = Z̄·Xᵀ, added up over tiles."""
        total = work.left_total()
        for k, (positions, span) in enumerate(work.tiles()):
            copies, copy, matrix = work.columns(positions, gather=False)
            added = work.add_to_left(total, bar[:, :, span], matrix, k == 0)
            self.adjoints.calls += [*copies, *added]
            self.memory.release(copy)
        self.adjoints.add(work.kernel.left, Copied(self.memory, work.as_left(total)), False)
        self.memory.release(total)

    def _to_right(self, work: Matrices, left: Array, bar: Array, view: View) -> None:
        """X̄ += Wᵀ·Z̄ for some positions."""
        c = self.memory.adjoint((*view.box.shape, work.width)[: len(view.box.shape) + work.batched])
        matrix = c.reshape((len(bar), left.shape[2], bar.shape[2]))
        self.adjoints.calls.append(self.rules.product(turned(left), bar, matrix, 1))
        self.adjoints.add(view, c, work.batched)
        self.memory.release(c)

    def _entrywise(self, work: Matrices, upstream: Array) -> None:
        """Single dots of two operands that differ from sample to sample."""
        kernel, batch = work.kernel, self.memory.batch
        made, a, b = work.entrywise()
        self.adjoints.calls += made
        c = self.memory.adjoint(a.shape)
        bar = upstream.reshape((kernel.groups, 1, batch))
        for view, factor in [(kernel.left, b), (kernel.right, a)]:
            if self._wants(view):
                self.adjoints.calls += self.rules.times(bar, factor)(c)
                self.adjoints.add(view, c.reshape((*view.box.shape, batch)), True)
        for x in (a, b, c):
            self.memory.release(x)

    def _by_sample(self, work: Matrices, upstream: Array) -> None:
        """One product for each sample: W̄ = Z̄·Xᵀ and X̄ = Wᵀ·Z̄ of small matrices."""
        kernel, batch, shape = work.kernel, self.memory.batch, work.by_sample_shape()
        made, a, b = work.by_sample()
        bar = self.memory.adjoint((batch, *shape))
        moved = np.moveaxis(upstream.reshape((*shape, batch)), -1, 0)
        self.adjoints.calls += [*made, partial(np.copyto, bar, moved)]
        for adjoint, (view, x, y, like) in enumerate(
            [(kernel.left, bar, turned(b), a), (kernel.right, turned(a), bar, b)]
        ):
            if self._wants(view):
                c = self.memory.adjoint(like.shape)
                self.adjoints.calls.append(self.rules.product(x, y, c, adjoint))
                whole = np.moveaxis(c.reshape((batch, *view.box.shape)), 0, -1)
                self.adjoints.add(view, whole, True)
                self.memory.release(c)
        for x in (a, b, bar):
            self.memory.release(x)
