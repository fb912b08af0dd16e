"""Matrix products on arrays: operands are viewed as matrices where that needs no copy."""

from functools import partial

import numpy as np

from ....dialects.numpy import Call
from ...plan.matmul import MatMul
from ...plan.views import View
from .exact import reached_matmul
from .memory import Array, Memory, reshaped
from .targets import Fill, hand


def product(kernel: MatMul, memory: Memory) -> list[Call]:
    """target = left @ right, with the samples beside the columns, or summed, or one by one."""
    groups, rows, inner, columns = kernel.sizes
    summed = kernel.left.block.batched and not kernel.target.view.block.batched
    if kernel.left.block.batched and not summed:
        return _by_sample(kernel, memory)
    if summed:
        calls, a = _matrix(memory, kernel.left, (groups, rows, -1))
        more, b = _matrix(memory, kernel.right.transposed(), (groups, columns, -1))
        b = _transposed(b)
    else:
        calls, a = _matrix(memory, kernel.left, (groups, rows, inner))
        more, b = _matrix(memory, kernel.right, (groups, inner, -1))
    shape = (groups, rows, b.shape[2])
    batched = not summed and kernel.right.block.batched
    return [*calls, *more, *hand(memory, kernel.target, _into(memory, shape, a, b), batched)]


def _matrix(memory: Memory, view: View, shape: tuple[int, ...]) -> tuple[list[Call], Array]:
    """A view as matrices, copied where its strides forbid that."""
    array = memory.view(view)
    matrix = reshaped(array, shape)
    if matrix is not None and matrix.itemsize in matrix.strides[1:]:
        return [], matrix
    copy = memory.scratch(array.shape, array.dtype)
    return [partial(np.copyto, copy, array)], copy.reshape(shape)


def _into(memory: Memory, shape: tuple[int, ...], a: Array, b: Array) -> Fill:
    """a @ b: where it goes if matrices may lie there, else through a copy."""

    def fill(out: Array) -> list[Call]:
        matrix = reshaped(out, shape)
        if matrix is not None and matrix.strides[-1] == matrix.itemsize:
            return [matmul(a, b, matrix)]
        copy = memory.scratch(shape, out.dtype)
        return [matmul(a, b, copy), partial(np.copyto, out, copy.reshape(out.shape))]

    return fill


def matmul(a: Array, b: Array, out: Array) -> Call:
    """out = a @ b; one group is a plain matrix product."""
    if out.dtype.kind == "c":
        return partial(reached_matmul, a, b, out)
    if len(a) == 1 and a.ndim == 3:
        a, b, out = a[0], b[0], out[0]
    return partial(np.matmul, a, b, out=out)


def _by_sample(kernel: MatMul, memory: Memory) -> list[Call]:
    """One product for each sample."""
    groups, rows, inner, columns = kernel.sizes
    calls: list[Call] = []
    copies = []
    for view, shape in [(kernel.left, (rows, inner)), (kernel.right, (inner, columns))]:
        moved = np.moveaxis(memory.view(view), -1, 0)
        copies.append(memory.scratch(moved.shape, moved.dtype))
        calls.append(partial(np.copyto, copies[-1], moved))
        copies[-1] = copies[-1].reshape((memory.batch, groups, *shape))
    view = kernel.target.view
    dtype = np.result_type(*copies)
    out = memory.scratch((memory.batch, groups, rows, columns), dtype)
    calls.append(matmul(copies[0], copies[1], out))
    given = np.moveaxis(out.reshape((memory.batch, *view.affine.shape)), 0, -1)
    return calls + hand(memory, kernel.target, given, True)


def _transposed(x: Array) -> Array:
    return np.swapaxes(x, -1, -2)
