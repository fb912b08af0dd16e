"""The reverse pass on arrays: every kernel hands its adjoint on, by the partials of the table.

x̄ += ȳ·∂y/∂x. A matrix product hands on two more: for Z = W·X, W̄ = Z̄·Xᵀ and X̄ = Wᵀ·Z̄.
"""

from collections.abc import Callable
from functools import partial, singledispatchmethod
from typing import Any

import numpy as np

from ...value import Value
from ..plan.kernels import Elementwise, Gather, Kernel, MatMul, Reduce
from ..plan.partials import partials
from ..plan.views import View
from .adjoints import Adjoints, copied
from .arithmetic import Plain, transposed
from .evaluator import Evaluator
from .forward import in_shape, operand
from .matmul import MatMulArrays, fill_reshaped
from .memory import Array, Memory, strided_view
from .ufuncs import Call, name_of


class Reverse:
    """The calls of the reverse pass, from the last kernel to the first."""

    def __init__(
        self, memory: Memory, gradients: dict[int, Array], active: set[int], arithmetic: Plain
    ) -> None:
        self.memory, self.plan, self.active = memory, memory.plan, active
        self.arithmetic = arithmetic
        self.adjoints = Adjoints(memory, gradients, arithmetic)

    def run(self, loss: View, seed: Array) -> list[Call]:
        """From the adjoint of the loss (1/N for each sample) to the parameters' gradients."""
        self.adjoints.add(loss, seed, loss.block.batched)
        for kernel in reversed(self.plan.kernels):
            if kernel.out.number in self.active:
                upstream = self.adjoints.complete(kernel.out)
                self._propagate(kernel, upstream)
                self.adjoints.release(kernel.out, upstream)
        return self.adjoints.calls

    @singledispatchmethod
    def _propagate(self, kernel: Kernel, upstream: Array) -> None:
        """Add to the adjoints of what a kernel reads."""
        raise TypeError(f"NumPy has no reverse pass for {kernel!r:.60}")

    def _is_active(self, view: View) -> bool:
        return view.block.number in self.active

    def _evaluator(self, leaves: dict[Value, Any], shape: tuple[int, ...]) -> Evaluator:
        exact = self.arithmetic.masked
        return Evaluator(self.memory, leaves, shape, exact, self.adjoints.calls)

    def _add(self, view: View, bar: Array, p: Any, batched: bool) -> None:
        """x̄ += ȳ·∂y/∂x."""
        self.adjoints.add(view, bar if p is True else self.arithmetic.times(bar, p), batched)

    # --- number by number ------------------------------------------------------------------------

    @_propagate.register
    def _elementwise(self, kernel: Elementwise, upstream: Array) -> None:
        """x̄ᵢ += ȳ·∂y/∂xᵢ for each operand; the last one may be computed in ȳ's array."""
        formulas, batched = kernel.partials, kernel.out.batched
        bar = in_shape(upstream, kernel.shape)
        y = in_shape(self.memory.array(kernel.out), kernel.shape)
        leaves: dict[Value, Any] = {formulas.y: y}
        for v, view in zip(formulas.x, kernel.operands, strict=True):
            leaves[v] = operand(self.memory, view, batched)
        values = self._evaluator(leaves, bar.shape)
        terms = [
            (view, self._with_nan(kernel, values, values.partial(p), y))
            for view, p in zip(kernel.operands, formulas.of_x, strict=True)
            if self._is_active(view) and p is not False
        ]
        last = next((t for t in terms if self.adjoints.may_alias(t[0], batched)), None)
        for view, p in terms:
            if last is None or view is not last[0]:
                self._add(view, bar, p, batched)
        if last is not None:
            self._add_in_place(*last, upstream, bar, batched)
        values.release()

    def _add_in_place(self, view: View, p: Any, upstream: Array, bar: Array, batched: bool) -> None:
        """The last contribution: multiplied where ȳ is, unless the block was written meanwhile."""
        if not self.adjoints.may_alias(view, batched):
            self._add(view, bar, p, batched)
            return
        self.adjoints.alias(view.block, upstream)
        if p is not True:
            self.adjoints.calls += self.arithmetic.times(bar, p)(bar)

    def _with_nan(self, kernel: Elementwise, values: Evaluator, p: Any, y: Array) -> Any:
        """Masked: the slopes of relu and abs are nan where they are nan, not 0."""
        if not self.arithmetic.masked or name_of(kernel.op) not in ("relu", "abs"):
            return p
        slopes = values.borrow()
        self.adjoints.calls += [
            partial(np.copyto, slopes, p),
            lambda: np.copyto(slopes, y, where=np.isnan(y)),
        ]
        return slopes

    @_propagate.register
    def _reduce(self, kernel: Reduce, upstream: Array) -> None:
        """To every entry of a sum, to the winner of a maximum."""
        view, batched = kernel.operand, kernel.out.batched
        rows, over = view.layout.dims
        if kernel.op.name == "sum":
            tail = upstream.shape[1:]
            spread = upstream.reshape((*rows, *(1,) * len(over), *tail))
            self.adjoints.add(view, np.broadcast_to(spread, (*rows, *over, *tail)), batched)
            return
        parts = view.planes()
        formulas = partials(kernel.op, (None,) * len(parts), sequence=True)
        bar = in_shape(upstream, rows)
        leaves = {formulas.y: in_shape(self.memory.array(kernel.out), rows)}
        for v, part in zip(formulas.x, parts, strict=True):
            leaves[v] = self.memory.view(part, batched)
        values = self._evaluator(leaves, bar.shape)
        for part, p in zip(parts, formulas.of_x, strict=True):
            self._add(part, bar, values.partial(p), batched)
        values.release()

    @_propagate.register
    def _gather(self, kernel: Gather, upstream: Array) -> None:
        """Back to where the rows came from."""
        for piece in kernel.pieces:
            if piece.source.number not in self.active:
                continue
            if piece.layouts:
                target, source = piece.layouts
                rows = strided_view(upstream, kernel.out, target, beside_batch=False)
                self.adjoints.add(View(piece.source, source), rows, kernel.out.batched)
            else:
                self.adjoints.scatter(piece, upstream, kernel.out.batched)

    # --- matrix products -------------------------------------------------------------------------

    @_propagate.register
    def _matmul(self, kernel: MatMul, upstream: Array) -> None:
        """W̄ = Z̄·Xᵀ and X̄ = Wᵀ·Z̄."""
        work = MatMulArrays(self.memory, kernel, self.arithmetic)
        if kernel.per_sample:
            (self._entrywise if work.single else self._by_sample)(work, upstream)
            return
        bar = upstream.reshape(work.out_shape)
        left = None
        if self._is_active(kernel.right):
            copies, left = work.left_matrix()
            self.adjoints.calls += copies
        right = work.right_matrix()
        if right is None:
            self._tiled(work, bar, left)
        if right is not None and self._is_active(kernel.left):
            product = partial(self.arithmetic.product_with_left, bar, transposed(right))
            self._add_product(kernel.left, work.left_shape, product, False)
        if right is not None and left is not None:
            product = partial(self.arithmetic.product_with_right, transposed(left), bar)
            self._add_product(kernel.right, work.right_shape, product, work.batched)
        if left is not None:
            self.memory.release(left)

    def _add_product(
        self, view: View, shape: tuple[int, ...], into: Callable[[Array], Call], batched: bool
    ) -> None:
        """Add a product of matrices, computed where it goes if it lies there as matrices do."""
        fill = fill_reshaped(self.memory, shape, lambda out: [into(out)], dense=True)
        self.adjoints.add(view, fill, batched)

    def _tiled(self, work: MatMulArrays, bar: Array, left: Array | None) -> None:
        """The same, a tile of X at a time."""
        if self._is_active(work.kernel.left):
            calls, total, matrix = work.adjoint_of_left(bar)
            self.adjoints.calls += calls
            fill = fill_reshaped(self.memory, matrix.shape, copied(matrix), dense=False)
            self.adjoints.add(work.kernel.left, fill, False)
            self.memory.release(total)
        if left is not None:
            for positions, span in work.tiles():
                self._to_right(work, left, bar[:, :, span], work.tile(positions))

    def _to_right(self, work: MatMulArrays, left: Array, bar: Array, view: View) -> None:
        """X̄ += Wᵀ·Z̄ for some positions."""
        shape = view.layout.shape
        c = self.memory.adjoint((*shape, work.width) if work.batched else shape)
        matrix = c.reshape((len(bar), left.shape[2], bar.shape[2]))
        product = self.arithmetic.product_with_right(transposed(left), bar, matrix)
        self.adjoints.calls.append(product)
        self.adjoints.add(view, c, work.batched)
        self.memory.release(c)

    def _entrywise(self, work: MatMulArrays, upstream: Array) -> None:
        """Single dots of two operands that differ from sample to sample."""
        kernel, batch = work.kernel, self.memory.batch
        calls, a, b = work.entrywise()
        self.adjoints.calls += calls
        c = self.memory.adjoint(a.shape)
        bar = upstream.reshape((kernel.groups, 1, batch))
        for view, factor in [(kernel.left, b), (kernel.right, a)]:
            if self._is_active(view):
                self.adjoints.calls += self.arithmetic.times(bar, factor)(c)
                self.adjoints.add(view, c.reshape((*view.layout.shape, batch)), True)
        self.memory.release(a, b, c)

    def _by_sample(self, work: MatMulArrays, upstream: Array) -> None:
        """One product for each sample: W̄ = Z̄·Xᵀ and X̄ = Wᵀ·Z̄ of small matrices."""
        kernel, batch, shape = work.kernel, self.memory.batch, work.sample_shape
        calls, a, b = work.by_sample()
        bar = self.memory.adjoint((batch, *shape))
        moved = np.moveaxis(upstream.reshape((*shape, batch)), -1, 0)
        self.adjoints.calls += [*calls, partial(np.copyto, bar, moved)]
        for view, like, product, x, y in [
            (kernel.left, a, self.arithmetic.product_with_left, bar, transposed(b)),
            (kernel.right, b, self.arithmetic.product_with_right, transposed(a), bar),
        ]:
            if self._is_active(view):
                c = self.memory.adjoint(like.shape)
                self.adjoints.calls.append(product(x, y, c))
                whole = np.moveaxis(c.reshape((batch, *view.layout.shape)), 0, -1)
                self.adjoints.add(view, whole, True)
                self.memory.release(c)
        self.memory.release(a, b, bar)
