"""Matrix products as libraries have them: layers of weights, or products of two tensors."""

from collections.abc import Sequence

from ..plan.matmul import MatMul
from ..plan.views import View
from ..strided import Dims
from .axes import Axis, dense, refined
from .blocks import Blocks


def matrices(blocks: Blocks, view: View, shape: Dims, order: Sequence[int], scope: str) -> str:
    """A view of three axes, these in another order, with each axis in one piece or broken up."""
    axes = [
        list(map(Axis, *axis)) for axis in zip(view.affine.dims, view.affine.steps, strict=True)
    ]
    wanted = [axis for k in order for axis in axes[k]]
    x = blocks.read(view.block, view.affine.offset, wanted, scope)
    x = blocks.repeated(x, tuple(axis.size for axis in wanted), scope)
    return blocks.build.reshape(x, shape, scope)


def product(blocks: Blocks, kernel: MatMul) -> None:
    """z[g, f, p] = Σ_k left[g, f, k]·right[g, k, p]."""
    g, f, k, p = kernel.sizes
    if f == p == 1:
        _rows(blocks, kernel)
    elif kernel.per_sample or not kernel.right.block.batched or _is_upright(blocks, kernel):
        _left_by_right(blocks, kernel)
    elif g == 1:
        _linear(blocks, kernel)
    else:
        x = matrices(blocks, kernel.right, (g, p, k), (0, 2, 1), kernel.scope)
        w = matrices(blocks, kernel.left, (g, k, f), (0, 2, 1), kernel.scope)
        y = blocks.build.add("matmul", [x, w], (g, p, f), kernel.scope)
        axes = (Axis(g, f * p), Axis(p, 1), Axis(f, p))
        blocks.hold(kernel.out, y, axes)


def _is_upright(blocks: Blocks, kernel: MatMul) -> bool:
    """Whether the columns of the right operand lie side by side, as the tensor is."""
    found = blocks.match(kernel.right.flat())
    if found is None:
        return False
    places = [part.digit for parts in found.parts for part in parts]
    return len(kernel.right.affine.dims[2]) > 0 and places == sorted(places)


def _linear(blocks: Blocks, kernel: MatMul) -> None:
    """(..., k) -> (..., f): a layer on the last axis, in the axes of what it is applied to."""
    (_, f, k, p), right, scope = kernel.sizes, kernel.right, kernel.scope
    n = len(right.affine.shape)
    columns = right.affine.part(list(range(n - len(right.affine.dims[2]), n)))
    found = blocks.match(View(right.block, columns))
    axes = list(dense(right.affine.dims[2]))
    if found is not None:
        pairs = zip(axes, found.parts, strict=True)
        axes = [part for axis, parts in pairs for part in refined(axis, parts)]
    shape = tuple(axis.size for axis in axes)
    x = matrices(blocks, right, (*shape, k), (0, 2, 1), scope)
    w = matrices(blocks, kernel.left, (f, k), (0, 1, 2), scope)
    y = blocks.build.add("linear", [x, w], (*shape, f), scope)
    blocks.hold(kernel.out, y, (*axes, Axis(f, p)))


def _left_by_right(blocks: Blocks, kernel: MatMul) -> None:
    g, f, k, p = kernel.sizes
    groups = kernel.left.affine.dims[0] or (g,) * (g > 1)
    a = matrices(blocks, kernel.left, (*groups, f, k), (0, 1, 2), kernel.scope)
    b = matrices(blocks, kernel.right, (*groups, k, p), (0, 1, 2), kernel.scope)
    y = blocks.build.add("matmul", [a, b], (*groups, f, p), kernel.scope)
    blocks.hold(kernel.out, y, dense((*groups, f, p)))


def _rows(blocks: Blocks, kernel: MatMul) -> None:
    """One dot for each group: products, and their sums."""
    g, _, k, _ = kernel.sizes
    a = matrices(blocks, kernel.left, (g, k), (0, 1, 2), kernel.scope)
    b = matrices(blocks, kernel.right, (g, k), (0, 2, 1), kernel.scope)
    terms = blocks.build.add("mul", [a, b], (g, k), kernel.scope)
    y = blocks.build.add("sum_over", [terms], (g,), kernel.scope, axes=(1,))
    blocks.hold(kernel.out, y, dense([g]))
