"""The reverse pass on arrays: every kernel hands its adjoint on, by the partials of the table.

x̄ += ȳ·∂y/∂x. The first contribution to rows is written, the later ones are added. A matrix product
hands on two more products: for Z = W·X, W̄ = Z̄·Xᵀ and X̄ = Wᵀ·Z̄.
"""

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..graph import order
from ..value import Value
from . import partials
from ..indexing import strides
from .boxes import Box, Ints
from .forward import operand
from .kernels import Block, Elementwise, Gather, Kernel, Plan, Product, Reduce, View
from .matrices import Matrices, product
from .memory import Array, Memory, boxed, merged
from .ufuncs import Call, calls

CONDITIONS = frozenset(["greater", "at_least", "equal"])


def wanted(plan: Plan) -> set[int]:
    """The blocks that depend on a parameter, by number."""
    found = {block.number for block in plan.parameters}
    for kernel in plan.kernels:
        if any(block.number in found for block in reads(kernel)):
            found.add(kernel.out.number)
    return found


def reads(kernel: Kernel) -> list[Block]:
    """The blocks that a kernel reads."""
    if isinstance(kernel, Gather):
        return [piece.source for piece in kernel.pieces]
    if isinstance(kernel, Elementwise):
        return [view.block for view in kernel.operands]
    if isinstance(kernel, Reduce):
        return [kernel.operand.block]
    assert isinstance(kernel, Product)
    return [kernel.left.block, kernel.right.block]


def elementwise_formulas(kernel: Elementwise, constants: Any) -> partials.Formulas:
    """The partials of an elementwise kernel; an operand that is one constant enters as a number."""
    known = tuple(
        float(constants[v.box.offset]) if v.block.constant and not any(v.box.strides) else None
        for v in kernel.operands
    )
    return partials.formulas(kernel.op, known)


def read_again(kernel: Kernel, plan: Plan, needed: set[int]) -> set[int]:
    """The blocks whose numbers the reverse pass of a kernel reads."""
    if isinstance(kernel, Elementwise):
        found = elementwise_formulas(kernel, plan.constants)
        used = found.reads([v.block.number in needed for v in kernel.operands])
        pairs = [(found.y, kernel.out), *zip(found.x, [v.block for v in kernel.operands])]  # noqa: B905
        return {block.number for v, block in pairs if v in used}
    if isinstance(kernel, Reduce) and kernel.op.name != "sum":
        return {kernel.out.number, kernel.operand.block.number}
    if isinstance(kernel, Product):
        left, right = kernel.left.block.number, kernel.right.block.number
        return {b for a, b in [(left, right), (right, left)] if a in needed}
    return set()


class Reverse:
    """The calls of the reverse pass, and the adjoints' arrays."""

    def __init__(self, memory: Memory, gradients: dict[int, Array], needed: set[int]) -> None:
        self.memory, self.plan, self.needed = memory, memory.plan, needed
        self.adjoint: dict[int, Array] = dict(gradients)
        self.written: dict[int, Any] = {}
        self.calls: list[Call] = []

    def run(self, loss: View, seed: Array) -> list[Call]:
        """From the adjoint of the loss (1/N for each sample) to the parameters' gradients."""
        self.contribute(loss, seed, True)
        for kernel in reversed(self.plan.kernels):
            number = kernel.out.number
            if number in self.needed and number in self.written:
                if not self.written[number].all():
                    self._fill_rest(kernel.out)
                self._hand_on(kernel, self.adjoint[number])
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
        self._retire(kernel.out, upstream)

    def _retire(self, block: Block, upstream: Array) -> None:
        """Nobody reads this adjoint again; its array serves the next ones, if nobody took it."""
        if not any(a is upstream for n, a in self.adjoint.items() if n != block.number):
            self.memory.release(upstream)

    # --- kernels ---------------------------------------------------------------------------------

    def _elementwise(self, kernel: Elementwise, upstream: Array) -> None:
        """x̄ᵢ += ȳ·∂y/∂xᵢ for each operand; the last one may take ȳ's array over."""
        found = elementwise_formulas(kernel, self.plan.constants)
        upstream_view = upstream.reshape((*kernel.shape, *upstream.shape[1:]))
        out = self.memory.array(kernel.out)
        leaves = {found.y: out.reshape(upstream_view.shape)}
        for v, view in zip(found.x, kernel.operands, strict=True):
            leaves[v] = operand(self.memory, view, kernel.out.batched)
        terms = [
            (view, p)
            for view, p in zip(kernel.operands, found.partials, strict=True)
            if view.block.number in self.needed and p is not False
        ]
        heir = next((k for k, (view, _) in enumerate(terms) if self._may_take(view, kernel)), None)
        if heir is not None:
            terms.append(terms.pop(heir))
        values = Formula(self.memory, leaves, upstream_view.shape)
        factors = [p if p is True else self._factor(values, p) for _, p in terms]
        for k, ((view, _), factor) in enumerate(zip(terms, factors, strict=True)):
            takes = heir is not None and k == len(terms) - 1 and self._may_take(view, kernel)
            if takes:
                self._take(view.block, upstream)
                if factor is not True:
                    self.calls += times(upstream_view, factor)(upstream_view)
            elif factor is True:
                self.contribute(view, upstream_view, kernel.out.batched)
            else:
                self.contribute(view, times(upstream_view, factor), kernel.out.batched)
        values.release()

    def _factor(self, values: "Formula", p: Any) -> Any:
        if not isinstance(p, Value):
            return p
        factor = values.array(p)
        self.calls += values.take_calls()
        return factor

    def _may_take(self, view: View, kernel: Kernel) -> bool:
        """Whether the operand's adjoint may live where ȳ was: a whole block that nothing wrote."""
        block = view.block
        return (
            block.batched == kernel.out.batched
            and block.number not in self.adjoint
            and is_whole(view)
        )

    def _take(self, block: Block, array: Array) -> None:
        self.adjoint[block.number] = array
        self.written[block.number] = np.ones(block.size, bool)

    def _reduce(self, kernel: Reduce, upstream: Array) -> None:
        """To every entry of a sum, to the winner of a maximum."""
        view = kernel.operand
        if view.block.number not in self.needed:
            return
        rows, over = view.box.dims
        tail = upstream.shape[1:]
        batched = kernel.out.batched
        if kernel.op.name == "sum":
            spread = upstream.reshape((*rows, *(1,) * len(over), *tail))
            self.contribute(view, np.broadcast_to(spread, (*rows, *over, *tail)), batched)
            return
        parts = plane_views(view)
        found = partials.formulas(kernel.op, (None,) * len(parts), sequence=True)
        bar = upstream.reshape((*rows, *tail))
        leaves = {found.y: self.memory.array(kernel.out).reshape(bar.shape)}
        for v, part in zip(found.x, parts, strict=True):
            leaves[v] = self.memory.view(part, batched)
        values = Formula(self.memory, leaves, bar.shape)
        for part, p in zip(parts, found.partials, strict=True):
            factor = True if p is True else self._factor(values, p)
            self.contribute(part, bar if factor is True else times(bar, factor), batched)
        values.release()

    def _gather(self, kernel: Gather, upstream: Array) -> None:
        """Back to where the rows came from."""
        batched = kernel.out.batched
        for piece in kernel.pieces:
            if piece.source.number not in self.needed:
                continue
            if piece.boxes:
                target, source = piece.boxes
                c = boxed(upstream, kernel.out, target, beside_batch=False)
                self.contribute(View(piece.source, source), c, batched)
            else:
                bar = self._bar(piece.source)
                self._fill_rest(piece.source)
                summed = batched and not piece.source.batched
                self.calls.append(
                    scattered(bar, piece.source_rows, upstream, piece.target_rows, summed)
                )

    def _product(self, kernel: Product, upstream: Array) -> None:
        """W̄ = Z̄·Xᵀ and X̄ = Wᵀ·Z̄, a tile at a time where X is gathered."""
        work = Matrices(self.memory, kernel)
        to_left = kernel.left.block.number in self.needed
        to_right = kernel.right.block.number in self.needed
        if work.per_sample:
            self._per_sample(work, upstream, to_left, to_right)
            return
        bar = upstream.reshape(work.out_shape)
        direct = work.right_matrix()
        copies, left = work.left_matrix() if to_right else ([], None)
        self.calls += copies
        if direct is not None:
            if to_left:
                self.contribute(kernel.left, Into(self.memory, bar, turned(direct)), False)
            if to_right:
                self.contribute(
                    kernel.right, Into(self.memory, turned(left), bar), work.batched
                )
        else:
            self._tiled(work, bar, left, to_left)
        if left is not None:
            self.memory.release(left)

    def _tiled(self, work: Matrices, bar: Array, left: Array | None, to_left: bool) -> None:
        memory, kernel, tiles = self.memory, work.kernel, work.tiles()
        total = memory.scratch(work.left_shape) if to_left and len(tiles) > 1 else None
        for k, (positions, span) in enumerate(tiles):
            view = work.tile(positions)
            copies, copy, matrix = work.columns(positions)
            part = bar[:, :, span]
            if to_left:
                self.calls += copies
                if total is None:
                    self.contribute(kernel.left, Into(memory, part, turned(matrix)), False)
                elif k == 0:
                    self.calls.append(product(part, turned(matrix), total))
                else:
                    more = memory.scratch(work.left_shape)
                    self.calls.append(product(part, turned(matrix), more))
                    self.calls.append(partial(np.add, total, more, out=total))
                    memory.release(more)
            if left is not None:
                self.calls.append(product(turned(left), part, matrix))
                self.contribute(view, copy, work.batched)
            memory.release(copy)
        if total is not None:
            self.contribute(kernel.left, total.reshape(kernel.left.box.shape), False)
            memory.release(total)

    def _per_sample(self, work: Matrices, upstream: Array, to_left: bool, to_right: bool) -> None:
        memory, kernel = self.memory, work.kernel
        batch = memory.batch
        if work.single:
            made, a, b, c = work.entrywise()
            self.calls += made
            bar = upstream.reshape(kernel.groups, 1, batch)
            for wanted, view, factor in [(to_left, kernel.left, b), (to_right, kernel.right, a)]:
                if wanted:
                    self.calls.append(partial(np.multiply, bar, factor, out=c))
                    self.contribute(view, c.reshape((*view.box.shape, batch)), True)
            scratch = [a, b, c]
        else:
            made, a, b = work.by_sample()
            bar = memory.scratch((batch, *work.by_sample_shape()))
            moved = np.moveaxis(upstream.reshape((*work.by_sample_shape(), batch)), -1, 0)
            self.calls += [*made, partial(np.copyto, bar, moved)]
            scratch = [a, b, bar]
            for wanted, view, x, y, like in [
                (to_left, kernel.left, bar, turned(b), a),
                (to_right, kernel.right, turned(a), bar, b),
            ]:
                if wanted:
                    c = memory.scratch(like.shape)
                    self.calls.append(partial(np.matmul, x, y, out=c))
                    whole = np.moveaxis(c.reshape(batch, *view.box.shape), 0, -1)
                    self.contribute(view, whole, True)
                    scratch.append(c)
        for x in scratch:
            memory.release(x)

    # --- adjoints --------------------------------------------------------------------------------

    def _bar(self, block: Block) -> Array:
        """The adjoint's array of a block."""
        if block.number not in self.adjoint:
            self.adjoint[block.number] = self.memory.scratch(self.memory.shape(block))
        if block.number not in self.written:
            self.written[block.number] = np.zeros(block.size, bool)
        return self.adjoint[block.number]

    def _fill_rest(self, block: Block) -> None:
        """Write 0 to the rows that nothing was written to."""
        bar, written = self._bar(block), self.written[block.number]
        if not written.any():
            self.calls.append(partial(bar.fill, 0))
        elif not written.all():
            self.calls.append(partial(bar.__setitem__, np.flatnonzero(~written), 0))
        written[:] = True

    def contribute(self, view: View, c: Any, batched: bool) -> None:
        """Add to the adjoint of a view: an array of its shape, or calls that compute one.

        `batched` says whether the contribution has a last axis of samples. Repeated dimensions of
        the view, and samples where the block has none, are summed.
        """
        block, box = view.block, view.box
        bar = self._bar(block)
        repeated = [k for k, step in enumerate(box.strides) if step == 0]
        summed = repeated + ([len(box.shape)] if batched and not block.batched else [])
        if summed:
            kept = [k for k in range(len(box.shape)) if k not in repeated]
            smaller = Box(
                box.offset,
                (tuple(box.shape[k] for k in kept),),
                (tuple(box.strides[k] for k in kept),),
            )
            shape = (*box.shape, self.memory.batch) if batched else box.shape
            reduced = Summed(self.memory, c, shape, tuple(summed))
            self.contribute(View(block, smaller), reduced, block.batched)
            return
        target, rows = boxed(bar, block, box, beside_batch=False), view.rows()
        written = self.written[block.number]
        if not injective(box, rows):
            self._overlapping(block, box, target, c)
        elif not written[rows].any():
            self.calls += c(target) if callable(c) else [partial(np.copyto, target, c)]
            written[rows] = True
        else:
            if not written[rows].all():
                self._fill_rest(block)
            array = self._array(c, target.shape)
            self.calls.append(partial(np.add, target, array, out=target))
            self.memory.release(array)

    def _array(self, c: Any, shape: tuple[int, ...]) -> Array:
        """A contribution as an array; scratch where it has to be computed."""
        if not callable(c):
            return c
        array = self.memory.scratch(shape)
        self.calls += c(array)
        return array

    def _overlapping(self, block: Block, box: Box, target: Array, c: Any) -> None:
        """Rows occur several times: add slices in which each occurs once, one after the other."""
        self._fill_rest(block)
        array = self._array(c, target.shape)
        for at in slices(box):
            self.calls.append(partial(np.add, target[at], array[at], out=target[at]))
        if callable(c):
            self.memory.release(array)


def turned(x: Array) -> Array:
    """Matrices transposed."""
    return np.swapaxes(x, -1, -2)


def is_whole(view: View) -> bool:
    """Whether a view is its block, row by row."""
    box = view.box
    return box.offset == 0 and box.strides == strides(box.shape) and (
        math.prod(box.shape) == view.block.size
    )


def injective(box: Box, rows: Ints) -> bool:
    """Whether a box has no row twice: quickly where each step goes beyond all smaller ones."""
    reach = 0
    for step, n in sorted(zip(map(abs, box.strides), box.shape, strict=True)):
        if step <= reach:
            return len(np.unique(rows)) == rows.size
        reach += step * (n - 1)
    return True


def slices(box: Box) -> list[tuple[Any, ...]]:
    """Indices of slices that together are the box, and of which each has every row once."""
    axes = range(len(box.shape))
    choices = [c for n in axes for c in itertools.combinations(axes, n + 1)]
    for chosen in sorted(choices, key=lambda c: math.prod(box.shape[k] for k in c)):
        rest = [k for k in axes if k not in chosen]
        part = Box(0, (tuple(box.shape[k] for k in rest),), (tuple(box.strides[k] for k in rest),))
        if injective(part, part.addresses()):
            ranges = [range(box.shape[k]) if k in chosen else [slice(None)] for k in axes]
            return list(itertools.product(*ranges))
    raise AssertionError("one row at a time has every row once")


def plane_views(view: View) -> list[View]:
    """What a reduction combines, one view for each entry of its second axis."""
    box = view.box
    (rows, over), (row_steps, steps) = box.dims, box.steps
    offsets = Box(box.offset, (over,), (steps,)).addresses().ravel()
    return [View(view.block, Box(int(o), (rows,), (row_steps,))) for o in offsets]


def scattered(bar: Array, rows: Ints, upstream: Array, source: Ints, summed: bool) -> Call:
    """bar[rows] += upstream[source], rows that occur several times included."""
    by_row = np.argsort(rows, kind="stable")
    unique, starts = np.unique(rows[by_row], return_index=True)
    taken = source[by_row]

    def scatter() -> None:
        found = upstream[taken]
        if summed:
            found = found.sum(axis=1)
        bar[unique] += np.add.reduceat(found, starts, axis=0)

    return scatter


# --- contributions that are computed where they go -------------------------------------------------


def times(upstream: Array, factor: Any) -> Callable[[Array], list[Call]]:
    """upstream·factor."""
    return lambda out: [partial(np.multiply, upstream, factor, out=out)]


class Into:
    """A product of matrices, computed where it goes if it lies there as matrices do."""

    def __init__(self, memory: Memory, a: Array, b: Array) -> None:
        self.memory, self.a, self.b = memory, a, b

    def __call__(self, out: Array) -> list[Call]:
        shape = (len(self.a), self.a.shape[1], self.b.shape[2])
        matrix = merged(out, shape)
        if matrix is not None and matrix.strides[-1] == matrix.itemsize:
            return [product(self.a, self.b, matrix)]
        copy = self.memory.scratch(shape)
        self.memory.release(copy)
        return [product(self.a, self.b, copy), partial(np.copyto, out, copy.reshape(out.shape))]


class Summed:
    """The sum of a contribution over some of its axes."""

    def __init__(self, memory: Memory, c: Any, shape: tuple[int, ...], axes: tuple[int, ...]):
        self.memory, self.c, self.shape, self.axes = memory, c, shape, axes

    def __call__(self, out: Array) -> list[Call]:
        array, made = self.c, []
        if callable(self.c):
            array = self.memory.scratch(self.shape)
            made += self.c(array)
        made.append(self._sum(array, out))
        if callable(self.c):
            self.memory.release(array)
        return made

    def _sum(self, array: Array, out: Array) -> Call:
        last = tuple(range(array.ndim - len(self.axes), array.ndim))
        rows = merged(array, (out.size, -1)) if self.axes == last else None
        flat = merged(out, (-1,))
        if rows is None or flat is None or not rows.flags.c_contiguous or rows.shape[1] < 8:
            return partial(np.add.reduce, array, axis=self.axes, out=out)
        ones = np.ones(rows.shape[1], array.dtype)
        return partial(np.matmul, rows, ones, out=flat)  # the fastest sum of rows is a product


class Formula:
    """Arrays of formulas of known leaves, each computed once, in scratch."""

    def __init__(self, memory: Memory, leaves: dict[Value, Any], shape: tuple[int, ...]) -> None:
        self.memory, self.shape = memory, shape
        self.found: dict[Value, Any] = dict(leaves)
        self.borrowed: list[Array] = []
        self.calls: list[Call] = []

    def array(self, root: Value) -> Any:
        """The array (or number) of a formula; the calls that fill it wait in `take_calls`."""
        for node in order(root):
            if node not in self.found:
                self.found[node] = self._compute(node)
        return self._known(root)

    def take_calls(self) -> list[Call]:
        """The calls since the last time."""
        made, self.calls = self.calls, []
        return made

    def release(self) -> None:
        """Give the scratch back."""
        for array in self.borrowed:
            self.memory.release(array)

    def _known(self, x: Value) -> Any:
        return self.found[x] if x in self.found else self.memory.dtype.type(x.data)

    def _borrow(self, dtype: Any = None) -> Array:
        self.borrowed.append(self.memory.scratch(self.shape, dtype))
        return self.borrowed[-1]

    def _number(self, x: Any) -> Any:
        """Truths as 1 and 0, where arithmetic needs numbers."""
        if np.ndim(x) == 0 or x.dtype != bool:
            return x
        out = self._borrow()
        self.calls.append(partial(np.copyto, out, x))
        return out

    def _compute(self, node: Any) -> Any:
        name, x = node.op.name, [self._known(v) for v in node.inputs]
        if name == "pow" and np.ndim(x[1]) == 0 and x[1] == 1:
            return x[0]
        if not any(np.ndim(v) for v in x) and not node.unknown:
            return self.memory.dtype.type(node.data)
        condition = name in CONDITIONS or (name == "where" and all(map(_is_condition, x)))
        if condition and name == "where" and np.ndim(x[1]) == np.ndim(x[2]) == 0:
            if x[1] and not x[2]:
                return x[0]
        if not condition and name not in ("mul", "where"):
            x = [self._number(v) for v in x]
        out = self._borrow(bool if condition else None)
        if condition and name == "where":
            self.calls += _chosen(out, *x)
        else:
            self.calls += calls(name, out, *x)
        return out


def _is_condition(x: Any) -> bool:
    return x.dtype == bool or (np.ndim(x) == 0 and x in (0, 1))


def _chosen(out: Array, condition: Array, a: Any, b: Any) -> list[Call]:
    """where(condition, a, b) of truths."""
    if np.ndim(a) == 0 and np.ndim(b) == 0:
        return [partial(np.logical_not, condition, out=out)]
    if np.ndim(a) == 0:
        return [partial(np.logical_or if a else np.less, condition, b, out=out)]
    return [partial(np.copyto, out, b), partial(np.copyto, out, a, where=condition)]
